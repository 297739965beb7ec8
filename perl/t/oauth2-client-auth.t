#!/usr/bin/perl

# How an application logs in at a provider that nobody knows: as the settings say, or in the one way and
# then in the other; consent, exchange, target, mail, and a refresh for each rule that a provider may have.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::SHA  qw(sha256_base64);
use MIME::Base64 ();
use Test::More;
use Test::Peers      qw(slurp);
use Test::OAuth2Mail qw(answer_of exchange_by_hand relay_parameters);
use Test::Peers::Sandbox;
use Test::Way::Direct;

my $VERIFIER = 'a-verifier-of-at-least-forty-three-characters';
my $LIFE     = 3;    # of an access token, in seconds
my $PATH     = '/cluster/notifications/endpoints/smtp';
my $TARGETS  = '/cluster/notifications/targets';

my $sandbox  = Test::Peers::Sandbox->new;
my $client   = $sandbox->client('strict-oauth2');
my $provider = { $sandbox->providers }->{'strict-oauth2'};
my $way      = Test::Way::Direct->new;

my %secret    = ('client-secret' => $client->{'client-secret'});
my %challenge = (
    code_challenge        => sha256_base64($VERIFIER) =~ tr{+/}{-_}r,
    code_challenge_method => 'S256',
);

sub answer (@call) { return answer_of($way, @call) }

sub exchange (%more) {
    return exchange_by_hand(
        $way, $client,
        'auth-method' => 'custom-oauth2',
        'token-url'   => $provider->{'token-url'},
        'scopes'      => join(' ', $provider->{scopes}->@*),
        %more,
    );
}

sub make_target ($name, %more) {
    return answer(
        'POST', $PATH,
        relay_parameters(
            $sandbox,
            name                   => $name,
            'auth-method'          => 'custom-oauth2',
            'oauth2-client-id'     => $client->{'client-id'},
            'oauth2-token-url'     => $provider->{'token-url'},
            'oauth2-authorize-url' => $provider->{'authorize-url'},
            'oauth2-scopes'        => join(' ', $provider->{scopes}->@*),
            %more,
        )
    );
}

my sub requests ($code) {
    my $before = $sandbox->token_requests;
    my $answer = $code->();
    return ($answer, $sandbox->token_requests - $before);
}

# the provider's rule, the setting, requests for the code, for the first token and for the next
for my $row (
    ['basic',           undef,   1, 1, 1],
    ['post',            undef,   2, 2, 1],
    ['post-then-basic', undef,   2, 1, 1],
    ['basic',           'basic', 1, 1, 1],
    ['post',            'post',  1, 1, 1],
    ['none',            'none',  1, 1, 1],
    )
{
    my ($rule, $set, @expected) = @$row;
    my $title  = "a provider with '$rule', set to " . ($set // 'nothing');
    my $name   = $title =~ s/\W+/-/gr =~ s/\Aa-provider-with-//r;
    my $public = $rule eq 'none';
    subtest $title => sub {
        $sandbox->control('client-auth' => $rule, 'access-token-seconds' => $LIFE);
        my %how =
            $public
            ? ('code-verifier' => $VERIFIER)
            : %secret;
        my $code = $sandbox->code('strict-oauth2', $public ? %challenge : ());
        my ($token, $count) = requests(sub {
            exchange(
                'authorization-code' => $code,
                %how, $set ? ('client-auth' => $set) : ()
            );
        });
        unlike $token, qr/\A\d{3} /, 'a token';
        is $count, $expected[0], 'requests for the code';
        is make_target(
            $name,
            'oauth2-refresh-token' => $token,
            $set ? ('oauth2-client-auth' => $set) : (),
            $public
            ? ()
            : ('oauth2-client-secret' => $client->{'client-secret'})
            ),
            'ok', 'made';
        is answer('GET', "$PATH/$name", {})->{'oauth2-client-auth'}, $set, 'is shown';
        for my $number (1, 2) {
            my ($sent, $asked) =
                requests(sub { answer('POST', "$TARGETS/$name/test", {}) });
            is $sent,  'ok',               'a mail goes out';
            is $asked, $expected[$number], 'requests for an access token';
            sleep $LIFE if $number == 1;
        }
        is answer('GET', "$PATH/$name/status", {})->{condition}, 'ok', 'status';
    };
}

subtest 'what does not fit names its parameter' => sub {
    $sandbox->control('client-auth' => 'any');
    my $before = $sandbox->token_requests;
    like exchange(), qr/client-secret: property is missing/, 'no secret';
    like exchange('client-auth' => 'none'), qr/\A400 .*code-verifier: is missing/s, 'no verifier';
    like exchange('client-auth' => 'none', 'code-verifier' => $VERIFIER, %secret),
        qr/\A400 .*client-secret: must not be given/s, 'a secret of a public client';
    like exchange('client-auth' => 'mtls', %secret), qr/\A400 .*client-auth: value 'mtls'/s,
        'an unknown way';
    my $google = answer(
        'POST',
        '/cluster/notifications/smtp-oauth2-token',
        {
            'auth-method'        => 'google-oauth2',
            'client-id'          => $client->{'client-id'},
            'redirect-uri'       => $client->{'redirect-uris'}[0],
            'authorization-code' => 'none',
            'client-auth'        => 'post',
            %secret,
        },
    );
    like $google, qr/\A400 .*client-auth: is only for auth-method 'custom-oauth2'/s, 'Google';
    my @secret = ('oauth2-client-secret' => $client->{'client-secret'});

    for my $method ('google-oauth2', 'microsoft-oauth2') {
        like make_target(
            'other', @secret,
            'auth-method'        => $method,
            'oauth2-tenant-id'   => 'example.org',
            'oauth2-client-auth' => 'post'
            ),
            qr/\A400 .*oauth2-client-auth: is only for auth-method 'custom-oauth2'/s, $method;
    }
    like make_target('other', @secret, 'oauth2-client-auth' => 'none'),
        qr/\A400 .*oauth2-client-secret: must not be given/s, 'a secret of a public client';
    is $sandbox->token_requests, $before, 'nobody was asked';
};

subtest 'a refusal names the way and the setting that changes it' => sub {
    $sandbox->control('client-auth' => 'post');
    my $code = $sandbox->code('strict-oauth2');
    like exchange('authorization-code' => $code, 'client-auth' => 'basic', %secret),
        qr/\A400 .*or set client-auth to 'post'; client authentication tried: 'basic'; provider says/s,
        'of a code';
    my $file = slurp("$way->{dir}/config/notifications-ext.cfg");
    like $file, qr/^\toauth2-client-auth none$/m, 'the setting is in the file of ours';
};

done_testing;
