package PVE::Notify;

# Perl's way to the notification configuration: reads it into a PVE::RS::Notify object, writes that
# back, and locks both files. Loaded by every daemon and command that notifies, so it stays small.
# The same file serves PVE nodes and other machines; the latter say so once with set_host.

use v5.36;

use PVE::Cluster qw(cfs_register_file cfs_read_file cfs_write_file cfs_lock_file);
use PVE::RS::Notify;

my $PUBLIC  = 'notifications.cfg';
my $PRIVATE = 'priv/notifications.cfg';

# The library parses and writes: Perl passes the text through. A missing file is an empty one.
for my $file ($PUBLIC, $PRIVATE) {
    cfs_register_file(
        $file,
        sub ($name, $raw,  @) { return $raw // '' },
        sub ($name, $text, @) { return $text },
    );
}

my %host = (kind => 'pve');

sub set_host ($host) {
    my $kind = $host->{kind} // '';
    die "kind of host must be 'pve' or 'standalone'\n" if $kind !~ /\A(?:pve|standalone)\z/;
    die "a standalone host needs its 'config-dir'\n"
        if $kind eq 'standalone' && !length($host->{'config-dir'} // '');
    %host = %$host;
    return;
}

sub read_config () {
    my $raw         = cfs_read_file($PUBLIC)  // '';
    my $raw_private = cfs_read_file($PRIVATE) // '';
    return PVE::RS::Notify->parse_config($raw, $raw_private, undef, undef, { host => {%host} });
}

sub write_config ($config) {
    my ($text, $private_text) = $config->write_config();
    my $force_utf8 = 1;
    cfs_write_file($PUBLIC,  $text,         $force_utf8);
    cfs_write_file($PRIVATE, $private_text, $force_utf8);
    return;
}

# cfs_lock_file reports in $@ and returns undef: only the code itself knows that it has run
my sub locked ($file, $timeout, $code) {
    my ($done, $result);
    local $@ = '';
    cfs_lock_file($file, $timeout, sub { $result = $code->(); $done = 1 });
    die $@ || "cfs-lock '$file' error: the code did not run\n" if !$done;
    return $result;
}

sub lock_config ($code, $timeout = undef) {
    return locked($PUBLIC, $timeout, sub { return locked($PRIVATE, $timeout, $code) });
}

1;

__END__

=head1 NAME

PVE::Notify - reads, writes and locks the notification configuration

=head1 SYNOPSIS

    my $config = PVE::Notify::read_config();

    PVE::Notify::lock_config(sub {
        my $config = PVE::Notify::read_config();
        # change it
        PVE::Notify::write_config($config);
    });

=head1 FUNCTIONS

=head2 read_config()

The configuration as a L<PVE::RS::Notify> object. Dies where a file cannot be read or parsed.

=head2 write_config($config)

Writes both files. Call it inside C<lock_config>.

=head2 lock_config($code, $timeout)

Runs C<$code> while F<notifications.cfg> and F<priv/notifications.cfg> are locked and returns its
result. C<$timeout> is the time in seconds to wait for each lock (default 10). An error of the code
passes unchanged, an error of the locking starts with C<cfs-lock>.

=head2 set_host({ kind => 'standalone', 'config-dir' => $dir })

Tells that this machine is not a PVE node; C<vendor-templates> may name the folder of its mail
templates. Entry points of such a host call it once, before the first C<read_config>.

=cut
