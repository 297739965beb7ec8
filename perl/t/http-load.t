#!/usr/bin/perl

# F-59 under load: readers, writers, calls that wait for a silent target, and clients without a login that
# send bodies, all at once. Nobody's update is lost, no process is left, memory stays bounded. With SOAK
# for ten minutes, and then others' times count too: p99 < 1 s.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Socket::IP;
use List::Util qw(max sum0);
use Mojo::UserAgent;
use POSIX ();
use PVE::Notify::File;
use Storable qw(nstore retrieve);
use Test::More;
use Test::NotifyHost
    qw(children_of connect_to curl host_folder log_of memory_of put_users serve_host);
use Test::Peers qw(stop);
use Time::HiRes qw(sleep time);

my $SECONDS = $ENV{SOAK} ? 600 : 8;
my $API     = '/api2/json/cluster/notifications';
my $HOSTILE = $ENV{SOAK} ? 500 : 60;
my $WAITING = $ENV{SOAK} ? 200 : 60;    # of them 40 run or wait

my $dir = host_folder();
put_users($dir, map { $_ => "secret-of-$_" } qw(ann ben));
my $host   = serve_host($dir);
my $silent = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0, Listen => 200) or die;
my $until;

sub token ($name) { return "PVEAPIToken=$name\@pve!test=secret-of-$name" }

sub create ($path, @fields) {
    my $answer = curl(
        $host, "$API/$path", '-H',
        'Authorization: ' . token('ben'),
        map { ('-d', $_) } @fields
    );
    return is $answer->{status}, 200, "made: $fields[0]";
}

# A process that does something again and again; what it returns at the end is read by result_of.
my %job;

sub job ($name, $code) {
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        my $result = eval { $code->() } // { died => "$@" };
        nstore($result, "$dir/job-$name");
        POSIX::_exit(0);
    }
    $job{$name} = $pid;
    return;
}

sub result_of ($name) {
    waitpid $job{$name}, 0;
    my $result = retrieve("$dir/job-$name");
    is $result->{died}, undef, "$name went through";
    return $result;
}

