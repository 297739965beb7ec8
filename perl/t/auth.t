#!/usr/bin/perl

# Login, tickets, CSRF tokens and API tokens over HTTP, the delays of failures, the helper for PAM,
# and what each privilege allows on the code exchange.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/lib/fake";

use Mojo::UserAgent;
use Mojo::Util qw(steady_time url_escape);
use POSIX      ();
use PVE::AccessControl;
use PVE::API2;
use PVE::NotifyHost;
use PVE::NotifyHost::PamHelper;
use PVE::RPCEnvironment;
use Test::API;
use Test::BadCalls qw(good_call);
use Test::FakeLog  qw(request_count);
use Test::Mojo;
use Test::More;
use Test::NotifyHost qw(children_of host_folder put_file);

local $ENV{PVE_NOTIFY_HOST_DIR} = my $dir = host_folder();
my $now = time();
put_file($dir, 'user.cfg', my $users = <<"END");
user:joe\@pve:1:0:
user:ann\@pve:1:0:
user:off\@pve:0:0:
user:out\@pve:1:@{[$now - 10]}:
token:joe\@pve!good:0:1:
token:joe\@pve!old:@{[$now - 10]}:1:
token:off\@pve!good:0:1:
END
put_file($dir, 'priv/token.cfg',
    join('', map {"$_ s3cret\n"} qw(joe@pve!good joe@pve!old off@pve!good)));
put_file($dir, 'priv/shadow.cfg',
    join('', map { "$_:" . crypt('passw0rd', '$5$saltsalt$') . ":\n" } qw(joe ann off out)));
PVE::RPCEnvironment->init('pub');

my $json = '/api2/json';

sub server (%opt) {
    my $t = Test::Mojo->new(PVE::NotifyHost->new(
        api_class      => 'Test::API',
        login_limit    => PVE::NotifyHost::LoginLimit->new(unit => 0.01),
        token_failures => PVE::NotifyHost::Failures->new(unit => 0.01),
        %opt,
    ));
    $t->app->log->level('fatal');
    return $t;
}

my $t = server();

sub login ($t, %param) { return $t->post_ok("$json/access/ticket", form => \%param) }

sub cookie ($ticket, %more) { return { Cookie => "PVEAuthCookie=$ticket", %more } }

subtest 'login gives a ticket and a CSRF token' => sub {
    for my $who (
        { username => 'joe@pve' }, { username => 'joe' },
        { username => 'joe',     realm => 'pve' },
        { username => 'joe@pve', realm => 'pam' },    # the realm in the name counts
        )
    {
        login($t, %$who, password => 'passw0rd')
            ->status_is(200)
            ->json_is('/data/username' => 'joe@pve');
    }
    my $session = $t->tx->res->json->{data};
    $t->get_ok("$json/who", cookie($session->{ticket}))->json_is('/data' => 'joe@pve');
    $t->get_ok("$json/who", cookie(url_escape($session->{ticket})))->json_is('/data' => 'joe@pve');
    $t->post_ok("$json/access/ticket", json => { username => 'joe', password => 'passw0rd' })
        ->status_is(200);
    login($t, username => 'joe@pve', password => $session->{ticket})->status_is(200, 'renewal');
    login($t, username => 'ann@pve', password => $session->{ticket})
        ->status_is(401, 'for another user');
    $t->get_ok("$json/access/ticket")->status_is(401);
};

subtest 'login that fails says no more than that' => sub {
    my $fails = server();
    for my $case (
        ['joe',      'wrong'],
        ['joe',      ''],
        ['nobody',   'passw0rd'],
        ['off',      'passw0rd'],
        ['out',      'passw0rd'],
        ['joe@ldap', 'passw0rd'],
        ["joe\n",    'passw0rd'],
        ['joe',      'PVE:joe@pve:0::x']
        )
    {
        my ($name, $password) = @$case;
        login($fails, username => $name, password => $password)
            ->status_is(401, $name =~ s/\n/\\n/r)
            ->json_is({ data => undef, message => "authentication failure\n" });
    }
    login($fails, username => 'joe@pam', password => 'x')
        ->status_is(501)
        ->json_like('/message' => qr/realm 'pam' is not available/);
};

