#!/usr/bin/perl

# Bad calls of the code exchange over real HTTP: the real server, library and provider. Each is
# refused with its reason, in both formats, and the provider is never asked; the same code is then
# redeemed by a good call, which proves that nothing else stood in the way.

use v5.36;

use Digest::SHA  qw(sha256);
use Encode       qw(encode);
use FindBin      ();
use HTTP::Tiny   ();
use JSON::PP     ();
use MIME::Base64 qw(encode_base64url);
use Test::More;

use lib "$FindBin::Bin/lib";
use PVE::AccessControl;
use PVE::NotifyHost::Setup;
use Test::BadCalls   qw(bad_calls good_call);
use Test::NotifyHost qw(curl put_file);
use Test::Peers      qw(new_dir write_private);
use Test::Peers::NotifyHost;
use Test::Peers::Sandbox;

my $PATH    = '/cluster/notifications/smtp-oauth2-token';
my $JSON    = JSON::PP->new->ascii->canonical;
my $sandbox = Test::Peers::Sandbox->new;
my $files   = new_dir();
my $host    = Test::Peers::NotifyHost->new({ $sandbox->providers }, "$files/log");
binmode $_, ':encoding(UTF-8)' for Test::More->builder->output, Test::More->builder->failure_output;

# users and tokens beside the one who may do everything
my $crypt = crypt('passw0rd', '$6$saltsalt');
put_file($host->{dir}, 'user.cfg', <<'END');
user:admin@pve:1:0:
user:other@pve:1:0:
user:guest@pve:1:0:
user:off@pve:0:0:
token:admin@pve!try:0:0:
token:admin@pve!old:1000000000:0:
token:admin@pve!apart:0:1:
token:off@pve!try:0:0:
acl:1:/:admin@pve,other@pve,off@pve:Administrator:
END
put_file($host->{dir}, 'priv/shadow.cfg', join '', map {"$_:$crypt:\n"} qw(admin other guest off));
put_file($host->{dir}, 'priv/token.cfg', join '', map {"$_ $host->{token}\n"} 'admin@pve!try',
    'admin@pve!old', 'admin@pve!apart', 'off@pve!try');

my $verifier = good_call()->{'code-verifier'};
my $client   = $sandbox->client('microsoft-oauth2');
my $code     = $sandbox->code(
    'microsoft-oauth2',
    code_challenge        => encode_base64url(sha256($verifier)),
    code_challenge_method => 'S256',
);
my %right = (
    good_call()->%*,
    'client-id'          => $client->{'client-id'},
    'client-secret'      => $client->{'client-secret'},
    'tenant-id'          => $client->{'tenant-id'},
    'authorization-code' => $code,
    'redirect-uri'       => $client->{'redirect-uris'}[0],
);

