package Test::Keys;

# Private keys as an administrator makes them, by OpenSSL's own program.

use v5.36;

use Exporter qw(import);
use JSON::PP ();

our @EXPORT_OK = qw(openssl rsa_key service_account);

# What a command writes.
sub openssl (@command) {
    open(my $out, '-|', 'openssl', @command) or die "openssl: $!\n";
    my $text = do { local $/ = undef; readline($out) };
    close($out) or die "openssl @command failed\n";
    return $text;
}

sub rsa_key () {
    return openssl('genpkey', '-quiet', '-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048');
}

# The key file of a Google service account, with this key.
sub service_account ($key) {
    return JSON::PP->new->canonical->pretty->encode({
        type           => 'service_account',
        project_id     => 'mail',
        private_key_id => '0123abcd',
        private_key    => $key,
        client_email   => 'pve@mail.iam.gserviceaccount.com',
        client_id      => '112233445566778899001',
        token_uri      => 'https://oauth2.googleapis.com/token',
    });
}

1;
