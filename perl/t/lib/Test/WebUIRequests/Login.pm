package Test::WebUIRequests::Login;

# The login, the renewal of a ticket, and requests whose session is not in order.

use v5.36;

use Test::WebUIRequests::Common qw($dc $grid $form $missing problem unauthorized);

my $session = {
    username            => qr/\@pve\z/,
    ticket              => qr/\APVE:[a-z]+\@pve:[0-9A-F]{8}::/,
    CSRFPreventionToken => qr/\A[0-9A-F]{8}:/,
};

my $failure     = unauthorized("authentication failure\n");
my $new_matcher = 'mode=all&target=mail-to-root';

my @login = (
    [
        'login', '-',
        'POST /api2/extjs/access/ticket',
        'username=admin&password=passw0rd&realm=pve&new-format=1',
        { success => 1, data => $session },
    ],
    [
        'login with the realm in the name',
        '-',
        'POST /api2/json/access/ticket',
        'username=admin%40pve&password=passw0rd&new-format=1',
        { data => $session },
    ],
    [
        'login, all that it may send',
        '-',
        "POST /api2/extjs/access/ticket?$dc",
        'username=admin%40pve&password=passw0rd&otp=123456&new-format=0'
            . '&path=%2Fmapping%2Fnotifications&privs=Mapping.Modify%2CMapping.Audit',
        { success => 1, data => $session },
    ],
    [
        'login of somebody who lacks the privilege',
        '-',
        'POST /api2/extjs/access/ticket',
        'username=auditor&realm=pve&password=passw0rd&path=%2Fmapping&privs=Mapping.Modify',
        $failure,
    ],
    [
        'login with one that there is not',
        '-',
        'POST /api2/extjs/access/ticket',
        'username=admin&password=passw0rd&path=%2F&privs=Sys.Everything',
        problem(
            400,
            "Parameter verification failed.\n",
            privs => q{invalid format - invalid privilege 'Sys.Everything'},
        ),
    ],
    [
        'login with a path and no privilege',
        '-',
        'POST /api2/extjs/access/ticket',
        'username=admin&password=passw0rd&path=%2F',
        problem(
            400,
            "Parameter verification failed.\n",
            privs => q{missing property - 'path' requires this property},
        ),
    ],
    [
        'login with an answer to no challenge',
        '-',
        'POST /api2/extjs/access/ticket',
        'username=admin%40pve&password=passw0rd&tfa-challenge=PVE%3A%21tfa%21x&new-format=1',
        $failure,
    ],
    [
        'login without a second factor, its fields sent empty',
        '-',
        'POST /api2/extjs/access/ticket',
        'username=admin%40pve&password=passw0rd&otp=&tfa-challenge=',
        { success => 1, data => $session },
    ],
    [
        'login with a wrong password',
        '-',
        'POST /api2/extjs/access/ticket',
        'username=admin&password=wrong&realm=pve&new-format=1', $failure,
    ],
    [
        'login without a name',
        '-', 'POST /api2/extjs/access/ticket',
        'password=passw0rd&realm=pve',
        problem(400, "Parameter verification failed.\n", username => $missing),
    ],
    [
        'ticket renewed',
        'admin',
        'POST /api2/extjs/access/ticket',
        'username=admin%40pve&password={ticket}',
        { success => 1, data => $session },
    ],
    [
        'ticket of somebody else',        'admin',
        'POST /api2/extjs/access/ticket', 'username=auditor%40pve&password={ticket}',
        $failure,
    ],
);

my $no_csrf  = unauthorized("Permission denied - invalid csrf token\n");
my @sessions = (
    ['without a session', '-', "GET $grid/targets?$dc", undef, unauthorized("No ticket\n")],
    [
        'without a session, as data of a window', '-',
        "GET $form/targets?$dc",                  undef,
        unauthorized("No ticket\n"),
    ],
    ['with a forged ticket', 'admin forged', "GET $grid/targets?$dc", undef, $failure],
    (
        map { [
            "without the CSRF token: $_",
            'admin csrf',
            "$_ $form/matchers" . (/POST/ ? '' : '/default-matcher'),
            /DELETE/ ? undef : $new_matcher . (/POST/ ? '&name=new' : ''),
            $no_csrf,
        ] } qw(POST PUT DELETE)
    ),
    [
        'reading needs none',
        'admin csrf',
        "GET $grid/matchers?$dc",
        undef,
        { data => [qw(name mode)] },
    ],
    [
        'a path that there is not',
        'admin', "GET $form/nothing?$dc",
        undef,   problem(501, qr/not implemented/),
    ],
);

sub login () { return \@login }

sub sessions () { return \@sessions }

1;
