#!/usr/bin/perl

# What pve-notify-node tells about a node: all well, and each thing that needs attention with its fix.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/../node/lib", "$FindBin::Bin/lib";

use File::Copy ();
use PVE::NotifyNode::Records;
use Test::More;
use Test::Node  qw(new_node node_json node_path node_run put record_of system_of);
use Test::Peers qw(root slurp);

my $HOUR = 3600;
my $BOOT = 1_000_000_000;

# causes and fixes, each checked for its form
sub problems ($answer = node_json()) {
    for my $problem ($answer->{problems}->@*) {
        my ($cause, $fix) = $problem->@{qw(cause fix)};
        my $short = $cause =~ s{'/.*?'|'[^']*/notify-test[^']*'}{'PATH'}gr;
        cmp_ok length $short,                     '<=', 90,  "short: $short";
        cmp_ok length $fix =~ s{/tmp/\S+?/}{/}gr, '<=', 100, "short: $fix";
        unlike "$cause $fix", qr/[.]\z|has to|mend|admin\b|any ?more|at all|\n/, 'the words';
    }
    return [map {"$_->{cause} -> $_->{fix}"} $answer->{problems}->@*];
}

# a process in the node's folder: when it started, and what it has loaded
sub process ($pid, $line, $started, @libraries) {
    my $ticks = ($started - $BOOT) * POSIX::sysconf(POSIX::_SC_CLK_TCK());
    put("proc/$pid/cmdline", $line . "\0");
    put("proc/$pid/stat",    "$pid (a) b) S " . join ' ', (0) x 18, $ticks, (0) x 30);
    put("proc/$pid/maps",    join '', map {"7f00-7f01 r-xp 00000000 fd:00 $_\n"} @libraries);
    return;
}

sub library () {
    my $path = node_path('arch/auto/libpve_rs_notify.so');
    return ((stat $path)[1] . " " x 20 . $path);
}

subtest 'all is well' => sub {
    new_node();
    process(10, 'pvedaemon',        time + $HOUR, library());
    process(11, 'pvedaemon worker', time + $HOUR, library());
    put('status.json', { mail => { condition => 'ok' }, more => { condition => 'due' } });
    is_deeply problems(), [], 'no problem';
    my $answer = node_json();
    is_deeply [map { $_->{ours} ? 1 : 0 } values $answer->{'entry-points'}->%*], [1, 1], 'ours';
    like $answer->{'entry-points'}{'PVE::Notify'}{file}, qr{/arch/PVE/Notify/Main[.]pm\z}, 'where';
    like $answer->{'entry-points'}{'PVE::API2::Cluster::Notifications'}{file},
        qr{/arch/PVE/API2/Cluster/Notifications/Methods[.]pm\z}, 'the API';
    my ($version) = slurp(root() . '/Cargo.toml') =~ /^version = "(.*)"$/m;
    is $answer->{versions}{ours},    $version, 'the version is that of the project';
    is $answer->{versions}{library}, $version, "the library's version";
    is_deeply $answer->{versions}{packages},
        { 'pve-notify-oauth2' => '0.1.0-1', 'pve-manager' => '9.2.11' }, 'packages';
    is_deeply $answer->{targets}, { ok => 1, due => 1 }, 'targets';
    my ($status, $text) = node_run(system_of());
    is $status, 0, 'exit status';
    like $text,
        qr{^  PVE::Notify +ours, /.*Main[.]pm\n.*\ndaemons:\n  all  up to date\n.*\nall is well\n\z}ms,
        'for people';
    is(scalar(grep { length > 120 } split /\n/, $text =~ s{/tmp/\S+}{}gr), 0, 'no long lines');
};

subtest 'what the installed program looks at' => sub {
    local %ENV = (PATH => '/none', PERL5LIB => '/none', PVE_NOTIFY_HOST_DIR => '/none');
    my $system = PVE::NotifyNode::System->new;
    is_deeply $system->{perl}, ['/usr/bin/perl', '-T'], 'modules as a daemon loads them';
    is_deeply [$system->state_dir, $system->off_flag, $system->{proc}, $system->{owner}],
        ['/etc/pve/priv/notification-oauth2', '/var/lib/pve-notify-oauth2/off', '/proc', 0],
        'its own files';
    ok !eval { PVE::NotifyNode::System->new(roots => '/x') }, 'a wrong option is refused';
};