subtest 'bad parameters of the login' => sub {
    my $missing = 'property is missing and it is not optional';
    login($t, username => 'joe')->status_is(400)->json_is('/errors' => { password => $missing });
    login($t, password => 'x')->status_is(400)->json_is('/errors' => { username => $missing });
    login($t, username => 'joe', password => 'x', other => 1)
        ->status_is(400)
        ->json_has('/errors/other');
    login($t, username => 'joe', password => 'x' x 513)
        ->status_is(400)
        ->json_has('/errors/password');
    login($t, username => 'j' x 65, password => 'x')->status_is(400)->json_has('/errors/username');
    $t->post_ok("$json/access/ticket", json => { username => ['joe'], password => 'x' })
        ->status_is(400)
        ->json_has('/errors/username');
};

subtest 'tickets' => sub {
    my $ticket = PVE::AccessControl::assemble_ticket('joe@pve');
    my $old    = do {
        no warnings qw(redefine once);    ## no critic (ProhibitNoWarnings)
        local *PVE::NotifyHost::Ticket::hex_time = sub { return sprintf('%08X', time() - 7300) };
        PVE::AccessControl::assemble_ticket('joe@pve');
    };
    $t->get_ok("$json/who", cookie($ticket))->status_is(200);
    $t->get_ok("$json/who")->status_is(401)->json_is('/message' => "No ticket\n");
    for my $case (
        ['expired',            $old],
        ['forged',             $ticket =~ s/joe/ann/r],
        ['cut',                substr($ticket, 0, -2)],
        ['empty',              ''],
        ['of a disabled user', PVE::AccessControl::assemble_ticket('off@pve')],
        ['of an expired user', PVE::AccessControl::assemble_ticket('out@pve')],
        ['of an unknown user', PVE::AccessControl::assemble_ticket('nobody@pve')],
        ['large',              'x' x 5000]
        )
    {
        my ($title, $text) = @$case;
        $t->get_ok("$json/who", cookie($text))
            ->status_is(401, $title)
            ->json_is(
            '/message' => $text eq '' ? "authentication failure\n" : "authentication failure\n");
    }
};

subtest 'writing with a ticket needs its CSRF token' => sub {
    my $ticket = PVE::AccessControl::assemble_ticket('joe@pve');
    my $csrf   = PVE::AccessControl::assemble_csrf_prevention_token('joe@pve');
    my $other  = PVE::AccessControl::assemble_csrf_prevention_token('ann@pve');
    for my $verb (qw(post_ok put_ok delete_ok)) {
        $t->$verb("$json/echo", cookie($ticket, CSRFPreventionToken => $csrf))
            ->status_is(200, $verb);
        $t->$verb("$json/echo", cookie($ticket))
            ->status_is(401, "$verb, missing")
            ->json_is('/message' => "Permission denied - invalid csrf token\n");
        $t->$verb("$json/echo", cookie($ticket, CSRFPreventionToken => $other))
            ->status_is(401, "$verb, of another user");
        $t->$verb("$json/echo", cookie($ticket, CSRFPreventionToken => $ticket))
            ->status_is(401, "$verb, the ticket itself");
    }
    $t->get_ok("$json/echo", cookie($ticket))->status_is(200, 'reading needs none');
};

subtest 'API tokens' => sub {
    my $with = sub ($text) { return { Authorization => "PVEAPIToken=$text" } };
    $t->get_ok("$json/who", $with->('joe@pve!good=s3cret'))->json_is('/data' => 'joe@pve!good');
    $t->post_ok("$json/echo", $with->('joe@pve!good=s3cret'))
        ->status_is(200, 'no CSRF token needed');
    for my $text (
        'joe@pve!good=wrong',  'joe@pve!good=',
        'joe@pve!old=s3cret',  'off@pve!good=s3cret',
        'joe@pve!none=s3cret', 'joe@pve=s3cret',
        'joe@pve!good',        'joe@pve!good=s3cret x'
        )
    {
        $t->get_ok("$json/who", $with->($text))->status_is(401, $text);
    }
    my $ticket = PVE::AccessControl::assemble_ticket('joe@pve');
    $t->get_ok("$json/who", { %{ cookie($ticket) }, %{ $with->('joe@pve!good=wrong') } })
        ->status_is(401, 'a wrong token is not forgiven for a good ticket');
};

