#!/usr/bin/perl

# The real server process over TLS: slow and silent clients, large requests, its certificate, its
# end, its rights, and what it leaves behind.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/lib/fake";

use IO::Socket::IP;
use IO::Socket::SSL::Utils qw(CERT_asHash CERT_free PEM_file2cert);
use JSON::PP               qw(decode_json);
use PVE::NotifyHost::Certificate;
use PVE::Notify::File;
use Test::More;
use Test::NotifyHost
    qw(connect_to curl host_folder is_gone log_of memory_of needs_root put_file put_users serve_host
    sleepers_of wait_until workers_of);
use Test::Peers qw(stop);
use Time::HiRes qw(time);

my $canary = 'canary-of-every-secret';
my $dir    = host_folder();
put_users($dir, joe => $canary);
put_file($dir, 'priv/shadow.cfg', 'joe:' . crypt($canary, '$5$saltsalt$') . ":\n");

# the true API, and below it that of the tests
my @test_api = (
    '-MPVE::API2', '-MTest::API', '-e',
    'PVE::API2->register_method({ path => "test", subclass => "Test::API" }); my $file = shift; do($file) // die $@ || $!'
);
my $host = serve_host($dir, perl => [@test_api]);
my $ticket;    # of the login below
my @token = ('-H', "Authorization: PVEAPIToken=joe\@pve!test=$canary");

# seconds until the other side closes, undef if it does not within the limit
sub closed_after ($socket, $limit) {
    my $start = time();
    $socket->blocking(0);
    my $closed = wait_until(
        $limit,
        sub {
            my $got = sysread($socket, my $buffer, 4096);
            return defined($got) ? $got == 0 : !$!{EAGAIN} && !$!{EWOULDBLOCK};
        }
    );
    return $closed ? time() - $start : undef;
}

# a process with many connections that says nothing
sub crowd_of ($host, $count) {
    pipe(my $ready, my $tell) or die;
    my $pid = fork() // die;
    if (!$pid) {
        my @sockets = map { connect_to($host, 0) } 1 .. $count;
        syswrite($tell, 'x');
        sleep(60);
        POSIX::_exit(0);
    }
    close($tell);
    sysread($ready, my $nothing, 1) or die 'no crowd';
    return $pid;
}

subtest 'the server answers over TLS with its own certificate' => sub {
    for my $name (qw(127.0.0.1 localhost)) {
        my $answer =
            curl({ %$host, url => "https://$name:$host->{port}" }, '/api2/json/version', @token);
        is $answer->{status}, 200, $name;
    }
    is((stat("$dir/config/priv/notify-host.pem"))[2] & oct('7777'), oct('0600'), 'mode of the key');
    my $certificate = PEM_file2cert("$dir/config/notify-host.crt");
    my $fields      = CERT_asHash($certificate);
    CERT_free($certificate);
    my $days = ($fields->{not_after} - $fields->{not_before}) / 86400;
    cmp_ok $days,                '<=', 397,                  'validity';
    cmp_ok $fields->{not_after}, '>',  time() + 300 * 86400, 'for most of a year';
    my %names = map { $_->[1] => 1 } $fields->{subjectAltNames}->@*;
    ok $names{$_}, "valid for $_" for qw(localhost 127.0.0.1);
    my ($url) = PVE::Notify::File::read_file("$dir/run/address");
    is $url, "$host->{url}\n", 'the address is in its file';

    for my $old ('1.0', '1.1') {
        is curl($host, '/', '--tls-max', $old, '--ciphers', 'DEFAULT@SECLEVEL=0')->{status}, 0,
            "no TLS $old";
    }
    is curl($host, '/', '--tls-max', '1.2')->{status}, 200, 'TLS 1.2';
    my $plain = connect_to($host, 0);
    syswrite($plain, "GET / HTTP/1.1\r\n\r\n");
    ok defined(closed_after($plain, 10)), 'no answer without TLS';
};