subtest 'called wrongly, and for help' => sub {
    for my $args (
        ['--bogus'], ['nothing'],
        ['status', 'x'],
        ['on',     '--yes'],
        ['status', '--output-format', 'xml'],
        ['off',    '--output-format', 'json']
        )
    {
        my ($status, $out, $err) = node_run(system_of(), @$args);
        is_deeply [$status, $out], [2, ''], "@$args: status";
        like $err, qr/\Apve-notify-node: .+\nUSAGE: /, "@$args: why";
    }
    my ($status, $out, $err) = node_run(system_of(), '--help');
    is_deeply [$status, $err], [0, ''], 'help: status';
    is(scalar(grep { length > 80 } split /\n/, $out), 0, 'help: wrapped');
    like $out, qr/^EXIT STATUS: /m, 'help: exit status';
    is_deeply [node_run(system_of(), '--version')],
        [0, "pve-notify-node (pve-rs-notify) $PVE::NotifyNode::VERSION\n", ''], 'version';
};

subtest 'modules' => sub {
    new_node();
    put('verdict.json', { ours => 0, reason => 'library 0.0.9 does not fit', level => 'err' });
    like problems()->[0], qr/modules are in charge: library 0[.]0[.]9.* -> upgrade/, 'do not fit';
    like node_json()->{'entry-points'}{'PVE::Notify'}{file}, qr{/lib/PVE/Notify[.]pm\z}, 'whose';
    put('verdict.json', { ours => 0, reason => 'Proxmox VE has it', level => 'info' });
    is_deeply problems(), [], 'handed over for good';
    unlink node_path('verdict.json');
    put('var/lib/pve-notify-oauth2/off', '');
    is_deeply problems(), [], 'switched off, no targets';
    put('etc/pve/notifications-ext.cfg',
        "smtp: mail\n\tauth-method google-oauth2\n\nsmtp: b\n\tauth-method plain\n");
    is_deeply problems(), ["OAuth2 targets cannot send: 'mail' -> pve-notify-node on"],
        'with targets';
    put('lib/PVE/API2/Cluster/Notifications.pm', "# smtp_oauth2_token\n1;\n");
    is_deeply problems(), [], 'which the vendor can serve';
    unlink node_path('var/lib/pve-notify-oauth2/off');
    put('arch/PVE/Notify/Main.pm', "die \"broken\n\"");
    like problems()->[0], qr/PVE::Notify cannot be loaded: broken.* -> apt install --reinstall/,
        'broken';
    unlink node_path('arch/PVE/Notify.pm'), node_path('lib/PVE/Notify.pm');
    is problems()->[0], "PVE::Notify cannot be loaded: Can't locate PVE/Notify.pm in \@INC"
        . ' -> apt install --reinstall pve-notify-oauth2', 'missing';
    like((node_run(system_of()))[1], qr/^  PVE::Notify +not loaded$/m, 'which is told');
    put('arch/PVE/Notify/Guard.pm', 'exit 3');
    like problems()->[0], qr/the modules cannot be tried: exit status 3/, 'the process ends';
    put('arch/PVE/Notify/Guard.pm', 'sleep 60; 1');
    like problems(node_json(system_of(seconds => 1)))->[0], qr/cannot be tried: timeout/,
        'and never ends';
};

subtest 'a vendor file in front of ours' => sub {
    new_node();
    my $system = system_of(perl => [$^X, '-T', map { '-I' . node_path($_) } qw(lib arch)]);
    like problems(node_json($system))->[0],
        qr{comes from '.*/lib/PVE/API2/Cluster/Notifications[.]pm' -> }, 'no guard was asked';
};

