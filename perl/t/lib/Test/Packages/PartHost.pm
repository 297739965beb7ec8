package Test::Packages::PartHost;

# The package of a notification host on each Debian, and through the upgrade of Debian 12 to 13.

use v5.36;

use File::Copy qw(copy);
use File::Path qw(make_path);
use Test::More;
use Test::Packages::Built   qw(packages this_debian);
use Test::Packages::StandIn qw(pve_manager);
use Test::Packages::System;
use Test::Peers qw(root sandbox_binary);

my $PACKAGE  = 'pve-notify-host';
my $PASSWORD = 'correct horse battery';

# as the unit starts it; the login of a client
my $SERVE = <<'END';
start=$(sed -n 's/^ExecStart=//p' "$(ls /usr/lib/systemd/system/pve-notify-host.service /lib/systemd/system/pve-notify-host.service 2>/dev/null | head -n 1)")
. /etc/default/pve-notify-host
rm -f /soak/served
eval "exec $start" >/soak/served 2>/soak/log &
server=$!
tries=0
while [ ! -s /soak/served ] && [ $tries -lt 200 ]; do tries=$((tries + 1)); sleep 0.1; done
url=$(cat /run/pve-notify-host/address)
echo "uid $(sed -n 's/^Uid:\t\([0-9]*\).*/\1/p' "/proc/$server/status")"
curl -sS --cacert /etc/pve-notify-host/notify-host.crt "$url/api2/json/access/ticket" \
    --data-urlencode username=admin@pve --data-urlencode password@/soak/password
echo
curl -sS --cacert /etc/pve-notify-host/notify-host.crt "$url/api2/json/access/ticket" -o /dev/null -w '%{http_code}\n' \
    --data-urlencode username=admin@pve --data-urlencode password=wrong
kill -TERM $server
wait $server
echo "ended $?"
cat /soak/log >&2
END

my sub is_done ($run, $title) {
    is $run->{status}, 0, $title or diag $run->{text};
    return $run;
}

my sub mode_of ($system, $path) {
    return $system->run('stat', '-c', '%a %U %G', $path)->{out} =~ s/\n\z//r;
}

my sub files ($system) {
    like $system->run('getent', 'passwd', $PACKAGE)->{out},
        qr{:/var/lib/pve-notify-host:/usr/sbin/nologin$}, 'the user';
    my %mode = (
        '/etc/pve-notify-host'      => 750,
        '/etc/pve-notify-host/priv' => 700,
        '/var/lib/pve-notify-host'  => 700,
        '/run/pve-notify-host'      => 750,
    );
    is mode_of($system, $_), "$mode{$_} $PACKAGE $PACKAGE", $_ for sort keys %mode;
    for my $unit (qw(pve-notify-host.service pve-notify-daily.timer)) {
        is $system->run('systemctl', 'is-enabled', $unit)->{out}, "enabled\n", "$unit is enabled";
    }
    is $system->run('systemctl', 'is-enabled', 'pve-notify-daily.service')->{out}, "static\n",
        'the daily run is started by its timer';
    my $verify =
        $system->sh(
              'systemd-analyze verify --man=no pve-notify-host.service pve-notify-daily.timer '
            . 'pve-notify-daily.service');
    is_done($verify, 'systemd reads the units');
    unlike $verify->{text},                              qr/pve-notify/, 'without a complaint';
    like $system->content('/etc/pam.d/pve-notify-host'), qr/^\@include common-auth$/m, 'PAM';
    for my $page (
        qw(1/pvesh.1 1/pveupdate.1 1/pve-notify.1 1/pve-notify-authorize.1 8/notify-host.8))
    {
        ok $system->has("/usr/share/man/man$page.gz"), "the manual has $page";
    }
    like $system->run('bash', '-c',
        'source /usr/share/bash-completion/completions/pvesh && complete -p pvesh')->{out},
        qr/-F _pvesh_complete pvesh/, 'the completion of bash';
    is $system->run('pve-notify', 'status')->{text}, "no target logs in with OAuth2\n",
        'the command line finds the files of the host';
    is $system->run('dpkg', '-V', $PACKAGE, 'libpve-rs-notify-perl')->{text}, '', 'as packed';
    return;
}

