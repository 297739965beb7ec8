#!/usr/bin/perl

# The exchange of a code through Perl: against a real provider that others wrote, and against the
# sandbox where the provider has to misbehave.

use v5.36;

use Digest::SHA  qw(sha256);
use FindBin      ();
use MIME::Base64 qw(encode_base64url);
use Test::More;
use Time::HiRes qw(time);

use lib "$FindBin::Bin/lib";
use Test::Peers qw(host_dir);
use Test::Peers::OidcProvider;
use Test::Peers::Sandbox;

use PVE::RS::Notify;

my $VERIFIER = 'a-code-verifier-with-more-than-forty-three-characters';

my sub config (%providers) {
    state @kept;
    push @kept, my $dir = host_dir(%providers);
    my $host = { kind => 'standalone', 'config-dir' => "$dir/config" };
    return PVE::RS::Notify->parse_config('', '', undef, undef, { host => $host });
}

# the refresh token, or the error
my sub exchange ($config, $method, $peer_client, $code, $verifier = undef) {
    my $redirect_uri = $peer_client->{'redirect-uri'} // $peer_client->{'redirect-uris'}[0];
    my @arguments    = (
        $method,
        $peer_client->{'client-id'},
        $peer_client->{'client-secret'},
        $peer_client->{'tenant-id'},
        $code, $redirect_uri, defined $verifier ? $verifier : (),
    );
    my $token = eval { $config->exchange_smtp_oauth2_code(@arguments) };
    return ($token, $@);
}

my sub refused ($error, $code, $what) {
    return fail("$what: the error is no hash: $error") if ref $error ne 'HASH';
    is($error->{code}, $code, "$what: code $code") or diag($error->{message});
    return;
}

SKIP: {
    if (!Test::Peers::OidcProvider->folder) {
        BAIL_OUT('oidc-provider is not installed in build/node') if $ENV{CI};
        skip 'oidc-provider is not installed in build/node', 1;
    }
    my $op     = Test::Peers::OidcProvider->new;
    my $client = sub ($id) { return { %$op, 'client-id' => $id } };
    my %config = map { $_ => config('google-oauth2' => $op->provider($_)) } qw(basic post);

    for my $authentication (qw(basic post)) {
        subtest "a code becomes a refresh token, client authentication $authentication" => sub {
            my ($token, $error) = exchange(
                $config{$authentication},   'google-oauth2',
                $client->($authentication), $op->code($authentication),
            );
            is($error, '', 'no error') or diag(explain($error));
            like($token, qr/^[\w-]{40,}$/, 'a refresh token');
        };
    }

    subtest 'a code asked for with a challenge needs its verifier' => sub {
        my @challenge = (
            code_challenge        => encode_base64url(sha256($VERIFIER)),
            code_challenge_method => 'S256',
        );
        my ($token, $error) = exchange($config{basic}, 'google-oauth2', $client->('basic'),
            $op->code('basic', @challenge), $VERIFIER,);
        is($error, '', 'no error') or diag(explain($error));
        like($token, qr/^[\w-]{40,}$/, 'a refresh token');

        my $code = $op->code('basic', @challenge);
        (undef, $error) =
            exchange($config{basic}, 'google-oauth2', $client->('basic'), $code,
            scalar reverse $VERIFIER);
        refused($error, 400, 'another verifier');
    };

    subtest 'a code is refused the second time, with the cure' => sub {
        my $code = $op->code('basic');
        my ($token) = exchange($config{basic}, 'google-oauth2', $client->('basic'), $code);
        ok($token, 'the first time it is good');
        my (undef, $error) = exchange($config{basic}, 'google-oauth2', $client->('basic'), $code);
        refused($error, 400, 'replay');
        like($error->{message}, qr/invalid_grant/, 'the provider\'s code is named');
        like($error->{message}, qr/again/,         'the cure is named');
        unlike($error->{message}, qr/\Q$code\E/, 'the code is not repeated');
    };

    for my $authentication (qw(basic post)) {
        subtest "a wrong secret is refused with the cure, authentication $authentication" => sub {
            my $wrong =
                { $client->($authentication)->%*, 'client-secret' => 'canary-wrong-secret' };
            my (undef, $error) = exchange(
                $config{$authentication},
                'google-oauth2', $wrong, $op->code($authentication),
            );
            refused($error, 400, 'wrong secret');
            like($error->{message}, qr/secret/, 'the cure speaks of the secret');
            unlike($error->{message}, qr/canary-wrong/, 'the secret is not repeated');
        };
    }

    subtest 'a provider that is down is told from one that refuses' => sub {
        my $code = $op->code('basic');
        $op->stop_it;
        my (undef, $error) = exchange($config{basic}, 'google-oauth2', $client->('basic'), $code);
        refused($error, 502, 'down');
    };
}

my $sandbox   = Test::Peers::Sandbox->new;
my %providers = $sandbox->providers;
my $config    = config(%providers);

for my $provider (qw(google-oauth2 microsoft-oauth2 strict-oauth2)) {
    subtest "the sandbox's $provider gives a refresh token" => sub {
        my $client = $sandbox->client($provider);
        my ($token, $error) = exchange($config, $provider, $client, $sandbox->code($provider));
        is($error, '', 'no error') or diag(explain($error));
        like($token, qr/^[\w-]{40,}$/, 'a refresh token');
    };
}

subtest 'an answer without a refresh token says what was missing' => sub {
    my $client = $sandbox->client('google-oauth2');
    my $code   = $sandbox->code('google-oauth2', access_type => undef);
    my (undef, $error) = exchange($config, 'google-oauth2', $client, $code);
    refused($error, 400, 'online');
    like($error->{message}, qr/access_type=offline/, 'access_type is named');

    $code = $sandbox->code('microsoft-oauth2', scope => 'https://outlook.office.com/SMTP.Send');
    (undef, $error) =
        exchange($config, 'microsoft-oauth2', $sandbox->client('microsoft-oauth2'), $code);
    refused($error, 400, 'no offline_access');
    like($error->{message}, qr/offline_access/, 'offline_access is named');
};

subtest 'a silent provider ends at the deadline' => sub {
    $sandbox->fault('silence');
    my $start = time;
    my (undef, $error) =
        exchange($config, 'google-oauth2', $sandbox->client('google-oauth2'), 'any-code');
    my $seconds = time - $start;
    refused($error, 504, 'silent');
    cmp_ok(abs($seconds - 20), '<=', 0.5, 'after 20 s') or diag("$seconds s");
};

subtest 'a redirect is not followed' => sub {
    $sandbox->fault('redirect', status => 307, location => "$sandbox->{url}/elsewhere");
    my (undef, $error) =
        exchange($config, 'google-oauth2', $sandbox->client('google-oauth2'), 'any-code');
    refused($error, 502, 'redirect');
    is($sandbox->control->{requests}{elsewhere}, 0, 'nobody came to its target');
};

done_testing();
