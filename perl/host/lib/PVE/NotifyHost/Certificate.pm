package PVE::NotifyHost::Certificate;

# The server's TLS certificate: made at the first start, renewed at a start when it is about to
# expire. Key and certificate are one file below priv/ so that they always belong together; a copy
# of the certificate alone lies in the config folder, for clients that want to check it. A
# certificate that an admin put there is never replaced.

use v5.36;

use IO::Socket::SSL        ();
use IO::Socket::SSL::Utils qw(CERT_create CERT_free KEY_create_ec KEY_free PEM_cert2string
    PEM_key2string PEM_string2cert CERT_asHash);
use PVE::Notify::File;
use Socket        qw(AF_INET AF_INET6 inet_pton);
use Sys::Hostname qw(hostname);

my $DAYS       = 365;    # 397 is what clients bear at most
my $RENEW_DAYS = 30;
my $ISSUER     = 'pve-notify-host';

# The path of the file with key and certificate. names: further names or addresses to be valid for.
sub ensure ($class, $config_dir, @names) {
    my $path = "$config_dir/priv/notify-host.pem";
    my ($pem) = PVE::Notify::File::read_file($path);
    if (!defined($pem) || expires_soon($path, $pem, time())) {
        $pem = create(@names);
        PVE::Notify::File::replace_file($path, $pem, oct('0600'));
    }
    my ($certificate) = $pem =~ /(-----BEGIN CERTIFICATE-----.*)/s
        or die "file '$path': no certificate in it\n";
    my $public = "$config_dir/notify-host.crt";
    my ($known) = PVE::Notify::File::read_file($public);
    PVE::Notify::File::replace_file($public, $certificate, oct('0644'))
        if ($known // '') ne $certificate;
    return $path;
}

sub context ($class, $path) {
    return IO::Socket::SSL::SSL_Context->new(
        SSL_server         => 1,
        SSL_cert_file      => $path,
        SSL_key_file       => $path,
        SSL_version        => 'SSLv23:!SSLv3:!SSLv2:!TLSv1:!TLSv1_1',
        SSL_alpn_protocols => ['http/1.1'],
    ) // die "file '$path': can't be used for TLS - $IO::Socket::SSL::SSL_ERROR\n";
}

# never if an admin put it there
sub expires_soon ($path, $pem, $now) {
    my $certificate = eval { PEM_string2cert($pem =~ s/.*(?=-----BEGIN CERTIFICATE)//sr) }
        or die "file '$path': not a certificate in PEM form\n";
    my $fields = CERT_asHash($certificate);
    CERT_free($certificate);
    return ($fields->{issuer}{organizationName} // '') eq $ISSUER
        && $fields->{not_after} < $now + $RENEW_DAYS * 86400;
}

sub create (@names) {
    my $host = hostname();
    my %seen;
    my @alt = map { [address_kind($_) => $_] }
        grep { !$seen{$_}++ } 'localhost', '127.0.0.1', '::1', $host, @names;
    my $key = KEY_create_ec('prime256v1');
    my ($certificate) = CERT_create(
        subject         => { organizationName => $ISSUER, commonName => substr($host, 0, 64) },
        subjectAltNames => \@alt,
        not_before      => time() - 3600,
        not_after       => time() + $DAYS * 86400,
        digest          => 'sha256',
        purpose         => 'server',
        key             => $key,
    );
    my $pem = PEM_key2string($key) . PEM_cert2string($certificate);
    CERT_free($certificate);
    KEY_free($key);
    return $pem;
}

sub address_kind ($name) {
    return inet_pton(AF_INET, $name) || inet_pton(AF_INET6, $name) ? 'IP' : 'DNS';
}

1;

__END__

=head1 NAME

PVE::NotifyHost::Certificate - the server's TLS certificate

=head1 DESCRIPTION

C<< ->ensure($config_dir, @names) >> returns the path of a PEM file with an EC key (P-256) and a
certificate for localhost, 127.0.0.1, ::1, the machine's name and the given names, valid for 365
days and replaced when 30 are left. To use another certificate put its key and chain into that
file, F<priv/notify-host.pem>, mode 0600.

C<< ->context($path) >> is the TLS context for it: TLS 1.2 or later.

=cut
