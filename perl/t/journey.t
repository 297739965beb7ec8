#!/usr/bin/perl

# What `make run` and `make serve` start: they reach their end, and leave nothing behind.

use v5.36;

use File::Temp       ();
use FindBin          ();
use IO::Socket::INET ();
use Test::More;
use Time::HiRes qw(sleep);

use lib "$FindBin::Bin/lib";
use Test::Peers qw(root sandbox_binary);

local $ENV{SANDBOX} = sandbox_binary();

# Runs a tool with a folder of its own for temporary files; the code reads its output.
my sub with_tool ($name, $code) {
    my $tmp = File::Temp->newdir;
    my $pid = open(my $out, '-|') // die "fork: $!\n";
    if (!$pid) {
        local $ENV{TMPDIR} = "$tmp";
        open(STDERR, '>&', \*STDOUT);
        exec {$^X} $^X, root() . "/tools/$name";
    }
    my $output = $code->($pid, $out);
    close($out);
    my $status = $? >> 8;
    opendir(my $dir, "$tmp") or die "$tmp: $!\n";
    my @left = grep { !/^\.\.?$/ } readdir($dir);
    is("@left", '', 'no file is left');
    return ($output, $status);
}

my sub read_until ($handle, $pattern) {
    my $output = '';
    while (defined(my $line = readline($handle))) {
        $output .= $line;
        last if $line =~ $pattern;
    }
    return $output;
}

my sub is_gone ($url, $what) {
    my ($port) = $url =~ m{:([0-9]+)};
    ok(!IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port), "$what is gone");
    return;
}

subtest 'the journey reaches tokens, mails, an alert and the cures' => sub {
    my ($output, $status) =
        with_tool(journey => sub ($pid, $out) { return read_until($out, qr/\A\z/) });
    is($status, 0, 'status') or diag($output);
    my @tokens = $output =~ /(\S+)\.\.\. \([0-9]+ characters: the refresh token/g;
    is(scalar(grep { length == 6 } @tokens),     5, 'five tokens, only the first characters shown');
    is(() = $output =~ /^ *400 .*\n+ *Cure: /mg, 2, 'two errors, each with its cure');
    my @subjects = $output =~ /^ *received, .*: to \S+: (.+?) *$/mg;
    is_deeply(
        [map {s/ on \S+//r} @subjects],
        [
            ('Test notification for mail') x 2,
            'Notification target mail cannot send',
            'Test notification for mail'
        ],
        'the mails that arrive'
    ) or diag($output);
    is_gone($output =~ m{^ *(https://localhost:[0-9]+)$}m, 'the sandbox');
};

subtest 'an interrupted journey leaves nothing behind' => sub {
    my ($output, $status) = with_tool(
        journey => sub ($pid, $out) {
            my $begin = read_until($out, qr/^3\./);
            kill('INT', $pid);
            return $begin . read_until($out, qr/\A\z/);
        },
    );
    is($status, 130, 'status of Ctrl-C') or diag($output);
    is_gone($output =~ m{^ *(https://localhost:[0-9]+)$}m, 'the sandbox');
};

subtest 'a journey that fails says so and leaves nothing behind' => sub {
    local $ENV{SSL_CERT_FILE} = '/nonexistent';
    local $ENV{SANDBOX}       = '/bin/false';
    my ($output, $status) =
        with_tool(journey => sub ($pid, $out) { return read_until($out, qr/\A\z/) });
    isnt($status, 0, 'status');
    like($output, qr/did not become ready/, 'the cause is told');
};

subtest 'serve runs until it is stopped' => sub {
    my ($output, $status) = with_tool(
        serve => sub ($pid, $out) {
            my $begin = read_until($out, qr/Ctrl-C stops/);
            my ($port) = $begin =~ m{https://127\.0\.0\.1:([0-9]+)/api2/json};
            ok($port && IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port),
                'the host listens');
            kill('TERM', $pid);
            return $begin . read_until($out, qr/\A\z/);
        },
    );
    is($status, 143, 'status of SIGTERM') or diag($output);
    is_gone($_, $_) for $output =~ m{(https://(?:localhost|127\.0\.0\.1):[0-9]+)/}g;
};

done_testing();
