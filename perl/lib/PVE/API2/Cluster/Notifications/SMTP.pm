package PVE::API2::Cluster::Notifications::SMTP;

# Mail servers as endpoints: what can be set, and what that means. How to log in with OAuth2 is
# unknown to Proxmox VE 9.2; those settings stand in files of their own and come last here.

use v5.36;

use PVE::API2::Cluster::Notifications::Common qw(
    readers endpoint_writers with_config with_errors name_property comment_property disable_property
    warning_property
);
use PVE::API2::Cluster::Notifications::Entries;
use PVE::API2::Cluster::Notifications::Mail   qw(mail_keys);
use PVE::API2::Cluster::Notifications::Status qw(status_properties);

# the same bound as where a code is redeemed with them
my $MAX_OAUTH2_TEXT = 16384;

my @keys = (
    server => {
        description => 'The DNS name or IP address of the mail server. Its certificate must be for '
            . 'this name.',
        type => 'string',
    },
    port => {
        description => 'The port of the mail server. Without it the one of the mode: 25 for '
            . 'insecure, 587 for starttls, 465 for tls.',
        type     => 'integer',
        minimum  => 1,
        maximum  => 65535,
        optional => 1,
    },
    mode => {
        description => 'How the connection is protected: TLS from the start, TLS after the '
            . q{server's greeting (it has to offer STARTTLS), or not at all.},
        type     => 'string',
        enum     => ['insecure', 'starttls', 'tls'],
        default  => 'tls',
        optional => 1,
    },
    username => {
        description => 'The name to log in with. Without it there is no login.',
        type        => 'string',
        optional    => 1,
    },
    password => {
        description => 'The password to log in with. A secret: no answer has it.',
        type        => 'string',
        optional    => 1,
    },
    mail_keys(),
    'from-address' => {
        description =>
            q{The sender's address, also of the envelope. The server has to let the user }
            . 'send from it.',
        type => 'string',
    },
    author => {
        description => q{The name beside the sender's address. Without it the mail comes from }
            . '"Proxmox VE".',
        type     => 'string',
        optional => 1,
    },
    comment => comment_property(),
    disable => disable_property(),
);

my @extra = (
    'auth-method' => {
        description => 'How to log in: "plain" with user name and password; "google-oauth2", '
            . '"microsoft-oauth2", a provider of oauth2-providers.json or "custom-oauth2" (any other) '
            . 'with OAuth2. Without it a user name means "plain".',
        type     => 'string',
        typetext => 'plain | google-oauth2 | microsoft-oauth2 | custom-oauth2',
        pattern  => '[a-z0-9-]{1,64}',
        optional => 1,
    },
    'oauth2-client-id' => {
        description => 'The client ID of your application at the provider. Microsoft calls it '
            . '"Application (client) ID".',
        type      => 'string',
        maxLength => $MAX_OAUTH2_TEXT,
        optional  => 1,
    },
    'oauth2-client-secret' => {
        description =>
            q{The client secret of your application. Microsoft: the secret's "Value", not }
            . 'its "Secret ID". A secret: no answer has it.',
        type      => 'string',
        maxLength => $MAX_OAUTH2_TEXT,
        optional  => 1,
    },
    'oauth2-tenant-id' => {
        description => 'The Entra tenant of the mailbox, needed for microsoft-oauth2: its GUID '
            . '("Directory (tenant) ID") or one of its domain names.',
        type      => 'string',
        maxLength => 253,
        optional  => 1,
    },
    'oauth2-cloud' => {
        description => q{The cloud that the tenant is in, where that is a national one. Without it }
            . q{the worldwide one.},
        type     => 'string',
        enum     => ['global', 'us-gov', 'china'],
        optional => 1,
    },
    'oauth2-grant-type' => {
        description => 'Whether a person consents once, whose refresh token is then used '
            . '(refresh-token), or the application acts for itself (client-credentials; not with '
            . 'google-oauth2).',
        type     => 'string',
        enum     => ['refresh-token', 'client-credentials'],
        default  => 'refresh-token',
        optional => 1,
    },
    'oauth2-token-url' => {
        description => 'With custom-oauth2: the address of the token endpoint, https only.',
        type        => 'string',
        maxLength   => 2048,
        optional    => 1,
    },
    'oauth2-authorize-url' => {
        description => 'With custom-oauth2: the address where a person consents, https only.',
        type        => 'string',
        maxLength   => 2048,
        optional    => 1,
    },
    'oauth2-scopes' => {
        description => 'With custom-oauth2: the scopes to ask for, separated by blanks.',
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
    'oauth2-refresh-before' => {
        description => 'Renew an access token so many seconds before its end, but not in the first '
            . 'half of its life. Without it: 15 minutes, or a quarter of its life if that is less.',
        type     => 'integer',
        minimum  => 60,
        maximum  => 3600,
        optional => 1,
    },
    'oauth2-refresh-token' => {
        description =>
            'The refresh token that /cluster/notifications/smtp-oauth2-token has returned. It '
            . 'is no setting: it is kept apart, renewed when the provider says so, and set aside when '
            . 'server, provider, application or login change. A secret: no answer has it.',
        type      => 'string',
        maxLength => $MAX_OAUTH2_TEXT,
        optional  => 1,
    },
);

my %status = (
    name => { description => 'The name of the endpoint.', type => 'string' },
    status_properties()
);

my sub status ($param) {
    my $name = $param->{name};
    return with_config(sub ($config) {
        $config->get_smtp_endpoint($name);
        return $config->get_oauth2_status()->{$name}
            // die { code => 400, message => "endpoint '$name' does not log in with OAuth2" };
    });
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
    secrets  => ['password', 'oauth2-client-secret', 'oauth2-refresh-token'],
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
            'How things stand with the OAuth2 login of an SMTP endpoint. Asks no provider.',
        permissions => readers('Mapping.Use'),
        parameters  => { additionalProperties => 0, properties => { name => name_property() } },
        returns     => { type                 => 'object', properties => \%status },
        code        => \&status,
    });
    return;
}

1;

__END__

=head1 NAME

PVE::API2::Cluster::Notifications::SMTP - /cluster/notifications/endpoints/smtp

=head1 FUNCTIONS

=head2 register($class)

Registers C<get_smtp_endpoints>, C<get_smtp_endpoint>, C<create_smtp_endpoint>,
C<update_smtp_endpoint>, C<delete_smtp_endpoint> and C<get_smtp_endpoint_status> in C<$class>.

=cut
