package Test::WebUIRequests::Targets;

# The grids, and the windows of all kinds of targets.

use v5.36;

use MIME::Base64                qw(encode_base64);
use Test::WebUIRequests::Common qw($dc $grid $form $call $done $missing problem);

my $base64 = sub ($text) { return encode_base64($text, '') =~ s/=/%3D/gr };

my @grids = (
    ['targets', 'admin', "GET $grid/targets?$dc", undef, { data => [qw(name type origin)] }],
    [
        'matchers',               'admin',
        "GET $grid/matchers?$dc", undef,
        { data => [qw(name mode origin target)] },
    ],
    ['fields to match', 'admin', "GET $grid/matcher-fields?$dc", undef, { data => ['name'] }],
    [
        'values to match',
        'admin', "GET $grid/matcher-field-values?$dc",
        undef, { data => [qw(field value)] },
    ],
    [
        'targets, as data of a window',
        'admin', "GET $form/targets?$dc",
        undef, { success => 1, data => [qw(name type origin)] },
    ],
);

my $smtp = 'server=smtp.example.org&mode=starttls&username=mailbox%40example.org'
    . '&from-address=mailbox%40example.org&mailto=ann%40example.org';

my @smtp = (
    [
        'SMTP: add',
        'admin',
        "POST $form/endpoints/smtp",
        "name=mail&$smtp&password=p4ss+wOrd&mailto=bob%40example.org&mailto-user=root%40pam"
            . '&comment=Gr%C3%BC%C3%9Fe&author=Ann',
        $done,
    ],
    [
        'SMTP: add one of that name',
        'admin',
        "POST $form/endpoints/smtp",
        "name=mail&$smtp&password=x",
        problem(400, qr/already/),
    ],
    [
        'SMTP: add, with fields missing',
        'admin',
        "POST $form/endpoints/smtp",
        'name=other&mode=tls',
        problem(
            400,
            "Parameter verification failed.\n",
            'server'       => $missing,
            'from-address' => $missing,
        ),
    ],
    [
        'SMTP: open',
        'admin',
        "GET $form/endpoints/smtp/mail?$dc",
        undef,
        {
            success => 1,
            data    => {
                name          => 'mail',
                mode          => 'starttls',
                username      => 'mailbox@example.org',
                mailto        => '["ann@example.org","bob@example.org"]',
                'mailto-user' => '["root@pam"]',
                comment       => "Gr\x{fc}\x{df}e",
                digest        => qr/\A[0-9a-f]{64}\z/,
                password      => undef,
            },
        },
    ],
    [
        'SMTP: change, emptied fields in the list of deletions',
        'admin',
        "PUT $form/endpoints/smtp/mail",
        "$smtp&port=2525&delete=mailto-user&delete=comment&delete=author&delete=disable&digest={digest}",
        $done,
    ],
    [
        'SMTP: change with the digest of before',
        'admin',
        "PUT $form/endpoints/smtp/mail?$dc",
        "$smtp&digest={digest}",
        problem(400, qr/modified/),
    ],
    [
        'SMTP: open after the change',
        'admin',
        "GET $form/endpoints/smtp/mail?$dc",
        undef,
        {
            success => 1,
            data    => {
                port          => '2525',
                mailto        => '["ann@example.org"]',
                'mailto-user' => undef,
                comment       => undef,
                author        => undef,
                username      => 'mailbox@example.org',
            },
        },
    ],
    [
        'SMTP: Authenticate unticked, one word to delete',
        'admin',
        "PUT $form/endpoints/smtp/mail",
        'server=smtp.example.org&mode=starttls&from-address=mailbox%40example.org'
            . '&mailto=ann%40example.org&delete=username&delete=password&delete=port&disable=1'
            . '&digest={digest}',
        $done,
    ],
    [
        'SMTP: a list of one',
        'admin',
        "PUT $form/endpoints/smtp/mail",
        'server=smtp.example.org&delete=disable', $done,
    ],
    [
        'SMTP: open without a login',
        'admin',
        "GET $form/endpoints/smtp/mail?$dc",
        undef,
        {
            success => 1,
            data    => { username => undef, port => undef, disable => undef, mode => 'starttls' },
        },
    ],
    [
        'SMTP: a port that is no number',
        'admin',
        "PUT $form/endpoints/smtp/mail",
        'port=abc',
        problem(
            400,
            "Parameter verification failed.\n",
            port => q{type check ('integer') failed - got 'abc'},
        ),
    ],
    ['SMTP: remove', 'admin', "DELETE $form/endpoints/smtp/mail?$dc", undef, $done],
    [
        'SMTP: remove again',
        'admin', "DELETE $form/endpoints/smtp/mail",
        undef,   problem(404, qr/mail/)
    ],
);

