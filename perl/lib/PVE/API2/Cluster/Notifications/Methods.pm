package PVE::API2::Cluster::Notifications::Methods;

# All methods below /cluster/notifications: the indexes, and the wiring of the others, which live in
# the modules beside this one. Loading them registers nothing.

use v5.36;

use PVE::API2::Cluster::Notifications::Authorize;
use PVE::API2::Cluster::Notifications::Device;
use PVE::API2::Cluster::Notifications::Discover;
use PVE::API2::Cluster::Notifications::Gotify;
use PVE::API2::Cluster::Notifications::MatcherFields;
use PVE::API2::Cluster::Notifications::Matchers;
use PVE::API2::Cluster::Notifications::OAuth2;
use PVE::API2::Cluster::Notifications::SMTP;
use PVE::API2::Cluster::Notifications::Sendmail;
use PVE::API2::Cluster::Notifications::Targets;
use PVE::API2::Cluster::Notifications::Webhook;

my sub index_method ($class, $name, $path, $description, @children) {
    $class->register_method({
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

sub register ($class) {
    index_method(
        $class, 'index', '',
        'Index for notification-related API endpoints.',
        qw(
            endpoints matcher-field-values matcher-fields matchers smtp-oauth2-authorize smtp-oauth2-cancel
            smtp-oauth2-device smtp-oauth2-device-poll smtp-oauth2-discover
            smtp-oauth2-handle smtp-oauth2-token targets
        ),
    );
    index_method(
        $class, 'endpoints_index', 'endpoints',
        'Index of the kinds of endpoints.',
        qw(gotify sendmail smtp webhook),
    );
    PVE::API2::Cluster::Notifications::Authorize::register($class);
    PVE::API2::Cluster::Notifications::Device::register($class);
    PVE::API2::Cluster::Notifications::Discover::register($class);
    PVE::API2::Cluster::Notifications::Gotify::register($class);
    PVE::API2::Cluster::Notifications::MatcherFields::register($class);
    PVE::API2::Cluster::Notifications::Matchers::register($class);
    PVE::API2::Cluster::Notifications::OAuth2::register($class);
    PVE::API2::Cluster::Notifications::SMTP::register($class);
    PVE::API2::Cluster::Notifications::Sendmail::register($class);
    PVE::API2::Cluster::Notifications::Targets::register($class);
    PVE::API2::Cluster::Notifications::Webhook::register($class);
    return;
}

1;

__END__

=head1 NAME

PVE::API2::Cluster::Notifications::Methods - the methods below /cluster/notifications

=head1 FUNCTIONS

=head2 register($class)

Registers all of them in C<$class>, which is a C<PVE::RESTHandler> or has its C<register_method>.

=cut
