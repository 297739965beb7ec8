package PVE::API2::Cluster::Notifications::Matchers;

# Matchers decide which notification goes to which target: what can be set, and what that means.

use v5.36;

use PVE::API2::Cluster::Notifications::Common
    qw(writers comment_property disable_property with_faults);
use PVE::API2::Cluster::Notifications::Entries;

my sub list_property ($description, %items) {
    return {
        description => $description,
        type        => 'array',
        items       => { type => 'string', %items },
        optional    => 1,
    };
}

my sub add_faulty ($entries, $config) {
    with_faults($entries, $config, sub ($type) { return $type eq 'matcher' });
    delete $_->{type} for @$entries;
    return $entries;
}

my %kind = (
    path            => 'matchers',
    stem            => 'matcher',
    singular        => 'a matcher',
    plural          => 'matchers',
    writers         => writers(),
    list_privileges => ['Mapping.Use'],
    complete_list   => \&add_faulty,
    keys            => [
        target => list_property(
            'Names of the endpoints to which a matching notification is sent.',
            format => 'pve-configid',
        ),
        'match-severity' => list_property(
            'Severities to match, each a comma-separated list of info, notice, warning, error '
                . 'and unknown.',
        ),
        'match-field' => list_property(
            'Fields to match, each as "exact:FIELD=VALUE,VALUE" or "regex:FIELD=EXPRESSION". A '
                . 'missing field never matches.',
        ),
        'match-calendar' => list_property(
                  'Times to match, each as "[DAYS] START-END" in local time, for example '
                . '"mon..fri 8:00-16:30". The end is exclusive.',
        ),
        mode => {
            description => 'Whether all or any of the conditions must match: within each of '
                . 'match-severity, match-field and match-calendar, and between these '
                . 'three.',
            type     => 'string',
            enum     => ['all', 'any'],
            default  => 'all',
            optional => 1,
        },
        'invert-match' => {
            description => 'Invert the result of the match. A matcher without conditions '
                . 'matches every notification nevertheless.',
            type     => 'boolean',
            default  => 0,
            optional => 1,
        },
        comment => comment_property(),
        disable => disable_property(),
    ],
);

sub register ($class) {
    return PVE::API2::Cluster::Notifications::Entries::register($class, \%kind);
}

1;

__END__

=head1 NAME

PVE::API2::Cluster::Notifications::Matchers - /cluster/notifications/matchers

=head1 FUNCTIONS

=head2 register($class)

Registers C<get_matchers>, C<get_matcher>, C<create_matcher>, C<update_matcher> and
C<delete_matcher> in C<$class>.

=cut
