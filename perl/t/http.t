#!/usr/bin/perl

# The HTTP API inside this process: formats, parameters, paths, headers, processes of their own.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/lib/fake";

use JSON::PP ();
use PVE::API2;
use PVE::NotifyHost;
use PVE::RPCEnvironment;
use Test::API;
use Test::BadCalls qw(bad_calls good_call);
use Test::FakeLog  qw(last_request request_count);
use Test::Mojo;
use Test::More;
use Test::NotifyHost qw(children_of host_folder is_gone put_file wait_until);

local $ENV{PVE_NOTIFY_HOST_DIR} = my $dir = host_folder();
put_file($dir, 'user.cfg', <<'END');
user:admin@pve:1:0:
token:admin@pve!test:0:0:
acl:1:/:admin@pve:Administrator:
END
put_file($dir, 'priv/token.cfg', "admin\@pve!test s3cret\n");
PVE::RPCEnvironment->init('pub');

my $log = '';
open(my $log_handle, '>', \$log) or die;    ## no critic (RequireBriefOpen)

sub server ($class, %opt) {
    my $t = Test::Mojo->new(PVE::NotifyHost->new(api_class => $class, %opt));
    $t->app->log->handle($log_handle);
    $t->ua->on(
        start => sub ($ua, $tx) {
            $tx->req->headers->authorization('PVEAPIToken=admin@pve!test=s3cret')
                if !$tx->req->headers->header('X-Nobody');
        },
    );
    return $t;
}

my $t     = server('Test::API');
my $real  = server('PVE::API2');
my $json  = '/api2/json';
my $extjs = '/api2/extjs';

subtest 'results in both formats' => sub {
    $t->get_ok("$json/echo?text=a")->status_is(200)->json_is({ data => { text => 'a' } });
    $t->get_ok("$extjs/echo?text=a")
        ->status_is(200)
        ->json_is({ data => { text => 'a' }, success => 1 });
    $t->content_type_is('application/json;charset=UTF-8');
    $real->get_ok("$json/version")->status_is(200)->json_has('/data/version');
    $real->get_ok("$json/cluster/notifications")->json_has('/data/0/name');
};

subtest 'errors in both formats' => sub {
    my $message = "Parameter verification failed.\n";
    my $integer = "type check ('integer') failed - got 'abc'";
    $t->get_ok("$json/echo?number=abc")
        ->status_is(400)
        ->json_is({ data => undef, message => $message, errors => { number => $integer } });
    is $t->tx->res->message, 'Parameter verification failed.', 'reason phrase';
    $t->get_ok("$extjs/echo?number=abc")->status_is(200)->json_is({
        data    => undef,
        message => $message,
        errors  => { number => $integer },
        success => 0,
        status  => 400,
    });
    $t->get_ok("$json/die")->status_is(500)->json_is('/message' => "broken\n");
    is $t->tx->res->message, 'broken', 'reason phrase';
    $t->get_ok("$json/bad-code")->status_is(500, 'a code that is no error');
};

subtest 'a message cannot add header lines' => sub {
    $t->get_ok("$json/fail")
        ->status_is(418)
        ->header_is('Set-Cookie' => undef)
        ->json_is('/message' => "sn\x{f6}w\r\nSet-Cookie: x=y\n");
    is $t->tx->res->message, 'sn?w', 'the first line in ASCII';
};

subtest 'unknown paths and methods' => sub {
    $t->get_ok("$json/nope")
        ->status_is(501)
        ->json_is('/message' => "Method 'GET /nope' not implemented\n");
    $t->get_ok($_->[0])
        ->status_is(501)
        ->json_is('/message' => "Method\n'GET $_->[1]' not implemented\n", 'not ASCII')
        for ["$json/%ce%a9", "/\x{3a9}"], ['/%ce%a9', "/\x{3a9}"];
    $t->delete_ok("$json/who")->status_is(501);
    $t->patch_ok("$json/echo")->status_is(501);
    for my $path (qw(/api2 /api2/json2/who /api2/html/who /index.html /favicon.ico /mojo/logo.png))
    {
        $t->get_ok($path)->status_is(501, $path);
    }
    $t->post_ok('/')->status_is(501);
    $t->options_ok("$json/echo")
        ->status_is(204)
        ->header_is(Allow => 'GET, HEAD, POST, PUT, DELETE, OPTIONS')
        ->content_is('');
    $t->head_ok("$json/who")->status_is(200)->content_is('');
    $t->get_ok('/')
        ->status_is(200)
        ->content_type_is('text/html;charset=UTF-8')
        ->content_like(qr/Notification host/);
};

