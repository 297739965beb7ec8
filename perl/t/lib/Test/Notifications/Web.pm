package Test::Notifications::Web;

# Rows about the targets that are web servers.

use v5.36;

use Test::Notifications::Common qw(%canary base64 $missing);

my @gotify = (
    [
        'Gotify with every key',
        'POST',
        'endpoints/gotify',
        {
            name    => 'phone',
            server  => 'https://gotify.example.org',
            token   => $canary{token},
            comment => 'a phone',
            disable => 1,
        },
        undef
    ],
    [
        'has every key but the token',
        'GET',
        'endpoints/gotify/phone',
        {},
        {
            name    => 'phone',
            server  => 'https://gotify.example.org',
            comment => 'a phone',
            disable => 1,
            origin  => 'user-created',
        }
    ],
    ['the token is kept apart', 'READ', 'priv/notifications.cfg', qr/\ttoken canary-token$/m],
    [
        'changed', 'PUT', 'endpoints/gotify/phone',
        { server => 'http://gotify.example.org', token => $canary{'changed-token'} }, undef
    ],
    ['with a new token', 'READ', 'priv/notifications.cfg', qr/\ttoken canary-changed-token$/m],
    [
        'a control character in a token', 'PUT',
        'endpoints/gotify/phone', { token => "$canary{token}\x07" },
        400, 'token: must not contain control characters'
    ],
    [
        'a token cannot be removed', 'PUT',
        'endpoints/gotify/phone', { delete => ['token'] },
        400, q{delete: 'token' cannot be deleted}
    ],
    [
        'its options can',
        'PUT', 'endpoints/gotify/phone', { delete => ['comment', 'disable'] }, undef
    ],
    [
        'and the list shows the rest',
        'GET', 'endpoints/gotify', {},
        [{ name => 'phone', server => 'http://gotify.example.org', origin => 'user-created' }]
    ],
    [
        'what is missing', 'POST',
        'endpoints/gotify', { name   => 'phone2' },
        400,                { server => $missing, token => $missing }
    ],
    [
        'a name that is taken',
        'POST',
        'endpoints/gotify',
        { name => 'phone', server => 'https://gotify.example.org', token => $canary{token} },
        400,
        q{Cannot create 'phone', an entity with the same name already exists}
    ],
    [
        'by another kind',
        'POST', 'endpoints/sendmail', { name => 'phone', mailto => ['a@b.c'] },
        400,    q{Cannot create 'phone', an entity with the same name already exists}
    ],
    [
        'by an endpoint',
        'POST', 'matchers', { name => 'phone' },
        400,    q{Cannot create 'phone', an entity with the same name already exists}
    ],
    [
        'by a built-in entry',
        'POST', 'matchers', { name => 'mail-to-root' },
        400,    q{Cannot create 'mail-to-root', an entity with the same name already exists}
    ],
    [
        'of another kind it is not found',
        'GET', 'endpoints/smtp/phone', {}, 404, q{endpoint 'phone' not found}
    ],
    ['nor as a matcher', 'GET', 'matchers/phone', {}, 404, q{matcher 'phone' not found}],
    ['deleted', 'DELETE', 'endpoints/gotify/phone', {}, undef],
);

my $secret = base64($canary{webhook});
my $header = 'name=X-Title,value=' . base64('{{ title }}');
my $body   = base64('{ "text": "{{ message }}" }');
my %hook   = (url => 'https://hook.example.org:8443/{{ secrets.key }}', method => 'post');

