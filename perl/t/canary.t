#!/usr/bin/perl

# Secrets stay where they belong. Every secret of the exchange is a canary; the provider repeats them
# in all its answers; then everything that was written is searched: outputs, errors, logs, files,
# dumps and the process list.

use v5.36;

use Data::Dumper ();
use FindBin      ();
use HTTP::Tiny   ();
use JSON::PP     ();
use Test::More;
use Time::HiRes qw(sleep);

use lib "$FindBin::Bin/lib";
use PVE::RS::Notify;
use Test::Canary     qw(canary forms canaries_in canaries_below canaries_of_processes);
use Test::NotifyHost qw(put_file);
use Test::Peers      qw(host_dir new_dir root write_private);
use Test::Peers::NotifyHost;
use Test::Peers::Sandbox;

binmode $_, ':encoding(UTF-8)' for Test::More->builder->output, Test::More->builder->failure_output;

my $PATH     = '/cluster/notifications/smtp-oauth2-token';
my $JSON     = JSON::PP->new->utf8->canonical->allow_nonref;
my $sandbox  = Test::Peers::Sandbox->new;
my $client   = $sandbox->client('google-oauth2');
my $id       = $client->{'client-id'};
my $files    = new_dir();
my $host     = Test::Peers::NotifyHost->new({ $sandbox->providers }, "$files/log");
my $dir      = host_dir($sandbox->providers);    # of Perl and pvesh
my $password = canary('password');
my $token    = canary('apitoken', 'cAnArY-apitoken-0+~/=.-tAiL-apitoken');
my %secret   = (
    'client-secret'      => canary('secret'),
    'authorization-code' => canary('code'),
    'code-verifier' => canary('verifier', 'cAnArY-verifier-0123456789abcdefghij-tAiL-verifier'),
);
my %call = (
    'auth-method'  => 'google-oauth2',
    'client-id'    => $id,
    'redirect-uri' => $client->{'redirect-uris'}[0],
    %secret,
);
my %tokens = (
    access_token  => canary('access',  'cAnArY-access-0+~/=.-tAiL-access'),
    refresh_token => canary('refresh', 'cAnArY-refresh-0+~/=.-tAiL-refresh'),
    id_token      => canary('idtoken', 'cAnArY-idtoken-0+~/=.-tAiL-idtoken'),
    token_type    => 'Bearer',
    expires_in    => 3600,
    scope         => 'https://mail.google.com/',
);

{
    my $crypt =
        crypt($password =~ s/([^\x00-\x7f])/my $c = $1; utf8::encode($c); $c/ger, '$6$abcdefgh');
    put_file($host->{dir}, 'priv/shadow.cfg', "admin:$crypt:\n");
    put_file($host->{dir}, 'priv/token.cfg',  "admin\@pve!try $token\n");
    for my $name (keys %secret) {
        my $bytes = $secret{$name};
        utf8::encode($bytes);
        write_private("$files/$name", $bytes);
    }
    put_file($dir, 'priv/notifications.cfg', "smtp: mail\n\tpassword cAnArY-password\n");
}

my $config = do {
    my $kind = { kind => 'standalone', 'config-dir' => "$dir/config" };
    PVE::RS::Notify->parse_config("smtp: mail\n", "smtp: mail\n\tpassword cAnArY-password\n",
        undef, undef, { host => $kind });
};

my $http = HTTP::Tiny->new(
    proxy       => undef,
    https_proxy => undef,
    timeout     => 40,
    verify_SSL  => 1,
    SSL_options => { SSL_ca_file => $host->certificate },
);

my sub content ($path) {
    open my $file, '<:raw', $path or die "$path: $!\n";
    my $content = do { local $/ = undef; readline $file };
    close $file;
    return $content // '';
}

my sub post ($path, $body, %header) {
    my $answer = $http->post("$host->{url}$path",
        { headers => { 'Content-Type' => 'application/json', %header }, content => $body });
    return (
        $answer->{status}, join "\n",
        $JSON->encode($answer->{headers}),
        @$answer{qw(reason content)}
    );
}