subtest 'paths that mean two things' => sub {
    for my $path (qw(.. . %2e%2e a%2fb a%5cb %00 %0a a%zz %ff %ed%a0%80)) {
        my $tx = $t->ua->build_tx(GET => "$json/item/x");
        $tx->req->url->path(Mojo::Path->new("$json/item/$path"));
        $t->request_ok($tx)
            ->status_is(400, $path)
            ->json_is('/message' => "the path is not valid\n");
    }
    $t->get_ok("$json/item/caf%c3%a9")->status_is(200)->json_is('/data' => "caf\x{e9}");
    for my $path (
        qw(/api2/json//item/x /api2/json/item//x /api2/json/item/x/ //api2//json///item/x))
    {
        my $tx = $t->ua->build_tx(GET => '/');
        $tx->req->url->path(Mojo::Path->new($path));
        $t->request_ok($tx)
            ->status_is(200, "empty parts are skipped: $path")
            ->json_is('/data' => 'x');
    }
};

subtest 'parameters from query, form and JSON' => sub {
    $t->get_ok("$json/echo?text=a%20b+c%C3%A9")->json_is('/data/text' => "a b c\x{e9}");
    $t->post_ok("$json/echo", form => { text => "\x{263a}&=+%" })
        ->json_is('/data/text' => "\x{263a}&=+%");
    $t->post_ok("$json/echo?number=1", form => { text => 'x' })
        ->json_is('/data' => { number => '1', text => 'x' });
    $t->post_ok("$json/echo", json => { text => "\x{1f600}", number => 5, flag => \1 })
        ->json_is('/data' => { text => "\x{1f600}", number => '5', flag => '1' });
    $t->post_ok("$json/echo", json => { flag => \0 })->json_is('/data' => { flag => '0' });
    $t->put_ok("$json/echo", form => { text => 'x' })->json_is('/data/text' => 'x');
    $t->delete_ok("$json/echo?text=x")->json_is('/data/text' => 'x');
    $t->post_ok("$json/echo")->status_is(200)->json_is('/data' => {});
    $t->get_ok("$json/echo?_dc=1767225600123&text=a")->json_is('/data' => { text => 'a' });
    $t->put_ok("$json/echo?_dc=1", form => { _dc => 2 })->json_is('/data' => {});
    $t->get_ok("$json/echo?_d=1")->status_is(400, 'any other is still unknown');
};

subtest 'a list may come in several parameters, anything else only once' => sub {
    $t->get_ok("$json/echo?list=a&list=b&list=c")->json_is('/data/list' => [qw(a b c)]);
    $t->get_ok("$json/echo?list=a")->json_is('/data/list' => ['a']);
    $t->post_ok("$json/echo", json => { list => [qw(a b)] })->json_is('/data/list' => [qw(a b)]);
    my $twice = 'parameter is given more than once';
    $t->get_ok("$json/echo?text=a&text=a")->status_is(400)->json_is('/errors/text' => $twice);
    $t->post_ok("$json/echo?text=a", form => { text => 'b' })->json_is('/errors/text' => $twice);
    $t->get_ok("$json/item/a?name=b")
        ->status_is(400)
        ->json_is('/errors/name' => 'duplicate parameter (already defined in URI)');
};

subtest 'bodies that are wrong' => sub {
    my $form  = { 'Content-Type' => 'application/x-www-form-urlencoded' };
    my $type  = { 'Content-Type' => 'application/json' };
    my @cases = (

        # title, header, body, message or parameter
        ['no content type', {}, 'text=a', qr/content type not supported/],
        ['another type',    { 'Content-Type' => 'text/plain' }, 'text=a', qr/content type/],
        [
            'multipart', { 'Content-Type' => 'multipart/form-data; boundary=x' },
            "--x--\r\n", qr/content type/
        ],
        [
            'another charset',
            { 'Content-Type' => 'application/json; charset=latin1' },
            '{}', qr/content type/
        ],
        ['a form in latin1',    $form, 'text=%e9',          'text'],
        ['a raw byte',          $form, "text=\xe9",         'text'],
        ['a surrogate',         $form, 'text=%ed%a0%80',    'text'],
        ['an overlong form',    $form, 'text=%c0%80',       'text'],
        ['beyond Unicode',      $form, 'text=%f4%90%80%80', 'text'],
        ['a lone percent sign', $form, 'text=%',            'text'],
        ['a name in latin1',    $form, '%e9=a',             qr/name is not valid UTF-8/],
        ['no JSON',             $type, 'text=a',            qr/not valid JSON/],
        ['cut off',             $type, '{"text":"a"',       qr/not valid JSON/],
        ['two documents',       $type, '{}{}',              qr/not valid JSON/],
        ['a list',              $type, '["a"]',             qr/not a JSON object/],
        ['a string',            $type, '"a"',               qr/not valid JSON|not a JSON object/],
        ['null',                $type, 'null',              qr/not valid JSON|not a JSON object/],
        ['deep',  $type, '{"text":' . '[' x 5000 . ']' x 5000 . '}',   qr/deeper than 8 levels/],
        ['broad', $type, '{"text":[' . '1,' x 20_000 . '1]}',          qr/more than 10000 values/],
        ['broad objects', $type, '{"text":[' . '{},' x 20_000 . '1]}', qr/more than 10000 values/],
        ['broad, in a string', $type, '{"text":"' . ',' x 20_000 . '","none":1}', 'none'],
        ['JSON in latin1',     $type, qq({"text":"\xe9"}),                        qr/verification/],
        ['a byte order mark',  $type, qq(\xef\xbb\xbf{"text":"a"}),               qr/./],
        ['a lone surrogate',   $type, '{"text":"a\ud800b"}',                      qr/verification/],
        ['a null value',       $type, '{"text":null}',                            'text'],
        ['a boolean for a text',  $type, '{"text":true}',                'text'],
        ['an object for a text',  $type, '{"text":{"a":1}}',             'text'],
        ['a name twice',          $type, '{"text":"a","text":"b"}',      qr/more than once/],
        ['a name twice, escaped', $type, '{"text":"a","te\u0078t":"b"}', qr/more than once/],
        ['many parameters', $form, join('&', map {"a$_=1"} 1 .. 300),    qr/too many parameters/],
    );
    for my $case (@cases) {
        my ($title, $header, $body, $expect) = @$case;
        $t->post_ok("$json/echo", $header, $body)->status_is(400, $title);
        my $answer = $t->tx->res->json;
        ref($expect)
            ? like($answer->{message}, $expect, "$title: message")
            : ok($answer->{errors}{$expect}, "$title: the parameter is named");
    }
    $t->get_ok("$json/echo", $form, 'text=a')->status_is(400, 'GET with a body');
    $t->post_ok("$json/echo", $type, '{"text":"a:b,{\"text\":1}","list":["text","x:y"]}')
        ->status_is(200, 'marks inside strings do not count');
};

subtest 'who may call what' => sub {
    my $nobody = { 'X-Nobody' => 1 };
    $t->get_ok("$json/world", $nobody)->status_is(200)->json_is('/data'    => 'hello');
    $t->get_ok("$json/who",   $nobody)->status_is(401)->json_is('/message' => "No ticket\n");
    $t->get_ok("$extjs/who",  $nobody)->status_is(401, 'also in the format extjs');
    $t->get_ok("$json/nope",  $nobody)->status_is(401, 'nothing is said about other paths');
    $t->get_ok("$json/root")
        ->status_is(403)
        ->json_is('/message' => "Permission check failed (user != root\@pam)\n");
    $t->get_ok("$json/no-token")->status_is(403);
    $t->get_ok("$json/who")->json_is('/data' => 'admin@pve!test');
    $t->get_ok("$json/protected/who")->json_is('/data' => 'admin@pve!test');
};

subtest 'headers' => sub {
    for my $path ('/', "$json/who", "$json/nope", '/nope') {
        $t->get_ok($path)
            ->header_is('X-Content-Type-Options'  => 'nosniff')
            ->header_is('X-Frame-Options'         => 'DENY')
            ->header_is('Cache-Control'           => 'no-store')
            ->header_is(Server                    => 'pve-notify-host')
            ->header_is('Content-Security-Policy' => "default-src 'none'; frame-ancestors 'none'")
            ->header_is('Set-Cookie'              => undef);
    }
};

subtest 'protected methods run in processes of their own' => sub {
    $t->get_ok("$json/protected/pid")->status_is(200);
    isnt $t->tx->res->json->{data}, $$, 'another process';
    $t->post_ok("$json/protected/echo", json => { text => "\x{263a}" })
        ->json_is('/data/text' => "\x{263a}");
    $t->get_ok("$json/protected/fail")->status_is(404)->json_is('/message' => "no\ncure\n");
    $t->get_ok("$json/protected/param")->status_is(400)->json_is('/errors' => { text => 'is bad' });
    $t->get_ok("$json/protected/die")->status_is(500)->json_is('/message' => "broken\n");
    for my $end (qw(crash exit)) {
        $t->get_ok("$json/protected/$end")
            ->status_is(500)
            ->json_is('/message' => "the process that served the request ended without a result\n");
    }
    $t->get_ok("$json/protected/large")
        ->status_is(500)
        ->json_is('/message' => "the result is too large\n");
    $t->get_ok("$json/protected/descriptors")
        ->json_like('/data/0' => qr/\Asocket:/, 'what leads to the server')
        ->json_hasnt('/data/1', 'nothing of the server is open');
    $t->get_ok("$json/protected/child")->status_is(200);
    my $forgotten = $t->tx->res->json->{data};
    ok wait_until(5, sub { is_gone($forgotten) }), 'a process that its method forgot is ended';
    $t->app->pool->stop;
    is_deeply [children_of($$)], [], 'no process is left';
};

subtest 'a slow method holds up nobody, and is stopped at its deadline' => sub {
    my $slow = server('Test::API');
    my $pool = PVE::NotifyHost::Pool->new(
        serve     => $slow->app->serve_call,
        max       => 2,
        max_queue => 1,
        deadline  => 2,
        idle      => 0,
    );
    $slow->app->pool($pool);
    my @order;
    my $get = sub ($path, $title) {
        return $slow->ua->get_p("$json/$path")->then(sub ($tx) {
            push @order, $title . ' ' . $tx->res->code;
            return $tx;
        });
    };
    $slow->get_ok("$json/who");    # the server is up
    my @calls = (
        $get->('protected/sleep?number=1',  'sleeper'),
        $get->('protected/sleep?number=30', 'hanger'),
        $get->('protected/who',             'waiting'),
    );
    my $last = Mojo::Promise->timer(0.3)->then(
        sub {
            return Mojo::Promise->all($get->('protected/who', 'too many'), $get->('who', 'quick'));
        },
    );
    Mojo::Promise->all(@calls, $last)->wait;
    is_deeply [sort @order[0, 1]], ['quick 200', 'too many 503'], 'answered while others block';
    is_deeply [@order[2 .. 4]], ['sleeper 200', 'waiting 200', 'hanger 504'], 'the others in turn';
    $_->stop for $pool, $real->app->pool;
    is_deeply [children_of($$)], [], 'no process is left';
};

subtest 'bad calls of the code exchange' => sub {
    my $path = "$json/cluster/notifications/smtp-oauth2-token";
    $real->post_ok($path, json => good_call())
        ->status_is(200)
        ->json_is('/data' => 'refresh-token-of-client-1');
    is last_request()->[2], 'secret-1', 'the good one reaches the library';
    my $before = request_count();
    for my $call (bad_calls()) {
        my ($title, $param, @names) = @$call;
        my $body = JSON::PP->new->ascii->encode($param);
        $real->post_ok($path, { 'Content-Type' => 'application/json' }, $body);
        my $answer = $real->tx->res;
        like $answer->code, qr/\A4[0-9][0-9]\z/, "$title: code";
        next if $answer->code == 413 || $answer->json->{message} =~ /valid (?:JSON|UTF-8|Unicode)/;
        ok $answer->json->{errors}{$_}, "$title: '$_' is named" for @names;
    }
    is request_count(), $before, 'nothing reached the library';
};

subtest 'the log tells what happened and no secret' => sub {
    my $from   = length($log);
    my $canary = 'canary-in-a-request';
    $t->get_ok("$json/echo?text=$canary");
    $t->post_ok("$json/protected/fail?text=$canary", form => { text => $canary });
    $t->get_ok("$json/who",
        { 'X-Nobody' => 1, Authorization => "PVEAPIToken=admin\@pve!test=$canary" });
    my $text = substr($log, $from);
    like $text, qr/^\S+Z info: 127\.0\.0\.1 admin\@pve!test "GET \/api2\/json\/echo" 200 \d+ ms$/m;
    like $text,
        qr/warn: 127\.0\.0\.1 - "GET \/api2\/json\/who" 401 .*\(no such token, or a wrong secret\)/;
    unlike $text, qr/$canary/, 'no secret';
    $from = length($log);
    $t->get_ok("$json/item/a%C2%85%C2%9bb");
    unlike substr($log, $from) =~ s/\n//gr, qr/[^\x20-\x7e]/, 'no control characters';
};

done_testing();