subtest 'daemons' => sub {
    new_node();
    my $path  = node_path('arch/auto/libpve_rs_notify.so');
    my $inode = (stat $path)[1];
    process(10, 'pvedaemon',        time + $HOUR, library() . ' (deleted)');
    process(11, 'pvedaemon worker', time + $HOUR, library() . ' (deleted)');
    process(12, 'pveproxy worker',  time + $HOUR, ($inode + 1) . " $path");
    process(13, 'pvescheduler',     time - $HOUR, '99 /usr/lib/libc.so.6 (deleted)');
    process(14, 'pve-ha-crm',                               time - $HOUR);
    process(15, '/usr/bin/perl -T /usr/bin/pvestatd start', time - $HOUR);
    process(16, 'pvestatd',                                 time + $HOUR);
    process(17, 'pve-ha-lrm',                               time - $HOUR, library());
    process(18, 'vi pvedaemon',                             time - $HOUR);
    process(19, 'pve-ha-lrm', time + $HOUR, '98 /usr/lib/x/libpve_rs.so (deleted)');
    my $old = "runs the vendor's modules: it is older than ours";
    is_deeply problems(),
        [
        "pve-ha-crm (PID 14) $old -> at a quiet moment: systemctl restart pve-ha-crm",
        'pve-ha-lrm (PID 19) has a replaced library loaded (libpve_rs.so)'
            . ' -> at a quiet moment: systemctl restart pve-ha-lrm',
        'pvedaemon (PID 10, 11) has a replaced library loaded (libpve_rs_notify.so)'
            . ' -> systemctl reload-or-restart pvedaemon',
        'pveproxy (PID 12) has another copy of libpve_rs_notify.so loaded'
            . ' -> systemctl reload-or-restart pveproxy',
        "pvescheduler (PID 13) $old -> systemctl reload-or-restart pvescheduler",
        "pvestatd (PID 15) $old -> systemctl reload-or-restart pvestatd",
        ],
        'each with its command';
    put('var/lib/pve-notify-oauth2/off', '');
    my @all = grep {/pve-ha/} problems()->@*;
    like $all[0], qr/pve-ha-lrm \(PID 17, 19\) still runs our modules/, 'ours though switched off';
    is scalar @all, 1, 'and the vendor\'s are right then';
};

subtest 'processes of a container are none of this node' => sub {
    new_node();
    process($_, 'pvedaemon', time - $HOUR) for 10, 11;
    for my $pid (10, 11, 'self') {
        mkdir node_path("proc/$pid");
        mkdir node_path("proc/$pid/ns");
        symlink($pid eq '10' ? 'pid:[2]' : 'pid:[1]', node_path("proc/$pid/ns/pid")) or die;
    }
    is_deeply [map { $_->{pids}->@* } node_json()->{daemons}->@*], [11], 'only its own';
};

subtest 'a real process whose library is replaced' => sub {
    new_node();
    my $path = node_path('arch/auto/libpve_rs_notify.so');
    pipe my $in, my $out or die "pipe: $!\n";
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        require DynaLoader;
        DynaLoader::dl_load_file($path, 0) or POSIX::_exit(1);
        $0 = 'pvestatd';    ## no critic (RequireLocalizedPunctuationVars)
        syswrite $out, "ready\n";
        sleep 60;
        POSIX::_exit(0);
    }
    is readline($in), "ready\n", 'it has loaded the library';
    my $system = system_of(proc => '/proc');
    my $found  = sub {
        my @daemons = grep {
            grep { $_ == $pid }
                $_->{pids}->@*
        } node_json($system)->{daemons}->@*;
        return @daemons ? $daemons[0]{reason} : 'up to date';
    };
    is $found->(), 'up to date', 'and is not reported';
    File::Copy::copy($path, "$path.new");
    rename "$path.new", $path or die "rename: $!\n";
    is $found->(), 'has a replaced library loaded (libpve_rs_notify.so)', 'until it is replaced';
    put('var/lib/pve-notify-oauth2/off', '');
    is $found->(), 'has a replaced library loaded (libpve_rs_notify.so)', 'also when switched off';
    kill TERM => $pid;
    waitpid $pid, 0;
};

