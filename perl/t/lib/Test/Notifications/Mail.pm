package Test::Notifications::Mail;

# Rows about the index and the targets that send mails.

use v5.36;

use POSIX ();

use Test::Notifications::Common
    qw(%canary @mail_to_root @default_matcher $root_target %smtp_least $missing $unknown $recipient);

my @indexes = (
    [
        'the index',
        'GET', '',
        {},
        [
            map { { name => $_ } }
                qw(
                endpoints matcher-field-values matcher-fields matchers smtp-oauth2-authorize smtp-oauth2-cancel
                smtp-oauth2-device smtp-oauth2-device-poll smtp-oauth2-discover smtp-oauth2-handle smtp-oauth2-token
                targets
                )
        ]
    ],
    [
        'the kinds of endpoints',
        'GET',
        'endpoints',
        {},
        [map { { name => $_ } } qw(gotify sendmail smtp webhook)]
    ],
    [
        'fields for matchers',
        'GET',
        'matcher-fields',
        {},
        [map { { name => $_ } } qw(type hostname job-id target)]
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

my %smtp_in_clear = (
    %smtp_least,
    name     => 'clear',
    mode     => 'insecure',
    username => 'ann',
    mailto   => ['a@b.c'],
);
my $in_clear = 'the password is sent without TLS (mode insecure); set mode to starttls or tls';

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
        'a form that knows no OAuth2 takes the login away',
        'PUT',
        'endpoints/smtp/mail',
        { delete => ['username', 'password'] },
        400,
        q{delete: auth-method 'microsoft-oauth2' needs username; delete auth-method too, or set it }
            . 'to plain with username and password'
    ],
    ['and takes nothing', 'GET',  'endpoints/smtp/mail',    {}, \%smtp_answer],
    ['nor the password',  'READ', 'priv/notifications.cfg', qr/\tpassword canary-password$/m],
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

sub steps () {
    return (Indexes => \@indexes, Sendmail => \@sendmail, SMTP => \@smtp);
}

1;
