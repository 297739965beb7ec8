#!/usr/bin/perl

# What the daily run leaves on a node: under pmxcfs' rules, without quorum, and where the vendor's
# modules are in charge; then the installed programs as they are, on a node of this test's own.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/../node/lib", "$FindBin::Bin/lib";

use Test::Pmxcfs qw(pmxcfs_at quorum refusals);

use JSON::PP ();
use POSIX    ();
use PVE::NotifyNode::DailyRun;
use PVE::SafeSyslog;
use Test::LeftOut qw(leave_out);
use Test::More;
use Test::Node  qw(new_node node_path put system_of);
use Test::Peers qw(new_dir root slurp);

# the place of PVE::Notify, here that of the vendor at first
BEGIN { $INC{'PVE/Notify.pm'} = __FILE__ }    ## no critic (RequireLocalizedPunctuationVars)
use PVE::Notify::Refresh;

my (@log, %guard);

{
    no warnings 'redefine';    ## no critic (ProhibitNoWarnings) - looks on
    *PVE::SafeSyslog::syslog = sub ($level, $format, @values) {
        push @log, "$level: " . sprintf $format, @values;
    };
}

sub guard (%says) {
    %guard = %says;
    for my $name (qw(verdict vendor_has_feature has_oauth2_targets)) {
        no strict 'refs';    ## no critic (ProhibitNoStrict) - names from a list
        no warnings 'redefine';    ## no critic (ProhibitNoWarnings)
        *{"PVE::Notify::Guard::$name"} = sub () { return $guard{$name} };
    }
    return;
}

# what is said to standard error by the code
sub said ($code) {
    my $file = new_dir();
    open my $keep, '>&', \*STDERR     or die "STDERR: $!\n";    ## no critic (RequireBriefOpen)
    open STDERR,   '>',  "$file/text" or die "STDERR: $!\n";
    my $done = eval { $code->(); 1 };
    open STDERR, '>&', $keep or die "STDERR: $!\n";
    die $@ if !$done;
    return slurp("$file/text");
}

sub leave (@result) {
    @log = ();
    return said(sub { PVE::NotifyNode::DailyRun->leave(@result, system_of()) });
}

my $LAST = 'var/lib/pve-notify-oauth2/last-run';
my $NODE = 'etc/pve/priv/notification-oauth2/nodes/' . PVE::NotifyNode::DailyRun->nodename;

sub of_file ($path) {
    return JSON::PP::decode_json(slurp(node_path($path)) || '{}');
}

subtest 'on a node with quorum' => sub {
    pmxcfs_at(new_node() . '/etc/pve');
    unlink node_path($LAST);
    is leave(1, "target 'mail': failing"), '', 'nothing to say';
    is_deeply [refusals()], [], 'no rule of pmxcfs was broken';
    for my $path ($LAST, $NODE) {
        my $record = of_file($path);
        cmp_ok abs($record->{time} - time), '<', 60, "$path: when";
        delete $record->{time};
        is_deeply $record,
            {
            version => $PVE::NotifyNode::VERSION,
            perl    => sprintf('%vd', $^V),
            result  => 1,
            error   => "target 'mail': failing"
            },
            "$path: how";
        is sprintf('%04o', (CORE::stat node_path($path))[2] & oct '7777'), '0600', "$path: mode";
    }
    is leave(0, undef), '', 'all is well again';
    is_deeply [map { of_file($_)->@{qw(result error)} } $LAST, $NODE], [0, undef, 0, undef],
        'both say so';
};

subtest 'without' => sub {
    quorum(0);
    my $fault = "pve-notify-refresh: warning: the version of this node was not stored: ";
    like leave(1, 'a'),
        qr/\A\Q$fault\Efile '.*': can't create - .*; check the quorum: pvecm status\n\z/,
        'a warning';
    is of_file($LAST)->{error}, 'a',   'this node knows';
    is of_file($NODE)->{error}, undef, 'the others do not';
    quorum(1);
    refusals();
    unlink node_path('etc/pve/local');
    like leave(1, 'b'), qr{\A\Q$fault\Efolder '.*/etc/pve': not mounted; }, 'not mounted';
    is of_file($NODE)->{error}, undef, 'nothing is written below the mount point';
};

