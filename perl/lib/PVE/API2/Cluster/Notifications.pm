package PVE::API2::Cluster::Notifications;

# /cluster/notifications: the indexes, and the wiring of the methods below. The methods themselves
# live in the modules of Notifications/, each of which registers what it has in this class.

use v5.36;

use PVE::API2::Cluster::Notifications::Gotify;
use PVE::API2::Cluster::Notifications::MatcherFields;
use PVE::API2::Cluster::Notifications::Matchers;
use PVE::API2::Cluster::Notifications::OAuth2;
use PVE::API2::Cluster::Notifications::SMTP;
use PVE::API2::Cluster::Notifications::Sendmail;
use PVE::API2::Cluster::Notifications::Targets;
use PVE::API2::Cluster::Notifications::Webhook;

use parent 'PVE::RESTHandler';

my sub index_method ($name, $path, $description, @children) {
    __PACKAGE__->register_method({
        name        => $name,
        path        => $path,
        method      => 'GET',
        description => $description,
        permissions => { user                 => 'all' },
        parameters  => { additionalProperties => 0, properties => {} },
        returns     => {
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
    return;
}

index_method(
    'index', '',
    'Index for notification-related API endpoints.',
    qw(endpoints matcher-field-values matcher-fields matchers smtp-oauth2-token targets),
);
index_method(
    'endpoints_index',                  'endpoints',
    'Index of the kinds of endpoints.', qw(gotify sendmail smtp webhook),
);

PVE::API2::Cluster::Notifications::Gotify::register(__PACKAGE__);
PVE::API2::Cluster::Notifications::MatcherFields::register(__PACKAGE__);
PVE::API2::Cluster::Notifications::Matchers::register(__PACKAGE__);
PVE::API2::Cluster::Notifications::OAuth2::register(__PACKAGE__);
PVE::API2::Cluster::Notifications::SMTP::register(__PACKAGE__);
PVE::API2::Cluster::Notifications::Sendmail::register(__PACKAGE__);
PVE::API2::Cluster::Notifications::Targets::register(__PACKAGE__);
PVE::API2::Cluster::Notifications::Webhook::register(__PACKAGE__);

1;

__END__

=head1 NAME

PVE::API2::Cluster::Notifications - the API below /cluster/notifications

=head1 METHODS

=head2 index, endpoints_index

C<GET /cluster/notifications> and C<GET /cluster/notifications/endpoints>: the names of the entries
below.

All others are registered by the modules L<PVE::API2::Cluster::Notifications::Gotify>, C<Sendmail>,
C<SMTP>, C<Webhook>, C<Targets>, C<Matchers>, C<MatcherFields> and C<OAuth2>.

=cut
