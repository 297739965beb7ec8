package Test::WebUIRequests::Common;

# What the rows of several tables have in common: where the pages look, and what they get back.

use v5.36;

use Exporter 'import';

our @EXPORT_OK = qw($dc $grid $form $call $done $missing $refused problem unauthorized);

my $notifications = '/cluster/notifications';

our $dc   = '_dc=1767225600123';
our $grid = "/api2/json/$notifications";    # two slashes
our $form = "/api2/extjs/$notifications";
our $call = "/api2/extjs$notifications";

our $done    = { success => 1, data => undef };
our $missing = 'property is missing and it is not optional';
our $refused = qr/\APermission check failed/;

sub problem ($status, $message, %errors) {
    return {
        success => 0,
        data    => undef,
        status  => $status,
        message => $message,
        %errors ? (errors => \%errors) : (),
    };
}

sub unauthorized ($message) { return { http => 401, data => undef, message => $message } }

1;
