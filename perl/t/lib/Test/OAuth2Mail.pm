package Test::OAuth2Mail;

# What a mail target with OAuth2 at the sandbox is made from: parameters of API calls.

use v5.36;

use Exporter qw(import);

our @EXPORT_OK = qw(code_parameters target_parameters);

# Of POST /cluster/notifications/smtp-oauth2-token, with a code of a new consent.
sub code_parameters ($sandbox) {
    my $client = $sandbox->client('google-oauth2');
    return {
        'auth-method'        => 'google-oauth2',
        'client-id'          => $client->{'client-id'},
        'client-secret'      => $client->{'client-secret'},
        'authorization-code' => $sandbox->code('google-oauth2'),
        'redirect-uri'       => $client->{'redirect-uris'}[0],
    };
}

# Of the target `mail`, with this refresh token.
sub target_parameters ($sandbox, $refresh_token) {
    my $client = $sandbox->client('google-oauth2');
    return {
        name                   => 'mail',
        server                 => $sandbox->{smtp}{host},
        port                   => $sandbox->{smtp}{'port-starttls'},
        mode                   => 'starttls',
        username               => $sandbox->{users}[0]{login},
        mailto                 => ['ann@example.org'],
        'from-address'         => 'pve@example.org',
        'auth-method'          => 'google-oauth2',
        'oauth2-client-id'     => $client->{'client-id'},
        'oauth2-client-secret' => $client->{'client-secret'},
        'oauth2-refresh-token' => $refresh_token,
    };
}

1;
