package Test::OAuth2Mail;

# What a mail target with OAuth2 at the sandbox is made from: parameters of API calls.

use v5.36;

use Digest::SHA qw(sha256_hex);
use Exporter    qw(import);
use JSON::PP    ();
use Test::Peers qw(slurp write_owned);

our @EXPORT_OK =
    qw(age_record answer_of code_parameters exchange_by_hand relay_parameters target_parameters);

my $json = JSON::PP->new->canonical;

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

# Of a target at the sandbox's mail server that logs in as the sandbox's first user, with these more.
sub relay_parameters ($sandbox, %more) {
    my $login = $sandbox->{users}[0]{login};
    return {
        server         => $sandbox->{smtp}{host},
        port           => $sandbox->{smtp}{'port-starttls'},
        mode           => 'starttls',
        username       => $login,
        mailto         => ['ann@example.org'],
        'from-address' => $login,
        %more,
    };
}

# Answers what a call gives, 'ok' for nothing, or the code with the message and what is said of parameters.
sub answer_of ($way, @call) {
    my $answer = $way->call(@call);
    return $answer->{data} // 'ok' if $answer->{code} == 200;
    return join ' ', $answer->{code}, $answer->{message} // '',
        map {"$_: $answer->{errors}{$_}"} keys $answer->{errors}->%*;
}

# The same for an exchange by this client, with these more.
sub exchange_by_hand ($way, $client, %more) {
    return answer_of(
        $way, 'POST',
        '/cluster/notifications/smtp-oauth2-token',
        {
            'client-id'          => $client->{'client-id'},
            'redirect-uri'       => $client->{'redirect-uris'}[0],
            'authorization-code' => 'none',
            %more,
        },
    );
}

# Makes the record of the target `mail` in this host's folder as if all in it had happened so many hours
# earlier.
sub age_record ($dir, $hours) {
    my $path   = "$dir/state/oauth2/mail.json";
    my $record = $json->decode(slurp($path));
    delete $record->{check};
    $_ -= 3600 * $hours
        for grep {defined} $record->@{qw(refreshed obtained consented tried)},
        $record->{changed}{at};
    $record->{check} = sha256_hex($json->encode($record));
    write_owned($path, $json->encode($record));
    unlink glob "$dir/run/oauth2/*.json";
    return;
}

1;
