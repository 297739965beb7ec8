#!/usr/bin/perl

# What gets into the system's log, byte for byte: texts of servers and people are not ASCII.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Socket::IP ();
use POSIX          ();
use PVE::Notify;
use PVE::Notify::Log;
use PVE::SafeSyslog;
use Test::More;
use Test::Peers qw(host_dir new_dir root slurp);

my $WORDS = "gr\x{fc}n \x{3a9} \x{6d4b}\x{8bd5} \x{1f600}";
my $BYTES = "gr\xc3\xbcn \xce\xa9 \xe6\xb5\x8b\xe8\xaf\x95 \xf0\x9f\x98\x80";

my $files = new_dir();

# the bytes that the code logs, where there is no log daemon
my sub logged ($code) {
    no warnings qw(redefine once);    ## no critic (ProhibitNoWarnings)
    local *Sys::Syslog::openlog = sub { die "no daemon\n" };
    open my $saved, '>&', \*STDERR     or die "stderr: $!\n";
    open STDERR,    '>',  "$files/log" or die "stderr: $!\n";
    my $done  = eval { $code->(); 1 };
    my $error = $@;
    open STDERR, '>&', $saved or die "stderr: $!\n";
    close $saved;
    die $error if !$done;
    return slurp("$files/log");
}

my sub plain ($text) {
    return logged(sub { PVE::SafeSyslog::syslog('err', '%s', $text) });
}

subtest 'the module of this host takes bytes, as that of a node' => sub {
    is plain('plain'),     "pve-notify: err: plain\n",   'ASCII';
    is plain($BYTES),      "pve-notify: err: $BYTES\n",  'bytes';
    is plain("gr\x{fc}n"), "pve-notify: err: gr\xfcn\n", 'a character below U+0100 is Latin-1';
    is plain("a \x{3a9}"), '',                           'one above: the line is gone';
    is logged(sub { PVE::SafeSyslog::syslog('error', 'a') }), '', 'a level that syslog lacks: too';
    utf8::upgrade(my $upgraded = "gr\xfcn");
    is plain($upgraded), "pve-notify: err: gr\xfcn\n", 'however perl stores it';
    my $on_utf8 = sub {
        binmode STDERR, ':encoding(UTF-8)';
        PVE::SafeSyslog::syslog('err', '%s', $BYTES);
        binmode STDERR;
    };
    is logged($on_utf8), "pve-notify: err: $BYTES\n", 'also where standard error takes characters';
};

subtest 'a line of ours is UTF-8, in one piece' => sub {
    my @cases = (
        ["a $WORDS",                    "a $BYTES"],
        ["a\nb\r\n\tc\x00d\x1b[1m\x9f", 'a b c d [1m '],
        ["a\x{d800}b",                  "a\xef\xbf\xbdb"],
        ['100%s %d',                    '100%s %d'],
    );
    for my $case (@cases) {
        my ($text, $expected) = @$case;
        is logged(sub { PVE::Notify::Log::log_line('warning', $text) }),
            "pve-notify: warning: $expected\n", "'$expected'";
    }
};

# a mail server that greets with a refusal, once for each connection
my sub refusing ($words) {
    my $socket = IO::Socket::IP->new(LocalHost => '127.0.0.1', Listen => 5)
        or die "no listener: $!\n";
    my $pid = fork // die "fork: $!\n";
    return ($pid, $socket->sockport) if $pid;
    while (my $client = $socket->accept) {
        print {$client} "554 $words\r\n";
        close $client;
    }
    return POSIX::_exit(0);
}

my $dir = host_dir();
PVE::Cluster::set_dirs({ config => "$dir/config", run => "$dir/run" });
my %host = (
    kind               => 'standalone',
    'config-dir'       => "$dir/config",
    'vendor-templates' => root() . '/templates'
);
PVE::Notify::set_host(\%host);

subtest 'the outcome of a notification, with the words of a server' => sub {
    my ($pid, $port) = refusing($BYTES);
    my $config = PVE::RS::Notify->parse_config('', '', '', '', { host => \%host });
    $config->delete_matcher('default-matcher');
    $config->add_smtp_endpoint(
        'mail', '127.0.0.1', $port,               'insecure',
        undef,  undef,       ['ann@example.org'], undef,
        'pve@example.org'
    );
    $config->add_matcher('all', ['mail']);
    my $targets;
    my $log =
        logged(sub { $targets = PVE::Notify::error('test', { target => 'mail' }, {}, $config) });
    kill TERM => $pid;
    waitpid $pid, 0;
    like $targets->[0]{recipients}[0]{reason}, qr/\Q$WORDS\E/, 'the reason has them';
    like $log, qr/^pve-notify: err: could not notify via target `mail`: .*\Q$BYTES\E/m,
        'the log too';
};

subtest 'a faulty entry' => sub {
    PVE::Notify::File::replace_file("$dir/config/notifications.cfg", "pager: $BYTES\n", oct '0640');
    my $log = logged(sub { PVE::Notify::read_config() });
    like $log, qr/\Apve-notify: err: ignoring .*\Q$BYTES\E.*\n\z/, 'is logged';
};

done_testing;