my sub serves ($system) {
    $system->put('/soak/password', $PASSWORD, oct '0600');
    my $setup =
        is_done($system->run('notify-host', 'setup', '--password-file', '/soak/password'), 'setup');
    like $system->content('/etc/pve-notify-host/user.cfg'), qr/^user:admin\@pve:1:/m,
        'makes the first administrator';
    is_done($system->run('notify-host', 'setup', '--password-file', '/soak/password'), 'again');
    $system->put('/etc/default/pve-notify-host', "OPTIONS='--port 0'\n");
    my $run = $system->run('bash', '-c', $SERVE);
    my $uid = $system->run('id',   '-u', $PACKAGE)->{out};
    like $run->{out},    qr/^uid $uid/m, 'the server runs as its user' or diag $run->{text};
    like $run->{out},    qr/"CSRFPreventionToken":/, 'a login over HTTPS';
    like $run->{out},    qr/^401$/m,                 'a wrong password';
    like $run->{out},    qr/^ended 0$/m,             'it ends when it is told to';
    unlike $run->{text}, qr/$PASSWORD/,              'no password in the log';
    return;
}

my sub journey ($system) {
    make_path($system->path($_)) for qw(/soak/tree/tools /soak/tree/perl/t);
    system('cp', '-r', root() . '/perl/t/lib', $system->path('/soak/tree/perl/t/')) == 0 or die;
    copy(root() . '/tools/journey', $system->path('/soak/tree/tools/')) or die "journey: $!\n";
    copy(sandbox_binary(),          $system->path('/soak/sandbox'))     or die "sandbox: $!\n";
    chmod oct '0755', $system->path('/soak/sandbox');
    my $run = is_done(
        $system->run(
            'env', 'INSTALLED=1', 'SANDBOX=/soak/sandbox', 'perl', '/soak/tree/tools/journey'
        ),
        'the journey with what is installed'
    );
    like $run->{out}, qr/The journey is done/, 'to its end';
    return;
}

# what a host has: a target, with OAuth2 and without a login
my sub make_state ($system) {
    my @create = qw(pvesh create /cluster/notifications/endpoints/smtp --server mail.example.org
        --from-address pve@example.org --mailto ann@example.org);
    is_done($system->run(@create, '--name', 'first'), 'a target');
    is_done(
        $system->run(
            @create, qw(--name app --mode starttls --username pve@example.org
                --auth-method microsoft-oauth2 --oauth2-tenant-id contoso.example.org --oauth2-client-id id
                --oauth2-client-secret secret --oauth2-refresh-token refresh)
        ),
        'one with OAuth2'
    );
    is mode_of($system, '/etc/pve-notify-host/priv/notifications-ext.cfg'),
        "600 $PACKAGE $PACKAGE", 'its secret';
    is mode_of($system, '/var/lib/pve-notify-host/oauth2/app.json'), "600 $PACKAGE $PACKAGE",
        'its record';
    return;
}

my sub state_of ($system) {
    return $system->sh('cd /etc/pve-notify-host && sha256sum *.cfg priv/*.cfg; '
            . 'find /var/lib/pve-notify-host -name "*.json" | sort | xargs sha256sum')->{text};
}

my sub has_state ($system, $title) {
    my $run = is_done($system->run(qw(pvesh get /cluster/notifications/endpoints/smtp/app/status)),
        "$title: the target with OAuth2");
    like $run->{out}, qr/\bcondition\b.*\b(?:ok|due|untested)\b/, "$title: its tokens are there"
        or diag $run->{text};
    return;
}

