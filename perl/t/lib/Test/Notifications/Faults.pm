package Test::Notifications::Faults;

# Rows about files with faults, and with what no call would take.

use v5.36;

use Test::Notifications::Common qw(@default_matcher $root_target %smtp_least);

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

my $by_hand = 'fix it in the file';

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
        q{notifications.cfg line 9, smtp 'broken': port: must be a number from 0 to 65535; fix it in the }
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

sub steps () {
    return (Faults => \@faults, Places => \@places, Odd => \@odd);
}

1;