subtest 'the daily run' => sub {
    new_node();
    my $FILE = 'var/lib/pve-notify-oauth2/last-run';
    put($FILE, record_of(time => time - 35 * $HOUR));
    is_deeply problems(), [], '35 hours ago';
    put($FILE, record_of(time => 1_700_000_000));
    like problems()->[0],
        qr/overdue: the last one was at 2023-11-1\d \d\d:\d\d:\d\d -> check: systemctl/, 'long ago';
    put($FILE, record_of(time => time + 40 * $HOUR));
    like problems()->[0], qr/overdue/, 'by a clock that was wrong';
    put($FILE, record_of(result => 1, error => "target 'mail': failing"));
    is_deeply problems(),
        ["the daily run failed: target 'mail': failing -> pve-notify-refresh --verbose"], 'failed';

    for my $damaged ('{', '[]', '{"time":"x"}', '') {
        put($FILE, $damaged);
        like problems()->[0], qr/has not run on this node yet/, "damaged: $damaged";
    }
    unlink node_path($FILE);
    like problems()->[0], qr/has not run on this node yet/, 'never';
};

subtest 'the drop-in' => sub {
    new_node();
    my $name = 'pve-daily-update.service.d/pve-notify-oauth2.conf';
    put("etc/systemd/system/$name", '');
    like problems()->[0], qr/drop-in .* is missing -> .*daemon-reload/, 'masked by an empty file';
    unlink node_path("etc/systemd/system/$name");
    put('run/systemd/system/pve-daily-update.service.d/zz.conf', "[Service]\nExecStartPre=\n");
    is scalar problems()->@*, 1, 'taken back by another file';
    put('run/systemd/system/pve-daily-update.service.d/aa.conf',
        slurp(node_path('run/systemd/system/pve-daily-update.service.d/zz.conf')));
    unlink node_path('run/systemd/system/pve-daily-update.service.d/zz.conf');
    is_deeply problems(), [], 'not by one before it';
    unlink node_path("usr/lib/systemd/system/$name");
    is scalar problems()->@*, 1, 'gone';
};

subtest 'rights' => sub {
    my %case = (
        'the folder' => ['priv/notification-oauth2',           '0755', '0700', 'folder'],
        'a record'   => ['priv/notification-oauth2/mail.json', '0640', '0600', 'file'],
        'a version'  => ['priv/notification-oauth2/nodes/b',   '0604', '0600', 'file'],
        'secrets'    => ['priv/notifications-ext.cfg',         '0640', '0600', 'file'],
        'settings'   => ['notifications-ext.cfg',              '0644', '0640', 'file'],
    );
    new_node();
    put("etc/pve/$_->[0]", '') for grep { $_->[3] eq 'file' } values %case;
    chmod oct '0640', node_path('etc/pve/notifications-ext.cfg');
    is_deeply problems(), [], 'as they should be';
    for my $title (sort keys %case) {
        my ($file, $wrong, $right) = $case{$title}->@*;
        my $path = node_path("etc/pve/$file");
        chmod oct $wrong, $path;
        is_deeply problems(),
            ["'$path' is open to other users (mode $wrong) -> chmod $right '$path'"], $title;
        my ($command) = map {/ -> (.*)/} problems()->@*;
        is system('sh', '-c', $command), 0, "$title: the fix";
        is_deeply problems(), [], "$title: fixes it";
    }
    like problems(node_json(system_of(group => 12345)))->[0],
        qr/belongs to group \d+ -> chown root:www-data/, 'group';
    unlink node_path('etc/pve/local');
    is_deeply [grep {/group/} problems(node_json(system_of(group => 12345)))->@*], [],
        'only on pmxcfs';
    like problems()->[0], qr{'/etc/pve' is not mounted -> systemctl start pve-cluster},
        'which is told';
    unlink node_path('etc/pve/priv/notifications-ext.cfg');
    symlink '/dev/null', node_path('etc/pve/priv/notifications-ext.cfg') or die;
    like problems()->[1], qr/is not a file -> move it away/, 'a link';
};

