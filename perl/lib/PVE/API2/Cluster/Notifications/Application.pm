package PVE::API2::Cluster::Notifications::Application;

# The parameters that describe an application at a provider, for the calls that ask for a consent and that
# redeem it. All of them may be secrets: none is ever logged.

use v5.36;

use Exporter 'import';

use PVE::API2::Cluster::Notifications::Common qw(name_property);
use PVE::Exception                            qw(raise_param_exc);
use PVE::JSONSchema;

our @EXPORT_OK = qw(
    $EXPIRES $MAILBOX text_parameter application_parameters consent_parameters consent_of require_parameters
);

# long enough for every token that a provider issues today
my $MAX_SECRET = 16384;

# A format and no pattern, since it can say what is wrong: many clients send a file as it is.
PVE::JSONSchema::register_format(
    'pve-notify-oauth2-text' => sub ($text, @) {
        die qq{must not end with a line break (write the file with: printf %s "\$SECRET")\n}
            if $text =~ /[\r\n]\z/;
        die "must not contain control characters\n" if $text =~ /[\x00-\x1f\x7f-\x9f]/;
        return $text;
    },
);

# What more than one of these methods returns.
our $EXPIRES = {
    description => 'Time at which it expires, in seconds since the epoch.',
    type        => 'integer',
    renderer    => 'timestamp',
};
our $MAILBOX = {
    description => 'Mailbox that consented, if the provider tells.',
    type        => 'string',
    optional    => 1,
};

sub text_parameter ($description, %more) {
    return {
        description => $description,
        type        => 'string',
        minLength   => 1,
        maxLength   => $MAX_SECRET,
        format      => 'pve-notify-oauth2-text',
        %more,
    };
}

my %parameters = (
    'auth-method' => {
        description => 'Provider: Google (Gmail and Workspace), Microsoft (Microsoft 365 and '
            . 'Outlook.com), one of oauth2-providers.json, or another one, described by token-url '
            . 'and scopes.',
        type     => 'string',
        typetext => 'google-oauth2 | microsoft-oauth2 | custom-oauth2',
        pattern  => '[a-z0-9-]{2,64}',
    },
    'client-id' => text_parameter(
              'Client ID of the application. Google: "Client ID" under "Google '
            . 'Auth Platform > Clients"; Microsoft: "Application (client) ID" on '
            . 'the "Overview" page of the application in the Entra admin center.',
    ),
    'tenant-id' => text_parameter(
        'Entra tenant that issues the code: its "Directory (tenant) ID", '
            . 'one of its domain names, or common, organizations or consumers. '
            . 'Needed with microsoft-oauth2.',
        maxLength => 253,
        pattern   => '[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?',
    ),
    'cloud' => {
        description => 'National cloud of the tenant. Default: global.',
        type        => 'string',
        enum        => ['global', 'us-gov', 'china'],
    },
    'token-url' => text_parameter(
        'Address of the token endpoint, https only. Needed with custom-oauth2.',
        maxLength => 2048,
    ),
    'authorize-url' => text_parameter(
        'Address of the consent page, https only. Needed with custom-oauth2.',
        maxLength => 2048,
    ),
    'scopes' => text_parameter(
        'Scopes of the consent, separated by spaces. Only for custom-oauth2; scopes that the '
            . 'provider reports as granted must include them.',
        maxLength => 2048,
    ),
    'client-auth' => {
        description => 'With custom-oauth2: client-secret in the header (basic) or in the body '
            . '(post), or a public client without one (none). Default: basic, and post where the '
            . 'provider refuses that.',
        type => 'string',
        enum => ['basic', 'post', 'none'],
    },
    'issuer' => text_parameter(
        'Issuer that the provider names in its answers (iss, RFC 9207). Only for custom-oauth2; answers '
            . 'that name another one, or none, are refused.',
        maxLength => 2048,
    ),
    'device-url' => text_parameter(
        'Address of the device authorization endpoint, on the host and port of token-url. Only for '
            . 'custom-oauth2.',
        maxLength => 2048,
    ),
    'revoke-url' => text_parameter(
        'Address of the revocation endpoint, on the host and port of token-url. Only for '
            . 'custom-oauth2.',
        maxLength => 2048,
    ),
    'redirect-uri' => text_parameter(
        'Redirect URI of the consent, character by character. Absolute, https (http for localhost '
            . 'only), without fragment, registered in the application as type "Web".',
        pattern => 'https?://[^\x00-\x20\x7f-\x9f#]+',
    ),
);

# Optional: which of them are needed depends on others.
sub application_parameters (@names) {
    return map { $_ => { $parameters{$_}->%*, optional => 1 } } @names;
}

my @APPLICATION = qw(
    auth-method client-id tenant-id cloud token-url authorize-url scopes client-auth issuer device-url
    revoke-url
);

# What a consent is for: a target, or an application for one that is still to be created.
sub consent_parameters () {
    return (
        application_parameters(@APPLICATION),
        'name' => name_property(
            description => 'SMTP target that the consent is for; its stored settings are used. '
                . 'Without it auth-method and client-id are needed.',
            optional => 1,
        ),
        'username' => {
            description => 'Mailbox that the consent is for. Default: any, or the user name of the '
                . 'target.',
            type      => 'string',
            maxLength => 320,
            optional  => 1,
        },
    );
}

# The same of a call, for the library.
sub consent_of ($param) {
    my @names = (@APPLICATION, 'username');
    if (defined $param->{name}) {
        my %wrong = map { $_ => 'must not be given with name: the target has it' }
            grep { defined $param->{$_} } @names;
        raise_param_exc(\%wrong) if %wrong;
        return { name => $param->{name} };
    }
    require_parameters($param, qw(auth-method client-id));
    return { map { $_ => $param->{$_} } grep { defined $param->{$_} } @names };
}

sub require_parameters ($param, @names) {
    my %missing = map { $_ => 'property is missing and it is not optional' }
        grep { !defined $param->{$_} } @names;
    raise_param_exc(\%missing) if %missing;
    return;
}

1;

__END__

=head1 NAME

PVE::API2::Cluster::Notifications::Application - parameters of an application at a provider

=head1 FUNCTIONS

=head2 text_parameter($description, %more)

The schema of a text that may be a secret.

=head2 application_parameters(@names)

The schemas of these parameters, all optional.

=head2 consent_parameters(), consent_of($param)

The schemas of what a consent is for, and that of a call; dies where a target is named beside parameters that
it has itself.

=head2 require_parameters($param, @names)

Dies as the schema does where one of these is not there.

=cut
