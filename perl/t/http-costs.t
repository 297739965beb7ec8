#!/usr/bin/perl

# F-59: what a request may cost the real server. A body is read only where its sender and its kind are
# known from the header, all bodies together are bounded, and calls that wait for other machines hold up
# only those of their kind.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Socket::IP;
use JSON::PP qw(encode_json);
use PVE::Notify::File;
use Test::More;
use Test::NotifyHost
    qw(answer_of connect_to curl host_folder memory_of put_file put_users serve_host);
use Test::Peers qw(stop);
use Time::HiRes qw(time);

my $dir = host_folder();
put_users($dir, map { $_ => "secret-of-$_" } qw(ann ben));
put_file($dir, 'priv/shadow.cfg', 'ann:' . crypt('good password', '$5$saltsalt$') . ":\n");
my $host = serve_host($dir);

sub token ($name) { return "Authorization: PVEAPIToken=$name\@pve!test=secret-of-$name" }

my $API   = '/api2/json/cluster/notifications';
my $TYPE  = 'Content-Type: application/x-www-form-urlencoded';
my $LOGIN = '/api2/json/access/ticket';

sub head_of ($path, @lines) {
    return join("\r\n", "POST $path HTTP/1.1", 'Host: localhost', $TYPE, @lines) . "\r\n\r\n";
}

subtest 'what the header tells is answered before a body comes' => sub {
    my $large = 'Content-Length: 4000000';
    for my $row (
        ['nobody',          401, "$API/endpoints/gotify", $large],
        ['a wrong token',   401, "$API/endpoints/gotify", $large, token('ann') . 'x'],
        ['a forged ticket', 401, "$API/targets/x/test",   $large, 'Cookie: PVEAuthCookie=PVE:x'],
        ['no such method',  501, "$API/none",             $large, token('ann')],
        ['a page',                501, '/page',           $large],
        ['a login of 8193 bytes', 413, $LOGIN,            'Content-Length: 8193'],
        ['more than 4 MiB',       413, "$API/matchers",   'Content-Length: 4194305', token('ann')],
        ['nobody, in chunks',     401, "$API/matchers",   'Transfer-Encoding: chunked'],
        )
    {
        my ($title, $status, $path, @lines) = @$row;
        my $socket = connect_to($host);
        syswrite $socket, head_of($path, @lines);
        my $answer = answer_of($socket, 15);
        is $answer->{status}, $status, $title;
        like $answer->{header}, qr/^Connection: close\r?$/mi, "$title: and the connection ends";
    }
    my $socket = connect_to($host);
    syswrite $socket, head_of($LOGIN, 'Transfer-Encoding: chunked');
    syswrite $socket, "800\r\n" . 'x' x 2048 . "\r\n" for 1 .. 5;
    is answer_of($socket, 15)->{status}, 413, 'a login in chunks of more than 8 KiB';
    my $answer = curl($host, $LOGIN, '-d', 'username=ann@pve', '-d', 'password=good password');
    is $answer->{status}, 200, 'a login that fits';
};

subtest 'a client that goes on sending still gets its answer' => sub {
    my $file = "$dir/large";
    open my $out, '>', $file or die;
    truncate $out, 3_000_000;
    close $out or die;
    for (1 .. 5) {
        my $answer = curl($host, "$API/matchers", '--data-binary', "\@$file");
        is $answer->{status}, 401, 'what the header was worth';
    }
};

subtest 'no body of somebody unknown is kept' => sub {
    my @waiting = map { connect_to($host) } 1 .. 200;
    my $before  = memory_of($host->{pid});
    for my $socket (@waiting) {
        syswrite $socket, head_of("$API/matchers", 'Content-Length: 4000000');
        $socket->blocking(0);
        syswrite $socket, 'a&' x 8000 for 1 .. 20;
    }
    is curl($host, '/api2/json/version', '-H', token('ann'))->{status}, 200, 'others are served';
    my $grown = memory_of($host->{pid}) - $before;
    cmp_ok $grown, '<', 40, 'MiB more with 200 unfinished bodies';
    close $_ for @waiting;
};

