package PVE::API2::Cluster::Notifications::OAuth2;

# The exchange of an authorization code for a refresh token. It happens here and not in the browser:
# Entra refuses token requests from browsers for applications of type "Web", and only such an
# application lets a backend renew its login without a person. All parameters may be secrets: none
# of them is ever logged.

use v5.36;

use PVE::API2::Cluster::Notifications::Common qw(endpoint_writers with_config);
use PVE::Exception                            qw(raise_param_exc);
use PVE::JSONSchema;

# long enough for every token that a provider issues today
my $MAX_SECRET = 16384;

# A format and no pattern, since it can say what is wrong: many clients send a file as it is.
PVE::JSONSchema::register_format(
    'pve-notify-oauth2-text' => sub ($text, @) {
        die "it ends with a line break; a file that is sent as it is must not (printf %s)\n"
            if $text =~ /[\r\n]\z/;
        die "it has a control character in it\n" if $text =~ /[\x00-\x1f\x7f-\x9f]/;
        return $text;
    },
);

my sub text_parameter ($description, %more) {
    return {
        description => $description,
        type        => 'string',
        minLength   => 1,
        maxLength   => $MAX_SECRET,
        format      => 'pve-notify-oauth2-text',
        %more,
    };
}

my $parameters = {
    additionalProperties => 0,
    properties           => {
        'auth-method' => {
            description => 'The provider that issued the authorization code: Google (Gmail and '
                . 'Workspace), Microsoft (Microsoft 365 and Outlook.com), one of '
                . 'oauth2-providers.json, or any other, which token-url and scopes describe '
                . '(custom-oauth2).',
            type     => 'string',
            typetext => 'google-oauth2 | microsoft-oauth2 | custom-oauth2',
            pattern  => '[a-z0-9-]{2,64}',
        },
        'client-id' => text_parameter(
            q{The OAuth2 client ID of your application. Google: "Client ID" under "APIs & Services", }
                . '"Credentials" in the Cloud Console. Microsoft: "Application (client) ID" on the '
                . q{application's overview page in the Entra admin center.},
        ),
        'client-secret' => text_parameter(
            q{The OAuth2 client secret of your application. Microsoft: the }
                . q{secret's "Value", which is shown only once under "Certificates & secrets", and }
                . 'not its "Secret ID". Needed unless client-auth is "none".',
            optional => 1,
        ),
        'tenant-id' => text_parameter(
            'The Entra tenant that the code comes from; needed for microsoft-oauth2. Its GUID '
                . q{("Directory (tenant) ID" on the application's overview page), one of its domain }
                . 'names, or common, organizations or consumers.',
            optional  => 1,
            maxLength => 253,
            pattern   => '[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?',
        ),
        'authorization-code' => text_parameter(
            q{The value of "code" in the address that the provider's consent page leads back to, }
                . 'after URL decoding. It works once and for some minutes only (10 at Microsoft).',
        ),
        'redirect-uri' => text_parameter(
            'The redirect URI that the consent page was opened with, character by character. It is '
                . 'absolute, https (http for localhost only), without fragment, and registered in '
                . 'the application as type "Web".',
            pattern => 'https?://[^\x00-\x20\x7f-\x9f#]+',
        ),
        'code-verifier' => text_parameter(
            'The PKCE code verifier (RFC 7636): 43 to 128 letters, digits and -._~; needed if the '
                . 'consent page was opened with a code challenge.',
            optional  => 1,
            minLength => 43,
            maxLength => 128,
            pattern   => '[A-Za-z0-9._~-]+',
        ),
        'token-url' => text_parameter(
            'With custom-oauth2, which needs it: the address of the token endpoint, https only.',
            optional  => 1,
            maxLength => 2048,
        ),
        'scopes' => text_parameter(
            'With custom-oauth2: the scopes that the consent page was opened with, separated by '
                . 'blanks. If the provider names those that it has granted, these must be among them.',
            optional  => 1,
            maxLength => 2048,
        ),
        'client-auth' => {
            description => 'With custom-oauth2: how the application logs in at the token endpoint: '
                . 'client-secret in the header (basic) or in the body (post), or a public client without '
                . 'one, which needs code-verifier (none). Default: basic, and post where the provider '
                . 'refuses that.',
            type     => 'string',
            enum     => ['basic', 'post', 'none'],
            optional => 1,
        },
    },
};

sub exchange ($param) {
    if ($param->{'auth-method'} eq 'microsoft-oauth2' && !defined $param->{'tenant-id'}) {
        raise_param_exc(
            { 'tenant-id' => q{property is missing, auth-method 'microsoft-oauth2' needs it} });
    }
    if ($param->{'auth-method'} eq 'custom-oauth2' && !defined $param->{'token-url'}) {
        raise_param_exc(
            { 'token-url' => q{property is missing, auth-method 'custom-oauth2' needs it} });
    }
    if (($param->{'client-auth'} // '') ne 'none' && !defined $param->{'client-secret'}) {
        raise_param_exc({ 'client-secret' => q{property is missing and it is not optional} });
    }
    my %custom =
        map { $_ => $param->{$_} } grep { defined $param->{$_} } qw(token-url scopes client-auth);
    return with_config(sub ($config) {
        if (my $error = $config->provider_file_error) {
            warn "$error\n";
        }
        return $config->exchange_smtp_oauth2_code(
            $param->@{
                qw(auth-method client-id client-secret tenant-id authorization-code redirect-uri code-verifier)
            },
            %custom ? \%custom : (),
        );
    });
}

sub register ($class) {
    $class->register_method({
        name        => 'smtp_oauth2_token',
        path        => 'smtp-oauth2-token',
        method      => 'POST',
        protected   => 1,
        description => 'Exchange an OAuth2 authorization code for the refresh token that an SMTP '
            . 'target needs to log in. Asks the provider and takes up to 20 seconds; changes nothing '
            . 'here.',
        permissions => endpoint_writers(),
        parameters  => $parameters,
        returns     => {
            description => 'The refresh token: a secret, keep it like a password.',
            type        => 'string',
        },
        code => \&exchange,
    });
    return;
}

1;

__END__

=head1 NAME

PVE::API2::Cluster::Notifications::OAuth2 - redeems OAuth2 authorization codes

=head1 SYNOPSIS

    PVE::API2::Cluster::Notifications::OAuth2::register('PVE::API2::Cluster::Notifications');

=head1 METHODS

=head2 smtp_oauth2_token

C<POST /cluster/notifications/smtp-oauth2-token> returns the refresh token as a string. Errors: 400
for what the caller can mend, 502 and 504 for the provider or the way to it.

=cut