my @webhook = (
    [
        'webhook with every key',
        'POST',
        'endpoints/webhook',
        {
            %hook,
            name    => 'hook',
            header  => [$header, 'name=X-Two,value=' . base64('2')],
            body    => $body,
            secret  => ["name=key,value=$secret", 'name=other,value=' . base64('o')],
            comment => 'a hook',
            disable => 0,
        },
        undef
    ],
    [
        'has every key, and names of secrets only',
        'GET',
        'endpoints/webhook/hook',
        {},
        {
            %hook,
            name    => 'hook',
            header  => [$header, 'name=X-Two,value=' . base64('2')],
            body    => $body,
            secret  => ['name=key', 'name=other'],
            comment => 'a hook',
            disable => 0,
            origin  => 'user-created',
        }
    ],
    [
        'a secret that is named keeps its value, another one goes',
        'PUT', 'endpoints/webhook/hook',
        { secret => ['name=key', 'name=new,value=' . base64('n')], method => 'put' }, undef
    ],
    [
        'in the private file',    'READ',
        'priv/notifications.cfg', qr/\tsecret name=key,value=\Q$secret\E\n\tsecret name=new,/
    ],
    [
        'an unknown secret', 'PUT',
        'endpoints/webhook/hook', { secret => ['name=lost'] },
        400, q{secret 'lost' not known}
    ],
    [
        'a secret that is none of the form',
        'PUT', 'endpoints/webhook/hook', { secret => [$canary{webhook}] },
        400,   'secret[0]: must be of the form name=NAME,value=BASE64'
    ],
    [
        'a header without name', 'PUT',
        'endpoints/webhook/hook', { header => ['value=YQ=='] },
        400, 'header[0]: needs a name'
    ],
    [
        'a secret twice', 'PUT',
        'endpoints/webhook/hook', { secret => ['name=key', 'name=key'] },
        400, q{secret 'key' defined multiple times}
    ],
    (
        map {
            my ($verb, $path, %more) = @$_;
            (
                [
                    "$verb: a secret that is no base64",
                    $verb,
                    $path,
                    { %more, secret => ['name=key,value=%%%'] },
                    400,
                    q{secret 'key' does not have valid base64 encoded data}
                ],
                [
                    "$verb: a header that is no base64",
                    $verb,
                    $path,
                    { %more, header => ['name=X-A,value=%%%'] },
                    400,
                    q{header 'X-A' does not have valid base64 encoded data}
                ],
                [
                    "$verb: a header without value",
                    $verb, $path, { %more, header => ['name=X-A'] },
                    400,   q{header 'X-A' has empty value}
                ],
                [
                    "$verb: a secret given twice",
                    $verb, $path, { %more, secret => [map {"name=key,value=$_"} $secret, $secret] },
                    400,   q{secret 'key' defined multiple times}
                ],
                [
                    "$verb: a URL that is none",
                    $verb,
                    $path,
                    { %more, url => 'ftp://example.org' },
                    400,
                    'url: must be http:// or https:// with a host name or address, then optionally a '
                        . 'port and a path'
                ],
                [
                    "$verb: a body that is no base64",
                    $verb, $path, { %more, body => '%' },
                    400,   'body: does not have valid base64 encoded data'
                ],
            )
        } ['POST', 'endpoints/webhook', %hook, name => 'hook2'],
        ['PUT', 'endpoints/webhook/hook'],
    ),
    [
        'an unknown method',
        'PUT',
        'endpoints/webhook/hook',
        { method => 'patch' },
        400,
        { method => q{value 'patch' does not have a value in the enumeration 'post, put, get'} }
    ],
    [
        'everything optional removed',
        'PUT',
        'endpoints/webhook/hook',
        { delete => [qw(header body secret comment disable)] },
        undef
    ],
    [
        'leaves what is needed',
        'GET',
        'endpoints/webhook/hook',
        {},
        { %hook, name => 'hook', method => 'put', origin => 'user-created' }
    ],
    [
        'the refused one does not exist',
        'DELETE',
        'endpoints/webhook/hook2',
        {},
        404,
        q{endpoint 'hook2' not found}
    ],
    ['deleted', 'DELETE', 'endpoints/webhook/hook', {}, undef],
);

# a listening port of this machine answers 200, a closed one nothing
my sub targets ($port, $closed) {
    my %hook = (method => 'post', body => base64('{{ title }}'), disable => 1);
    return [
        [
            'a web server as target, switched off',
            'POST',
            'endpoints/webhook',
            {
                %hook,
                name   => 'hook',
                url    => "http://127.0.0.1:$port/{{ secrets.key }}",
                secret => ["name=key,value=$secret"],
            },
            undef
        ],
        ['is tested', 'POST', 'targets/hook/test', {}, undef],
        [
            'and called', 'SENT',
            qr{\APOST /canary-webhook HTTP.*\r\n\r\nTest notification for hook\s*\z}s
        ],
        [
            'it moves to where nothing listens',
            'PUT', 'endpoints/webhook/hook',
            { url => "http://127.0.0.1:$closed/{{ secrets.key }}", secret => ['name=key'] }, undef
        ],
        [
            'and the test says what to do',
            'POST',
            'targets/hook/test',
            {},
            500,
            qr/\ACould not test target: could not notify via endpoint\(s\): hook: 127\.0\.0\.1:$closed: the connection was refused/
        ],
        ['there is nothing to call', 'SENT', qr/\A\z/],
        [
            'a target that does not exist',
            'POST', 'targets/lost/test', {}, 404, q{endpoint 'lost' does not exist}
        ],
        [
            'a matcher is no target',
            'POST', 'targets/default-matcher/test',
            {},     404, q{endpoint 'default-matcher' does not exist}
        ],
        ['deleted', 'DELETE', 'endpoints/webhook/hook', {}, undef],
    ];
}

sub steps ($port, $closed) {
    return (Gotify => \@gotify, Webhook => \@webhook, Targets => targets($port, $closed));
}

1;
