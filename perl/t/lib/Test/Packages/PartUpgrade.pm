package Test::Packages::PartUpgrade;

# The package on a node over its earlier versions, with targets, tokens and a running process, and back.

use v5.36;

use Test::More;
use Test::Packages::Built   qw(packages package_of);
use Test::Packages::Node    ();
use Test::Packages::StandIn qw(repacked);
use Test::Peers::Sandbox;

my $PACKAGE = 'pve-notify-oauth2';
my $LIBRARY = 'libpve-rs-notify-perl';
my $PROGRAM = 'pve-notify';

# Bears the name of a daemon of the node, loads what one loads, and waits for the end of an upgrade.
my $DAEMON = <<'END';
use v5.36;
use JSON::PP ();
require PVE::Notify;
my $before = PVE::Notify::read_config()->get_oauth2_status();
$0 = 'pvedaemon';
open my $ready, '>', '/soak/ready' or die;
close $ready;
for (1 .. 1200) {
    last if -e '/soak/go';
    select undef, undef, undef, 0.1;
}
my $sent   = eval { PVE::Notify::info('test', { target => 'mail', hostname => 'pve' }, {}); 1 } || "$@";
my $after  = eval { PVE::Notify::read_config()->get_oauth2_status() } // { error => "$@" };
my ($maps) = do { open my $file, '<', '/proc/self/maps' or die; local $/; readline $file };
print JSON::PP->new->canonical->encode({
    before => $before->{oauth}{condition},
    after  => $after->{oauth}{condition} // $after,
    sent   => $sent,
    gone   => $maps =~ /libpve_rs_notify[.]so \(deleted\)/ ? 1 : 0,
}), "\n";
END

# all in one: what looks at processes sees those of its own namespace
my $DURING = <<'END';
set -e
perl -T /soak/daemon.pl >/soak/daemon.out 2>/soak/daemon.err &
daemon=$!
tries=0
while [ ! -e /soak/ready ] && [ $tries -lt 200 ]; do tries=$((tries + 1)); sleep 0.1; done
apt-get -q -y --no-install-recommends install pve-notify-oauth2 libpve-rs-notify-perl >/soak/apt.out 2>&1
status=0
pve-notify-node >/soak/told.out 2>&1 || status=$?
touch /soak/go
wait $daemon
exit $status
END

my sub is_done ($run, $title) {
    is $run->{status}, 0, $title or diag $run->{text};
    return;
}

# Only the library was a package, and nothing of the node was in it.
my sub oldest ($sandbox, $debs) {
    my $old    = repacked(package_of('trixie', $LIBRARY), '0.1.0');
    my $node   = Test::Packages::Node->new($sandbox, $debs, 'oldest', $old);
    my $system = $node->system_of;
    is_done($system->install("$LIBRARY=0.1.0"), 'apt installs 0.1.0');
    $node->serves('0.1.0 changes nothing', 'vendor', 'vendor');
    is_done($system->install($PACKAGE), 'apt installs what is new');
    is $system->version($LIBRARY), $system->version($PACKAGE), 'the library comes with it';
    $node->serves('from 0.1.0', 'ours', 'ours');
    my $run = $system->apt('--allow-downgrades', 'install', "$LIBRARY=0.1.0");
    is_done($run, 'apt takes the library back');
    is $system->version($PACKAGE), undef, 'the package goes with it: it would not fit';
    $node->serves('back at 0.1.0', 'vendor', 'vendor');
    is $system->run('dpkg', '--audit')->{text}, '', 'dpkg has nothing to say';
    $system->remove;
    return;
}

my sub with_state ($sandbox, $debs) {
    my @old = map { repacked(package_of('trixie', $_), '0.2.0~test') } $LIBRARY, $PACKAGE, $PROGRAM;
    my $node   = Test::Packages::Node->new($sandbox, $debs, 'upgrade', @old);
    my $system = $node->system_of;
    my @before = map {"$_=0.2.0~test"} $PACKAGE, $LIBRARY, $PROGRAM;
    is_done($system->install(@before),              'apt installs 0.2.0~test');
    is_done($system->run('update-ca-certificates'), 'the sandbox is trusted');
    is $node->create_target($node->exchange), undef, 'a target with OAuth2';
    $node->sends_by_oauth2('before');
    is_done($system->run('pve-notify-refresh'), 'the daily run');
    my $print = $node->fingerprint;

    $system->put('/soak/daemon.pl', $DAEMON);
    my $status = $system->sh($DURING)->{status};
    my $answer = eval { JSON::PP::decode_json($system->content('/soak/daemon.out')) }
        // { error => $system->content('/soak/daemon.err') };
    is_deeply $answer, { before => 'ok', after => 'ok', sent => 1, gone => 1 },
        'a process with the library of before works until its end'
        or diag explain $answer;
    is $status, 1, 'pve-notify-node sees it' or diag $system->content('/soak/apt.out');
    like $system->content('/soak/told.out'),
        qr/pvedaemon [(]PID \d+[)] has a replaced library loaded.*fix: systemctl reload/s,
        'and says so';

    is $system->version($PACKAGE),   $system->version($LIBRARY), 'both are upgraded';
    isnt $system->version($PACKAGE), '0.2.0~test',               'to the newer version';
    $node->serves('after the upgrade', 'ours', 'ours');
    is $node->fingerprint, $print, 'targets and tokens are as before';
    $node->sends_by_oauth2('after the upgrade');
    is_done($system->apt('--allow-downgrades', 'install', @before), 'apt goes back');
    is $system->version($PACKAGE), '0.2.0~test', 'to the older version';
    $node->serves('after the downgrade', 'ours', 'ours');
    $node->sends_by_oauth2('after the downgrade');
    $system->remove;
    return;
}

sub run ($class) {
    my $sandbox = Test::Peers::Sandbox->new;
    my @debs    = packages('trixie');
    subtest 'from 0.1.0'                         => sub { oldest($sandbox, \@debs) };
    subtest 'with targets, tokens and a process' => sub { with_state($sandbox, \@debs) };
    return;
}

1;
