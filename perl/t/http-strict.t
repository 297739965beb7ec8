#!/usr/bin/perl

# What can be read in two ways is refused by the real server, over TLS, and the connection ends: a second
# request behind it is never served. What clients and proxies send is served.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/lib/fake";

use IO::Select;
use IO::Socket::IP;
use IO::Socket::SSL ();
use PVE::NotifyHost::StrictRequest;
use Test::More;
use Test::NotifyHost qw(curl host_folder log_of put_file serve_host);
use Test::Peers      qw(stop);

my $dir = host_folder();
put_file($dir, 'user.cfg',       "user:joe\@pve:1:0:\ntoken:joe\@pve!test:0:0:\n");
put_file($dir, 'priv/token.cfg', "joe\@pve!test s3cret\n");
my $host = serve_host(
    $dir,
    perl => [
        '-MPVE::API2',
        '-MTest::API',
        '-e',
        'PVE::API2->register_method({ path => "test", subclass => "Test::API" }); my $file = shift; do($file) // die $@ || $!'
    ]
);

my $TOKEN = "Authorization: PVEAPIToken=joe\@pve!test=s3cret\r\n";
my $GET   = "GET /api2/json/test/who HTTP/1.1\r\n$TOKEN";
my $POST =
    "POST /api2/json/test/echo HTTP/1.1\r\nHost: x\r\n${TOKEN}Content-Type: application/json\r\n";
my $CHUNKS = "${POST}Transfer-Encoding: chunked\r\n\r\n";
my $SECOND = "GET /api2/json/smuggled HTTP/1.1\r\nHost: x\r\n$TOKEN\r\n";

