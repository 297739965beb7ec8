package PVE::API2::Cluster::Notifications::Gotify;

# Gotify servers as endpoints: what can be set, and what that means.

use v5.36;

use PVE::API2::Cluster::Notifications::Common
    qw(endpoint_writers comment_property disable_property);
use PVE::API2::Cluster::Notifications::Entries;

my %kind = (
    path     => 'endpoints/gotify',
    stem     => 'gotify_endpoint',
    singular => 'a Gotify endpoint',
    plural   => 'Gotify endpoints',
    writers  => endpoint_writers(),
    secrets  => ['token'],
    keys     => [
        server => {
            description => 'Base URL of the Gotify server, for example '
                . '"https://gotify.example.org".',
            type => 'string',
        },
        token => {
            description => 'Token of an application on the Gotify server. Secret; never '
                . 'returned by the API.',
            type => 'string',
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

PVE::API2::Cluster::Notifications::Gotify - /cluster/notifications/endpoints/gotify

=head1 FUNCTIONS

=head2 register($class)

Registers C<get_gotify_endpoints>, C<get_gotify_endpoint>, C<create_gotify_endpoint>,
C<update_gotify_endpoint> and C<delete_gotify_endpoint> in C<$class>.

=cut
