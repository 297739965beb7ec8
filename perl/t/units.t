#!/usr/bin/perl

# The files that make the host a service of a Debian machine: systemd accepts the units and finds them
# closed enough, the programs and paths they name are those of the code, and the server starts with no
# more capabilities than its unit has.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use File::Path qw(make_path);
use Test::More;
use Test::NotifyHost qw(host_folder needs_root);
use Test::Peers      qw(first_line new_dir root slurp start stop write_private);
use PVE::NotifyHost::Privileges;
use PVE::NotifyHost::Setup;
use PVE::NotifyHost::UserConfig;

my $HOST = root() . '/perl/host';
my $USER = 'pve-notify-host';

# installed path => path in the tree
my %installed = (
    '/usr/sbin/notify-host' => "$HOST/bin/notify-host",
    '/usr/bin/pveupdate'    => "$HOST/bin/pveupdate",
);

# at most, as systemd-analyze counts (of 10); what keeps it from 0 are the exceptions in the units
my $MAX_EXPOSURE = 3.1;

my %unit = map { m{([^/]+)\z} ? ($1 => slurp($_)) : () }
    glob("$HOST/systemd/*.service $HOST/systemd/*.timer");
my @services = grep {/[.]service\z/} sort keys %unit;

# the values of a setting, in the order of their lines
sub values_of ($unit, $name) {
    return $unit{$unit} =~ /^\Q$name\E=(.*)$/mg;
}