# a target that logs in with OAuth2 in the same window, which knows nothing of that
my @oauth2 = (
    [
        'OAuth2: added by somebody else',
        'admin',
        "POST $form/endpoints/smtp",
        "name=login&$smtp&auth-method=google-oauth2&oauth2-client-id=client&oauth2-client-secret=s3cret",
        $done,
    ],
    [
        'OAuth2: open',
        'admin',
        "GET $form/endpoints/smtp/login?$dc",
        undef,
        {
            success => 1,
            data    => { username => 'mailbox@example.org', 'auth-method' => 'google-oauth2' },
        },
    ],
    [
        'OAuth2: change of something else',
        'admin',
        "PUT $form/endpoints/smtp/login",
        "$smtp&comment=new&delete=mailto-user&delete=author&delete=port&delete=disable&digest={digest}",
        $done,
    ],
    (
        map { [
            "OAuth2: Authenticate unticked, delete=$_",
            'admin',
            "PUT $form/endpoints/smtp/login",
            $smtp =~ s/username=[^&]*&//r . ($_ =~ s/(\w+),?/&delete=$1/gr),
            problem(
                400,
                qr/\Adelete: auth-method 'google-oauth2' needs username; delete auth-method too/
            ),
        ] } 'username,password',
        'password,username',
        'username,password,comment,port'
    ),
    [
        'OAuth2: open after that',
        'admin',
        "GET $form/endpoints/smtp/login?$dc",
        undef,
        {
            success => 1,
            data    => {
                username      => 'mailbox@example.org',
                'auth-method' => 'google-oauth2',
                comment       => 'new',
            },
        },
    ],
    ['OAuth2: remove', 'admin', "DELETE $form/endpoints/smtp/login?$dc", undef, $done],
);

my @others = (
    [
        'sendmail: add',
        'admin',
        "POST $form/endpoints/sendmail",
        'name=local&mailto-user=root%40pam&from-address=node%40example.org&disable=1', $done,
    ],
    [
        'sendmail: open',
        'admin', "GET $form/endpoints/sendmail/local?$dc",
        undef, { success => 1, data => { disable => '1', 'mailto-user' => '["root@pam"]' } },
    ],
    [
        'sendmail: change',
        'admin',
        "PUT $form/endpoints/sendmail/local",
        'mailto=ann%40example.org&delete=mailto-user&delete=from-address&delete=disable&digest={digest}',
        $done,
    ],
    [
        'sendmail: without a recipient',
        'admin',
        "PUT $form/endpoints/sendmail/local",
        'delete=mailto&delete=mailto-user',
        problem(400, qr/recipient/),
    ],
    [
        'Gotify: add', 'admin',
        "POST $form/endpoints/gotify",
        'name=push&server=https%3A%2F%2Fpush.example.org&token=t0ken%3D', $done,
    ],
    [
        'Gotify: open',
        'admin',
        "GET $form/endpoints/gotify/push?$dc",
        undef,
        {
            success => 1,
            data    => { server => 'https://push.example.org', token => undef },
        },
    ],
    [
        'Gotify: change',
        'admin',
        "PUT $form/endpoints/gotify/push",
        'server=https%3A%2F%2Fpush.example.org%3A8443&comment=a%26b&digest={digest}', $done,
    ],
    [
        'webhook: add',
        'admin',
        "POST $form/endpoints/webhook",
        'name=hook&url=http%3A%2F%2F127.0.0.1%3A{port}%2F%7B%7Bseverity%7D%7D&method=post'
            . '&header=name%3DX-One%2Cvalue%3D'
            . $base64->('one')
            . '&header=name%3DX-Two%2Cvalue%3D'
            . $base64->('two')
            . '&secret=name%3Dkey%2Cvalue%3D'
            . $base64->('s3cret')
            . '&body='
            . $base64->('{"text":"{{ escape message }}"}'),
        $done,
    ],
    [
        'webhook: open',
        'admin',
        "GET $form/endpoints/webhook/hook?$dc",
        undef,
        {
            success => 1,
            data    => {
                method => 'post',
                header => qr/X-One.*X-Two/,
                secret => '["name=key"]',
                digest => qr/./,
            },
        },
    ],
    [
        'webhook: change, the secret kept by its name',
        'admin',
        "PUT $form/endpoints/webhook/hook",
        'url=http%3A%2F%2F127.0.0.1%3A{port}%2F&method=put&secret=name%3Dkey&delete=header'
            . '&delete=comment&digest={digest}',
        $done,
    ],
    ['test of a target', 'admin', "POST $call/targets/hook/test", '', $done],
    [
        'test of one that there is not',
        'admin',
        "POST $call/targets/nothing/test",
        '',
        problem(404, qr/nothing/),
    ],
    [
        'a builtin target is reset',
        'admin', "DELETE $form/endpoints/sendmail/mail-to-root?$dc",
        undef,   $done,
    ],
);

sub grids () { return \@grids }

sub smtp () { return \@smtp }

sub oauth2 () { return \@oauth2 }

sub others () { return \@others }

1;
