package PVE::API2::Cluster::Notifications::Discover;

# Where the endpoints of a provider are: for the form that sets a target up, in whose settings they are kept.

use v5.36;

use PVE::API2::Cluster::Notifications::Application qw(text_parameter);
use PVE::API2::Cluster::Notifications::Common      qw(endpoint_writers with_config);

my sub discover ($param) {
    return with_config(sub ($config) {
        return $config->discover_smtp_oauth2($param->{issuer});
    });
}

my sub url ($description, %more) {
    return { description => $description, type => 'string', %more };
}

sub register ($class) {
    $class->register_method({
        name        => 'smtp_oauth2_discover',
        path        => 'smtp-oauth2-discover',
        method      => 'POST',
        protected   => 1,
        description =>
            'Read the discovery document of an OAuth2 provider (RFC 8414, OpenID Connect). '
            . 'Contacts the provider for up to 20 seconds; changes nothing on this machine.',
        permissions => endpoint_writers(),
        parameters  => {
            additionalProperties => 0,
            properties           => {
                issuer => text_parameter('Issuer of the provider, https only.', maxLength => 2048),
            },
        },
        returns => {
            type       => 'object',
            properties => {
                issuer          => url('Issuer, for oauth2-issuer if sends-iss.'),
                'authorize-url' => url('Address of the consent page, for oauth2-authorize-url.'),
                'token-url'     => url('Address of the token endpoint, for oauth2-token-url.'),
                'device-url'    => url(
                    'Address of the device authorization endpoint, for oauth2-device-url.',
                    optional => 1
                ),
                'revoke-url' => url(
                    'Address of the revocation endpoint, for oauth2-revoke-url.', optional => 1
                ),
                'scopes-supported' => {
                    description => 'Scopes that the provider lists.',
                    type        => 'array',
                    items       => { type => 'string' },
                },
                'sends-iss' => {
                    description =>
                        'Whether answers of the consent page name the issuer (RFC 9207).',
                    type => 'boolean',
                },
            },
        },
        code => \&discover,
    });
    return;
}

1;

__END__

=head1 NAME

PVE::API2::Cluster::Notifications::Discover - endpoints of an OAuth2 provider

=head1 METHODS

=head2 smtp_oauth2_discover

C<POST /cluster/notifications/smtp-oauth2-discover> returns what the discovery document of an issuer says. Errors:
400 for an issuer that has none, or one that is of no use, 502 and 504 for the connection to it.

=cut
