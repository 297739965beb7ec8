package PVE::API2::Cluster::Notifications::Status;

# How things stand with the targets that log in with OAuth2: the schema, by itself and in the list of
# all targets, and what the list shows.

use v5.36;

use Exporter 'import';

our @EXPORT_OK = qw(status_properties list_properties with_status);

my %moments = (
    'consented'     => 'When a person has consented to the OAuth2 login.',
    'last-refresh'  => 'When the provider last took the grant.',
    'last-send'     => 'When mail was last sent, to the hour.',
    'expected-end'  => 'When the grant ends if it is not used before.',
    'retry-at'      => 'Until when the provider asked to wait, if it did.',
    'last-error-at' => 'When the last error happened.',
);

my %texts = (
    'last-error' => 'What went wrong last with the OAuth2 login, until something goes right: '
        . 'cause, cure and details in one line.',
    'cause'   => 'What happened then, in one clause.',
    'cure'    => 'What has to be done, and by whom.',
    'details' => q{The other side's own words.},
    'warning' => 'What does no harm yet.',
);

my %condition = (
    description =>
        'How things stand with the OAuth2 login. ok: nothing to do. untested: no token was '
        . 'requested yet. due: the next daily run renews it. failing: the last renewal or login failed and is tried again. '
        . 'authorize-again: a person has to consent again. misconfigured: settings, the registration '
        . 'or the mailbox have to be mended.',
    type => 'string',
    enum => ['ok', 'untested', 'due', 'failing', 'authorize-again', 'misconfigured'],
);

sub moment ($description) {
    return {
        description => "$description In seconds since the epoch.",
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

# Adds to a list how things stand with the targets that log in with OAuth2.
sub with_status ($entries, $config) {
    my $status = $config->get_oauth2_status();
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

PVE::API2::Cluster::Notifications::Status - how things stand with OAuth2 logins

=head1 FUNCTIONS

=head2 status_properties()

The schema of one target's status, as the library tells it.

=head2 list_properties()

What of it the text of the list of all targets shows: C<oauth2-status> and C<oauth2-error>.

=head2 with_status($entries, $config)

A list of targets with the status of those that log in with OAuth2.

=cut