# the call of the table with everything right but its mistake
my sub real ($param) {
    my $model = good_call();
    return {
        map {
            my $as_in_model = defined $param->{$_} && $param->{$_} eq ($model->{$_} // '');
            ($_ => $as_in_model ? $right{$_} : $param->{$_})
        } keys %$param
    };
}

my $TYPE_JSON = 'application/json';
my $TYPE_FORM = 'application/x-www-form-urlencoded';
my $TOKEN     = "PVEAPIToken=admin\@pve!try=$host->{token}";

my sub escape ($text) {
    no warnings 'utf8';    ## no critic (ProhibitNoWarnings) - surrogates are sent on purpose
    utf8::encode($text);
    return $text =~ s/([^\w.~-])/sprintf '%%%02X', ord $1/gear;
}

# undef for what a form cannot say
my sub form ($param) {
    return undef    ## no critic (ProhibitExplicitReturnUndef) - one element of a list
        if grep { !defined || ref } values %$param;
    return join '&', map { escape($_) . '=' . escape($param->{$_}) } sort keys %$param;
}

# Each wrong token delays the answers to its address more: those come from addresses of their own.
my sub client ($header) {
    state $kept;
    state $count = 1;
    my $is_kept = ($header->{Authorization} // '') eq $TOKEN || !$header->{Authorization};
    return $kept if $kept && $is_kept;
    my $http = HTTP::Tiny->new(
        local_address => $is_kept ? undef : '127.0.0.' . ++$count,
        proxy         => undef,
        https_proxy   => undef,
        timeout       => 30,
        verify_SSL    => 1,
        SSL_options   => { SSL_ca_file => $host->certificate },
    );
    $kept = $http if $is_kept;
    return $http;
}

# one request, mostly on a kept connection; curl where the server answers before it has read the whole body
my sub send_body ($path, $body, $type, $header) {
    my %header = ('Content-Type' => $type, %$header);
    if (length $body < 1_000_000) {
        my $answer =
            client($header)->post("$host->{url}$path", { headers => \%header, content => $body });
        return @$answer{qw(status content)};
    }
    write_private("$files/body", $body);
    my @header = map { ('-H', "$_: $header{$_}") } sort keys %header;
    return @{ curl($host, $path, @header, '--data-binary', "\@$files/body") }{qw(status body)};
}

# { status, message, errors, text } whatever the format's way to say so
my sub post ($format, $body, $type, $header = { Authorization => $TOKEN }) {
    my ($status, $text) = send_body("/api2/$format$PATH", $body, $type, $header);
    my $data    = eval { JSON::PP->new->utf8->decode($text) } // {};
    my $in_body = $format eq 'extjs' && $status == 200;
    return {
        %$data,
        text   => $text,
        status => $in_body ? ($data->{success} ? 200 : $data->{status}) : $status,
    };
}

my sub names_or_tells ($answer, $title, $reason, @names) {
    like($answer->{status}, qr/\A4[0-9][0-9]\z/, "$title: status");
    my $errors = $answer->{errors} // {};
    if (keys %$errors) {
        is_deeply([sort keys %$errors], \@names, "$title: the parameters are named");
    } else {
        like($answer->{message}, $reason, "$title: the reason is named");
    }
    unlike($answer->{text}, qr/\Q$right{'client-secret'}\E|\Q$code\E/, "$title: no secret");
    return;
}

subtest 'parameters that are wrong' => sub {
    my @calls = bad_calls();
    cmp_ok(scalar @calls, '>=', 60, 'the table is long');
    for my $call (@calls) {
        my ($title, $param, @names) = @$call;
        $param = real($param);
        my @bodies = ([$JSON->encode($param), $TYPE_JSON], [form($param), $TYPE_FORM]);
        for my $body (grep { defined $_->[0] } @bodies) {
            my $format = $body == $bodies[0] ? 'json' : 'extjs';
            my $answer = post($format, $body->[0], $body->[1]);
            names_or_tells($answer, "$title, $format", qr/(?!)/, @names);
        }
    }
};

subtest 'bodies that are wrong' => sub {
    my $good_json = $JSON->encode(\%right);
    my $good_form = form(\%right);
    my @cases     = (

        # title, body, its type, reason, parameters
        ['a body that is none',     '', $TYPE_JSON, qr/(?!)/, 'authorization-code'],
        ['JSON cut off',            substr($good_json, 0, -1), $TYPE_JSON, qr/not valid JSON/],
        ['JSON with a rest',        "$good_json}",             $TYPE_JSON, qr/not valid JSON/],
        ['JSON with a comment',     "$good_json# no",          $TYPE_JSON, qr/not valid JSON/],
        ['a JSON list',             "[$good_json]",            $TYPE_JSON, qr/not a JSON object/],
        ['JSON declared as a form', $good_json, $TYPE_FORM,        qr/name is not valid UTF-8/],
        ['a form declared as JSON', $good_form, $TYPE_JSON,        qr/not valid JSON/],
        ['plain text',              $good_form, 'text/plain',      qr/content type/],
        ['XML',                     '<a/>',     'application/xml', qr/content type/],
        ['no content type',         $good_form, '',                qr/content type/],
        ['another charset', $good_json, 'application/json; charset=utf-16', qr/content type/],
        [
            'a name twice in JSON',
            $good_json =~ s/\A\{/{"client-id":"a",/r,
            $TYPE_JSON, qr/more than once/
        ],
        ['a name twice in a form', "$good_form&client-id=a", $TYPE_FORM, qr/(?!)/, 'client-id'],
        [
            'latin1 in a form',
            $good_form =~ s/client-id=/client-id=%E9/r,
            $TYPE_FORM, qr/(?!)/, 'client-id'
        ],
        [
            'half an escape',
            $good_form =~ s/client-id=/client-id=%4x/r,
            $TYPE_FORM, qr/(?!)/, 'client-id'
        ],
        ['more than 4 MiB', $good_form . '&x=' . 'a' x 5_000_000, $TYPE_FORM, qr/larger than/],
        [
            '1 MiB of names',
            join('&', $good_form, map {"a$_"} 1 .. 100_000),
            $TYPE_FORM, qr/too many parameters/
        ],
    );
    for my $case (@cases) {
        my ($title, $body, $type, $reason, @names) = @$case;
        for my $format (qw(json extjs)) {
            my $answer = post($format, $body, $type);
            names_or_tells($answer, "$title, $format", $reason, @names);
        }
    }
    my ($status, $text) = send_body("/api2/json$PATH?client-id=a",
        $good_form, $TYPE_FORM, { Authorization => $TOKEN });
    is($status, 400, 'a name in the address and in the body: status');
    like($text, qr/"client-id":"parameter is given more than once"/, 'it is named');
};

my sub login ($name) {
    my $answer =
        curl($host, '/api2/json/access/ticket', '-d', "username=$name", '-d', 'password=passw0rd');
    my $session = eval { JSON::PP::decode_json($answer->{body})->{data} };
    return $session // die "no login for $name: $answer->{status}\n";
}

subtest 'callers who may not' => sub {
    my ($admin, $other, $guest) = map { login($_) } qw(admin other guest);
    my ($expired, $of_disabled) = do {
        local $ENV{PVE_NOTIFY_HOST_DIR} = "$host->{dir}";
        PVE::NotifyHost::Setup->init();
        no warnings qw(redefine once);    ## no critic (ProhibitNoWarnings)
        my $of_disabled = PVE::AccessControl::assemble_ticket('off@pve');
        local *PVE::NotifyHost::Ticket::hex_time = sub { return sprintf '%08X', time - 7300 };
        (PVE::AccessControl::assemble_ticket('admin@pve'), $of_disabled);
    };
    my $forged = $guest->{ticket} =~ s/guest/admin/r;
    my $signed = $admin->{ticket} =~ s/(.)\z/$1 eq 'A' ? 'B' : 'A'/er;
    my $csrf   = $admin->{CSRFPreventionToken};
    my $cookie = sub ($ticket, $token = undef) {
        return {
            Cookie => "PVEAuthCookie=$ticket",
            defined $token ? (CSRFPreventionToken => $token) : (),
        };
    };
    my $bearer = sub ($id, $secret = $host->{token}) {
        return { Authorization => "PVEAPIToken=$id=$secret" };
    };
    my $no      = qr/\Aauthentication failure\n/;
    my $may_not = qr{\APermission check failed \(/mapping/notifications, Mapping[.]Modify\)\n};
    my @cases   = (

        # title, status, reason, header
        ['nobody',                          401, qr/\ANo ticket\n/, {}],
        ['an expired ticket',               401, $no, $cookie->($expired,                   $csrf)],
        ["another user's name on a ticket", 401, $no, $cookie->($forged,                    $csrf)],
        ['a wrong signature',               401, $no, $cookie->($signed,                    $csrf)],
        ['a cookie without signature',      401, $no, $cookie->('PVE:admin@pve:7FFFFFFF::', $csrf)],
        ['a cookie of garbage',             401, $no, $cookie->('%00%ff',                   $csrf)],
        ['a ticket of a disabled user',     401, $no, $cookie->($of_disabled,               $csrf)],
        ['no CSRF token',                   401, qr/csrf token\n/, $cookie->($admin->{ticket})],
        ['an empty CSRF token',             401, qr/csrf token\n/, $cookie->($admin->{ticket}, '')],
        [
            'the CSRF token of another user',
            401,
            qr/csrf token\n/,
            $cookie->($admin->{ticket}, $other->{CSRFPreventionToken})
        ],
        ['the ticket as CSRF token', 401, qr/csrf token\n/, $cookie->(($admin->{ticket}) x 2)],
        [
            'a user without permission',
            403, $may_not, $cookie->(@$guest{qw(ticket CSRFPreventionToken)})
        ],
        ['an API token without permission',  403, $may_not, $bearer->('admin@pve!apart')],
        ['an expired API token',             401, $no,      $bearer->('admin@pve!old')],
        ['an API token of a disabled user',  401, $no,      $bearer->('off@pve!try')],
        ['an API token with a wrong secret', 401, $no,      $bearer->('admin@pve!try', 'wrong')],
        ['an unknown API token',             401, $no,      $bearer->('admin@pve!none')],
        ['a bearer token', 401, qr/\ANo ticket\n/, { Authorization => "Bearer $host->{token}" }],
    );
    my $body = form(\%right);
    for my $case (@cases) {
        my ($title, $status, $reason, $header) = @$case;
        for my $format (qw(json extjs)) {
            my $answer = post($format, $body, $TYPE_FORM, $header);
            is($answer->{status}, $status, "$title, $format: status");
            names_or_tells($answer, "$title, $format", $reason);
        }
    }
    my $session = post('json', "$body&scope=a", $TYPE_FORM,
        $cookie->(@$admin{qw(ticket CSRFPreventionToken)}));
    is_deeply([keys $session->{errors}->%*], ['scope'], 'ticket and CSRF token would have done');
};

subtest 'nothing has reached the provider, though it could have' => sub {
    is($sandbox->token_requests, 0, 'it was never asked');
    my $answer = post('json', $JSON->encode(\%right), $TYPE_JSON);
    is($answer->{status}, 200, 'the good call succeeds with the same code')
        or diag($answer->{text});
    ok(length($answer->{data} // '') > 20, 'and gives the refresh token');
    is($sandbox->token_requests, 1, 'asked once');
    $answer = post('extjs', form(\%right), $TYPE_FORM);
    is($answer->{status}, 400, 'the code is spent');
    like($answer->{message}, qr/open the consent page again/, 'and the cure says so');
};

done_testing();