subtest 'nodes of the cluster' => sub {
    new_node();
    put('nodes', "alpha\nbeta\ngamma\n");
    my $nodes = 'etc/pve/priv/notification-oauth2/nodes';
    put("$nodes/beta",  record_of());
    put("$nodes/delta", record_of(time => 5));
    is_deeply problems(),
        [
        "node 'gamma' has not reported yet -> on it: apt install pve-notify-oauth2 && pve-notify-refresh"
        ],
        'one lacks the package, one is no member any more';
    put("$nodes/gamma", record_of(version => '0.0.9'));
    like problems()->[0], qr/node 'gamma' has version 0[.]0[.]9, this node \d/, 'another version';
    put("$nodes/gamma", { time => time });
    my ($status, undef, $err) = node_run(system_of());
    is_deeply [$status, $err], [1, ''], 'a record that only has its time';
    like problems()->[0], qr/node 'gamma' has version none/, 'is of no version';
    put("$nodes/gamma", record_of(result => 1, error => 'boom'));
    like problems()->[0], qr/daily run of node 'gamma' failed: boom -> on it: pve-notify-node/,
        'its run';
    put("$nodes/gamma", record_of(time => time - 6 * 24 * $HOUR));
    is_deeply problems(), [], 'six days ago';
    put("$nodes/gamma", record_of(time => 1_700_000_000, version => '0.0.9'));
    like problems()->[0], qr/node 'gamma': not seen since 2023-11-1\d .* -> /, 'long ago';
    is_deeply [map { $_->{name} } node_json()->{nodes}->@*], [qw(alpha beta gamma)], 'the list';
    unlink node_path('nodes');
    like problems()->[0],
        qr/nodes of the cluster are unknown: ipcc_send_rec.* -> systemctl restart/, 'no answer';
};

subtest 'targets' => sub {
    new_node();
    put(
        'status.json',
        {
            good => { condition => 'ok' },
            sick => {
                condition    => 'authorize-again',
                'last-error' => 'the refresh token has expired',
                cure         => 'authorize the target again'
            },
            odd => { condition => 'misconfigured' },
        }
    );
    is_deeply problems(),
        [
        "target 'odd': misconfigured -> pvesh get /cluster/notifications/endpoints/smtp/odd/status",
        "target 'sick': authorize-again (the refresh token has expired) -> authorize the target again",
        ],
        'faulty ones';
    is_deeply node_json()->{targets}, { ok => 1, misconfigured => 1, 'authorize-again' => 1 },
        'counted';
    put('status.json', { odd => { condition => 'failing', 'last-error' => "caf\x{e9} \x{20ac}" } });
    my (undef, $text, $err) = node_run(system_of());
    like $text, qr/^  target 'odd': failing \(caf\xc3\xa9 \xe2\x82\xac\)$/m, 'any character';
    is $err, '', 'without a warning';
    put('status.json', '');
    like problems()->[0], qr/the targets cannot be read: file /, 'unreadable';
};

subtest 'what a daily run leaves' => sub {
    new_node();
    my $system = system_of();
    my $file   = node_path('etc/pve/priv/notification-oauth2/nodes/alpha');
    my $write  = sub (%more) {
        return PVE::NotifyNode::Records->write_node($system, 'alpha', record_of(%more));
    };
    umask 0;
    ok $write->(), 'the first time';
    is sprintf('%04o', (stat $file)[2] & oct '7777'), '0600', 'mode of the file';
    is sprintf('%04o', (stat node_path('etc/pve/priv/notification-oauth2'))[2] & oct '7777'),
        '0700', 'of the folder';
    is_deeply problems(), [], 'which are right';
    my $now = time;
    ok !$write->(time => $now + $HOUR), 'not without news';
    ok $write->(result  => 1, time => $now + $HOUR),          'but with a new result';
    ok !$write->(result => 1, time => $now + 20 * $HOUR),     'not after 19 hours';
    ok $write->(result  => 1, time => $now + 21 * $HOUR + 1), 'after 20';
    ok $write->(result  => 1, time => $now),                  'if the clock was set back';
    put('etc/pve/priv/notification-oauth2/nodes/alpha', '{');
    ok $write->(result => 1, time => $now), 'if it is damaged';
    is_deeply [glob node_path('etc/pve/priv/notification-oauth2/nodes/*')], [$file],
        'no other file';
    my $record = PVE::NotifyNode::Records->record(1, "a\nb\x{1b}[1m" . 'x' x 1000 . "\n");
    like $record->{error}, qr/\Aa b \[1mx+\z/, 'an error is one line';
    is length $record->{error}, 500, 'and not too long';
};

done_testing;