my sub beside_a_node ($system) {
    $system->offer(pve_manager('9.2.11'));
    my $run = $system->install($PACKAGE, 'pve-manager');
    isnt $run->{status}, 0, 'apt refuses to install it beside pve-manager';
    like $run->{text}, qr/$PACKAGE.*Conflicts|conflicts?.*$PACKAGE|$PACKAGE.*conflict/is,
        'and says why';
    is $system->version('pve-manager'), undef, 'nothing has changed';
    return;
}

my sub removed ($system) {
    my $before = state_of($system);
    is_done($system->apt('remove', $PACKAGE), 'apt removes it');
    is state_of($system), $before, 'targets and tokens are untouched';
    my $run = is_done($system->apt('purge', $PACKAGE), 'apt purges it');
    is state_of($system), $before, 'targets and tokens are untouched';
    like $run->{text}, qr{'\Q$_\E' has targets, users or tokens and stays}, "says so: $_"
        for '/etc/pve-notify-host', '/var/lib/pve-notify-host';
    ok !$system->has($_), "$_ is gone"
        for '/run/pve-notify-host', '/etc/default/pve-notify-host', '/etc/pam.d/pve-notify-host',
        '/etc/systemd/system/multi-user.target.wants/pve-notify-host.service';
    my $dist   = $system->{dist};
    my $readme = $system->follow_readme('Any other', 'build/deb', packages($dist));
    is_done($readme, 'installed again, as the README says it');
    like $readme->{text}, qr/mail-to-root/, 'its last command lists the targets';
    has_state($system, 'again');
    is mode_of($system, '/etc/pve-notify-host/priv'), "700 $PACKAGE $PACKAGE", 'its folders';
    return;
}

my sub on ($dist) {
    my $system = Test::Packages::System->new($dist, "host-$dist");
    $system->offer(packages($dist));
    my $run = is_done($system->install($PACKAGE, 'curl'), 'apt installs it');
    like $run->{text}, qr/first administrator with: notify-host setup/, 'says what comes next';
    subtest 'files'                      => sub { files($system) };
    subtest 'the server'                 => sub { serves($system) };
    subtest 'the journey'                => sub { journey($system) };
    subtest 'targets'                    => sub { make_state($system) };
    subtest 'beside a node'              => sub { beside_a_node($system) };
    subtest 'removed, purged, installed' => sub { removed($system) };
    return $system;
}

my sub to_debian_13 ($system) {
    my $before = state_of($system);
    unlink glob $system->path('/repo/*.deb');
    is_done($system->sh('sed -i s/bookworm/trixie/ /etc/apt/sources.list'), 'sources of Debian 13');
    $system->offer(packages('trixie'));
    is_done($system->sh('apt-get -q update'), 'apt-get update');
    my $run = is_done($system->apt('full-upgrade'), 'apt full-upgrade');
    like $system->run('perl', '-e', 'print $]')->{out}, qr/\A5[.]040/, 'perl 5.40';
    ok defined $system->version($PACKAGE), 'the package is still there';
    is $system->run('dpkg', '--audit')->{text}, '', 'dpkg has nothing to say';
    is $system->run('dpkg', '-V', $PACKAGE, 'libpve-rs-notify-perl')->{text}, '', 'as packed';
    is state_of($system), $before, 'targets and tokens are as before';
    has_state($system, 'on Debian 13');
    subtest 'the server' => sub { serves($system) };
    return;
}

sub run ($class) {
    for my $dist (qw(trixie bookworm)) {
        if ($dist eq 'bookworm' && this_debian() ne $dist) {
            diag 'SKIPPED: packages for Debian 12 are built on one';
            next;
        }
        subtest "a host with $dist" => sub {
            my $system = on($dist);
            subtest 'upgraded to Debian 13' => sub { to_debian_13($system) }
                if $dist eq 'bookworm';
            $system->remove;
        };
    }
    return;
}

1;