# the units with the programs of this tree, as those of the packages are not installed here
sub copied_units () {
    my $dir = new_dir();
    for my $name (keys %unit) {
        write_private("$dir/$name",
            $unit{$name} =~ s{(?<==)(/usr/s?bin/[\w-]+)}{$installed{$1} // $1}gre);
    }
    return $dir;
}

sub needs_systemd () {
    return                             if grep { -x "$_/systemd-analyze" } split(/:/, $ENV{PATH});
    die "systemd-analyze is missing\n" if $ENV{CI};
    plan(skip_all => 'SKIPPED: systemd-analyze is not installed');
    return;
}

sub output_of (@command) {
    open(my $out, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', @command) or die "sh: $!\n";
    my $text = do { local $/ = undef; readline($out) };
    close($out);
    return ($? >> 8, $text // '');
}

subtest 'systemd takes the units' => sub {
    needs_systemd();
    my $dir = copied_units();
    my ($status, $text) =
        output_of('systemd-analyze', 'verify', '--man=no', map {"$dir/$_"} sort keys %unit);
    is $status, 0,  'exit status';
    is $text,   '', 'no complaint';
    write_private("$dir/$services[0]",
        $unit{ $services[0] } =~ s/ExecStart=.*/ExecStart=\/no\/program/r);
    ($status) = output_of('systemd-analyze', 'verify', '--man=no', "$dir/$services[0]");
    isnt $status, 0, 'which it would have';
};

subtest 'systemd finds them closed enough' => sub {
    needs_systemd();
    my $dir = copied_units();
    for my $name (@services) {
        my (undef, $text) =
            output_of('systemd-analyze', 'security', '--offline=true', '--no-pager', "$dir/$name");
        my ($exposure) = $text =~ /Overall exposure level for \S+: ([0-9.]+)/;
        cmp_ok $exposure // 10, '<=', $MAX_EXPOSURE, "$name: exposure" or diag($text);
    }
};

subtest 'what the units name is there' => sub {
    for my $name (@services) {
        my @programs = map {s/ .*//r} values_of($name, 'ExecStart');
        is scalar(@programs), 1, "$name: starts a program";
        ok -x ($installed{$_} // ''), "$name: $_" for @programs;
        my $man = { 'notify-host' => 8, 'pveupdate' => 1 };
        for my $page (map { split(/ /) } values_of($name, 'Documentation')) {
            my ($program, $section) = $page =~ /\Aman:([\w-]+)\(([18])\)\z/;
            is $section, $man->{ $program // '' }, "$name: $page";
        }
    }
    my ($timer) = grep {/timer/} keys %unit;
    ok $unit{ $timer =~ s/timer\z/service/r }, 'the timer has its service';
    is join(' ', map { (values_of($timer, $_))[0] } qw(OnCalendar RandomizedDelaySec Persistent)),
        '*-*-* 01:00:00 5h true', 'once a night, spread, made up for';
    my ($defaults) = values_of('pve-notify-host.service', 'EnvironmentFile');
    is $defaults, "-/etc/default/$USER", 'the options are optional';
    is output_of('sh', '-ec', ". $HOST/systemd/default; printf %s \"\${OPTIONS?}\""), '',
        'and none are given';
};

subtest 'folders, owner and modes are those of the code' => sub {
    local $ENV{PVE_NOTIFY_HOST_DIR} = '';
    my $dirs  = PVE::NotifyHost::Setup->dirs;
    my $modes = PVE::NotifyHost::Setup->modes;
    my %expected =
        map { $dirs->{$_} => sprintf('%04o %s %s', $modes->{$_}, ($USER) x 2) } keys %$modes;
    my %folder = slurp("$HOST/systemd/tmpfiles.conf") =~ /^d (\S+)\s+(\S+ \S+ \S+) -$/mg;
    is_deeply \%folder, \%expected, 'tmpfiles';
    like slurp("$HOST/systemd/sysusers.conf"),
        qr{^u $USER - "[^"]+" \Q$dirs->{state}\E /usr/sbin/nologin$}m, 'sysusers';
    is PVE::NotifyHost::Privileges::packaged_user(), $USER, 'the user that the server becomes';

    for my $name (@services) {
        is_deeply [values_of($name, 'ReadWritePaths')], [$dirs->{config}],
            "$name: /etc is closed but for the folder";
        is_deeply [values_of($name, 'User')], [], "$name: root gives itself up";
    }
    ok -e "$HOST/pam.d/$USER", 'the file of the PAM service';
    like slurp("$HOST/lib/PVE/NotifyHost/PamHelper.pm"), qr/Authen::PAM->new\('$USER'/,
        'is that of the helper';
    is PVE::NotifyHost::Setup->share_file('user.cfg.sample'), "$HOST/share/user.cfg.sample",
        'the sample of user.cfg in this tree';
};

subtest 'systemd makes user and folders' => sub {
    needs_systemd();
    needs_root();
    my $dir = new_dir();
    make_path("$dir/etc");
    my ($status, $text) =
        output_of('systemd-sysusers', "--root=$dir", "$HOST/systemd/sysusers.conf");
    is $status, 0, 'systemd-sysusers' or diag($text);
    my ($uid, $gid) = slurp("$dir/etc/passwd") =~ /^$USER:[^:]*:(\d+):(\d+):/m;
    ($status, $text) =
        output_of('systemd-tmpfiles', "--root=$dir", '--create', "$HOST/systemd/tmpfiles.conf");
    is $status, 0, 'systemd-tmpfiles' or diag($text);
    my @stat = stat("$dir/etc/pve-notify-host/priv");
    is_deeply [@stat[4, 5], $stat[2] & oct('7777')], [$uid, $gid, oct('0700')], 'owner and mode';
};

subtest 'the sample of user.cfg' => sub {
    my $text = slurp("$HOST/share/user.cfg.sample");
    my @warnings;
    local $SIG{__WARN__} = sub (@text) { push @warnings, @text };
    my $plain = PVE::NotifyHost::UserConfig::parse_user_cfg('sample', $text);
    is_deeply [keys $plain->{users}->%*], ['root@pam'], 'gives nobody anything as it is';
    is_deeply $plain->{acl}, {}, 'no rule';
    my $all = PVE::NotifyHost::UserConfig::parse_user_cfg('sample', $text =~ s/^#(?=\w+:\S)//gmr);
    is_deeply \@warnings,                     [], 'its examples are valid';
    is_deeply [sort keys $all->{users}->%*],  [qw(ann@pve bob@pam root@pam)],  'users';
    is_deeply [sort keys $all->{tokens}->%*], ['ann@pve!monitoring'],          'token';
    is_deeply [sort keys $all->{acl}->%*],    ['/', '/mapping/notifications'], 'rules';
};

# systemd lowers the bounding set as setpriv does
sub bounded ($name, @command) {
    my @capabilities =
        map { '+' . lc s/\ACAP_//r } split(/ /, (values_of($name, 'CapabilityBoundingSet'))[0]);
    return ('setpriv', '--bounding-set=' . join(',', '-all', @capabilities), @command);
}

subtest 'the capabilities of the units are enough, and the server has none of them' => sub {
    needs_root();
    my ($uid, $gid) = (getpwnam('nobody'))[2, 3];
    my $dir = host_folder();
    chmod(oct('0755'), "$dir");
    chown($uid, $gid, map {"$dir/$_"} qw(config config/priv state));
    rmdir("$dir/run") or die "$dir/run: $!\n";
    local $ENV{PVE_NOTIFY_HOST_DIR} = "$dir";
    my @perl = ($^X, map {"-I$_"} grep { !ref } map { m{\A/} ? $_ : root() . "/$_" } @INC);
    my $server =
        start("$dir/log",
        bounded('pve-notify-host.service', @perl, "$HOST/bin/notify-host", '--port', 0),
        );
    like $server->{line}, qr/\Alistening at/, 'it listens';
    my $status = slurp("/proc/$server->{pid}/status");
    like $status, qr/^Uid:\t$uid\t$uid\t$uid\t$uid$/m, 'as the owner';
    like $status, qr/^Cap(?:Prm|Eff):\t0+$/m,          'with no capability';
    is((stat("$dir/run"))[4], $uid, 'the missing folder was made for him');
    stop($server);
    my ($code, $text) =
        output_of(bounded('pve-notify-daily.service', @perl, "$HOST/bin/pveupdate", '--verbose'));
    is $code, 0,                                            'the daily run';
    is $text, "0 refreshed, 0 not due, 0 with a problem\n", 'as it is with no target';
};

done_testing();