my sub run_pvesh (@more) {
    my @include = map { '-I' . root() . "/$_" } qw(blib/lib blib/arch perl/host/lib);
    my @command = ($^X, @include, root() . '/perl/host/bin/pvesh', 'create', $PATH);
    for my $name (sort keys %call) {
        push @command,
            exists $secret{$name} ? ("--$name-file", "$files/$name") : ("--$name", $call{$name});
    }
    local $ENV{PVE_NOTIFY_HOST_DIR} = "$dir";
    my $pid = open(my $out, '-|') // die "fork: $!\n";
    if (!$pid) {
        open STDERR, '>', "$files/errors";
        exec @command, @more;
    }
    my $output = do { local $/ = undef; readline $out };
    close $out;
    my ($status, $errors) = ($? >> 8, content("$files/errors"));
    return ($status, $output // '', $errors);
}

# each way: (status, result, all else that it writes); the status is 200 or that of the error
my %way = (
    perl => sub (%changes) {
        my %p     = (%call, %changes);
        my $warns = '';
        local $SIG{__WARN__} = sub ($text) { $warns .= $text };
        my $result = eval {
            $config->exchange_smtp_oauth2_code(
                @p{
                    qw(auth-method client-id client-secret tenant-id authorization-code redirect-uri code-verifier)
                }
            );
        };
        my $error = $@;
        return (200, $result, $warns . Data::Dumper::Dumper($config)) if defined $result;
        return (ref $error ? $error->{code} : 0,
            undef, $warns . Data::Dumper::Dumper($error, $config) . ($error->{message} // ''));
    },
    pvesh => sub () {
        my ($status, $output, $errors) = run_pvesh('--output-format', 'json');
        return (200,                                 $JSON->decode($output), $errors) if !$status;
        return ($errors =~ /\A([0-9]{3}) / ? $1 : 0, undef,                  $output . $errors);
    },
    http => sub () {
        my ($status, $text) = post(
            "/api2/json$PATH",
            $JSON->encode(\%call),
            Authorization => "PVEAPIToken=admin\@pve!try=$token"
        );
        my ($data) = $text =~ /^(\{"data.*\})$/m;
        my $result = $status == 200 ? $JSON->decode($data)->{data} : undef;
        return ($status, $result, defined $result ? '' : $text);
    },
);

my sub all_ways ($title, $code, @fault) {
    for my $name (sort keys %way) {
        $sandbox->fault(@fault);
        my ($status, $result, $text) = $way{$name}->();
        is $status, $code,                  "$title, $name: code" or diag($text);
        is $result, $tokens{refresh_token}, "$title, $name: the refresh token" if $code == 200;
        is_deeply [canaries_in($text)], [], "$title, $name: no canary" or diag($text);
        like $text, qr/\[secret\]/, "$title, $name: it was there, and is masked"
            if $title =~ /\Aquoted/;
    }
    return;
}

my sub answer ($status, $body) {
    my @headers = (['Content-Type', 'application/json']);
    return ('answer', status => $status, headers => \@headers, body => $body);
}

my sub json_answer ($status, $data) {
    return answer($status, JSON::PP->new->canonical->encode($data));
}

subtest 'the search finds what it has to find' => sub {
    for my $name (qw(secret code verifier refresh)) {
        my %form = forms($name, $id);
        is_deeply [canaries_in("a $form{$_} z")], [$name], "$name: $_" for sort keys %form;
    }
    is_deeply [canaries_in('nothing')], [], 'and nothing else';
    my $folder = new_dir();
    write_private("$folder/file", "a\0\xff$token");
    is_deeply [canaries_below("$folder")], ['file: apitoken'], 'in files';
    local $ENV{CANARY} = $token;
    my $pid = open(my $child, '-|', $^X, '-e', '$| = 1; print 1; sleep 20') // die "fork: $!\n";
    read $child, my $ready, 1;
    is_deeply [canaries_of_processes()], ["/proc/$pid/environ: apitoken"], 'in processes';
    kill 'TERM', $pid;
    close $child;
};

subtest 'F-32: a good exchange gives the refresh token and shows no other secret' => sub {
    all_ways('good', 200, json_answer(200, \%tokens));
};

subtest 'F-32: a refusal that repeats the secrets' => sub {
    my %kind = (
        error             => sub ($text) { return { error => $text } },
        error_description => sub ($text) {
            return { error => 'invalid_grant', error_description => "not this: $text, sorry" };
        },
        error_subtype => sub ($text) {
            return { error => 'invalid_grant', error_subtype => "no-$text" };
        },
        'object in error' => sub ($text) { return { error => { message => $text } } },
        'with tokens'     => sub ($text) {
            return { %tokens, error => 'invalid_client', error_description => $text };
        },
    );
    for my $name (qw(secret code verifier)) {
        my %form = forms($name, $id);
        for my $form (sort keys %form) {
            my $kind = (sort keys %kind)[state $turn++ % keys %kind];
            all_ways("quoted: $name, $form, $kind",
                400, json_answer(400, $kind{$kind}->($form{$form})));
        }
    }
    all_ways("quoted: $_", 400,
        json_answer(400, { %tokens, error => 'invalid_grant', error_description => $tokens{$_} }))
        for qw(access_token refresh_token);
};

subtest 'F-32: other answers that repeat the secrets' => sub {
    my $all    = join ' ', values %secret, grep {/cAnArY/} values %tokens;
    my %no     = %tokens;
    my $header = join '&', map {
        { forms($_, $id) }
        ->{percent}
    } qw(secret code refresh);
    delete $no{refresh_token};
    my @cases = (
        ['a page',                 502, answer(502, "<html>$all</html>")],
        ['a page with status 200', 502, answer(200, "<html>$all</html>")],
        ['JSON cut off',        502, answer(200, substr JSON::PP->new->encode(\%tokens), 0, -1)],
        ['no refresh token',    400, json_answer(200, \%no)],
        ['a type that is none', 502, json_answer(200, { %tokens, token_type => $all })],
        ['a lesser scope',      400, json_answer(200, { %tokens, scope      => $all })],
        [
            'a refresh token that is a list',
            502, json_answer(200, { %tokens, refresh_token => [$all] })
        ],
        [
            'a token with a line break', 502,
            json_answer(200, { %tokens, refresh_token => "$all\n" })
        ],
        ['a redirect', 502, 'redirect', status => 307, location => "https://localhost:1/?$header"],
        ['a status line', 502, 'raw',   bytes  => "HTTP/1.1 200 $header\r\n$header: $header\r\n"],
        ['no HTTP',       502, 'raw',   bytes  => "$header\r\n\r\n"],
        ['a hang-up',     502, 'close'],
        ['not UTF-8',     502, 'non-utf8'],
        ['too large',     502, 'huge',     bytes => 100_000],
        ['cut off',       502, 'truncate', at    => 30],
    );
    all_ways(@$_) for @cases;
};

subtest 'F-32: logins that fail, and parameters that are wrong' => sub {
    my $bearer = "PVEAPIToken=admin\@pve!try=$token";
    my $body   = $JSON->encode(\%call);
    my @calls  = (
        [
            'a wrong password', 401,
            '/access/ticket',   $JSON->encode({ username => 'admin', password => "$password." })
        ],
        [
            'a name too many',
            400, '/access/ticket',
            $JSON->encode({ username => 'admin', password => $password, scope => $password })
        ],
        [
            'an unknown user', 401,
            '/access/ticket',  $JSON->encode({ username => 'x', password => $password })
        ],
        ['a wrong API token',     401, $PATH, $body, Authorization => "$bearer."],
        ['a half API token',      401, $PATH, $body, Authorization => $token],
        ['a ticket that is none', 401, $PATH, $body, Cookie        => "PVEAuthCookie=PVE:$token"],
        ['a broken body',         400, $PATH, "$body$body", Authorization => $bearer],
        [
            'a control character',
            400, $PATH,
            $JSON->encode({ %call, map { $_ => "$secret{$_}\n" } keys %secret }),
            Authorization => $bearer
        ],
        [
            'too long', 400, $PATH,
            $JSON->encode({ %call, map { $_ => $secret{$_} x 2000 } keys %secret }),
            Authorization => $bearer
        ],
        [
            'a list', 400, $PATH,
            $JSON->encode({ %call, map { $_ => [$secret{$_}] } keys %secret }),
            Authorization => $bearer
        ],
        [
            'in the query', 400, "$PATH?" . $http->www_form_urlencode(\%secret),
            $body, Authorization => $bearer
        ],
    );
    for my $call (@calls) {
        my ($title, $code, $path, $content, %header) = @$call;
        my ($status, $text) = post("/api2/json$path", $content, %header);
        is $status, $code, "$title: status" or diag($text);
        is_deeply [canaries_in($text)], [], "$title: no canary" or diag($text);
    }
    my ($status, undef, $text) = $way{perl}->(map { $_ => "$secret{$_}\n" } keys %secret);
    is $status, 400, 'control characters in Perl: code';
    is_deeply [canaries_in($text)], [], 'control characters in Perl: no canary' or diag($text);
};

subtest 'F-32: a ticket is only in the answer to its login' => sub {
    my ($status, $text) = post('/api2/json/access/ticket',
        $JSON->encode({ username => 'admin', password => $password }));
    is $status, 200, 'logged in' or diag($text);
    my ($ticket, $signature) = $text =~ /"(PVE:admin\@pve:[0-9A-F]+::([\w-]+))"/
        or return fail('no ticket');
    my ($csrf) = $text =~ /"CSRFPreventionToken":"([^"]+)"/;
    canary('ticket', $signature);
    canary('csrf',   $csrf);
    is_deeply [canaries_in($text)], [qw(csrf ticket)], 'it is there';
    my @session = (Cookie => "PVEAuthCookie=$ticket", CSRFPreventionToken => $csrf);
    $sandbox->fault(json_answer(
        400, { error => 'invalid_grant', error_description => $signature =~ s/(....)/$1 /gr }
    ));

    for my $header ([@session], [@session[0, 1]], [$session[0], "$session[1]x", @session[2, 3]]) {
        my ($refused, $error) = post("/api2/json$PATH", $JSON->encode(\%call), @$header);
        like $refused, qr/\A40[01]\z/, 'a refusal';
        is_deeply [canaries_in($error)], [], 'without the ticket' or diag($error);
    }
};

subtest 'F-32: no process shows a secret while the provider is silent' => sub {
    $sandbox->control(faults => [{ kind => 'silence' }], times => 3);
    my $before = $sandbox->token_requests;
    my %child;
    for my $name (keys %way) {
        my $file = "$files/slow-$name";
        my $pid  = fork // die "fork: $!\n";
        if (!$pid) {
            my ($status, undef, $text) = eval { $way{$name}->() };
            utf8::encode($text) if utf8::is_utf8($text);
            write_private($file, "$status\n$text$@");
            POSIX::_exit(0);
        }
        $child{$name} = $pid;
    }
    my $tries = 0;
    sleep 0.05 while $sandbox->token_requests < $before + 3 && $tries++ < 200;
    is $sandbox->token_requests, $before + 3, 'all three are waiting';
    for (1 .. 20) {
        my @seen = canaries_of_processes();
        is_deeply \@seen, [], 'no canary in the process list' or last;
        sleep 0.1;
    }
    for my $name (sort keys %child) {
        waitpid $child{$name}, 0;
        my $text = content("$files/slow-$name");
        like $text, qr/\A504\n/, "$name: ends at its deadline";
        is_deeply [canaries_in($text)], [], "$name: no canary" or diag($text);
    }
};

subtest 'F-32: nothing that was written holds a secret' => sub {
    $sandbox->stop_it;
    for my $name (sort keys %way) {
        my ($status, undef, $text) = $way{$name}->();
        is $status, 502, "provider down, $name: code";
        is_deeply [canaries_in($text)], [], "provider down, $name: no canary" or diag($text);
    }
    $host->stop_it;
    my $log = content("$files/log");
    cmp_ok scalar(() = $log =~ /smtp-oauth2-token" 400/g), '>', 20,
        'the server has logged the refusals';
    is_deeply [canaries_in($log)], [], 'and no canary' or diag($log);
    is_deeply [canaries_below("$host->{dir}")], ['config/priv/token.cfg: apitoken'],
        "the server's folder holds what belongs there";
    is_deeply [canaries_below("$dir")], ['config/priv/notifications.cfg: password'],
        "and so does that of pvesh";
};

done_testing();