# title, request: each one is answered with 400, and the second request behind it is not read
my @bad = (
    ['Content-Length twice, different', "${POST}Content-Length: 2\r\nContent-Length: 3\r\n\r\n{} "],
    ['Content-Length twice, the same',  "${POST}Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}"],
    ['Content-Length as a list',        "${POST}Content-Length: 2, 2\r\n\r\n{}"],
    ['Content-Length with a sign',      "${POST}Content-Length: +2\r\n\r\n{}"],
    ['Content-Length below zero',       "${POST}Content-Length: -2\r\n\r\n{}"],
    ['Content-Length in hexadecimal',   "${POST}Content-Length: 0x2\r\n\r\n{}"],
    ['Content-Length with an exponent', "${POST}Content-Length: 2e0\r\n\r\n{}"],
    ['Content-Length with a point',     "${POST}Content-Length: 2.0\r\n\r\n{}"],
    ['Content-Length, empty',           "${POST}Content-Length:\r\n\r\n{}"],
    ['Content-Length, no number',       "${POST}Content-Length: two\r\n\r\n{}"],
    [
        'Transfer-Encoding and a length',
        "${POST}Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
    ],
    ['an unknown Transfer-Encoding', "${POST}Transfer-Encoding: gzip\r\n\r\n2\r\n{}\r\n0\r\n\r\n"],
    ['Transfer-Encoding identity',   "${POST}Transfer-Encoding: identity\r\n\r\n"],
    ['Transfer-Encoding, empty',     "${POST}Transfer-Encoding:\r\n\r\n2\r\n{}\r\n0\r\n\r\n"],
    ['two codings', "${POST}Transfer-Encoding: gzip, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"],
    [
        'chunked twice, as a list',
        "${POST}Transfer-Encoding: chunked, chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    ],
    [
        'chunked twice',
        "${POST}Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    ],
    [
        'chunked with a vertical tab',
        "${POST}Transfer-Encoding: \x0bchunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n"
    ],
    ['chunked in HTTP/1.0',             $CHUNKS =~ s{/1\.1}{/1.0}r . "2\r\n{}\r\n0\r\n\r\n"],
    ['a chunk size with a sign',        "$CHUNKS+2\r\n{}\r\n0\r\n\r\n"],
    ['a chunk size below zero',         "$CHUNKS-2\r\n{}\r\n0\r\n\r\n"],
    ['a chunk size with 0x',            "${CHUNKS}0x2\r\n{}\r\n0\r\n\r\n"],
    ['a chunk size with junk',          "${CHUNKS}2 x\r\n{}\r\n0\r\n\r\n"],
    ['a chunk size after whitespace',   "${CHUNKS} 2\r\n{}\r\n0\r\n\r\n"],
    ['a chunk size with an underscore', "${CHUNKS}0_2\r\n{}\r\n0\r\n\r\n"],
    ['an empty chunk size',             "$CHUNKS\r\n{}\r\n0\r\n\r\n"],
    ['a chunk size of 17 digits',       "${CHUNKS}10000000000000002\r\n{}\r\n0\r\n\r\n"],
    ['a chunk longer than its size',    "${CHUNKS}2\r\n{} \r\n0\r\n\r\n"],
    ['a chunk size that ends in LF',    "${CHUNKS}2\n{}\r\n0\r\n\r\n"],
    ['a chunk that ends in LF',         "${CHUNKS}2\r\n{}\n0\r\n\r\n"],
    ['a bare CR in a chunk extension',  "${CHUNKS}2;x\ry\r\n{}\r\n0\r\n\r\n"],
    ['chunks that end in LF',           "${CHUNKS}2\r\n{}\r\n0\n\n"],
    ['a trailer without a colon',       "${CHUNKS}2\r\n{}\r\n0\r\nX\r\n\r\n"],
    ['a folded line',                   "${GET}Host: x\r\nX: a\r\n b\r\n\r\n"],
    ['a folded first header', "GET /api2/json/test/who HTTP/1.1\r\n X: a\r\nHost: x\r\n$TOKEN\r\n"],
    ['whitespace before the colon',  "${GET}Host: x\r\nX : a\r\n\r\n"],
    ['a tab before the colon',       "${GET}Host: x\r\nX\t: a\r\n\r\n"],
    ['no name of a header',          "${GET}Host: x\r\n: a\r\n\r\n"],
    ['a header without a colon',     "${GET}Host: x\r\nX\r\n\r\n"],
    ['a name with a bracket',        "${GET}Host: x\r\nX(y): a\r\n\r\n"],
    ['a line that ends in LF',       "${GET}Host: x\nX: a\r\n\r\n"],
    ['a head that ends in LF',       "${GET}Host: x\r\n\n"],
    ['a first line that ends in LF', $GET =~ s/\r//r . "Host: x\r\n\r\n"],
    ['a bare CR in a value',         "${GET}Host: x\r\nX: a\rY: b\r\n\r\n"],
    ['a bare CR before CRLF',        "${GET}Host: x\r\nX: a\r\r\n\r\n"],
    ['a bare CR in the first line',  "GET\r/api2/json/test/who HTTP/1.1\r\nHost: x\r\n$TOKEN\r\n"],
    ['NUL in a value',               "${GET}Host: x\r\nX: a\0b\r\n\r\n"],
    ['NUL in a name',                "${GET}Host: x\r\nX\0: a\r\n\r\n"],
    ['NUL in the address',           "GET /api2/json/test/who\0 HTTP/1.1\r\nHost: x\r\n$TOKEN\r\n"],
    ['a control character in a value', "${GET}Host: x\r\nX: a\x0bb\r\n\r\n"],
    ['no Host',                        "$GET\r\n"],
    ['two Hosts',                      "${GET}Host: x\r\nHost: y\r\n\r\n"],
    ['the same Host twice',            "${GET}Host: x\r\nHost: x\r\n\r\n"],
    ['two Hosts in HTTP/1.0',          $GET =~ s{/1\.1}{/1.0}r . "Host: x\r\nHost: x\r\n\r\n"],
    map({ ["Host '$_'", "${GET}Host: $_\r\n\r\n"] } '',
        'a b',      'a, b', 'a/b', 'user@a', 'a:b',          'a:',
        'a:123456', '[::1', '::1', '[x]',    "\xc3\xa4.org", 'http://a'),
    ['HTTP/0.9',                       "GET /api2/json/test/who\r\n"],
    ['the preface of HTTP/2',          "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"],
    ['HTTP/1.2',                       $GET =~ s{/1\.1}{/1.2}r . "Host: x\r\n\r\n"],
    ['HTTP/2.0',                       $GET =~ s{/1\.1}{/2.0}r . "Host: x\r\n\r\n"],
    ['http in lower case',             $GET =~ s{HTTP/}{http/}r . "Host: x\r\n\r\n"],
    ['two blanks in the first line',   $GET =~ s/GET /GET  /r . "Host: x\r\n\r\n"],
    ['a blank before the method',      " ${GET}Host: x\r\n\r\n"],
    ['a blank in the address',         $GET =~ s/who/w ho/r . "Host: x\r\n\r\n"],
    ['a method with a bracket',        $GET =~ s/GET/G(T/r . "Host: x\r\n\r\n"],
    ['a fragment',                     $GET =~ s/who/who#x/r . "Host: x\r\n\r\n"],
    ['a full address of another host', $GET =~ s{ /}{ https://y/}r . "Host: x\r\n\r\n"],
    ['a full address of another port', $GET =~ s{ /}{ https://x:444/}r . "Host: x\r\n\r\n"],
    ['a full address without Host',    $GET =~ s{ /}{ https://x/}r . "\r\n"],
    ['a full address with a user',     $GET =~ s{ /}{ https://a\@x/}r . "Host: x\r\n\r\n"],
    ['another scheme',                 $GET =~ s{ /}{ ftp://x/}r . "Host: x\r\n\r\n"],
    ['an address without a slash',     $GET =~ s{ /}{ }r . "Host: x\r\n\r\n"],
    ['an asterisk, not of OPTIONS',    "GET * HTTP/1.1\r\nHost: x\r\n$TOKEN\r\n"],
    ['CONNECT without a port',         "CONNECT x HTTP/1.1\r\nHost: x\r\n\r\n"],
    ['two empty lines first',          "\r\n\r\n${GET}Host: x\r\n\r\n"],
    ['an LF first',                    "\n${GET}Host: x\r\n\r\n"],
);

# title, request, status: each one is answered, and so is the one behind it
my $LENGTH = "Content-Length: 2\r\n\r\n{}";
my @good   = (
    ['a name as Host',               "${GET}Host: pve.example.org\r\n\r\n",          200],
    ['a name and port as Host',      "${GET}Host: pve-1_a.example.org:8006\r\n\r\n", 200],
    ['IPv4 as Host',                 "${GET}Host: 192.0.2.1:8006\r\n\r\n",           200],
    ['IPv6 as Host',                 "${GET}Host: [2001:db8::1]:8006\r\n\r\n",       200],
    ['a final dot',                  "${GET}Host: pve.example.org.\r\n\r\n",         200],
    ['whitespace around values',     "${GET}Host:x\t \r\nX:\t a  \r\n\r\n",          200],
    ['an empty value',               "${GET}Host: x\r\nX:\r\n\r\n",                  200],
    ['bytes above 127',              "${GET}Host: x\r\nX: \xc3\xa4\r\n\r\n",         200],
    ['header names of any case',     "${GET}hOST: x\r\n\r\n",                        200],
    ['an empty line first',          "\r\n${GET}Host: x\r\n\r\n",                    200],
    ['a full address',               $GET =~ s{ /}{ https://x/}r . "Host: x\r\n\r\n",     200],
    ['a full address with its port', $GET =~ s{ /}{ HTTPS://X:443/}r . "Host: x\r\n\r\n", 200],
    ['a length',                     "$POST$LENGTH",                                           200],
    ['a length with zeros',          "${POST}Content-Length: 002\r\n\r\n{}",                   200],
    ['no body, with a length',       "${POST}Content-Length: 0\r\n\r\n",                       200],
    ['no body',                      "$POST\r\n",                                              200],
    ['chunks',                       "${CHUNKS}1\r\n{\r\n01\r\n}\r\n0\r\n\r\n",                200],
    ['Chunked',                      $CHUNKS =~ s/chunked/Chunked /r . "2\r\n{}\r\n0\r\n\r\n", 200],
    ['chunk extensions',             "${CHUNKS}2;a=\"b\"\r\n{}\r\n0 ; c\r\n\r\n",              200],
    ['only the last chunk',          "${CHUNKS}0\r\n\r\n",                                     200],
    [
        'trailers that mean nothing',
        "${CHUNKS}2\r\n{}\r\n0\r\nHost: y\r\nContent-Length: 9\r\nX: y\r\n\r\n", 200
    ],
    ['a trailer is no login', $CHUNKS =~ s/\Q$TOKEN\E//r . "2\r\n{}\r\n0\r\n$TOKEN\r\n", 401],
    ['OPTIONS *',             "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",                   204],
    ['CONNECT',               "CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n",               501],
    [
        'a browser',
        "GET / HTTP/1.1\r\nHost: localhost:8006\r\nConnection: keep-alive\r\n"
            . "sec-ch-ua: \"Chromium\";v=\"130\", \"Not?A_Brand\";v=\"99\"\r\nsec-ch-ua-mobile: ?0\r\n"
            . "Upgrade-Insecure-Requests: 1\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n"
            . "Accept: text/html,*/*;q=0.8\r\nAccept-Encoding: gzip, deflate, br, zstd\r\n"
            . "Cookie: a=b; PVEAuthCookie=PVE%3Ajoe\r\n\r\n",
        200
    ],
    [
        'HAProxy',
        "${GET}host: x\r\nx-forwarded-for: 192.0.2.1\r\nuser-agent: curl/8\r\naccept: */*\r\n\r\n",
        200
    ],
    [
        'HAProxy with chunks',
        $CHUNKS =~ s/Transfer-Encoding/transfer-encoding/r . "2\r\n{}\r\n0\r\n\r\n", 200
    ],
    [
        'nginx, kept open',
        "${GET}X-Real-IP: 192.0.2.1\r\nHost: backend\r\nConnection: keep-alive\r\n\r\n" =~
            s{/1\.1}{/1.0}r,
        200
    ],
);

# and those after which the connection ends as the client asks
my @last = (
    ['nginx', "${GET}Host: pve_backend\r\nConnection: close\r\n\r\n" =~ s{/1\.1}{/1.0}r, 200],
    ['HTTP/1.0 without Host', "$GET\r\n"                             =~ s{/1\.1}{/1.0}r, 200],
    ['a check by HAProxy',    "OPTIONS / HTTP/1.0\r\n\r\n", 204],
);

my $ANSWER = qr{HTTP/1\.1 ([0-9]{3}) };

my sub connected () {
    my $socket = IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $host->{port})
        or die "connect: $@";
    return IO::Socket::SSL->start_SSL(
        $socket,
        SSL_ca_file         => "$host->{dir}/config/notify-host.crt",
        SSL_verifycn_name   => 'localhost',
        SSL_verifycn_scheme => 'http'
    ) || die "TLS: $IO::Socket::SSL::SSL_ERROR";
}

# The answers' statuses up to the wanted number, and whether the server has closed the connection then.
my sub answers ($bytes, $wanted) {
    my $socket = connected();
    syswrite($socket, $bytes);
    $socket->blocking(0);
    my ($text, $open, $select, $until) = ('', 1, IO::Select->new($socket), time() + 5);
    while ($open && time() < $until) {
        my $got = sysread($socket, $text, 65536, length($text));
        $open = 0 if defined($got)  && $got == 0;
        $open = 0 if !defined($got) && !$!{EAGAIN} && !$!{EWOULDBLOCK};
        last if $open && (() = $text =~ /$ANSWER/g) >= $wanted;
        $select->can_read(0.2) if !defined($got);
    }
    return (join(' ', $text =~ /$ANSWER/g), $open, $text);
}

subtest 'refused, and nothing behind it is served' => sub {
    for my $case (@bad) {
        my ($title, $request) = @$case;
        $title =~ s/[^ -~]/?/g;
        my ($statuses, $open, $text) = answers("$request$SECOND", 2);
        is $statuses . ($open ? ' open' : ''), '400', $title;
        like $text, qr/the request is not valid HTTP: [a-zA-Z]/, "$title: says why"
            if $statuses eq '400';
    }
    unlike log_of($host), qr/smuggled/, 'no second request was served';
};

subtest 'served, and so is the next one' => sub {
    for my $case (@good) {
        my ($title, $request, $status) = @$case;
        my ($statuses) = answers("$request$SECOND", 2);
        is $statuses, "$status 501", $title;
    }
    for my $case (@last) {
        my ($title, $request, $status) = @$case;
        my ($statuses, $open) = answers($request, 2);
        is $statuses . ($open ? ' open' : ''), $status, $title;
    }
};

# Whoever reads a byte at a time must come to the same end.
subtest 'how the bytes arrive makes no difference' => sub {
    for my $case (@bad, @good) {
        my ($title, $request) = @$case;
        $title =~ s/[^ -~]/?/g;
        my @ends = map {
            my $message = PVE::NotifyHost::StrictRequest->new;
            $message->parse($_) for @$_;
            join('|',
                map { $_ // '-' } $message->error && $message->error->{message},
                $message->method, $message->url, $message->body, $message->is_finished);
        } [$request], [split(//, $request)];
        is $ends[1], $ends[0], $title;
    }
};

subtest 'more behind a request than can be kept ends the connection' => sub {
    my $message = PVE::NotifyHost::StrictRequest->new;
    $message->parse("${GET}Host: x\r\n\r\n");
    ok $message->is_finished && !$message->error, 'a request';
    $message->parse('x' x 30_000) for 1 .. 2;
    ok !$message->error, 'some bytes of the next one';
    $message->parse('x' x 30_000);
    ok $message->error, 'too many';
};

is curl($host, '/')->{status}, 200, 'curl is served afterwards';
stop($host);

done_testing();
