package Test::Alone;

# Runs a test again in a network of its own, where nothing but loopback is, and with a sendmail that takes
# all: for calls that may name any server and anybody.

use v5.36;

use Exporter    qw(import);
use Test::More  ();
use Test::Peers qw(new_dir root write_private);

our @EXPORT_OK = qw(alone);

my $INSIDE = <<'END';
ip link set lo up
[ ! -e /usr/sbin/sendmail ] || mount --bind "$0" /usr/sbin/sendmail
exec "$@"
END

# Returns inside. Where tests must be complete, one that is left out is a failure.
sub alone () {
    return if $ENV{TEST_ALONE};
    my @own = (root() . '/tools/private-mounts', 'unshare', '--net');
    if (system("@own true 2>/dev/null") != 0) {
        die "this machine allows no networks of our own\n" if $ENV{CI};
        Test::More::plan(skip_all => 'SKIPPED: this machine allows no networks of our own');
    }
    my $dir = new_dir();
    write_private("$dir/sendmail", "#!/bin/sh\nexec cat > /dev/null\n");
    chmod(0755, "$dir/sendmail") or die "$dir/sendmail: $!\n";
    local $ENV{TEST_ALONE} = 1;
    my @perl   = ($^X, map {"-I$_"} grep { !ref } @INC);
    my $status = system(@own, 'sh', '-eu', '-c', $INSIDE, "$dir/sendmail", @perl, $0);
    exit($status >> 8 || ($status ? 1 : 0));
}

1;
