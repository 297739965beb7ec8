#!/usr/bin/perl

# Consents at a provider that others wrote: set up by its discovery document, in a browser and on another device,
# taken back, by a client with and one without a secret.

use v5.36;

use FindBin ();
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use PVE::SafeSyslog;
use Test::More;
use Test::OAuth2Mail qw(answer_of);
use Test::Peers      qw(slurp);
use Test::Peers::OidcProvider;
use Test::Way::Direct;

if (!Test::Peers::OidcProvider->folder) {
    BAIL_OUT('oidc-provider is not installed in build/node') if $ENV{CI};
    plan skip_all => 'oidc-provider is not installed in build/node';
}

my $op   = Test::Peers::OidcProvider->new;
my $way  = Test::Way::Direct->new;
my $BASE = '/cluster/notifications';
my $SMTP = "$BASE/endpoints/smtp";
my @warned;
{
    no warnings 'redefine';    ## no critic (TestingAndDebugging::ProhibitNoWarnings)
    *PVE::SafeSyslog::syslog = sub { };
    for my $module (qw(OAuth2 SMTP Device)) {
        no strict 'refs';    ## no critic (TestingAndDebugging::ProhibitNoStrict)
        *{"PVE::API2::Cluster::Notifications::${module}::log_warn"} =
            sub ($text) { push @warned, $text };
    }
}

sub call (@call) { return answer_of($way, @call) }

my $found = call('POST', "$BASE/smtp-oauth2-discover", { issuer => $op->{url} });

subtest 'the provider says where it is' => sub {
    is_deeply [@$found{qw(issuer authorize-url token-url device-url revoke-url sends-iss)}],
        [$op->{url}, map({"$op->{url}$_"} qw(/auth /token /device/auth /token/revocation)), 1],
        'endpoints';
    ok((grep { $_ eq 'offline_access' } $found->{'scopes-supported'}->@*), 'scopes');
    like call('POST', "$BASE/smtp-oauth2-discover", { issuer => $_->[0] }), $_->[1],
        $_->[0]
        for ["$op->{url}/",
        qr/issuer: has a discovery document of another issuer, '\Q$op->{url}\E'/],
        ["$op->{url}/none",     qr/issuer: has no discovery document/],
        ['http://localhost:1/', qr/issuer: must begin with https/],
        ["$op->{url}/?a=b",     qr/issuer: must not have a query/],
        ['https://localhost:1', qr/\A502 /];
};

# of a target, as a form would take them over
my %found = (
    'auth-method'   => 'custom-oauth2',
    'oauth2-issuer' => $found->{issuer},
    map { ("oauth2-$_" => $found->{$_}) } qw(authorize-url token-url device-url revoke-url),
);

sub target ($client, %more) {
    return call(
        'POST', $SMTP,
        {
            name               => $client,
            server             => 'mail.example.org',
            username           => 'person@example.org',
            mailto             => ['ann@example.org'],
            'from-address'     => 'person@example.org',
            'oauth2-client-id' => $client,
            'oauth2-scopes'    => 'openid email offline_access https://mail.google.com/',
            $client eq 'public'
            ? ('oauth2-client-auth' => 'none')
            : ('oauth2-client-secret' => $op->{'client-secret'}),
            %found, %more,
        },
    );
}

sub condition ($name) { return call('GET', "$SMTP/$name/status", {})->{condition} }

subtest 'what gets a token is where tokens come from' => sub {
    like target('basic', "oauth2-$_" => $op->{url} =~ s/:[0-9]+/:1/r . '/x'),
        qr/oauth2-$_: must be on the host and port of oauth2-token-url/, $_
        for qw(device-url revoke-url);
    like target('basic', 'auth-method' => 'google-oauth2'),
        qr/oauth2-issuer: is only for auth-method 'custom-oauth2'/,
        'known providers have their own';
};

for my $client (qw(basic post public)) {
    my $uri = $op->{'redirect-uri'};

    subtest "$client: consent in a browser" => sub {
        is target($client), 'ok', 'made';
        my $begun =
            call('POST', "$BASE/smtp-oauth2-authorize",
            { name => $client, 'redirect-uri' => $uri });
        my $url = $op->visit($begun->{url});
        like $url, qr/[?&]iss=/, 'the answer says whose it is';
        my %answer = (state => $begun->{state}, name => $client);
        like call('POST', "$BASE/smtp-oauth2-token",
            { %answer, 'authorization-code' => $url =~ s/(iss=[^&]*)/$1x/r }),
            qr/is the answer of another provider/, 'another provider';
        like call('POST', "$BASE/smtp-oauth2-token",
            { %answer, 'authorization-code' => $url =~ s/&?iss=[^&]*//r }),
            qr/does not say which provider it is of \(iss\); copy the whole address/,
            'one that hides who it is';
        is call('POST', "$BASE/smtp-oauth2-token", { %answer, 'authorization-code' => $url }), '',
            'stored';
        is condition($client), 'untested', 'there is a grant';
    };

    subtest "$client: consent on another device" => sub {
        my $begun = call('POST', "$BASE/smtp-oauth2-device", { name => $client });
        is $begun->{interval}, 5, 'the interval of the specification';
        like $begun->{'verification-uri-complete'}, qr/\Q$begun->{'user-code'}\E/, 'with the code';
        my $said = $op->visit($begun->{'verification-uri'}, user_code => $begun->{'user-code'});
        like $said, qr/Sign-in Success/, 'the person is done';
        my %mine  = (id => $begun->{id}, name => $client);
        my $early = call('POST', "$BASE/smtp-oauth2-device-poll", {%mine});
        is $early->{status}, 'pending', 'too early: nobody is asked';
        sleep $early->{interval} + 1;
        my $done = call('POST', "$BASE/smtp-oauth2-device-poll", {%mine});
        is_deeply $done, { status => 'done', mailbox => 'person@example.org' },
            'stored, and by whom';
    };

    subtest "$client: taken back" => sub {
        my $record = JSON::PP->new->decode(slurp("$way->{dir}/state/oauth2/$client.json"));
        my $done   = call('POST', "$SMTP/$client/revoke", {});
        ok $done->{'at-provider'}, 'at the provider';
        is condition($client), 'authorize-again', 'and here';
        my $run = $way->call('PUT', "$SMTP/$client",
            { 'oauth2-refresh-token' => $record->{'refresh-token'} });
        is $run->{code}, 200, 'the token of before is put back by hand';
        like call('POST', "$BASE/targets/$client/test", {}),
            qr/invalid_grant|revoked|no longer|ended/,
            'the provider knows it no more';
    };
}

subtest 'another mailbox' => sub {
    is target('long', username => 'other@example.org'), 'ok', 'made';
    my %uri    = ('redirect-uri' => $op->{'redirect-uri'});
    my $begun  = call('POST', "$BASE/smtp-oauth2-authorize", { name => 'long', %uri });
    my %answer = (state => $begun->{state}, 'authorization-code' => $op->visit($begun->{url}));
    my $handle = call('POST', "$BASE/smtp-oauth2-token", { %answer, name => 'long' });
    like $handle, qr/\Apve-oauth2-handle:/, 'a handle';
    like $warned[-1],
        qr/'person\@example\.org' has consented, but username is 'other\@example\.org'/, 'warned';
};

done_testing;