subtest 'a login, a good and a bad one' => sub {
    my $login = sub ($password) {
        my @form = ('-d', 'username=joe', '--data-urlencode', "password=$password");
        return curl($host, '/api2/json/access/ticket', @form);
    };
    my $good = $login->($canary);
    is $good->{status}, 200, 'good';
    my $session = decode_json($good->{body})->{data};
    my @cookie  = ('-b', "PVEAuthCookie=$session->{ticket}");
    is curl($host, '/api2/json/test/who', @cookie)->{status}, 200, 'its ticket';
    my @write = ('-X', 'POST', @cookie);
    is curl($host, '/api2/json/test/echo', @write)->{status}, 401, 'no writing with it alone';
    my @csrf = ('-H', "CSRFPreventionToken: $session->{CSRFPreventionToken}");
    is curl($host, '/api2/json/test/echo', @write, @csrf)->{status}, 200, 'with its CSRF token';
    is $login->("wrong-$canary")->{status},                          401, 'bad';
    ($ticket) = $session->{ticket} =~ /::(.*)/;
};

subtest 'a certificate is renewed near its end, and never if it is the admin\'s' => sub {
    my $other  = host_folder();
    my $config = "$other/config";
    my $content =
        sub { return (PVE::Notify::File::read_file("$config/priv/notify-host.pem"))[0] };
    PVE::NotifyHost::Certificate->ensure($config);
    my $first = $content->();
    PVE::NotifyHost::Certificate->ensure($config);
    is $content->(), $first, 'kept while it is good';
    my ($in_time, $too_late) = (time() + 334 * 86400, time() + 336 * 86400);
    ok !PVE::NotifyHost::Certificate::expires_soon('x', $first, $in_time),  '31 days before';
    ok PVE::NotifyHost::Certificate::expires_soon('x',  $first, $too_late), '29 days before';
    my ($certificate, $key) = IO::Socket::SSL::Utils::CERT_create(
        subject   => { commonName => 'mine.example.org' },
        not_after => time() + 60
    );
    my $mine = IO::Socket::SSL::Utils::PEM_key2string($key)
        . IO::Socket::SSL::Utils::PEM_cert2string($certificate);
    put_file($other, 'priv/notify-host.pem', $mine);
    PVE::NotifyHost::Certificate->ensure($config);
    is $content->(), $mine, 'not ours';
    put_file($other, 'priv/notify-host.pem', "nonsense\n");
    ok !eval { PVE::NotifyHost::Certificate->ensure($config) }, 'nonsense is an error';
    like $@, qr/notify-host\.pem': not a certificate in PEM form/, 'that names the file';
};

