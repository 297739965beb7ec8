package Test::Notifications::Matchers;

# Rows about matchers, the builtin entries, digests and names.

use v5.36;

use Test::Notifications::Common qw(@mail_to_root @default_matcher);

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

sub steps () {
    return (Matchers => \@matchers, Builtin => \@builtin, Digest => \@digest, Names => \@names);
}

1;