subtest 'bodies of known callers share a bound' => sub {
    my @open   = map { connect_to($host) } 1 .. 30;
    my $before = memory_of($host->{pid});
    my %status;
    for my $socket (@open) {
        syswrite $socket, head_of("$API/matchers", 'Content-Length: 4000000', token('ann'));
        my $left = 3_900_000;
        while ($left > 0) {
            my $put = eval { local $SIG{PIPE} = 'IGNORE'; syswrite $socket, 'x' x 60_000 } or last;
            $left -= $put;
        }
    }
    for my $socket (@open) {
        my $answer = answer_of($socket, 0.2);
        $status{ $answer->{status} }++ if $answer->{status};
    }
    is_deeply [keys %status], [503], 'those beyond it are refused' or diag explain \%status;
    cmp_ok $status{503} // 0,       '>=', 15,  'which are most of them';
    cmp_ok memory_of($host->{pid}), '<',  200, 'MiB in all';
    close $_ for @open;
    my $small = curl($host, "$API/matchers", '-H', token('ben'), '-d', 'name=small');
    is $small->{status}, 200, 'then there is room again';
};

subtest 'many small things in a body' => sub {
    my %body = (
        'a form of nothing' => ['a&' x 2_000_000, $TYPE],
        'a list in JSON' => ['{"a":[' . '1,' x 1_900_000 . '1]}', 'Content-Type: application/json'],
        'objects in JSON' =>
            ['{"a":[' . '{},' x 1_300_000 . '1]}', 'Content-Type: application/json'],
        'brackets' => ['[' x 4_000_000, 'Content-Type: application/json'],
    );
    for my $title (sort keys %body) {
        my ($body, $type) = $body{$title}->@*;
        my $file = "$dir/body";
        open my $out, '>', $file or die;
        print {$out} $body;
        close $out or die;
        my @call  = ("$API/matchers", '-H', $type, '--data-binary', "\@$file");
        my $known = curl($host, @call, '-H', token('ann'));
        is $known->{status},             400, "$title: refused";
        is curl($host, @call)->{status}, 401, "$title: of nobody";
        cmp_ok memory_of($host->{pid}), '<', 200, "$title: MiB";
    }
};

subtest 'slow targets hold up only those who wait for them' => sub {
    my $silent = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0, Listen => 200)
        or die;
    my $server = 'server=http://127.0.0.1:' . $silent->sockport;
    my $made =
        curl($host, "$API/endpoints/gotify", '-H', token('ann'), map { ('-d', $_) } 'name=silent',
        $server, 'token=x');
    is $made->{status}, 200, 'a target that does not answer' or diag $made->{body};
    my @calls = map {
        my $socket = connect_to($host);
        syswrite $socket, head_of("$API/targets/silent/test", 'Content-Length: 0', token('ann'));
        $socket;
    } 1 .. 70;
    my %early;
    $early{ answer_of($_, 0.1)->{status} // 'none' }++ for reverse @calls;
    is_deeply \%early, { none => 40, 503 => 30 }, '8 run, 32 wait, the others are refused'
        or diag explain \%early;
    for my $row (
        ['a reader',      'GET',  "$API/targets"],
        ['a writer',      'POST', "$API/matchers", '-d', 'name=beside'],
        ['the same user', 'GET',  "$API/matchers"],
        )
    {
        my ($title, $verb, $path, @more) = @$row;
        my $who   = $title eq 'the same user' ? 'ann' : 'ben';
        my $start = time;
        is curl($host, $path, '-X', $verb, '-H', token($who), @more)->{status}, 200, $title;
        cmp_ok time - $start, '<', 10, "$title: long before they end";
    }
    my $other = connect_to($host);
    my $count = connections_to($silent);
    syswrite $other, head_of("$API/targets/silent/test", 'Content-Length: 0', token('ben'));
    ok Test::NotifyHost::wait_until(10, sub { connections_to($silent) > $count }),
        'a test of another user begins';
    close $_ for @calls, $other;
};

# how many wait at a listener of this process; none was accepted
sub connections_to ($listener) {
    my $port    = sprintf '%04X', $listener->sockport;
    my ($table) = PVE::Notify::File::read_file('/proc/net/tcp');
    return scalar grep {/\A\s*\d+: \S+:\w{4} 0100007F:$port 01 /} split /\n/, $table;
}

is scalar(grep { $_->{state} eq 'Z' } Test::NotifyHost::children_of($host->{pid})), 0, 'no zombies';
stop($host);
done_testing;