# A client with one connection: calls and their times by status.
sub client ($user) {
    my $ua = Mojo::UserAgent->new(ca => "$host->{dir}/config/notify-host.crt");
    $ua->inactivity_timeout(40)->request_timeout(40);
    my %result;
    my $call = sub ($verb, $path, %form) {
        my $start  = time;
        my $header = { Authorization => token($user) };
        my @form   = %form ? (form => \%form) : ();
        my $tx = $ua->build_tx($verb, "https://localhost:$host->{port}$API/$path", $header, @form);
        my $answer = $ua->start($tx)->res;
        push $result{ $answer->code // 'none' }->@*, time - $start;
        return $answer;
    };
    return ($call, \%result);
}

sub reader () {
    my ($call, $result) = client('ben');
    while (time < $until) { $call->('GET', 'targets') }
    return $result;
}

# writes numbers to its own target
sub writer ($name) {
    my ($call, $result) = client('ben');
    my $last = 0;
    while (time < $until) {
        my $answer = $call->('PUT', "endpoints/gotify/$name", comment => $last + 1);
        $last++ if ($answer->code // 0) == 200;
    }
    return { %$result, last => $last };
}

# adds one to what all of its kind share, by the digest
sub counter () {
    my ($call, $result) = client('ben');
    my $added = 0;
    while (time < $until) {
        my $entry  = $call->('GET', 'matchers/shared')->json->{data};
        my $answer = $call->(
            'PUT', 'matchers/shared',
            comment => $entry->{comment} + 1,
            digest  => $entry->{digest},
        );
        $added++ if ($answer->code // 0) == 200;
    }
    return { %$result, added => $added };
}

# so many calls at once that wait for the silent target
sub waiter () {
    my %result;
    my $goes_on = sub { return time < $until + ($result{503} ? 0 : 60) };
    my $request = join "\r\n", "POST $API/targets/silent/test HTTP/1.1", 'Host: localhost',
        'Authorization: ' . token('ann'), 'Content-Length: 0', 'Connection: close', '', '';
    while ($goes_on->()) {
        my @open = map {
            eval { connect_to($host) }
                // ()
        } 1 .. $WAITING;
        for my $socket (@open) {
            $socket->blocking(0);
            syswrite $socket, $request;
        }
        while (@open && $goes_on->()) {
            my @silent;
            for my $socket (@open) {
                my $got = sysread $socket, my $text, 4096;
                if ($got) {
                    $result{$1}++ if $text =~ m{\AHTTP/1\.1 ([0-9]+)};
                } elsif (defined $got || !$!{EAGAIN}) {
                    $result{none}++;
                } else {
                    push @silent, $socket;
                }
            }
            @open = @silent;
            sleep 0.1;
        }
    }
    return \%result;
}

# crowds without a login: bodies of many small things, and half ones
sub hostile () {
    my %result;
    my $body  = 'a&' x 4000;
    my @kinds = (
        "POST /api2/json/access/ticket HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n$body",
        "POST /api2/json/access/ticket HTTP/1.1\r\nHost: x\r\nContent-Length: 8000\r\n"
            . "Content-Type: application/x-www-form-urlencoded\r\n\r\n$body",
        "POST $API/matchers HTTP/1.1\r\nHost: x\r\nContent-Length: 4000000\r\n\r\n$body",
        "POST $API/matchers HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1f40\r\n$body",
        "GET / HTTP/1.1\r\nX: " . 'x' x 7000,
    );
    while (time < $until) {
        my @open;
        for my $number (1 .. $HOSTILE) {
            last if time > $until;
            my $socket = eval { connect_to($host) } // next;
            $socket->blocking(0);
            syswrite $socket, $kinds[$number % @kinds];
            push @open, $socket;
        }
        $result{crowds}++;
        sleep 1;
    }
    return \%result;
}

sub p99 (@times) {
    my @sorted = sort { $a <=> $b } @times;
    return $sorted[int(0.99 * $#sorted)] // 0;
}

create('endpoints/gotify', 'name=silent', 'server=http://127.0.0.1:' . $silent->sockport,
    'token=x');
create('endpoints/gotify', "name=target$_", 'server=https://push.example.org', 'token=x')
    for 1 .. 19;
create('matchers', 'name=shared', 'comment=0');

$until = time + $SECONDS;
job("reader$_", \&reader) for 1 .. 4;
my @names = map {"target$_"} 1 .. 4;
for my $name (@names) {
    job("writer-$name", sub { writer($name) });
}
job("counter$_", \&counter) for 1 .. 3;
job('waiter',    \&waiter);
job('hostile',   \&hostile);
my @memory;
while (time < $until) {
    sleep $SECONDS / 40;
    push @memory, memory_of($host->{pid});
}

my %result = map { $_ => result_of($_) } sort keys %job;
my (%codes, @reads, @writes);
for my $name (grep {/\A(?:reader|writer|counter)/} sort keys %result) {
    $codes{$_} += $result{$name}{$_}->@* for grep {/\A(?:[0-9]+|none)\z/} keys $result{$name}->%*;
    my $times = $name =~ /reader/ ? \@reads : \@writes;
    push @$times, map { ($result{$name}{$_} // [])->@* } qw(200 400);
}
my %count = (reads => scalar @reads, writes => scalar @writes);
diag sprintf '%s: %d in %d s, p99 %.2f s', $_, $count{$_}, $SECONDS,
    p99($_ eq 'reads' ? @reads : @writes)
    for sort keys %count;
diag sprintf 'calls that waited: %s; crowds of %d without a login: %d; largest server %.0f MiB',
    join(', ', map {"$_: $result{waiter}{$_}"} sort keys $result{waiter}->%*), $HOSTILE,
    $result{hostile}{crowds}, max @memory;

delete $codes{200};
my $stale = delete $codes{400} // 0;
is_deeply \%codes, {}, 'readers and writers get answers, or hear that the digest is old'
    or diag explain \%codes;
cmp_ok $count{$_}, '>', $SECONDS, "$_ go on" for sort keys %count;
my $refused = $result{waiter}{503} // 0;
cmp_ok $refused, '>', 0, 'of the calls that wait some are refused';
for my $name (@names) {
    my ($entry) = client('ben');
    is $entry->('GET', "endpoints/gotify/$name")->json->{data}{comment},
        $result{"writer-$name"}{last},
        "$name: the last update stands";
}
my ($call) = client('ben');
is $call->('GET', 'matchers/shared')->json->{data}{comment},
    sum0(map { $_->{added} } grep { exists $_->{added} } values %result), 'every addition counts'
    or diag "$stale were late";
cmp_ok max(@memory), '<', 200, 'MiB of the server, at most';
is scalar(grep { $_->{state} eq 'Z' } children_of($host->{pid})), 0, 'no zombies';
unlike log_of($host), qr/watcher failed|Timer failed|internal error|Use of uninit/,
    'nothing went wrong';

if ($ENV{SOAK}) {
    my $early = max @memory[5 .. 15];
    cmp_ok max(@memory[25 .. $#memory]), '<', $early + 20, 'memory is flat';
    cmp_ok p99(@reads),                  '<', 1,           'p99 of reads';
    cmp_ok p99(@writes),                 '<', 1,           'p99 of writes';
    sleep 60;
    cmp_ok memory_of($host->{pid}), '<', $memory[0] + 30, 'memory falls back within a minute';
}
stop($host);
done_testing;
