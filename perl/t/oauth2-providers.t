#!/usr/bin/perl

# A provider of oauth2-providers.json: its codes are exchanged and targets use it, by its name; and what is
# said where there is none of that name, or the file does not count.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use Test::More;
use Test::Peers      qw(write_owned);
use Test::OAuth2Mail qw(answer_of exchange_by_hand relay_parameters);
use Test::Peers::Sandbox;
use Test::Way::Direct;
use Test::Way::Pvesh;

my $PATH    = '/cluster/notifications/endpoints/smtp';
my $TARGETS = '/cluster/notifications/targets';
my $OWN     = 'own-oauth2';

my $sandbox = Test::Peers::Sandbox->new;
my $client  = $sandbox->client('strict-oauth2');
my $strict  = { $sandbox->providers }->{'strict-oauth2'};

my sub with_file ($way, $text) {
    return write_owned("$way->{dir}/config/oauth2-providers.json", $text);
}

my sub exchange ($way, %more) {
    return exchange_by_hand(
        $way, $client,
        'auth-method'   => $OWN,
        'client-secret' => $client->{'client-secret'},
        %more,
    );
}

my sub make_target ($way, %more) {
    return answer_of(
        $way, 'POST', $PATH,
        relay_parameters(
            $sandbox,
            name                   => 'mail',
            'auth-method'          => $OWN,
            'oauth2-client-id'     => $client->{'client-id'},
            'oauth2-client-secret' => $client->{'client-secret'},
            %more,
        )
    );
}

my $file = JSON::PP->new->encode({ $OWN => $strict });

for my $class (qw(Direct Pvesh)) {
    subtest "consent, target and mail by its name: $class" => sub {
        my $way = "Test::Way::$class"->new;
        with_file($way, $file);
        my $token = exchange($way, 'authorization-code' => $sandbox->code('strict-oauth2'));
        unlike $token, qr/\A\d{3} /, 'a token';
        is make_target($way, 'oauth2-refresh-token' => $token), 'ok', 'made';
        is answer_of($way, 'POST', "$TARGETS/mail/test", {}),   'ok', 'a mail goes out';
        my $entry = answer_of($way, 'GET', "$PATH/mail", {});
        is $entry->{'auth-method'},                                      $OWN, 'it is shown';
        is answer_of($way, 'GET', "$PATH/mail/status", {})->{condition}, 'ok', 'status';
    };
}

subtest 'a name that nobody has is refused with those that there are' => sub {
    my $way    = Test::Way::Direct->new;
    my $before = $sandbox->token_requests;
    my $known  = 'use google-oauth2, microsoft-oauth2 or custom-oauth2';
    like exchange($way, 'auth-method' => $_), qr/\A400 .*\Q$known\E/s, $_ for 'plain', 'google';
    like exchange($way),    qr/\A400 .*\Q$known\E/s, 'the exchange without a file';
    like make_target($way), qr/\A400 .*use plain, google-oauth2, .* or custom-oauth2/s, 'a target';
    with_file($way, $file);
    like exchange($way, 'auth-method' => 'other-oauth2'), qr/\A400 .*use .*\Q$OWN\E/s,
        'the exchange with one';
    like make_target($way, 'auth-method' => 'other-oauth2'), qr/\A400 .*use .*\Q$OWN\E/s,
        'a target';
    like exchange($way, 'auth-method' => 'Own'), qr/\A400 .*auth-method: value does not match/s,
        'what can be no name';
    is $sandbox->token_requests, $before, 'nobody was asked';
};

# nobody else is asked in its place
subtest 'a file that cannot be used ends every use of the providers that it may override' => sub {
    my $way = Test::Way::Direct->new;
    with_file($way, $file);
    my $token = exchange($way, 'authorization-code' => $sandbox->code('strict-oauth2'));
    is make_target($way, 'oauth2-refresh-token' => $token), 'ok', 'a target';
    my $before = $sandbox->token_requests;
    with_file($way, '{');
    my $refused = qr/\A500 .*oauth2-providers[.]json: not understood.*; fix it in the file/s;
    like exchange($way, 'auth-method' => $_), $refused, "the exchange: $_"
        for $OWN, 'google-oauth2';
    like make_target($way, name => 'more'), $refused, 'another target';
    like answer_of($way, 'POST', "$TARGETS/mail/test", {}), $refused, 'a test';
    like answer_of($way, 'PUT', "$PATH/mail", { 'oauth2-refresh-token' => $token }), $refused,
        'a refresh token is not taken';
    my $status = answer_of($way, 'GET', "$PATH/mail/status", {});
    is $status->{condition}, 'misconfigured', 'the status';
    like $status->{cause}, qr/oauth2-providers[.]json: not understood/, 'says why';
    is $status->{cure},          'fix it in the file', 'and what to do';
    is $sandbox->token_requests, $before,              'nobody was asked';
    with_file($way, $file);
    is answer_of($way, 'POST', "$TARGETS/mail/test", {}), 'ok', 'all is well with it again';
};

subtest 'its tenant and its own settings are its own' => sub {
    my $way = Test::Way::Direct->new;
    my %url = map { ("$_-url" => "https://login.example.org/{tenant}/$_") } qw(authorize token);
    my %own = (%url, scopes => ['mail'], tenant => 'required');
    with_file($way, JSON::PP->new->encode({ $OWN => \%own }));
    like exchange($way), qr/\A400 .*tenant-id: is missing/s, 'no tenant';
    like exchange($way, 'tenant-id' => 'example.org', scopes => 'mail'),
        qr/\A400 .*scopes: is only for auth-method 'custom-oauth2'/s, 'scopes';
    like make_target($way, 'oauth2-client-auth' => 'post'),
        qr/\A400 .*oauth2-client-auth: is only for auth-method 'custom-oauth2'/s,
        'the way to log in';
};

subtest 'an application that acts for itself needs scopes' => sub {
    my $way = Test::Way::Direct->new;
    my %app = (
        'auth-method'       => 'custom-oauth2',
        'oauth2-grant-type' => 'client-credentials',
        'oauth2-token-url'  => $strict->{'token-url'},
    );
    like make_target($way, %app),
        qr/\A400 .*oauth2-scopes: is missing [(]needed with oauth2-grant-type 'client-credentials'/s,
        'none';
    is make_target($way, %app, 'oauth2-scopes' => 'mail'), 'ok', 'some';
    like answer_of($way, 'PUT', "$PATH/mail", { delete => ['oauth2-scopes'] }),
        qr/\A400 .*oauth2-scopes: is missing/s, 'deleted';
};

done_testing;
