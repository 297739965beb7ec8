package PVE::API2::Cluster::Notifications::Status;

# The status of the targets that log in with OAuth2: the schema, by itself and in the list of
# all targets, and what the list shows.

use v5.36;

use Exporter 'import';

use PVE::API2::Cluster::Notifications::Common qw(oauth2_status);

our @EXPORT_OK = qw(status_properties list_properties with_status);

my %moments = (
    'consented'    => 'Time of the consent to the OAuth2 login',
    'last-refresh' => 'Time of the last successful token refresh',
    'last-send'    => 'Time of the last sent mail, rounded to the hour',
    'expected-end' =>
        'Expected expiry of the authorization: at a fixed time, or if it is not used before',
    'secret-expires' => 'Expiry of the client secret or certificate, where it is known',
    'retry-at'       => 'Time until which the provider asked to wait',
    'last-error-at'  => 'Time of the last error',
);

my %texts = (
    'last-error' => 'Last error of the OAuth2 login, in one line: cause, fix and details. '
        . 'Removed by the next success.',
    'cause'   => 'Cause of the last error.',
    'cure'    => 'Fix for the last error, and who must apply it.',
    'details' => 'Words of the provider or the mail server; only with Mapping.Modify.',
    'warning' => 'Warning (the target still works).',
);

my %condition = (
    description => 'Condition of the OAuth2 login: ok, untested, due (refreshed by the next '
        . 'daily run), failing (retried automatically), authorize-again (a user must consent '
        . 'again) or misconfigured (settings, app registration or mailbox need a fix).',
    type => 'string',
    enum => ['ok', 'untested', 'due', 'failing', 'authorize-again', 'misconfigured'],
);

sub moment ($description) {
    return {
        description => "$description, in seconds since the epoch.",
        type        => 'integer',
        renderer    => 'timestamp',
        optional    => 1,
    };
}

sub text ($description) {
    return { description => $description, type => 'string', optional => 1 };
}

sub status_properties () {
    return (
        condition => {%condition},
        (map { $_ => moment($moments{$_}) } keys %moments),
        (map { $_ => text($texts{$_}) } keys %texts),
    );
}

# the last error's name in the list is older than the others
my %in_list = (
    condition    => 'oauth2-status',
    'last-error' => 'oauth2-error',
    map { $_ => "oauth2-$_" } keys %moments, qw(cause cure details warning),
);

# what the text of the list shows
sub list_properties () {
    return (
        'oauth2-status' => { %condition,                     optional    => 1 },
        'oauth2-error'  => { text($texts{'last-error'})->%*, print_width => 32 },
    );
}

# Adds to a list the status of the targets that log in with OAuth2.
sub with_status ($entries, $config) {
    my $status = oauth2_status($config);
    for my $entry (@$entries) {
        my $health = $status->{ $entry->{name} } or next;
        for my $key (grep { defined $health->{$_} } keys %in_list) {
            $entry->{ $in_list{$key} } = $health->{$key};
        }
    }
    return $entries;
}

1;

__END__

=head1 NAME

PVE::API2::Cluster::Notifications::Status - status of OAuth2 logins

=head1 FUNCTIONS

=head2 status_properties()

The schema of one target's status, as the library tells it.

=head2 list_properties()

What of it the text of the list of all targets shows: C<oauth2-status> and C<oauth2-error>.

=head2 with_status($entries, $config)

A list of targets with the status of those that log in with OAuth2.

=cut
