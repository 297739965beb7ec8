#!/usr/bin/perl

# Private keys in place of client secrets: an application with a certificate at Microsoft, one with a key at
# oidc-provider, a service account at Google. No key and no signed statement is in any answer, log or file of others.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use PVE::SafeSyslog;
use Test::Keys qw(openssl rsa_key service_account);
use Test::More;
use Test::Peers qw(new_dir pki_dir slurp trust write_private);
use Test::Peers::OidcProvider;
use Test::Peers::Sandbox;
use Test::Way::Direct;

my $sandbox = Test::Peers::Sandbox->new;
my $smtp    = $sandbox->{smtp};
my $way     = Test::Way::Direct->new;
my $dir     = $way->{dir};
my $keys    = new_dir();
my $json    = JSON::PP->new->canonical;
my $PATH    = '/cluster/notifications/endpoints/smtp';
my $PERSON  = $sandbox->{users}[0]{login};
write_private("$dir/config/oauth2-providers.json", $json->encode({ $sandbox->providers }));

# everything that anybody could see
my @seen;
{
    no warnings 'redefine';    ## no critic (TestingAndDebugging::ProhibitNoWarnings)
    *PVE::SafeSyslog::syslog                             = sub { push @seen, @_; return };
    *PVE::API2::Cluster::Notifications::Common::log_warn = sub ($text) { push @seen, $text };
}

