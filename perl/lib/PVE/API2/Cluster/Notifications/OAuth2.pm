package PVE::API2::Cluster::Notifications::OAuth2;

# The exchange of an authorization code for a refresh token. It happens here and not in the browser:
# Entra refuses token requests from browsers for applications of type "Web", and only such an
# application lets a backend refresh its tokens without a person. All parameters may be secrets: none
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
        die qq{must not end with a line break (write the file with: printf %s "\$SECRET")\n}
            if $text =~ /[\r\n]\z/;
        die "must not contain control characters\n" if $text =~ /[\x00-\x1f\x7f-\x9f]/;
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
            description => 'Provider that issued the authorization code: Google (Gmail and '
                . 'Workspace), Microsoft (Microsoft 365 and Outlook.com), one of '
                . 'oauth2-providers.json, or another one, described by token-url and scopes.',
            type     => 'string',
            typetext => 'google-oauth2 | microsoft-oauth2 | custom-oauth2',
            pattern  => '[a-z0-9-]{2,64}',
        },
        'client-id' => text_parameter(
                  'Client ID of the application. Google: "Client ID" under "Google '
                . 'Auth Platform > Clients"; Microsoft: "Application (client) ID" on '
                . 'the "Overview" page of the application in the Entra admin center.',
        ),
        'client-secret' => text_parameter(
            q{Client secret of the application, needed unless client-auth is "none". Microsoft: the }
                . q{secret's "Value", shown only once under "Certificates & secrets"; Google: shown }
                . 'only when it is created.',
            optional => 1,
        ),
        'tenant-id' => text_parameter(
            'Entra tenant that issued the code: its "Directory (tenant) ID", '
                . 'one of its domain names, or common, organizations or consumers. '
                . 'Needed with microsoft-oauth2.',
            optional  => 1,
            maxLength => 253,
            pattern   => '[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?',
        ),
        'authorization-code' => text_parameter(
                  'Value of "code" in the address to which the consent page '
                . 'redirects, URL-decoded. Valid once and for a few minutes only (10 '
                . 'at Microsoft).',
        ),
        'redirect-uri' => text_parameter(
            'Redirect URI with which the consent page was opened, character by '
                . 'character. Absolute, https (http for localhost only), without '
                . 'fragment, registered in the application as type "Web".',
            pattern => 'https?://[^\x00-\x20\x7f-\x9f#]+',
        ),
        'code-verifier' => text_parameter(
            'PKCE code verifier (RFC 7636): 43 to 128 letters, digits and -._~ '
                . 'characters. Needed if the consent page was opened with a code '
                . 'challenge.',
            optional  => 1,
            minLength => 43,
            maxLength => 128,
            pattern   => '[A-Za-z0-9._~-]+',
        ),
        'token-url' => text_parameter(
            'Address of the token endpoint, https only. Needed with ' . 'custom-oauth2.',
            optional  => 1,
            maxLength => 2048,
        ),
        'scopes' => text_parameter(
            'Scopes with which the consent page was opened, separated by '
                . 'spaces. Only for custom-oauth2; scopes that the provider reports '
                . 'as granted must include them.',
            optional  => 1,
            maxLength => 2048,
        ),
        'client-auth' => {
            description => 'With custom-oauth2: client-secret in the header (basic) or in the body '
                . '(post), or a public client without one, which needs code-verifier (none). '
                . 'Default: basic, and post where the provider refuses that.',
            type     => 'string',
            enum     => ['basic', 'post', 'none'],
            optional => 1,
        },
    },
};

sub exchange ($param) {
    if ($param->{'auth-method'} eq 'microsoft-oauth2' && !defined $param->{'tenant-id'}) {
        raise_param_exc(
            { 'tenant-id' => q{is missing (needed with auth-method 'microsoft-oauth2')} });
    }
    if ($param->{'auth-method'} eq 'custom-oauth2' && !defined $param->{'token-url'}) {
        raise_param_exc({ 'token-url' => q{is missing (needed with auth-method 'custom-oauth2')} });
    }
    if (($param->{'client-auth'} // '') ne 'none' && !defined $param->{'client-secret'}) {
        raise_param_exc({ 'client-secret' => q{property is missing and it is not optional} });
    }
    my %custom =
        map { $_ => $param->{$_} } grep { defined $param->{$_} } qw(token-url scopes client-auth);
    return with_config(sub ($config) {
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
        description => 'Exchange an OAuth2 authorization code for the refresh token of an '
            . 'SMTP target. Contacts the provider for up to 20 seconds; changes '
            . 'nothing on this machine.',
        permissions => endpoint_writers(),
        parameters  => $parameters,
        returns     => {
            description => 'Refresh token. Secret; keep it like a password.',
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
for what the caller can fix, 502 and 504 for the provider or the connection to it.

=cut