subtest 'the permission table of the code exchange over HTTP' => sub {
    my $real   = server(api_class => 'PVE::API2');
    my $path   = "$json/cluster/notifications/smtp-oauth2-token";
    my $bearer = sub ($token) { return { Authorization => "PVEAPIToken=$token=s3cret" } };
    my @cases  = (

        # privileges, may
        ['Mapping.Modify', 0], ['Sys.Audit', 0], ['Sys.Modify', 0], ['Sys.AccessNetwork', 0],
        ['Mapping.Modify,Sys.Audit',         0], ['Mapping.Modify,Sys.Modify', 0],
        ['Sys.Audit,Sys.Modify',             0],
        ['Mapping.Modify,Sys.AccessNetwork', 1], ['Mapping.Modify,Sys.Audit,Sys.Modify', 1],
    );
    for my $case (@cases) {
        my ($privs, $may) = @$case;
        put_file($dir, 'priv/token.cfg',
            "joe\@pve!sep s3cret\njoe\@pve!all s3cret\njoe\@pve!none s3cret\n");
        put_file($dir, 'user.cfg', <<"END");
user:joe\@pve:1:0:
token:joe\@pve!sep:0:1:
token:joe\@pve!none:0:1:
token:joe\@pve!all:0:0:
role:Test:$privs:
acl:1:/:joe\@pve,joe\@pve!sep:Test:
END
        my $before = request_count();
        my $expect = $may ? 200 : 403;
        my $ticket = PVE::AccessControl::assemble_ticket('joe@pve');
        my $csrf   = PVE::AccessControl::assemble_csrf_prevention_token('joe@pve');
        $real->post_ok($path, cookie($ticket, CSRFPreventionToken => $csrf), form => good_call())
            ->status_is($expect, "user with $privs");
        $real->post_ok($path, $bearer->("joe\@pve!$_"), form => good_call())
            ->status_is($expect, "token $_ with $privs")
            for qw(sep all);
        $real->post_ok($path, $bearer->('joe@pve!none'), form => good_call())
            ->status_is(403, 'token without rules')
            ->json_like('/message' => qr/Permission check failed/);
        is request_count() - $before, $may ? 3 : 0, 'calls that reach the library';
    }
    my $root = PVE::AccessControl::assemble_ticket('root@pam');
    my $csrf = PVE::AccessControl::assemble_csrf_prevention_token('root@pam');
    $real->post_ok($path, cookie($root, CSRFPreventionToken => $csrf), form => good_call())
        ->status_is(200, 'root');
    my $before = request_count();
    $real->post_ok($path, form => good_call())->status_is(401, 'nobody');
    $real->post_ok($path, cookie($root), form => good_call())
        ->status_is(401, 'root without CSRF token');
    is request_count(), $before, 'nothing reached the library';
    put_file($dir, 'user.cfg', $users);
};

subtest 'a try waits after a failed one, nobody else does, and who goes leaves' => sub {
    my $slow = server(login_limit => PVE::NotifyHost::LoginLimit->new(unit => 0.6));
    login($slow, username => 'ann', password => 'passw0rd')->status_is(200);
    login($slow, username => 'joe', password => 'wrong')->status_is(401);
    my $start = steady_time();
    my @order;
    my $post = sub ($title, %form) {
        return $slow->ua->post_p("$json/access/ticket", form => \%form)
            ->then(sub ($tx) {
            push @order, "$title " . $tx->res->code;
            });
    };
    my $ticket = PVE::AccessControl::assemble_ticket('joe@pve');
    Mojo::Promise->all(
        $post->('noisy',      username => 'joe', password => 'passw0rd'),
        $post->('known good', username => 'ann', password => 'passw0rd'),
        $post->('renewal',    username => 'joe', password => $ticket),
    )->wait;
    is_deeply [sort @order[0, 1]], ['known good 200', 'renewal 200'], 'these do not wait';
    is $order[2], 'noisy 200', 'a right password is taken';
    cmp_ok steady_time() - $start, '>=', 0.4, 'late';

    my $limit = $slow->app->login_limit;
    login($slow, username => 'nobody', password => 'wrong')->status_is(401);
    my $gone = Mojo::UserAgent->new(request_timeout => 0.2);
    my $url  = $slow->ua->server->nb_url->path("$json/access/ticket");
    my $was  = 0;
    Mojo::IOLoop->timer(0.15 => sub { $was = $limit->{waiting}->@* });
    $gone->post_p($url, form => { username => 'nobody', password => 'x' })->catch(sub { })->wait;
    is $was, 1, 'one waits';
    Mojo::Promise->timer(0.1)->wait;
    is scalar($limit->{waiting}->@*), 0, 'its client has gone: it waits no more';
};

