package PVE::API2::Cluster::Notifications::SMTP;

# Mail servers as endpoints: what can be set, and what that means. How to log in with OAuth2 is
# unknown to Proxmox VE 9.2; those settings stand in files of their own and come last here.

use v5.36;

use PVE::API2::Cluster::Notifications::Common qw(
    auth_id readers endpoint_writers with_config with_errors oauth2_status name_property comment_property
    disable_property warning_property
);
use PVE::API2::Cluster::Notifications::Entries;
use PVE::API2::Cluster::Notifications::Mail   qw(mail_keys);
use PVE::API2::Cluster::Notifications::Status qw(status_properties);
use PVE::JSONSchema;
use PVE::RESTEnvironment qw(log_warn);

# the same bound as where a code is redeemed with them
my $MAX_OAUTH2_TEXT = 16384;
my $MAX_KEY         = 12288;

my @keys = (
    server => {
        description => 'DNS name or IP address of the mail server. Its certificate must '
            . 'be valid for this name.',
        type => 'string',
    },
    port => {
        description => 'Port of the mail server. Default: 25 (insecure), 587 (starttls), '
            . '465 (tls).',
        type     => 'integer',
        minimum  => 1,
        maximum  => 65535,
        optional => 1,
    },
    mode => {
        description => 'Protection of the connection: tls (from the start), starttls (TLS '
            . 'after STARTTLS, which the server must offer) or insecure (without ' . 'TLS).',
        type     => 'string',
        enum     => ['insecure', 'starttls', 'tls'],
        default  => 'tls',
        optional => 1,
    },
    username => {
        description => 'User name for the mail server. Default: no login.',
        type        => 'string',
        optional    => 1,
    },
    password => {
        description => 'Password for the mail server. Secret; never returned by the API.',
        type        => 'string',
        optional    => 1,
    },
    mail_keys(),
    'from-address' => {
        description => 'Sender address, also of the envelope. The mail server must allow '
            . 'the user to send from it.',
        type => 'string',
    },
    author => {
        description => 'Name shown with the sender address. Default: "Proxmox VE".',
        type        => 'string',
        optional    => 1,
    },
    comment => comment_property(),
    disable => disable_property(),
);

