package PVE::API2::Cluster::Notifications;

# /cluster/notifications: the index, and the wiring of the methods below it. The methods themselves
# live in the modules of Notifications/, each of which registers what it has in this class.

use v5.36;

use PVE::API2::Cluster::Notifications::OAuth2;

use parent 'PVE::RESTHandler';

my @children = qw(smtp-oauth2-token);

__PACKAGE__->register_method({
    name        => 'index',
    path        => '',
    method      => 'GET',
    description => 'Index for notification-related API endpoints.',
    permissions => { user => 'all' },
    parameters  => {
        additionalProperties => 0,
        properties           => {},
    },
    returns => {
        type  => 'array',
        items => {
            type       => 'object',
            properties => {
                name => {
                    description => 'Name of the entry, the next part of its path.',
                    type        => 'string',
                },
            },
        },
        links => [{ rel => 'child', href => '{name}' }],
    },
    code => sub ($param) {
        return [map { { name => $_ } } @children];
    },
});

PVE::API2::Cluster::Notifications::OAuth2::register(__PACKAGE__);

1;

__END__

=head1 NAME

PVE::API2::Cluster::Notifications - the API below /cluster/notifications

=head1 METHODS

=head2 index

C<GET /cluster/notifications>: the names of the entries below it.

=head2 smtp_oauth2_token

C<POST /cluster/notifications/smtp-oauth2-token>, see
L<PVE::API2::Cluster::Notifications::OAuth2>.

=cut