subtest 'wrong tokens are answered late, right ones at once' => sub {
    put_file($dir, 'priv/token.cfg', "joe\@pve!good s3cret\n");
    my $slow =
        server(token_failures => PVE::NotifyHost::Failures->new(unit => 0.3, max_delay => 0.5));
    my $with  = sub ($secret) { return { Authorization => "PVEAPIToken=joe\@pve!good=$secret" } };
    my $start = steady_time();
    $slow->get_ok("$json/who", $with->('wrong'))->status_is(401);
    cmp_ok steady_time() - $start, '>=', 0.3, 'late';
    my @order;
    my $get = sub ($secret) {
        return $slow->ua->get_p("$json/who", $with->($secret))
            ->then(sub ($tx) {
            push @order, $tx->res->code;
            });
    };
    Mojo::Promise->all(map { $get->($_) } ('wrong') x 40, 's3cret')->wait;
    my ($place) = grep { $order[$_] == 200 } 0 .. $#order;
    cmp_ok $place // 99, '<=', 20, 'the right one does not wait for them';
    is $slow->app->{late_answers} // 0, 0, 'none is kept';
};

# the numbers of this process's files, without the one that the look at them opens
my sub files () {
    opendir(my $dir, '/proc/self/fd') or die "/proc/self/fd: $!\n";
    my @files = grep { /\A[0-9]+\z/ && $_ != fileno($dir) } readdir($dir);
    closedir($dir);
    return join(' ', sort { $a <=> $b } @files);
}

subtest 'the helper for realm pam' => sub {
    my $inherited = POSIX::open('/dev/null') // die "/dev/null: $!\n";
    my $helper    = PVE::NotifyHost::PamHelper->start(
        sub ($name, $password) {
            kill(KILL => $$)          if $name eq 'crash';
            return files() eq '0 1 2' if $name eq 'files';
            return $name eq 'root' && $password eq "p\xc3\xa4ss";
        }
    );
    ok $helper->check('root',  "p\x{e4}ss"), 'right';
    ok $helper->check('files', 'x'), 'no file but the standard ones where modules run programs';
    ok !-l "/proc/$helper->{pid}/fd/$inherited", 'nor has the helper itself';
    my $start = steady_time();
    ok !$helper->check('root', 'wrong'), 'wrong';
    cmp_ok steady_time() - $start, '>=', 0.9, 'no faster than one a second';
    ok !$helper->check('crash', 'x'), 'a check that crashes is no proof';
    ok !$helper->check($_->[0], $_->[1]), 'refused without asking'
        for ['', 'x'], ['x' x 65, 'x'], ["a\0b", 'x'], ['a', 'x' x 513];
    ok $helper->check('root', "p\x{e4}ss"), 'still there';

    # a worker that was killed leaves an answer behind: it must not count for the next question
    send($helper->{socket}, pack('a16 n/a* n/a*', 'x' x 16, 'root', "p\xc3\xa4ss"), 0);
    ok !$helper->check('root', 'wrong'), 'the answer to somebody else';
    for my $noise ('', 'x', 'x' x 17, pack('a16 n', 'y' x 16, 60_000)) {
        send($helper->{socket}, $noise, 0) if $noise ne '';
    }
    ok $helper->check('root', "p\x{e4}ss"), 'noise does not confuse it';

    PVE::NotifyHost::Password::set_pam_check(
        sub ($name, $password) { return $helper->check($name, $password) });
    my $with = server(login_descriptors => [$helper->descriptor]);
    login($with, username => 'root@pam', password => "p\x{e4}ss")
        ->status_is(200)
        ->json_is('/data/username' => 'root@pam');
    login($with, username => 'root@pam', password => 'wrong')->status_is(401);
    login($with, username => 'joe@pam',  password => 'passw0rd')->status_is(401);
    kill(TERM => $helper->{pid});
    ok $helper->check('root', "p\x{e4}ss"), 'a signal does not end it';
    $with->app->login_pool->stop;    # its processes hold the other end
    $helper->stop;
    is_deeply [grep { $_->{pid} == $helper->{pid} } children_of($$)], [],
        'the end of its socket does';
};

done_testing();