my @extra = (
    'auth-method' => {
        description => 'How to log in: "plain" with password; "google-oauth2", '
            . '"microsoft-oauth2", a provider of oauth2-providers.json or "custom-oauth2" (any '
            . 'other) with OAuth2. Default: "plain" if a user name is set.',
        type     => 'string',
        typetext => 'plain | google-oauth2 | microsoft-oauth2 | custom-oauth2',
        pattern  => '[a-z0-9-]{1,64}',
        optional => 1,
    },
    'oauth2-client-id' => {
        description => 'Client ID of the application at the provider. Microsoft: '
            . '"Application (client) ID".',
        type      => 'string',
        maxLength => $MAX_OAUTH2_TEXT,
        optional  => 1,
    },
    'oauth2-client-secret' => {
        description => q{Client secret of the application (Microsoft: the secret's }
            . '"Value", not its "Secret ID"). Secret; never returned by the API.',
        type      => 'string',
        maxLength => $MAX_OAUTH2_TEXT,
        optional  => 1,
    },
    'oauth2-client-key' => {
        description =>
            'Private key with certificate (PEM, without passphrase), or JSON key file of a '
            . 'Google service account, in place of oauth2-client-secret. Secret; never returned by '
            . 'the API.',
        type      => 'string',
        maxLength => $MAX_KEY,
        optional  => 1,
    },
    'oauth2-tenant-id' => {
        description => 'Entra tenant of the mailbox: its "Directory (tenant) ID" or one '
            . 'of its domain names. Needed with microsoft-oauth2.',
        type      => 'string',
        maxLength => 253,
        optional  => 1,
    },
    'oauth2-cloud' => {
        description => 'National cloud of the tenant. Default: global.',
        type        => 'string',
        enum        => ['global', 'us-gov', 'china'],
        optional    => 1,
    },
    'oauth2-grant-type' => {
        description => 'How access tokens are obtained: refresh-token (a user consents once), '
            . 'client-credentials (app-only, without a user; not with google-oauth2) or jwt-bearer '
            . '(google-oauth2: a service account acts for the user).',
        type     => 'string',
        enum     => ['refresh-token', 'client-credentials', 'jwt-bearer'],
        default  => 'refresh-token',
        optional => 1,
    },
    'oauth2-token-url' => {
        description => 'Address of the token endpoint, https only. Needed with ' . 'custom-oauth2.',
        type        => 'string',
        maxLength   => 2048,
        optional    => 1,
    },
    'oauth2-authorize-url' => {
        description => 'Address of the consent page, https only. Only for custom-oauth2.',
        type        => 'string',
        maxLength   => 2048,
        optional    => 1,
    },
    'oauth2-scopes' => {
        description => 'Scopes to request, separated by spaces. Only for custom-oauth2.',
        type        => 'string',
        maxLength   => 2048,
        optional    => 1,
    },
    'oauth2-client-auth' => {
        description =>
            'With custom-oauth2: how the application logs in at the token endpoint: secret in '
            . 'the header (basic), secret in the body (post), or a public client without one (none). '
            . 'Default: basic, and post where the provider refuses that.',
        type     => 'string',
        enum     => ['basic', 'post', 'none'],
        optional => 1,
    },
    'oauth2-assertion-alg' => {
        description => 'Signature algorithm with oauth2-client-key. Default: PS256 with '
            . 'microsoft-oauth2, else RS256 with an RSA key and ES256 with an EC key.',
        type     => 'string',
        enum     => ['RS256', 'PS256', 'ES256'],
        optional => 1,
    },
    'oauth2-secret-expires' => {
        description =>
            'Expiry date of the client secret (UTC), reported 60, 30, 7 and 1 days before and '
            . 'at the end. Default: end of the certificate of oauth2-client-key.',
        type     => 'string',
        pattern  => '[0-9]{4}-[0-9]{2}-[0-9]{2}',
        typetext => 'YYYY-MM-DD',
        optional => 1,
    },
    'oauth2-issuer' => {
        description =>
            'With custom-oauth2: issuer that the provider names in answers of its consent page '
            . '(iss, RFC 9207). Answers that name another one, or none, are refused.',
        type      => 'string',
        maxLength => 2048,
        optional  => 1,
    },
    'oauth2-device-url' => {
        description =>
            'With custom-oauth2: address of the device authorization endpoint, on the host '
            . 'and port of oauth2-token-url.',
        type      => 'string',
        maxLength => 2048,
        optional  => 1,
    },
    'oauth2-revoke-url' => {
        description => 'With custom-oauth2: address of the revocation endpoint, on the host and '
            . 'port of oauth2-token-url.',
        type      => 'string',
        maxLength => 2048,
        optional  => 1,
    },
    'oauth2-refresh-before' => {
        description => 'Seconds before its expiry at which an access token is refreshed, '
            . 'but not in the first half of its lifetime. Default: 900, or a '
            . 'quarter of the lifetime if that is less.',
        type     => 'integer',
        minimum  => 60,
        maximum  => 3600,
        optional => 1,
    },
    'oauth2-refresh-token' => {
        description => 'Refresh token, or handle, from /cluster/notifications/smtp-oauth2-token; '
            . 'stored separately, replaced when the provider rotates it, no '
            . 'longer used after a change of server, provider, application or '
            . 'user name. Secret; never returned by the API.',
        type      => 'string',
        maxLength => $MAX_OAUTH2_TEXT,
        optional  => 1,
    },
);

my %status = (
    name => { description => 'Name of the endpoint.', type => 'string' },
    status_properties()
);

my sub status ($param) {
    my $name = $param->{name};
    return with_config(sub ($config) {
        $config->get_smtp_endpoint($name);
        return oauth2_status($config)->{$name}
            // die { code => 400, message => "endpoint '$name' does not log in with OAuth2" };
    });
}

my sub revoke ($param) {
    my $revoked = with_config(sub ($config) {
        my $here_only = PVE::JSONSchema::parse_boolean($param->{'here-only'} // 0);
        return $config->revoke_smtp_oauth2($param->{name}, $here_only ? 1 : 0, auth_id());
    });
    log_warn($revoked->{warning}) if defined $revoked->{warning};
    return { map { $_ => $revoked->{$_} } grep { defined $revoked->{$_} } keys %$revoked };
}

my sub register_revoke ($class) {
    $class->register_method({
        name        => 'revoke_smtp_endpoint',
        path        => 'endpoints/smtp/{name}/revoke',
        method      => 'POST',
        protected   => 1,
        description =>
            'Revoke the OAuth2 authorization of an SMTP endpoint: at the provider, if it has '
            . 'an address for that, and delete its tokens here. The endpoint stays.',
        permissions => endpoint_writers(),
        parameters  => {
            additionalProperties => 0,
            properties           => {
                name        => name_property(),
                'here-only' => {
                    description => 'Delete the tokens here without telling the provider.',
                    type        => 'boolean',
                    optional    => 1,
                    default     => 0,
                },
            },
        },
        returns => {
            type       => 'object',
            properties => {
                'at-provider' => {
                    description => 'Whether the provider has revoked it.',
                    type        => 'boolean',
                },
                warning => {
                    description => 'Rest that somebody must do at the provider.',
                    type        => 'string',
                    optional    => 1,
                },
            },
        },
        code => \&revoke,
    });
    return;
}

my sub with_warnings ($entries, $config) {
    my %warning =
        map { $_->{name} => $_->{warning} } grep { $_->{warning} } $config->get_targets()->@*;
    for my $entry (grep { $warning{ $_->{name} } } @$entries) {
        $entry->{warning} = $warning{ $entry->{name} };
    }
    return with_errors($entries, $config);
}

my %kind = (
    path     => 'endpoints/smtp',
    stem     => 'smtp_endpoint',
    singular => 'an SMTP endpoint',
    plural   => 'SMTP endpoints',
    writers  => endpoint_writers(),
    secrets  => ['password', 'oauth2-client-secret', 'oauth2-client-key', 'oauth2-refresh-token'],
    keys     => \@keys,
    extra    => \@extra,

    list_properties => { warning => { warning_property()->%*, print_width => 32 } },
    complete_list   => \&with_warnings,
);

sub register ($class) {
    PVE::API2::Cluster::Notifications::Entries::register($class, \%kind);
    $class->register_method({
        name        => 'get_smtp_endpoint_status',
        path        => 'endpoints/smtp/{name}/status',
        method      => 'GET',
        protected   => 1,
        description =>
            'Status of the OAuth2 login of an SMTP endpoint. Does not contact the provider.',
        permissions => readers('Mapping.Use'),
        parameters  => { additionalProperties => 0, properties => { name => name_property() } },
        returns     => { type                 => 'object', properties => \%status },
        code        => \&status,
    });
    register_revoke($class);
    return;
}

1;

__END__

=head1 NAME

PVE::API2::Cluster::Notifications::SMTP - /cluster/notifications/endpoints/smtp

=head1 FUNCTIONS

=head2 register($class)

Registers C<get_smtp_endpoints>, C<get_smtp_endpoint>, C<create_smtp_endpoint>,
C<update_smtp_endpoint>, C<delete_smtp_endpoint>, C<get_smtp_endpoint_status> and C<revoke_smtp_endpoint> in
C<$class>.

=cut