subtest 'requests that are too large' => sub {
    my $file = "$dir/large";
    open(my $out, '>', $file) or die;
    print {$out} 'text=' . 'x' x (4 * 1024 * 1024 - 4);
    close($out) or die;
    is curl($host, '/api2/json/test/echo', @token, '--data-binary', "\@$file")->{status}, 413,
        '4 MiB and a byte';
    truncate($file, 4_000_000);
    is curl($host, '/api2/json/test/echo', @token, '--data-binary', "\@$file")->{status}, 200,
        '4 MB';
    is_deeply [
        grep {m{/(?:tmp|var)/.*deleted}}
        map  { readlink // () } glob("/proc/$host->{pid}/fd/*")
        ],
        [], 'no temporary file';
    truncate($file, 100_000_000);
    my $before = memory_of($host->{pid});
    my $answer = curl($host, '/api2/json/test/echo', @token, '--data-binary', "\@$file");
    ok $answer->{status} == 413 || $answer->{status} == 0, '100 MB';
    cmp_ok memory_of($host->{pid}) - $before, '<', 10, 'memory does not grow';
    unlink($file);
    is curl($host, '/' . 'x' x 9000)->{status},                       414, 'a long address';
    is curl($host, '/', '-H', 'X: ' . 'x' x 9000)->{status},          431, 'a long header line';
    is curl($host, '/', map { ('-H', "X$_: x") } 1 .. 200)->{status}, 431, 'many header lines';
    my $raw = connect_to($host);
    syswrite($raw, "\x00\x01nonsense\r\n\r\n");
    sysread($raw, my $line, 100);
    like $line, qr{\AHTTP/1\.1 400 }, 'what is not HTTP';
};

subtest 'odd requests' => sub {
    my $version = "GET /api2/json/version HTTP/1.1\r\nHost: x\r\n$token[1]\r\n";
    my $echo =
        "POST /api2/json/test/echo HTTP/1.1\r\nHost: x\r\n$token[1]\r\nContent-Type: application/json\r\n";
    my $socket = "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        . "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n";
    my @cases = (

        # title, request, codes of the answers
        ['a WebSocket',          "$version$socket\r\n",                400],
        ['HTTP/1.0',             $version =~ s{/1\.1}{/1.0}r . "\r\n", 200],
        ['two requests at once', "$version\r\n$version\r\n",           '200 200'],
        ['a body in chunks', "${echo}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 200],
        [
            'a compressed body',
            "${echo}Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\n\x1f\x8b", 400
        ],
        ['an absurd length', "${echo}Content-Length: 99999999999999999999\r\n\r\n",    413],
        ['a full address',   $version =~ s{ /}{ https://x/}r . "\r\n",                 200],
        ['CONNECT',          "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n$token[1]\r\n\r\n", 501],
        ['TRACE',            "TRACE / HTTP/1.1\r\nHost: x\r\n\r\n",                    501],
    );
    for my $case (@cases) {
        my ($title, $request, $expect) = @$case;
        my $connection = connect_to($host);
        syswrite($connection, $request);
        my $count = () = $expect =~ /\d+/g;
        my $text  = '';
        while (($text =~ s{(HTTP/1\.1)}{$1}g || 0) < $count) {
            sysread($connection, $text, 65536, length($text)) or last;
        }
        is join(' ', $text =~ m{HTTP/1\.1 ([0-9]+)}g), $expect, $title;
    }
    unlike log_of($host), qr/watcher failed/, 'nothing went wrong inside';
};

subtest 'a method that blocks holds up nobody' => sub {
    my $before = workers_of($host);
    my $pid    = fork() // die;
    if (!$pid) {
        my $answer = curl($host, '/api2/json/test/protected/sleep?number=8', @token);
        POSIX::_exit($answer->{status} == 200 ? 0 : 1);
    }
    ok wait_until(5, sub { scalar(sleepers_of($host)) }), 'it runs in a process of its own';
    my ($sleeper) = sleepers_of($host);
    isnt $sleeper, $host->{pid}, 'which is not the server';
    is curl($host, '/api2/json/test/protected/who', @token)->{status}, 200, 'another one';
    is waitpid($pid, POSIX::WNOHANG()), 0, 'is answered while the first still waits';
    waitpid($pid, 0);
    is $?, 0, 'and has its answer';
    cmp_ok scalar(workers_of($host)), '<=', $before, 'there are no more processes than before';
    unlink "$dir/run/sleeper-$sleeper";
};

subtest 'slow and silent clients are cut off, and keep nobody out' => sub {
    my $other = host_folder();
    put_file($other, $_->[0], $_->[1])
        for ['user.cfg', "user:joe\@pve:1:0:\ntoken:joe\@pve!test:0:0:\n"],
        ['priv/token.cfg', "joe\@pve!test $canary\n"];
    my $small = serve_host(
        $other,
        perl => [
            '-MPVE::NotifyHost::Listener', '-e', <<'END',
            my $new = \&PVE::NotifyHost::Listener::new;
            no warnings qw(redefine);
            *PVE::NotifyHost::Listener::new = sub { return $new->(@_, max_idle => 3, max_connections => 30) };
            my $file = shift; do($file) // die $@ || $!;
END
        ]
    );
    my %silent = (
        'no handshake'    => connect_to($small, 0),
        'no request'      => connect_to($small),
        'half a header'   => connect_to($small),
        'half a body'     => connect_to($small),
        'after an answer' => connect_to($small),
    );
    syswrite($silent{'half a header'}, "GET / HTTP/1.1\r\nHost: x\r\n");
    syswrite($silent{'half a body'},   "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nx");
    syswrite($silent{'after an answer'}, "GET / HTTP/1.1\r\nHost: x\r\n\r\n");
    my $drip    = connect_to($small);
    my $dripper = fork() // die;
    if (!$dripper) {
        local $SIG{PIPE} = 'DEFAULT';
        while (defined(syswrite($drip, 'G'))) { Time::HiRes::sleep(0.2) }
        POSIX::_exit(0);
    }
    my $start = time();
    for my $title (sort keys %silent) {
        my $after = closed_after($silent{$title}, 10);
        ok defined($after), "$title: closed";
        cmp_ok abs(time() - $start - 3.5), '<', 1.5, "$title: in time" if defined($after);
    }
    ok wait_until(10, sub { waitpid($dripper, POSIX::WNOHANG()) != 0 }),
        'one byte now and then: closed';
    kill(KILL => $dripper);

    my $crowds = $ENV{SOAK} ? 12 : 1;    # the server keeps 30
    my @crowd = map { crowd_of($small, 800) } 1 .. $crowds;
    $start = time();
    is curl($small, '/api2/json/version', '-H', "Authorization: PVEAPIToken=joe\@pve!test=$canary")
        ->{status}, 200,
        "a request beside $crowds x 800 silent clients";
    cmp_ok time() - $start, '<', 3, 'is answered before they are cut off';
    my $descriptors = () = glob("/proc/$small->{pid}/fd/*");
    cmp_ok $descriptors,             '<', 80,  'descriptors are bounded';
    cmp_ok memory_of($small->{pid}), '<', 200, 'memory is bounded (MiB)';
    kill(KILL => @crowd);
    waitpid($_, 0) for @crowd;
    ok wait_until(10, sub { (() = glob("/proc/$small->{pid}/fd/*")) < 15 }),
        'all are closed at the end';
    stop($small);
};

subtest 'only one server for a folder' => sub {
    local $ENV{PVE_NOTIFY_HOST_DIR} = "$dir";
    my @command = (
        $^X,
        (map {"-I$_"} grep { !ref } @INC),
        "$FindBin::Bin/../host/bin/notify-host",
        '--port', 0, $> == 0 ? ('--user', 'root') : ()
    );
    open(my $out, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', @command) or die;
    my $text = join('', readline($out));
    close($out);
    is $? >> 8, 1, 'the second ends';
    like $text, qr/^notify-host: already running \(process $host->{pid}\)$/m, 'and says why';
};

subtest 'options' => sub {
    my $run = sub (@args) {
        my @command = (
            $^X,
            (map {"-I$_"} grep { !ref } @INC),
            "$FindBin::Bin/../host/bin/notify-host", @args
        );
        open(my $out, '-|', 'sh', '-c', 'exec "$@" 2>&1', 'sh', @command) or die;
        my $text = join('', readline($out));
        close($out);
        return ($? >> 8) . " $text";
    };
    like $run->('--help'), qr/\A0 USAGE: notify-host/,                            'help';
    like $run->('--nope'), qr/\A2 notify-host: unknown option '--nope'\n\nUSAGE/, 'unknown';
    like $run->('extra'),  qr/\A2 notify-host: unexpected 'extra'\n/,             'arguments';
    like $run->('--port', '70000'), qr/\A1 notify-host: --port: not between 0 and 65535/, 'port';
    like $run->('--listen', 'example.org'), qr/\A1 notify-host: --listen: not an IP address/,
        'address';
    local $ENV{PVE_NOTIFY_HOST_DIR} = 'relative';
    like $run->(), qr/\A1 notify-host: PVE_NOTIFY_HOST_DIR: not an absolute path/, 'folder';
};

subtest 'closed standard handles, another time zone and locale' => sub {
    my $other = host_folder();
    local $ENV{PVE_NOTIFY_HOST_DIR} = "$other";
    local @ENV{qw(TZ LC_ALL)} = ('Pacific/Chatham', 'de_DE.UTF-8');
    my $pid = fork() // die;
    if (!$pid) {
        exec(
            'sh', '-c', 'exec "$@" <&- >&- 2>&-',
            'sh', $^X,
            (map {"-I$_"} grep { !ref } @INC),
            "$FindBin::Bin/../host/bin/notify-host",
            '--port', 0, $> == 0 ? ('--user', 'root') : ()
        );
    }
    ok wait_until(20, sub { -s "$other/run/address" }), 'it starts';
    my ($url) = PVE::Notify::File::read_file("$other/run/address");
    chomp($url);
    is curl({ dir => $other, url => $url }, '/')->{status}, 200, 'and serves';
    for my $name (qw(config/notify-host.crt config/priv/notify-host.pem run/notify-host.pid)) {
        my ($text) = PVE::Notify::File::read_file("$other/$name");
        unlike $text, qr/listening|info:/, "nothing was printed into $name";
    }
    kill(TERM => $pid);
    waitpid($pid, 0);
    is $?, 0, 'and ends';
};

subtest 'started as root it gives up root for good' => sub {
    needs_root();
    my $other = host_folder();
    my ($uid, $gid) = (getpwnam('nobody'))[2, 3];
    chmod(oct('0755'), "$other");
    chown($uid, $gid, map {"$other/$_"} qw(config config/priv state run));
    my $server = serve_host($other, args => []);
    my ($status) = PVE::Notify::File::read_file("/proc/$server->{pid}/status");
    like $status, qr/^Uid:\t$uid\t$uid\t$uid\t$uid$/m, 'user: the owner of the config folder';
    like $status, qr/^Gid:\t$gid\t$gid\t$gid\t$gid$/m, 'group';
    like $status, qr/^Groups:\t$gid ?$/m,              'no other groups';
    is curl($server, '/')->{status}, 200, 'it serves';
    my ($answer) = curl($server, '/api2/json/access/ticket', '-d', 'username=joe&password=x');
    is $answer->{status}, 401, 'a login runs';
    is((stat("$other/config/priv/notify-host.pem"))[4], $uid, 'its files are its own');
    stop($server);
    local $ENV{PVE_NOTIFY_HOST_DIR} = "$dir-none";
    my $text =
        `$^X @{[map { "-I$_" } grep { !ref } @INC]} $FindBin::Bin/../host/bin/notify-host --user no-such-user 2>&1`;
    like $text, qr/user 'no-such-user' does not exist/, 'an unknown user';
    ok !-e "$dir-none", 'nothing was made for him';
};

subtest 'where root@pam is switched off' => sub {
    my @token = ('-H', 'Authorization: PVEAPIToken=root@pam!test=s3cret');
    for my $case ([0, 401, qr/^user\.cfg: nobody can log in with full rights.*setup --admin/m],
        [1, 200, qr/\A(?!.*nobody can log in)/s])
    {
        my ($enable, $status, $said) = @$case;
        my $other = host_folder();
        put_file($other, 'user.cfg',
            sprintf("user:root\@pam:%d:0:\ntoken:root\@pam!test:0:0:\n", $enable));
        put_file($other, 'priv/token.cfg', "root\@pam!test s3cret\n");
        my $server = serve_host($other);
        is curl($server, '/api2/json/version', @token)->{status}, $status, "enable $enable";
        like log_of($server), $said, 'what the start says';
        stop($server);
    }
};

subtest 'it ends in good order' => sub {
    my $pid = fork() // die;
    if (!$pid) {
        my $answer = curl($host, '/api2/json/test/protected/sleep?number=2', @token);
        POSIX::_exit($answer->{status} == 200 ? 0 : 1);
    }
    ok wait_until(5, sub { scalar(sleepers_of($host)) }), 'a request is running';
    my @workers = (sleepers_of($host), keys $host->{helper}->%*);
    unlink glob("$dir/run/sleeper-*");
    my $idle = connect_to($host);
    kill(TERM => $host->{pid});
    ok defined(closed_after($idle, 5)), 'an idle connection is closed';
    ok wait_until(
        5, sub { !IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $host->{port}) }
        ),
        'new ones are refused';
    waitpid($pid, 0);
    is $?,                       0,            'the running request has its answer';
    is waitpid($host->{pid}, 0), $host->{pid}, 'then it ends';
    is $?,                       0,            'with success';
    ok !kill(0, $_),           'no worker is left' for @workers;
    ok !-e "$dir/run/address", 'the address file is gone';
};

subtest 'a killed server leaves nothing that stands in the way' => sub {
    my $server = serve_host($dir, perl => [@test_api]);
    my $pid    = fork() // die;
    if (!$pid) {
        curl($server, '/api2/json/test/protected/sleep?number=1', @token);
        POSIX::_exit(0);
    }
    ok wait_until(5, sub { scalar(sleepers_of($server)) }), 'a request is running';
    my ($worker) = sleepers_of($server);
    kill(KILL => $server->{pid});
    waitpid($_, 0) for $server->{pid}, $pid;
    my $next = serve_host($dir);
    is curl($next, '/')->{status}, 200, 'the next one starts at once';
    ok wait_until(5, sub { is_gone($worker) }), 'the old worker ends by itself';
    ok wait_until(5, sub { is_gone($_) }), 'and the helper for passwords'
        for keys $server->{helper}->%*;
    stop($next);
};

subtest 'no secret in the log' => sub {
    my $log = log_of($host);
    like $log,   qr/"GET \/api2\/json\/test\/protected\/who" 200/, 'the log tells of requests';
    unlike $log, qr/\Q$canary\E/,                                  'and no secret';
    unlike $log, qr/PVEAuthCookie|PVEAPIToken/,                    'no header';
};

done_testing();