sub answer (@call) {
    my $answer = $way->call(@call);
    push @seen, $json->encode($answer);
    return "$answer->{code} " . ($answer->{message} // '');
}

my $key = rsa_key();
write_private("$keys/key.pem", $key);
my $certificate = openssl('req', '-x509', '-key', "$keys/key.pem", '-subj', '/CN=pve', '-days', 30);
my $public      = openssl('pkey', '-in',  "$keys/key.pem", '-pubout');

my %MAIL = (
    server         => $smtp->{host},
    port           => $smtp->{'port-starttls'},
    mode           => 'starttls',
    username       => $PERSON,
    mailto         => ['ann@example.org'],
    'from-address' => 'pve@example.org',
);

sub test_mail ($name) {
    return answer('POST', "/cluster/notifications/targets/$name/test", {});
}

sub forget ($name) {
    unlink "$dir/state/oauth2/$name.json", glob "$dir/run/oauth2/*.json";
    return;
}

my $microsoft = $sandbox->client('microsoft-oauth2');
my %MICROSOFT = (
    %MAIL,
    name                => 'office',
    'auth-method'       => 'microsoft-oauth2',
    'oauth2-grant-type' => 'client-credentials',
    'oauth2-client-id'  => $microsoft->{'client-id'},
    'oauth2-tenant-id'  => $microsoft->{'tenant-id'},
    'oauth2-client-key' => $key . $certificate,
);

sub register (%more) {
    $sandbox->control(
        keys => [
            {
                provider => 'microsoft-oauth2',
                issuer   => $microsoft->{'client-id'},
                public   => $certificate,
            },
            {
                provider  => 'google-oauth2',
                issuer    => 'pve@mail.iam.gserviceaccount.com',
                id        => '0123abcd',
                public    => $public,
                delegated => JSON::PP::true,
                %more,
            }
        ]
    );
    return;
}
register();

subtest 'a certificate at Microsoft' => sub {
    is answer('POST', $PATH, {%MICROSOFT}), '200 ', 'made';
    is test_mail('office'),                 '200 ', 'sent';
    is((map {"$_->{login} $_->{mechanism}"} $sandbox->mails)[-1], "$PERSON XOAUTH2", 'arrived');
    for my $alg (qw(RS256 PS256)) {
        is answer('PUT', "$PATH/office", { 'oauth2-assertion-alg' => $alg }), '200 ', $alg;
        forget('office');
        is test_mail('office'), '200 ', "sent with $alg";
    }
    like answer('PUT', "$PATH/office", { 'oauth2-assertion-alg' => 'ES256' }),
        qr/\A400 oauth2-assertion-alg: 'ES256' does not fit the key; use PS256 or RS256/,
        'not that';
    my $target = $way->call('GET', "$PATH/office", {})->{data};
    is_deeply [grep {/key|secret/} keys %$target], [], 'neither key nor secret is shown';
};

subtest 'a key that is not registered' => sub {
    $sandbox->control(keys => []);
    forget('office');
    like test_mail('office'), qr/\A500 .*certificate.*700027/s, 'what to do';
    my $status = $way->call('GET', "$PATH/office/status", {})->{data};
    is $status->{condition}, 'misconfigured', 'condition';
    register();
    is test_mail('office'), '200 ', 'registered again';
};

subtest 'a secret in its place, and the other way round' => sub {
    like answer('PUT', "$PATH/office",
        { %MICROSOFT{'oauth2-client-key'}, 'oauth2-client-secret' => 'x' }),
        qr/\A400 oauth2-client-key: must not be given together with oauth2-client-secret/,
        'not both';
    is answer(
        'PUT',
        "$PATH/office",
        {
            delete                 => ['oauth2-assertion-alg'],
            'oauth2-client-secret' => $microsoft->{'client-secret'}
        }
        ),
        '200 ', 'a secret';
    forget('office');
    is test_mail('office'), '200 ', 'sent';
    unlike slurp("$dir/config/priv/notifications-ext.cfg"), qr/client-key/, 'the key is gone';
    is answer('PUT', "$PATH/office", { %MICROSOFT{'oauth2-client-key'} }), '200 ', 'a key';
    unlike slurp("$dir/config/priv/notifications-ext.cfg"), qr/client-secret/, 'the secret is gone';
    forget('office');
    is test_mail('office'),                                                '200 ', 'sent';
    is answer('PUT', "$PATH/office", { delete => ['oauth2-client-key'] }), '200 ', 'deleted';
    unlike slurp("$dir/config/priv/notifications-ext.cfg"), qr/client-key/, 'none is left';
    like test_mail('office'), qr/\A500 .*oauth2-client-secret: is missing/, 'and said so';
};

my %GOOGLE = (
    %MAIL,
    name                => 'google',
    'auth-method'       => 'google-oauth2',
    'oauth2-grant-type' => 'jwt-bearer',
    'oauth2-client-key' => service_account($key),
);

subtest 'a service account at Google' => sub {
    is answer('POST', $PATH, {%GOOGLE}), '200 ', 'made';
    is $way->call('GET', "$PATH/google", {})->{data}{'oauth2-client-id'}, '112233445566778899001',
        'the client ID that Workspace asks for';
    is test_mail('google'), '200 ', 'sent';
    is((map {"$_->{login} $_->{mechanism}"} $sandbox->mails)[-1], "$PERSON XOAUTH2", 'arrived');
    is_deeply [grep {defined} $way->call('GET', "$PATH/google/status", {})->{data}
            ->@{qw(consented expected-end)}], [], 'nobody has consented, and nothing will end';

    register(delegated => JSON::PP::false);
    forget('google');
    like test_mail('google'), qr/\A500 .*"Domain-wide delegation" allow oauth2-client-id/s,
        'not delegated: what to do';
    register();
    is test_mail('google'), '200 ', 'delegated';

    is answer('PUT', "$PATH/google", { username => 'nobody@example.org' }), '200 ',
        'another mailbox';
    like $seen[-2], qr/set username back, or set oauth2-client-key again/,
        'for which the key is not';
    like test_mail('google'), qr/\A500 .*set oauth2-client-key again, or change/s, 'and said so';
    is answer('PUT', "$PATH/google", { %GOOGLE{'oauth2-client-key'} }), '200 ', 'given again';
    like test_mail('google'), qr/\A500 .*check username.*Invalid email or User ID/s,
        'a mailbox that is none';
    is $way->call('GET', "$PATH/google/status", {})->{data}{condition}, 'misconfigured',
        'nobody has to consent';
    is answer('PUT', "$PATH/google", { username => $PERSON }), '200 ', 'the right one again';
    is test_mail('google'),                                    '200 ', 'sent';
};

subtest 'what does not fit is refused' => sub {
    my $KEY = 'oauth2-client-key';
    write_private("$keys/encrypted.pem",
        openssl('pkey', '-in', "$keys/key.pem", '-aes256', '-passout', 'pass:canary'));
    my $encrypted = slurp("$keys/encrypted.pem");
    my $google    = $GOOGLE{$KEY};
    my @cases     = (
        [\%MICROSOFT, [$KEY => $encrypted],   qr/client-key: is encrypted/],
        [\%MICROSOFT, [$KEY => $key],         qr/client-key: has no certificate/],
        [\%MICROSOFT, [$KEY => $certificate], qr/client-key: has no private key/],
        [
            \%MICROSOFT,
            [$KEY => $google, 'oauth2-client-id' => undef],
            qr/client-key: is a key file of a Google/
        ],
        [
            \%MICROSOFT,
            ['oauth2-grant-type' => 'jwt-bearer'],
            qr/oauth2-grant-type: jwt-bearer cannot.*use client-credentials/
        ],
        [\%GOOGLE, [$KEY => $key, 'oauth2-client-id' => 'x'], qr/is not a key file of/],
        [\%GOOGLE, [$KEY => undef],                           qr/client-key: is missing/],
        [
            \%GOOGLE,
            ['oauth2-grant-type' => 'client-credentials'],
            qr/oauth2-grant-type: client-credentials cannot.*use jwt-bearer/
        ],
        [
            \%GOOGLE,
            ['oauth2-grant-type' => 'refresh-token'],
            qr/oauth2-grant-type: must be 'jwt-bearer'/
        ],
        [\%GOOGLE, ['oauth2-client-id' => '1'], qr/client-key: is of another client ID/],
    );
    for my $case (@cases) {
        my ($good, $changes, $wanted) = @$case;
        my %parameters = (%$good, name => 'other', @$changes);
        delete @parameters{ grep { !defined $parameters{$_} } keys %parameters };
        like answer('POST', $PATH, \%parameters), qr/\A400 .*$wanted/s, "$wanted";
    }
};

SKIP: {
    if (!Test::Peers::OidcProvider->folder) {
        fail('oidc-provider is missing') if $ENV{CI};
        skip 'oidc-provider is not installed', 1;
    }
    trust(pki_dir() . '/ca.crt');
    my $op = Test::Peers::OidcProvider->new(keys => 1);
    subtest 'private_key_jwt at oidc-provider' => sub {
        for my $alg (qw(RS256 PS256 ES256)) {
            my %target = (
                %MAIL,
                name                => $alg,
                'auth-method'       => 'custom-oauth2',
                'oauth2-grant-type' => 'client-credentials',
                'oauth2-client-id'  => $alg,
                'oauth2-token-url'  => "$op->{url}/token",
                'oauth2-scopes'     => 'https://mail.google.com/',
                'oauth2-client-key' => $op->{keys}{$alg},
            );
            $target{'oauth2-assertion-alg'} = 'PS256' if $alg eq 'PS256';
            is answer('POST', $PATH, {%target}), '200 ', "$alg: made";

            # the sandbox's mail server does not know these tokens
            like test_mail($alg), qr/535/,
                "$alg: a token was given, and refused where it is not known";
            my $record = $json->decode(slurp("$dir/state/oauth2/$alg.json"));
            ok $record->{'access-token'}, "$alg: the token";
        }
        like answer('PUT', "$PATH/RS256", { 'oauth2-assertion-alg' => 'PS256' }), qr/\A200/,
            'another';
        forget('RS256');
        like test_mail('RS256'), qr/invalid_client/, 'which the provider does not take';
        like answer('PUT', "$PATH/RS256", { 'oauth2-client-auth' => 'post' }),
            qr/\A400 oauth2-client-auth: must not be set with oauth2-client-key/, 'one way only';
    };

    subtest 'no key is seen' => sub {
        my @lines = map {
            grep {length}
                split /\n/
        } $key, values $op->{keys}->%*;
        my @inner = grep { !/-----/ && length >= 40 } @lines;
        cmp_ok @inner, '>', 30, 'there is something to look for';
        my $all = join "\n", @seen;
        is_deeply [grep { index($all, $_) >= 0 } @inner], [], 'in no answer and no log';
        unlike $all, qr/eyJ[A-Za-z0-9_-]{20}/, 'nor a signed statement';
        is_deeply [grep { slurp($_) =~ /client-secret.*pve-oauth2-key/ }
                glob "$dir/config/*.cfg $dir/config/priv/*.cfg"],
            [], 'and none stands where a secret would';
    };
    $op->stop_it;
}

done_testing;
