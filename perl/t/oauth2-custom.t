#!/usr/bin/perl

# A provider that nobody knows, by its addresses alone: consent, exchange, target, mail; and what the
# list of targets says of it.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Test::Peers      qw(write_private);
use Test::OAuth2Mail qw(exchange_by_hand);
use Test::Peers::Sandbox;
use Test::Way::Direct;

my $sandbox  = Test::Peers::Sandbox->new;
my $smtp     = $sandbox->{smtp};
my $login    = $sandbox->{users}[0]{login};
my $client   = $sandbox->client('google-oauth2');
my $provider = { $sandbox->providers }->{'google-oauth2'};
my $way      = Test::Way::Direct->new;
my $TARGETS  = '/cluster/notifications/targets';

sub answer (@call) {
    my $answer = $way->call(@call);
    return $answer->{code} == 200 ? $answer->{data} : "$answer->{code} " . join ' ',
        $answer->{message} // '', map {"$_: $answer->{errors}{$_}"} keys $answer->{errors}->%*;
}

sub exchange (%more) {
    return exchange_by_hand(
        $way, $client,
        'auth-method'   => 'custom-oauth2',
        'client-secret' => $client->{'client-secret'},
        %more,
    );
}

sub listed () {
    my ($entry) = grep { $_->{name} eq 'mail' } answer('GET', $TARGETS, {})->@*;
    return $entry;
}

my %where = (
    'token-url' => $provider->{'token-url'},
    'scopes'    => join(' ', $provider->{scopes}->@*)
);

subtest 'the provider must be described, and a known one must not' => sub {
    my $before = $sandbox->token_requests;
    like exchange(), qr/\A400 .*token-url: is missing/s, 'no address';
    like exchange('token-url' => 'http://localhost/'),
        qr/\A400 .*token-url: must begin with https:/,
        'not https';
    like exchange(%where, 'auth-method' => 'google-oauth2'),
        qr/\A400 .*: is only for auth-method 'custom-oauth2'/,
        'Google';
    is $sandbox->token_requests, $before, 'nobody was asked';
};

my %target = (
    name                    => 'mail',
    server                  => $smtp->{host},
    port                    => $smtp->{'port-starttls'},
    mode                    => 'starttls',
    username                => $login,
    mailto                  => ['ann@example.org'],
    'from-address'          => $login,
    'auth-method'           => 'custom-oauth2',
    'oauth2-client-id'      => $client->{'client-id'},
    'oauth2-client-secret'  => $client->{'client-secret'},
    'oauth2-token-url'      => $provider->{'token-url'},
    'oauth2-authorize-url'  => $provider->{'authorize-url'},
    'oauth2-scopes'         => $where{scopes},
    'oauth2-refresh-before' => 600,
);

subtest 'a target that nobody has authorized says so in the list' => sub {
    is answer('POST', '/cluster/notifications/endpoints/smtp', \%target), undef, 'made';
    my $entry = listed();
    is $entry->{'oauth2-status'}, 'authorize-again', 'status';
    like $entry->{'oauth2-error'}, qr/no refresh token/,     'what is wrong';
    like $entry->{'oauth2-cure'},  qr/authorize the target/, 'what to do';
    my $values = answer('GET', '/cluster/notifications/matcher-field-values', {});
    is_deeply [grep { $_->{field} eq 'target' } @$values], [{ field => 'target', value => 'mail' }],
        'a matcher may ask for it';
};

subtest 'a code is exchanged, and mail goes out' => sub {
    my $token = exchange(%where, 'authorization-code' => $sandbox->code('google-oauth2'));
    unlike $token, qr/\A\d{3} /, 'a token';
    my $path = '/cluster/notifications/endpoints/smtp/mail';
    is answer('PUT',  $path,                { 'oauth2-refresh-token' => $token }), undef, 'taken';
    is answer('POST', "$TARGETS/mail/test", {}),                                   undef, 'sent';
    is_deeply [map { $_->{to}[0] } $sandbox->mails], ['ann@example.org'], 'and arrived';
    my $entry = listed();
    is $entry->{'oauth2-status'}, 'ok', 'status';
    ok $entry->{"oauth2-$_"} >= time - 60, $_ for qw(consented last-refresh last-send);
    is $entry->{'oauth2-cure'}, undef, 'nothing to do';
};

subtest 'a server that a hand writes into the file gets no token' => sub {
    my $path = "$way->{dir}/config/notifications.cfg";
    my $edit = sub ($key, $from, $to) {
        local $/ = undef;
        open my $in, '<', $path or die "$path: $!\n";
        my $text = readline $in;
        close $in;
        $text =~ s/\t$key \Q$from\E$/\t$key $to/m or die "no $key $from\n";
        write_private($path, $text);
    };
    my ($server, $other) = ($smtp->{host}, 'other.example.org');
    $sandbox->control(smtp => { clear => \1 });
    my $before = $sandbox->token_requests;
    $edit->('server', $server, $other);
    like answer('POST', "$TARGETS/mail/test", {}),
        qr/set server back, or authorize.*server is '\Q$other\E', authorized was '\Q$server\E'/s,
        'refused';
    is listed()->{'oauth2-status'}, 'authorize-again', 'status';
    is_deeply [$sandbox->mails, $sandbox->token_requests], [$before], 'nothing was sent';
    $edit->('server', $other, $server);
    is answer('POST', "$TARGETS/mail/test", {}), undef, 'the server of before is still good';
};

subtest 'a mail server that refuses the login shows until mail is sent' => sub {
    $sandbox->control(

        smtp => { faults => [{ at => 'AUTH', kind => 'reply', text => '535 5.7.139 off' }] }
    );
    like answer('POST', "$TARGETS/mail/test", {}), qr/5[.]7[.]139/, 'refused';
    my $entry = listed();
    is $entry->{'oauth2-status'}, 'misconfigured', 'status';
    like $entry->{'oauth2-error'}, qr/5[.]7[.]139/,        'what the server said';
    like $entry->{'oauth2-cure'},  qr/Authenticated SMTP/, 'what to do';
    ok $entry->{'oauth2-last-error-at'} >= time - 60, 'when';
    is answer('POST', "$TARGETS/mail/test", {}), undef, 'sent';
    is listed()->{'oauth2-status'},              'ok',  'status';
};

done_testing;
