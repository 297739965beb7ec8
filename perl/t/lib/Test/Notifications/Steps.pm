package Test::Notifications::Steps;

# Calls below /cluster/notifications, one after the other on a fresh folder, and what each answers.
# A row: title, verb, path, parameters, and either the data of the answer, or the code and the
# message of an error (a hash: one text per parameter). CURRENT stands for the digest of the last
# answer that had one. More verbs: FILE writes a file, READ compares one with a pattern, SENT what has
# arrived at the web server.

use v5.36;

use Exporter 'import';
use MIME::Base64 qw(encode_base64);
use POSIX        ();

our @EXPORT_OK = qw(steps canaries);

# secrets that no answer may have
my %canary = map { $_ => "canary-$_" } qw(token password client-secret changed-token webhook);

sub canaries () {
    return map { ($_, encode_base64($_, '')) } values %canary;
}

my sub base64 ($text) { return encode_base64($text, '') }

my @mail_to_root = (
    comment       => q{Send mails to root@pam's email address},
    'mailto-user' => ['root@pam'],
    name          => 'mail-to-root',
    origin        => 'builtin',
);
my @default_matcher = (
    comment => 'Route all notifications to mail-to-root',
    mode    => 'all',
    name    => 'default-matcher',
    origin  => 'builtin',
    target  => ['mail-to-root'],
);
my $root_target = {
    name    => 'mail-to-root',
    type    => 'sendmail',
    origin  => 'builtin',
    comment => q{Send mails to root@pam's email address},
};
my $missing = 'property is missing and it is not optional';
my $unknown =
    'property is not defined in schema and the schema does not allow additional properties';
my $recipient = 'must at least provide one recipient, either in mailto or in mailto-user';

my @indexes = (
    [
        'the index',
        'GET', '',
        {},
        [
            map { { name => $_ } }
                qw(endpoints matcher-field-values matcher-fields matchers smtp-oauth2-token targets)
        ]
    ],
    [
        'the kinds of endpoints',
        'GET', 'endpoints', {}, [map { { name => $_ } } qw(gotify sendmail smtp webhook)]
    ],
    [
        'fields for matchers',
        'GET', 'matcher-fields', {}, [map { { name => $_ } } qw(type hostname job-id target)]
    ],
    [
        'values for matchers',
        'GET',
        'matcher-field-values',
        {},
        [
            { field => 'type', value => 'fencing', comment => 'A node was fenced' },
            {
                field   => 'type',
                value   => 'notification-target',
                comment => 'A target of notifications stopped working'
            },
            { field => 'type', value => 'package-updates', comment => 'Packages can be updated' },
            { field => 'type', value => 'replication',     comment => 'A replication job failed' },
            {
                field   => 'type',
                value   => 'system-mail',
                comment => 'A mail of the system was forwarded'
            },
            { field => 'type',     value => 'vzdump', comment => 'A backup job ended' },
            { field => 'hostname', value => (POSIX::uname())[1] =~ s/[.].*//sr },
        ]
    ],
    ['a new folder has one target', 'GET', 'targets',            {}, [$root_target,]],
    ['and its endpoint',            'GET', 'endpoints/sendmail', {}, [{@mail_to_root}]],
    ['and one matcher',             'GET', 'matchers',           {}, [{@default_matcher}]],
    (map { ["no $_", 'GET', "endpoints/$_", {}, []] } qw(gotify smtp webhook)),
);

my @sendmail = (
    [
        'sendmail with every key',
        'POST',
        'endpoints/sendmail',
        {
            name           => 'sm-full',
            mailto         => ['ann@example.org', 'bob@example.org'],
            'mailto-user'  => ['root@pam',        'ann@pve'],
            'from-address' => 'node@example.org',
            author         => "N\x{f6}de \x{2603}",
            comment        => 'with "quotes" & a % sign + more',
            disable        => 1,
        },
        undef
    ],
    [
        'has every key',
        'GET',
        'endpoints/sendmail/sm-full',
        {},
        {
            name           => 'sm-full',
            mailto         => ['ann@example.org', 'bob@example.org'],
            'mailto-user'  => ['root@pam',        'ann@pve'],
            'from-address' => 'node@example.org',
            author         => "N\x{f6}de \x{2603}",
            comment        => 'with "quotes" & a % sign + more',
            disable        => 1,
            origin         => 'user-created',
        }
    ],
    [
        'a recipient alone', 'POST',
        'endpoints/sendmail', { name => 'sm', mailto => ['a@b.c'] },
        undef
    ],
    [
        'is read', 'GET', 'endpoints/sendmail/sm',
        {}, { name => 'sm', mailto => ['a@b.c'], origin => 'user-created' }
    ],
    ['no recipient', 'POST', 'endpoints/sendmail', { name => 'none' }, 400, $recipient],
    [
        'no recipient left', 'PUT', 'endpoints/sendmail/sm', { delete => ['mailto'] },
        400, $recipient
    ],
    [
        'the other kind of recipient instead',
        'PUT', 'endpoints/sendmail/sm', { delete => ['mailto'], 'mailto-user' => ['ann@pve'] },
        undef
    ],
    [
        'is the only one',
        'GET', 'endpoints/sendmail/sm',
        {}, { name => 'sm', 'mailto-user' => ['ann@pve'], origin => 'user-created' }
    ],
    [
        'everything but a recipient removed',
        'PUT', 'endpoints/sendmail/sm-full',
        { delete => ['mailto', 'from-address', 'author', 'comment', 'disable'] }, undef
    ],
    [
        'leaves that', 'GET', 'endpoints/sendmail/sm-full', {},
        { name => 'sm-full', 'mailto-user' => ['root@pam', 'ann@pve'], origin => 'user-created' }
    ],
    [
        'a setting that is removed and set is set',
        'PUT', 'endpoints/sendmail/sm-full', { delete => ['comment'], comment => 'new' }, undef
    ],
    [
        'and what is not named stays',
        'GET',
        'endpoints/sendmail/sm-full',
        {},
        {
            name          => 'sm-full',
            'mailto-user' => ['root@pam', 'ann@pve'],
            comment       => 'new',
            origin        => 'user-created'
        }
    ],
    [
        'a setting that cannot be removed', 'PUT',
        'endpoints/sendmail/sm', { delete => ['server'] },
        400, q{delete: 'server' cannot be deleted}
    ],
    (
        map {
            my ($word, $value) = @$_;
            my %answer = (name => 'sm', 'mailto-user' => ['ann@pve'], origin => 'user-created');
            (
                ["disable as '$word'", 'PUT', 'endpoints/sendmail/sm', { disable => $word }, undef],
                ["is $value", 'GET', 'endpoints/sendmail/sm', {}, { %answer, disable => $value }],
            )
        } ['yes', 1],
        ['off', 0],
        ['1',   1],
        ['0',   0],
        ['On',  1],
    ),
    [
        'what is no boolean',
        'PUT',
        'endpoints/sendmail/sm',
        { disable => 'perhaps' },
        400,
        { disable => q{type check ('boolean') failed - got 'perhaps'} }
    ],
    ['deleted',        'DELETE', 'endpoints/sendmail/sm',      {}, undef],
    ['and gone',       'GET',    'endpoints/sendmail/sm',      {}, 404, q{endpoint 'sm' not found}],
    ['not to delete',  'DELETE', 'endpoints/sendmail/sm',      {}, 404, q{endpoint 'sm' not found}],
    ['not to change',  'PUT',    'endpoints/sendmail/sm',      {}, 404, q{endpoint 'sm' not found}],
    ['the other goes', 'DELETE', 'endpoints/sendmail/sm-full', {}, undef],
);

my %smtp = (
    'oauth2-grant-type'    => 'refresh-token',
    'oauth2-token-url'     => 'https://login.example.org/token',
    'oauth2-authorize-url' => 'https://login.example.org/authorize',
    'oauth2-scopes'        => 'mail offline_access',

    name               => 'mail',
    server             => 'mail.example.org',
    port               => 2525,
    mode               => 'starttls',
    username           => 'node',
    mailto             => ['ann@example.org'],
    'mailto-user'      => ['root@pam'],
    'from-address'     => 'node@example.org',
    author             => 'The node',
    comment            => 'the mail server',
    disable            => 0,
    'auth-method'      => 'microsoft-oauth2',
    'oauth2-client-id' => 'client-1',
    'oauth2-tenant-id' => 'common',
    'oauth2-cloud'     => 'global',

    'oauth2-refresh-before' => 600,
);
my %smtp_answer = (%smtp, origin => 'user-created');
my %smtp_least  = (server => 'mail.example.org', 'from-address' => 'node@example.org');

my %smtp_in_clear = (
    %smtp_least,
    name     => 'clear',
    mode     => 'insecure',
    username => 'ann',
    mailto   => ['a@b.c'],
);
my $in_clear = 'the password goes out without encryption (mode insecure); an administrator has to '
    . 'set the mode to starttls or tls, if the server can do that';

my @smtp = (
    [
        'SMTP with every key',
        'POST',
        'endpoints/smtp',
        {
            %smtp,
            password               => $canary{password},
            'oauth2-client-secret' => $canary{'client-secret'},
        },
        undef
    ],
    ['has every key but the secrets', 'GET', 'endpoints/smtp/mail', {}, \%smtp_answer],
    ['the list too',                  'GET', 'endpoints/smtp',      {}, [\%smtp_answer]],
    [
        'the password is kept apart', 'READ',
        'priv/notifications.cfg',     qr/\tpassword canary-password$/m
    ],
    [
        'as is the client secret',    'READ',
        'priv/notifications-ext.cfg', qr/\toauth2-client-secret canary-client-secret$/m
    ],
    [
        'what PVE does not know is in a file of its own', 'READ',
        'notifications.cfg',                              qr/\A(?!.*oauth2)/s
    ],
    [
        'everything optional removed',
        'PUT',
        'endpoints/smtp/mail',
        {
            delete => [
                qw(oauth2-grant-type oauth2-token-url oauth2-authorize-url oauth2-scopes),
                qw(port mode username password mailto author comment disable auth-method oauth2-client-id
                    oauth2-tenant-id oauth2-cloud oauth2-refresh-before oauth2-client-secret)
            ],
        },
        undef
    ],
    [
        'leaves what is needed',
        'GET',
        'endpoints/smtp/mail',
        {},
        { %smtp_least, name => 'mail', 'mailto-user' => ['root@pam'], origin => 'user-created' }
    ],
    [
        'and a private entry without password',
        'READ',
        'priv/notifications.cfg',
        qr/\Asmtp: mail\n*\z/
    ],
    [
        'no recipient left',
        'PUT',
        'endpoints/smtp/mail',
        { delete => ['mailto-user'] },
        400,
        $recipient
    ],
    ['no recipient', 'POST', 'endpoints/smtp', { name => 'none', %smtp_least }, 400, $recipient],
    [
        'what is missing',
        'POST',
        'endpoints/smtp',
        { name => 'none' },
        400,
        { server => $missing, 'from-address' => $missing }
    ],
    [
        'what is no port',
        'PUT',
        'endpoints/smtp/mail',
        { port => 'abc' },
        400,
        { port => q{type check ('integer') failed - got 'abc'} }
    ],
    [
        'a port too high',
        'PUT',
        'endpoints/smtp/mail',
        { port => 65536 },
        400,
        { port => 'value must have a maximum value of 65535' }
    ],
    [
        'an unknown mode',
        'PUT',
        'endpoints/smtp/mail',
        { mode => 'ssl' },
        400,
        {
            mode =>
                q{value 'ssl' does not have a value in the enumeration 'insecure, starttls, tls'}
        }
    ],
    [
        'a bad address',
        'PUT',
        'endpoints/smtp/mail',
        { mailto => ['ann@example.org', 'a b'] },
        400,
        {
            'mailto[1]' =>
                'invalid format - value does not look like a valid email address or user name'
        }
    ],
    (
        map {
            my ($key, $domain) = @$_;
            my $long = 'a' x (64 - length $domain) . $domain;
            my $put  = sub ($value, @expected) {
                my $title = "$key of " . length($value) . ' characters';
                return [$title, 'PUT', 'endpoints/smtp/mail', { $key => [$value] }, @expected];
            };
            (
                $put->('a', 400, { "${key}[0]" => 'value must be at least 2 characters long' }),
                $put->("a$long",   400, { "${key}[0]" => 'value may only be 64 characters long' }),
                $put->($long,      undef),
                $put->("b$domain", undef),
            )
        } ['mailto', '@example.org'],
        ['mailto-user', '@pam'],
    ),
    ['the highest port',    'PUT', 'endpoints/smtp/mail', { port   => 65535 },              undef],
    ['the recipient again', 'PUT', 'endpoints/smtp/mail', { delete => ['mailto', 'port'] }, undef],
    (
        map { [
            "a control character in $_->[0]",
            'PUT', 'endpoints/smtp/mail', { $_->[0] => $_->[1] },
            400,   "$_->[0]: must not contain control characters"
        ] } ['server', "mail\x07.example.org"],
        ['from-address', "no\x07de\@example.org"],
    ),
    [
        'an unknown parameter',
        'PUT',
        'endpoints/smtp/mail',
        { frob => 1 },
        400,
        { frob => $unknown }
    ],
    [
        'an invalid secret in the wrong place is not quoted',
        'PUT',
        'endpoints/smtp/mail',
        { password => "$canary{password}\n" },
        400,
        'password: must not contain control characters'
    ],
    ['deleted', 'DELETE', 'endpoints/smtp/mail', {}, undef],
    ['with all that was its own', 'READ', 'priv/notifications.cfg', qr/\A\n*\z/],
    [
        'a password that goes out in the clear',
        'POST',
        'endpoints/smtp',
        { %smtp_in_clear, password => $canary{password} },
        undef
    ],
    [
        'is marked in the list',
        'GET',
        'endpoints/smtp',
        {},
        [{ origin => 'user-created', %smtp_in_clear, warning => $in_clear }]
    ],
    [
        'and among the targets',
        'GET',
        'targets',
        {},
        [
            $root_target,
            { name => 'clear', type => 'smtp', origin => 'user-created', warning => $in_clear },
        ]
    ],
    ['over TLS', 'PUT', 'endpoints/smtp/clear', { mode => 'starttls' }, undef],
    [
        'it is not',
        'GET',
        'targets',
        {},
        [$root_target, { name => 'clear', type => 'smtp', origin => 'user-created' }]
    ],
    [
        'nor where there is none',
        'PUT',
        'endpoints/smtp/clear',
        { mode => 'insecure', delete => ['password', 'username'] },
        undef
    ],
    [
        'in the list',
        'GET',
        'endpoints/smtp',
        {},
        [{ origin => 'user-created', %smtp_least, %smtp_in_clear{qw(name mode mailto)} }]
    ],
    ['deleted too', 'DELETE', 'endpoints/smtp/clear', {}, undef],
);

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

my %matcher = (
    name             => 'errors',
    target           => ['sm'],
    'match-severity' => ['warning,error',                 'unknown'],
    'match-field'    => ['exact:type=vzdump,replication', 'regex:hostname=^node[0-9]+$'],
    'match-calendar' => ['mon..fri 8:00-16:30',           '22-23'],
    mode             => 'any',
    'invert-match'   => 1,
    comment          => 'what went wrong',
    disable          => 1,
);

my @matchers = (
    [
        'an endpoint to go to', 'POST',
        'endpoints/sendmail', { name => 'sm', mailto => ['a@b.c'] },
        undef
    ],
    ['a matcher with every key', 'POST', 'matchers', \%matcher, undef],
    ['has every key', 'GET', 'matchers/errors',      {}, { %matcher, origin => 'user-created' }],
    [
        'the list too', 'GET', 'matchers', {},
        [{@default_matcher}, { %matcher, origin => 'user-created' }]
    ],
    ['another', 'POST', 'matchers', { name => 'also', target => ['sm', 'mail-to-root'] }, undef],
    [
        'an endpoint in use',
        'DELETE', 'endpoints/sendmail/sm',
        {}, 400, q{cannot delete 'sm', referenced by: also, errors}
    ],
    [
        'a target that does not exist', 'PUT',
        'matchers/also', { target => ['sm', 'lost'] },
        404, q{endpoint 'lost' does not exist}
    ],
    [
        'nor for a new matcher', 'POST',
        'matchers', { name => 'third', target => ['lost'] },
        404, q{endpoint 'lost' does not exist}
    ],
    [
        'a matcher is no target', 'PUT',
        'matchers/also', { target => ['errors'] },
        404, q{endpoint 'errors' does not exist}
    ],
    (
        map {
            my ($key, $value) = @$_;
            [
                "$key cannot be '$value'", 'PUT',
                'matchers/also', { $key => [$value] },
                400, qr/\A$key: ./
            ]
        } ['match-severity', 'nope'],
        ['match-field',    'type=vzdump'],
        ['match-field',    'regex:type=('],
        ['match-calendar', '24:00-25:00'],
        ['match-calendar', '22-6'],
    ),
    [
        'an unknown mode',
        'PUT',
        'matchers/also',
        { mode => 'none' },
        400,
        { mode => q{value 'none' does not have a value in the enumeration 'all, any'} }
    ],
    [
        'everything removed',
        'PUT',
        'matchers/errors',
        {
            delete => [
                qw(target match-severity match-field match-calendar mode invert-match comment disable)
            ]
        },
        undef
    ],
    [
        'leaves the name',
        'GET',
        'matchers/errors',
        {},
        { name => 'errors', origin => 'user-created' }
    ],
    ['deleted',               'DELETE', 'matchers/errors', {}, undef],
    ['and gone',              'GET',    'matchers/errors', {}, 404, q{matcher 'errors' not found}],
    ['not to change',         'PUT',    'matchers/errors', {}, 404, q{matcher 'errors' not found}],
    ['not to delete',         'DELETE', 'matchers/errors', {}, 404, q{matcher 'errors' not found}],
    ['the other goes',        'DELETE', 'matchers/also',         {}, undef],
    ['then the endpoint can', 'DELETE', 'endpoints/sendmail/sm', {}, undef],
);

my @builtin = (
    [
        'a built-in endpoint changed', 'PUT',
        'endpoints/sendmail/mail-to-root', { comment => 'mine' },
        undef
    ],
    [
        'says so', 'GET', 'endpoints/sendmail/mail-to-root',
        {}, { @mail_to_root, comment => 'mine', origin => 'modified-builtin' }
    ],
    ['in use, it can be deleted', 'DELETE', 'endpoints/sendmail/mail-to-root', {}, undef],
    ['and is as it was',          'GET',    'endpoints/sendmail/mail-to-root', {}, {@mail_to_root}],
    ['a built-in matcher changed', 'PUT',   'matchers/default-matcher', { mode => 'any' }, undef],
    [
        'says so', 'GET', 'matchers/default-matcher',
        {}, { @default_matcher, mode => 'any', origin => 'modified-builtin' }
    ],
    ['as it was again',  'PUT', 'matchers/default-matcher', { mode => 'all' }, undef],
    ['it is built-in',   'GET', 'matchers/default-matcher', {},                {@default_matcher}],
    ['deleted',          'DELETE', 'matchers/default-matcher', {},             undef],
    ['and is as it was', 'GET',    'matchers/default-matcher', {},             {@default_matcher}],
);

my $modified = 'detected modified configuration - file changed by other user? Try again.';

my @digest = (
    ['an entry', 'POST', 'endpoints/sendmail', { name => 'sm', mailto => ['a@b.c'] }, undef],
    [
        'is read', 'GET', 'endpoints/sendmail/sm', {},
        { name => 'sm', mailto => ['a@b.c'], origin => 'user-created' }
    ],
    [
        'its digest lets change', 'PUT',
        'endpoints/sendmail/sm', { comment => 'a', digest => 'CURRENT' },
        undef
    ],
    [
        'once', 'PUT', 'endpoints/sendmail/sm', { comment => 'b', digest => 'CURRENT' },
        400,    $modified
    ],
    [
        'what is read is not changed',
        'GET', 'endpoints/sendmail/sm', {},
        { name => 'sm', mailto => ['a@b.c'], comment => 'a', origin => 'user-created' }
    ],
    [
        'the digest comes before the name', 'PUT',
        'endpoints/sendmail/lost', { digest => 'ab' x 32 },
        400, $modified
    ],
    [
        'and before what is deleted',
        'PUT', 'endpoints/sendmail/sm', { digest => 'ab' x 32, delete => ['frob'] },
        400,   $modified
    ],
    [
        'what is no digest', 'PUT',
        'endpoints/sendmail/sm', { digest => 'xyz' },
        400, qr/\Ainvalid digest: /
    ],
    [
        'what is too long for one',
        'PUT', 'endpoints/sendmail/sm', { digest => 'a' x 65 },
        400, { digest => 'value may only be 64 characters long' }
    ],
    ['deleted', 'DELETE', 'endpoints/sendmail/sm', {}, undef],
);

my @names = (
    map { [@$_[0, 1], 'matchers', { name => $_->[2] }, $_->@[3 .. $#$_]] } (
        ['32 characters', 'POST', 'a' x 32, undef],
        [
            '33 characters', 'POST', 'a' x 33, 400,
            { name => 'value may only be 32 characters long' }
        ],
        map { [
            "the name '$_'",
            'POST', $_, 400, { name => "invalid format - invalid configuration ID '$_'" }
        ] } '1a',
        'a', 'a.b', 'a b', '-ab'
    )
);

my $faulty = <<'END';
gotify: good
	server https://gotify.example.org

pager: beeper
	number 5

smtp: broken
	server mail.example.org
	port many
	from-address node@example.org
	mailto ann@example.org

matcher: blind
	match-severity nope

matcher: fine
END

my %good = (name => 'good', server => 'https://gotify.example.org', origin => 'user-created');
my $no_token =
    q{priv/notifications.cfg line 1: property 'token' is missing and it is not optional.};

my $by_hand = 'only editing the file helps';

my @faults = (
    ['files with mistakes', 'FILE', 'notifications.cfg',      $faulty],
    ['in both',             'FILE', 'priv/notifications.cfg', "gotify: good\n"],
    [
        'the targets say what is wrong, and where',
        'GET',
        'targets',
        {},
        [
            {
                name   => 'good',
                type   => 'gotify',
                origin => 'user-created',
                error  => $no_token,
            },
            $root_target,
            {
                name    => 'beeper',
                type    => 'pager',
                origin  => 'user-created',
                disable => 1,
                error   => "notifications.cfg line 4: unknown section type 'pager'; $by_hand",
            },
            {
                name    => 'broken',
                type    => 'smtp',
                origin  => 'user-created',
                disable => 1,
                error   => 'notifications.cfg line 9: port: must be a number from 0 to 65535',
            },
        ]
    ],
    [
        'so do the endpoints of a kind', 'GET', 'endpoints/gotify', {},
        [{ error => $no_token, %good }]
    ],
    ['and the endpoint', 'GET', 'endpoints/gotify/good', {}, { %good, error => $no_token }],
    [
        'so do the matchers',
        'GET',
        'matchers',
        {},
        [
            { name => 'fine', origin => 'user-created' },
            {@default_matcher},
            {
                name    => 'blind',
                origin  => 'user-created',
                disable => 1,
                error   => q{notifications.cfg line 14: match-severity: unknown severity 'nope'},
            },
        ]
    ],
    [
        'a faulty entry cannot be read',
        'GET',
        'endpoints/smtp/broken',
        {},
        400,
        q{notifications.cfg line 9, smtp 'broken': port: must be a number from 0 to 65535; mend it in the }
            . 'file, or delete the entry and create it again'
    ],
    [
        'nor is its name free', 'POST',
        'matchers', { name => 'broken' },
        400, qr/\ACannot create 'broken'/
    ],
    ['others can be changed', 'PUT', 'matchers/fine', { comment => 'c' }, undef],
    [
        'and it stays as it is', 'READ',
        'notifications.cfg',     qr/^pager: beeper\n\tnumber 5\n(?:.*\n)*\tport many\n/m
    ],
    ['until it is deleted', 'DELETE', 'endpoints/smtp/broken', {}, undef],
    [
        'so that it can be made again',
        'POST', 'endpoints/smtp', { %smtp_least, name => 'broken', mailto => ['a@b.c'] }, undef
    ],
    [
        'and read', 'GET', 'endpoints/smtp/broken', {},
        { %smtp_least, name => 'broken', mailto => ['a@b.c'], origin => 'user-created' }
    ],
    ['a line of no section', 'FILE', 'notifications.cfg', "# a comment\n"],
    (
        map { [
            "$_->[0] $_->[1]: fails",
            @$_,
            500,
            'could not deserialize configuration: parsing "notifications.cfg" failed: line 1 - '
                . 'syntax error (expected header)'
        ] } ['GET', 'targets', {}],
        ['GET',    'matchers',              {}],
        ['POST',   'matchers',              { name    => 'ab' }],
        ['PUT',    'endpoints/smtp/broken', { comment => 'c' }],
        ['DELETE', 'endpoints/smtp/broken', {}],
    ),
);

# in which no entry is faulty that could be listed by its name
my $nameless = <<'END';
smtp:
	server mail.example.org

matcher:
	mode all

sendmail: mail-to-root
	mailto a
END
my $name =
      'the name must have 2 to 32 characters, a letter, digit or underscore first, then also dots '
    . 'and dashes';

my sub place ($file, $line, $type, $reason, %more) {
    return {
        name    => "($file line $line)",
        type    => $type,
        origin  => 'user-created',
        disable => 1,
        error   => "$file line $line: $reason",
        %more,
    };
}

my @places = (
    ['a file with mistakes',                   'FILE', 'notifications.cfg',      $nameless],
    ['an unknown type in the private one',     'FILE', 'priv/notifications.cfg', "pager: beeper\n"],
    ['one in that of a newer version of ours', 'FILE', 'notifications-ext.cfg',  "routing: gone\n"],
    [
        'and a record that is none',  'FILE',
        'priv/notifications-ext.cfg', "binding:\n\tkey 0\n\tstate a\n"
    ],
    [
        'all are targets, named after their place where they have no name',
        'GET',
        'targets',
        {},
        [
            place('notifications.cfg', 1, 'smtp', $name),
            place(
                'notifications.cfg', 8, 'sendmail', 'mailto: must have 2 to 64 characters',
                name   => 'mail-to-root',
                origin => 'modified-builtin',
            ),
            place('priv/notifications.cfg', 1, 'unknown', "unknown section type; $by_hand"),
            place(
                'notifications-ext.cfg', 1, 'routing',
                "unknown section type 'routing'; $by_hand",
                name => 'gone',
            ),
            place('priv/notifications-ext.cfg', 1, 'binding', 'state: must have four parts'),
        ]
    ],
    [
        'or matchers',
        'GET',
        'matchers',
        {},
        [
            {@default_matcher},
            { place('notifications.cfg', 4, 'matcher', $name)->%{qw(name origin disable error)} },
        ]
    ],
    map { ["$_ is empty again", 'FILE', $_, ''] } 'notifications.cfg',
    'priv/notifications.cfg',
    'notifications-ext.cfg',
    'priv/notifications-ext.cfg',
);

# what no call would take, but a file may have
my $odd = <<'END';
smtp: a.b
	from-address node@example.org
	mailto a b
	mailto-user nobody in particular
	port 0
	server mail.example.org

gotify: 1x
	server anything

matcher: odd
	target 1x
	target a.b

smtp: odd-mail
	from-address node@example.org
	mailto a b
	port 0
	server mail.example.org
END
my %odd = (
    server         => 'mail.example.org',
    port           => 0,
    mailto         => ['a b'],
    'from-address' => 'node@example.org',
    origin         => 'user-created',
    'oauth2-cloud' => 'mars',
);
my %odd_matcher = (name => 'odd', target => ['1x', 'a.b'], origin => 'user-created');

my @odd = (
    ['a file that is odd, but good', 'FILE', 'notifications.cfg', $odd],
    [
        'in private too',         'FILE',
        'priv/notifications.cfg', "gotify: 1x\n\ttoken t\n\nsmtp: a.b\n\nsmtp: odd-mail\n"
    ],
    [
        'and what is ours',
        'FILE', 'notifications-ext.cfg',
        "smtp: a.b\n\toauth2-cloud mars\n\nsmtp: odd-mail\n\toauth2-cloud mars\n"
    ],
    [
        'gives targets',
        'GET',
        'targets',
        {},
        [
            { name => '1x', type => 'gotify', origin => 'user-created' },
            $root_target,
            { name => 'a.b',      type => 'smtp', origin => 'user-created' },
            { name => 'odd-mail', type => 'smtp', origin => 'user-created' },
        ]
    ],
    [
        'mail servers',
        'GET',
        'endpoints/smtp',
        {},
        [
            { name => 'a.b',      'mailto-user' => ['nobody in particular'], %odd },
            { name => 'odd-mail', %odd },
        ]
    ],
    ['one of them', 'GET', 'endpoints/smtp/odd-mail', {}, { %odd, name => 'odd-mail' }],
    [
        'Gotify servers',
        'GET', 'endpoints/gotify', {},
        [{ name => '1x', server => 'anything', origin => 'user-created' }]
    ],
    ['matchers',    'GET', 'matchers',     {}, [\%odd_matcher, {@default_matcher}]],
    ['one of them', 'GET', 'matchers/odd', {}, \%odd_matcher],
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

sub steps ($port = 0, $closed = 0) {
    return (
        Indexes  => \@indexes,
        Sendmail => \@sendmail,
        SMTP     => \@smtp,
        Gotify   => \@gotify,
        Webhook  => \@webhook,
        Matchers => \@matchers,
        Builtin  => \@builtin,
        Digest   => \@digest,
        Names    => \@names,
        Targets  => targets($port, $closed),
        Faults   => \@faults,
        Places   => \@places,
        Odd      => \@odd,
    );
}

1;