subtest 'the vendor could take over' => sub {
    new_node();
    leave(0, undef);
    is_deeply \@log, [], 'there is no guard: no word of it';
    for my $case ([0, 0, 0], [1, 0, 0], [0, 1, 0], [1, 1, 1]) {
        my ($feature, $targets, $lines) = @$case;
        guard(vendor_has_feature => $feature, has_oauth2_targets => $targets);
        leave(0, undef);
        is scalar @log, $lines, "feature $feature, targets $targets";
    }
    like $log[0], qr/\Ainfo: .*"pve-notify-node off" hands over/, 'the line';
    put('var/lib/pve-notify-oauth2/off', '');
    leave(0, undef);
    is_deeply \@log, [], 'it is handed over: no word of it';
};

# (exit status, what the run tells, what it says)
sub run_of (@args) {
    my @told;
    my $status;
    my $text = said(sub {
        $status = PVE::Notify::Refresh->run('pve-notify-refresh', \@args,
            leave => sub (@said) { @told = @said },);
    });
    return ($status, \@told, $text);
}

subtest 'the vendor is in charge' => sub {
    my $fault = "the vendor's modules are in charge";
    guard(verdict => { ours => 0, reason => 'switched off', level => 'info' });
    is_deeply [run_of()],
        [0, [0, undef], "pve-notify-refresh: $fault: switched off; see pve-notify-node status\n"],
        'by intent';
    guard(verdict => { ours => 0, reason => 'does not fit', level => 'err' });
    is_deeply [run_of()],
        [
        1,
        [1, "$fault: does not fit"],
        "pve-notify-refresh: $fault: does not fit; see pve-notify-node status\n"
        ],
        'by a fault';
};

subtest 'what is told of a run' => sub {
    my $targets = [];
    *PVE::Notify::refresh_oauth2_state = sub { return ref $targets ? $targets : die $targets };
    is_deeply [run_of()], [0, [0, undef], ''], 'no target';
    $targets = [map { { target => $_, health => { condition => $_ } } } qw(ok failing due)];
    $targets->[1]{error} = "caf\x{e9} \x{20ac}";
    my $out = new_dir();
    open my $keep, '>&', \*STDOUT    or die "STDOUT: $!\n";    ## no critic (RequireBriefOpen)
    open STDOUT,   '>',  "$out/text" or die "STDOUT: $!\n";
    my @run = run_of();
    open STDOUT, '>&', $keep or die "STDOUT: $!\n";
    is_deeply \@run, [1, [1, "target 'failing': failing"], ''], 'one that is faulty';
    is slurp("$out/text"),
        "failing: failing - caf\xc3\xa9 \xe2\x82\xac\n0 refreshed, 2 not due, 1 with a problem\n",
        'in UTF-8';
    $targets = "no file\n";
    is_deeply [run_of()], [1, [1, "no file\n"], "pve-notify-refresh: no file\n"], 'a run that died';
    is_deeply((run_of('--help'))[1],  [], 'nothing of a question');
    is_deeply((run_of('--bogus'))[1], [], 'nothing of a wrong call');
};

# --- the programs as they are ------------------------------------------------------------------------

