package Test::WebUIRequests::Matchers;

# The window of a matcher, and who may what.

use v5.36;

use Test::WebUIRequests::Common qw($dc $grid $form $call $done $refused problem);

my @matchers = (
    [
        'matcher: add',
        'admin',
        "POST $form/matchers",
        'name=nightly&mode=all&invert-match=1&match-severity=warning%2Cerror'
            . '&match-field=exact%3Atype%3Dvzdump%2Creplication&match-field=regex%3Ahostname%3D%5Enode%5B0-9%5D%2B%24'
            . '&match-calendar=mon..fri%208%3A00-17%3A00&target=hook&target=push&comment=at%20night',
        $done,
    ],
    [
        'matcher: open',
        'admin',
        "GET $form/matchers/nightly?$dc",
        undef,
        {
            success => 1,
            data    => {
                mode             => 'all',
                'invert-match'   => '1',
                'match-severity' => qr/warning.*error/,
                'match-field'    => qr/exact:type=vzdump,replication.*regex:hostname/,
                target           => '["hook","push"]',
                digest           => qr/./,
            },
        },
    ],
    [
        'matcher: change',
        'admin',
        "PUT $form/matchers/nightly",
        'mode=any&target=hook&delete=match-severity&delete=match-field&delete=match-calendar'
            . '&delete=invert-match&delete=comment&delete=disable&digest={digest}',
        $done,
    ],
    [
        'matcher: open after the change',
        'admin',
        "GET $form/matchers/nightly?$dc",
        undef,
        {
            success => 1,
            data    => {
                mode             => 'any',
                'match-severity' => undef,
                'match-field'    => undef,
                'invert-match'   => undef,
                target           => '["hook"]',
            },
        },
    ],
    [
        'matcher: the builtin one is switched off', 'admin',
        "PUT $form/matchers/default-matcher",       'mode=all&target=mail-to-root&disable=1',
        $done,
    ],
    ['matcher: and reset', 'admin', "DELETE $form/matchers/default-matcher?$dc", undef, $done],
    ['matcher: remove',    'admin', "DELETE $form/matchers/nightly?$dc",         undef, $done],
);

# who may what, in both formats
my $new_matcher = 'mode=all&target=mail-to-root';
my @permissions = (
    (
        map { ["targets for $_", $_, "GET $grid/targets?$dc", undef, { data => [qw(name type)] }] }
            qw(auditor user editor)
    ),
    (
        map {
            ["matchers for $_", $_, "GET $grid/matchers?$dc", undef, { data => [qw(name mode)] }]
        } qw(auditor user editor)
    ),
    [
        'targets for somebody without rights',
        'nobody',
        "GET $grid/targets?$dc",
        undef,
        { http => 403, data => undef, message => $refused },
    ],
    [
        'the same in the other format',
        'nobody',
        "GET $form/targets?$dc",
        undef,
        problem(403, $refused),
    ],
    [
        'a target for its user',
        'user',
        "GET $form/endpoints/webhook/hook",
        undef,
        problem(403, $refused)
    ],
    ['a test by its user',    'user',    "POST $call/targets/hook/test", '', $done],
    ['a test by the auditor', 'auditor', "POST $call/targets/hook/test", '', $done],
    ['a test without rights', 'nobody', "POST $call/targets/hook/test", '', problem(403, $refused)],
    [
        'fields for the auditor',
        'auditor',
        "GET $grid/matcher-fields?$dc",
        undef,
        { data => ['name'] },
    ],
    [
        'values for the user',
        'user',
        "GET $grid/matcher-field-values?$dc",
        undef,
        { http => 403, data => undef, message => $refused },
    ],
    (
        map { [
            "a matcher made by $_",
            $_,
            "POST $form/matchers",
            "name=of-$_&$new_matcher",
            problem(403, $refused),
        ] } qw(auditor user nobody)
    ),
    [
        'a matcher made by the editor',
        'editor',
        "POST $form/matchers",
        "name=of-editor&$new_matcher",
        $done,
    ],
    [
        'a matcher removed by the editor',
        'editor',
        "DELETE $form/matchers/of-editor?$dc",
        undef,
        $done,
    ],
    (
        map { [
            "a target made by $_",
            $_,
            "POST $form/endpoints/sendmail",
            'name=of-them&mailto=ann%40example.org',
            problem(403, $refused),
        ] } qw(auditor user editor nobody)
    ),
    [
        'a target changed by the editor',
        'editor',
        "PUT $form/endpoints/gotify/push",
        'server=https%3A%2F%2Fother.example.org',
        problem(403, $refused),
    ],
    [
        'a target removed by the editor',
        'editor',
        "DELETE $form/endpoints/gotify/push?$dc",
        undef,
        $done,
    ],
);

sub matchers () { return \@matchers }

sub permissions () { return \@permissions }

1;
