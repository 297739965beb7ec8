package PVE::API2::Cluster::Notifications::OAuth2;

# The end of a consent: the exchange of an authorization code for a refresh token. It happens here and not in
# the browser: Entra refuses token requests from browsers for applications of type "Web", and only such an
# application lets a backend refresh its tokens without a person.
#
# With the state of a consent that was begun here the token stays here; without one it is the answer.

use v5.36;

use PVE::API2::Cluster::Notifications::Application
    qw(text_parameter application_parameters require_parameters);
use PVE::API2::Cluster::Notifications::Common
    qw(auth_id endpoint_writers with_config name_property);
use PVE::Exception       qw(raise_param_exc);
use PVE::RESTEnvironment qw(log_warn);

my %properties = (
    application_parameters(
        qw(auth-method client-id tenant-id token-url scopes client-auth redirect-uri)),
    'client-secret' => text_parameter(
        q{Client secret of the application, needed unless client-auth is "none" or the consent was }
            . q{started for a target. Microsoft: the secret's "Value", shown only once under }
            . '"Certificates & secrets"; Google: shown only when it is created.',
        optional => 1,
    ),
    'authorization-code' => text_parameter(
        'Value of "code" in the address to which the consent page redirects, URL-decoded; with state '
            . 'also the whole address, its query or its fragment. Valid once and for a few minutes '
            . 'only (10 at Microsoft).',
        maxLength => 32768,
    ),
    'code-verifier' => text_parameter(
        'PKCE code verifier (RFC 7636): 43 to 128 letters, digits and -._~ characters. Needed if the '
            . 'consent page was opened with a code challenge by the caller.',
        optional  => 1,
        minLength => 43,
        maxLength => 128,
        pattern   => '[A-Za-z0-9._~-]+',
    ),
    'state' => text_parameter(
        'State from smtp-oauth2-authorize: the rest is known from there, and the refresh token is '
            . 'not returned.',
        optional  => 1,
        maxLength => 256,
    ),
    'name' => name_property(
        description => 'With state: target that the refresh token is stored for, the one that '
            . 'smtp-oauth2-authorize was called with.',
        optional => 1,
    ),
);

# of a consent that was begun here
my sub redeem ($param) {
    if (defined $param->{'code-verifier'}) {
        raise_param_exc(
            { 'code-verifier' => 'must not be given with state: it is known from the start' });
    }
    my $redeemed = with_config(sub ($config) {
        return $config->redeem_smtp_oauth2($param, auth_id());
    });
    log_warn($redeemed->{warning}) if defined $redeemed->{warning};
    return $redeemed->{handle} // '';
}

sub exchange ($param) {
    return redeem($param)                                           if defined $param->{state};
    raise_param_exc({ name => 'is only for a consent with state' }) if defined $param->{name};
    require_parameters($param, qw(auth-method client-id redirect-uri));
    if ($param->{'auth-method'} eq 'microsoft-oauth2' && !defined $param->{'tenant-id'}) {
        raise_param_exc(
            { 'tenant-id' => q{is missing (needed with auth-method 'microsoft-oauth2')} });
    }
    if ($param->{'auth-method'} eq 'custom-oauth2' && !defined $param->{'token-url'}) {
        raise_param_exc({ 'token-url' => q{is missing (needed with auth-method 'custom-oauth2')} });
    }
    require_parameters($param, 'client-secret') if ($param->{'client-auth'} // '') ne 'none';
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
            . 'SMTP target. Contacts the provider for up to 20 seconds.',
        permissions => endpoint_writers(),
        parameters  => { additionalProperties => 0, properties => \%properties },
        returns     => {
            description => 'Refresh token: secret; keep it like a password. With state an empty '
                . 'string if it was stored for the target, else a handle for oauth2-refresh-token, '
                . 'valid for 10 minutes.',
            type => 'string',
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

C<POST /cluster/notifications/smtp-oauth2-token> returns the refresh token as a string. With C<state> it stores
the token for the target of that consent and returns an empty string, or returns a handle that stands for the
token. Errors: 400 for what the caller can fix, 502 and 504 for the provider or the connection to it.

=cut