# Runs a script of the shell where /etc/pve, /var/lib and /run are those of a node; undef where this
# user may not make such a place. The node's own classes are the host's here.
sub on_node ($script) {
    my $dir     = new_dir();
    my $include = join ' ',
        map { '-I' . root() . "/$_" } qw(perl/node/lib perl/lib perl/host/lib blib/lib blib/arch);
    my $text = <<"END";
exec 2>&1
mkdir $dir/upper $dir/work &&
mount -t overlay overlay -o lowerdir=/etc,upperdir=$dir/upper,workdir=$dir/work /etc &&
mount -t tmpfs none /var/lib && mount -t tmpfs none /run && mkdir -p -m 0700 /etc/pve/priv || exit 77
ln -s nodes/alpha /etc/pve/local
state=/etc/pve/priv/notification-oauth2
run() {
    $^X $include -MPVE::Cluster -e 'PVE::Cluster::set_dirs({ config => "/etc/pve", run => "/run" }); do(shift) // die \$\@' "\$\@"
}
refresh() { run @{[root()]}/perl/bin/pve-notify-refresh "\$\@"; }
node() { run @{[root()]}/perl/node/bin/pve-notify-node "\$\@"; }
$script
END
    my $pid = open(my $out, '-|') // die "fork: $!\n";
    if (!$pid) {
        open STDERR, '>&', \*STDOUT or POSIX::_exit(77);
        exec root() . '/tools/private-mounts', 'sh', '-c', $text or POSIX::_exit(77);
    }
    my $said = do { local $/ = undef; readline $out };
    close $out;
    return $? >> 8 == 77 || $said =~ /\Aunshare: / ? undef : $said;
}

my $CONSENT = <<'END';
my $c = PVE::RS::Notify->parse_config("", "", "", "");
$c->add_smtp("mail", "mail.example.org", 25, "tls", "ann", undef, ["bob\@example.org"], undef, "pve\@example.org",
    (undef) x 3, { "auth-method" => "google-oauth2", "oauth2-client-id" => "a", "oauth2-client-secret" => "b",
    "oauth2-refresh-token" => "token-of-mail" });
$c->apply_oauth2_changes("root\@pam");
1;
END

subtest 'the programs on a node' => sub {
    my $said = on_node(<<'END');
refresh --version
[ -e /var/lib/pve-notify-oauth2 ] && echo 'a question was taken for a run'
refresh; echo "refresh: $?"
cd $state && stat -c '%a %n' . nodes nodes/* /var/lib/pve-notify-oauth2 /var/lib/pve-notify-oauth2/*
END
    leave_out('this user cannot make a node') if !defined $said;
    my $name = PVE::NotifyNode::DailyRun->nodename;
    is $said,
        "pve-notify-refresh (pve-rs-notify) $PVE::NotifyNode::VERSION\nrefresh: 0\n700 .\n700 nodes\n600 nodes/$name\n"
        . "755 /var/lib/pve-notify-oauth2\n600 /var/lib/pve-notify-oauth2/last-run\n",
        'the daily run';
    like on_node("node; echo status: \$?"), qr/^needs attention.*\nstatus: 1\n\z/ms, 'the status';
};

subtest 'the lock of the cluster' => sub {
    my $said = on_node(<<"END");
run /dev/stdin <<'PERL'
use PVE::RS::Notify;
$CONSENT
PERL
ls \$state
mkdir -p -m 0700 /etc/pve/priv/lock/notification-oauth2-mail
(sleep 2; grep -o token-of-mail \$state/mail.json; rmdir /etc/pve/priv/lock/notification-oauth2-mail) &
node purge-tokens --yes; echo "purge: \$?"
wait
ls \$state /etc/pve/priv/lock
END
    leave_out('this user cannot make a node') if !defined $said;
    like $said, qr/\Amail[.]json\ntoken-of-mail\n.*deleted: the tokens of 1 of 1 .*\npurge: 0\n/s,
        'another node had it for two seconds';
    like $said, qr{cannot access '/etc/pve/priv/notification-oauth2'.*\n/etc/pve/priv/lock:\n\z},
        'records and lock are gone';
};

subtest 'a machine that is no node' => sub {
    my $said = on_node("rm -r /etc/pve; refresh --verbose; ls -A /var/lib");
    leave_out('this user cannot make a node') if !defined $said;
    is $said, "0 refreshed, 0 not due, 0 with a problem\n", 'leaves nothing';
};

done_testing;
