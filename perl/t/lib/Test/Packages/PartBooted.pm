package Test::Packages::PartBooted;

# The units under a systemd of their own: a host and a node in Debians that are booted, in which apt installs
# the packages as on a running machine.

use v5.36;

use Test::More;
use Test::Packages::Built qw(packages);
use Test::Packages::Node  ();
use Test::Packages::System;
use Test::Peers::Sandbox;

my $HOST = 'pve-notify-host';
my $NODE = 'pve-notify-oauth2';

my sub is_done ($run, $title) {
    is $run->{status}, 0, $title or diag $run->{text};
    return $run;
}

my sub property ($system, $unit, $name) {
    return $system->run('systemctl', 'show', '--value', '-p', $name, $unit)->{out} =~ s/\n\z//r;
}

my sub boots ($system) {
    is_done(
        $system->install('systemd-sysv', 'dbus', 'procps', 'curl', 'passwd', 'libauthen-pam-perl'),
        'what a machine has'
    );
    return 1 if $system->boot;
    my $reason = $@ =~ s/\Adebian-boot: SKIPPED: //r;
    $ENV{CI} ? fail("booting: $reason") : diag "SKIPPED: $reason";
    return 0;
}

my sub login ($system, $user, $password) {
    $system->put('/soak/login', $password, oct '0600');
    my $curl =
        'curl -sS --retry 20 --retry-delay 1 --retry-all-errors --cacert /etc/pve-notify-host/notify-host.crt '
        . '"$(cat /run/pve-notify-host/address)/api2/json/access/ticket" '
        . "--data-urlencode username=$user --data-urlencode password\@/soak/login";
    return $system->sh(
              "tries=0; while [ ! -s /run/pve-notify-host/address ] && [ \$tries -lt 100 ]; "
            . "do tries=\$((tries + 1)); sleep 0.1; done; $curl")->{text};
}

my sub a_host ($system) {
    $system->put('/etc/default/pve-notify-host', "OPTIONS='--port 0'\n");
    is_done($system->install($HOST), 'apt installs it');
    is property($system, 'pve-notify-host.service',  'ActiveState'), 'active', 'the server runs';
    is property($system, 'pve-notify-daily.timer',   'ActiveState'), 'active', 'the timer runs';
    is property($system, 'pve-notify-daily.service', 'ExecMainStartTimestampMonotonic'), 0,
        'an installation is no daily run';
    $system->put('/soak/password', 'correct horse battery', oct '0600');
    is_done($system->run('notify-host', 'setup', '--password-file', '/soak/password'), 'setup');
    like login($system, 'admin@pve', 'correct horse battery'), qr/CSRFPreventionToken/, 'a login';
    my $pid = property($system, 'pve-notify-host.service', 'MainPID');
    is $system->run('ps', '-o', 'user=', '-p', $pid)->{out} =~ s/\s//gr, 'pve-notify-host',
        'the server is an ordinary user';
    is_done($system->sh('useradd ann && echo ann:correct-horse | chpasswd'),
        'a user of the machine');
    is_done($system->sh('sed -i "\$a user:ann@pam:1:0::::::" /etc/pve-notify-host/user.cfg'),
        'with a line');
    like login($system, 'ann@pam', 'correct-horse'), qr/CSRFPreventionToken/, 'a login by PAM';
    unlike login($system, 'ann@pam', 'wrong-horse'), qr/CSRFPreventionToken/, 'a wrong password';

    is_done($system->run('systemctl', 'start', 'pve-notify-daily.service'), 'the daily run');
    is property($system, 'pve-notify-daily.service', 'Result'), 'success', 'its result';
    is_done($system->run('systemctl', 'kill', '-s', 'KILL', 'pve-notify-host.service'), 'killed');
    is_done($system->sh('sleep 7; systemctl is-active pve-notify-host.service'), 'started again');
    $pid = property($system, 'pve-notify-host.service', 'MainPID');
    is_done($system->install('--reinstall', $HOST), 'apt installs it again');
    isnt property($system, 'pve-notify-host.service', 'MainPID'), $pid, 'the server is a new one';
    like login($system, 'admin@pve', 'correct horse battery'), qr/CSRFPreventionToken/, 'a login';
    is_done($system->run('systemctl', 'stop', 'pve-notify-host.service'), 'stopped');
    is property($system, 'pve-notify-host.service', 'Result'), 'success', 'without a complaint';
    is_done($system->run('systemctl', 'start', 'pve-notify-host.service'), 'started');
    is_done($system->apt('purge', $HOST),                                  'apt purges it');
    isnt $system->run('systemctl', 'is-active', 'pve-notify-host.service')->{status}, 0,
        'it is gone';
    is $system->run('systemctl', '--failed', '--plain', '--no-legend')->{out}, '',
        'nothing has failed';
    return;
}

my sub has_library ($system) {
    my $pid = property($system, 'pvedaemon.service', 'MainPID');
    return $system->sh("sleep 2; grep -c libpve_rs_notify.so /proc/$pid/maps")->{out} =~ /[1-9]/
        ? 1
        : 0;
}

my sub a_node ($node) {
    my $system = $node->system_of;
    is_done($system->run('systemctl', 'start', 'pvedaemon.service'), 'a daemon of the node');
    is has_library($system), 0, "has the node's own modules";
    is_done($system->install($NODE), 'apt installs it');
    is has_library($system), 1, 'the daemon has ours: it was reloaded';
    is_done($system->run('systemctl', 'start', 'pve-daily-update.service'), 'the daily update');
    ok $system->run('test', '-e', '/run/updated')->{status} == 0, 'does what it did';
    ok $system->has('/var/lib/pve-notify-oauth2/last-run'),       'and runs ours';
    $node->tells('all is well', 0, qr/all +up to date.*all is well/s);
    $node->tells('handed over', 0, qr/reloaded pvedaemon/, 'off');
    is has_library($system), 0, "the daemon has the node's own modules";
    $node->tells('taken back', 0, qr/reloaded pvedaemon/, 'on');
    is has_library($system), 1, 'the daemon has ours';
    is_done($system->install('--reinstall', $NODE, 'libpve-rs-notify-perl'),
        'apt installs it again');
    is has_library($system), 1, 'the daemon has ours';
    $node->tells('and the new ones', 0, qr/all +up to date/);
    is_done($system->apt('remove', $NODE), 'apt removes it');
    is has_library($system), 0, "the daemon has the node's own modules";
    is_done($system->run('systemctl', 'start', 'pve-daily-update.service'), 'the daily update');
    is $system->run('systemctl', '--failed', '--plain', '--no-legend')->{out}, '',
        'nothing has failed';
    return;
}

sub run ($class) {
    subtest 'a host' => sub {
        my $system = Test::Packages::System->new('trixie', 'booted-host');
        $system->offer(packages('trixie'));
        if (boots($system)) {
            a_host($system);
            $system->shut_down;
        }
        $system->remove;
    };
    subtest 'a node' => sub {
        my $node = Test::Packages::Node->new(Test::Peers::Sandbox->new, [packages('trixie')],
            'booted-node');
        my $system = $node->system_of;
        if (boots($system)) {
            a_node($node);
            $system->shut_down;
        }
        $system->remove;
    };
    return;
}

1;
