#!/usr/bin/perl

# The whole life of mail targets with OAuth2 against servers that others wrote: oidc-provider, which
# rotates refresh tokens and punishes the use of an old one, Dovecot, and Postfix with Dovecot's logins.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use PVE::Notify;
use Test::Mail qw(by_python);
use Test::More;
use Test::NotifyHost qw(wait_until);
use Test::Peers      qw(new_dir slurp write_owned);
use Test::Peers::Dovecot;
use Test::Peers::OidcProvider;
use Test::Peers::Postfix;
use Test::Peers::Sink;
use Test::Way::Curl;
use Test::Way::Direct;
use Test::Way::Pvesh;

my $missing =
      Test::Peers::OidcProvider->folder
    ? Test::Peers::Sink->missing || Test::Peers::MailSystem->missing
    : 'oidc-provider is not installed in build/node';
if ($missing) {
    BAIL_OUT($missing) if $ENV{CI};
    plan skip_all => "SKIPPED: $missing";
}

my $LIFE = 3;    # of an access token, in seconds

my $op      = Test::Peers::OidcProvider->new('access-token-seconds' => $LIFE);
my $sink    = Test::Peers::Sink->new;
my $dovecot = Test::Peers::Dovecot->new(relay => $sink->{clear}, provider => $op);
my $bearer  = Test::Peers::Dovecot->new(
    relay      => $sink->{clear},
    provider   => $op,
    mechanisms => 'oauthbearer plain'
);
my $postfix        = Test::Peers::Postfix->new(dovecot => $dovecot);
my $postfix_bearer = Test::Peers::Postfix->new(dovecot => $bearer);

my $files = new_dir();
my $LOGIN = 'person@example.org';
my $PATH  = '/cluster/notifications/endpoints/smtp';
my $json  = JSON::PP->new->canonical;

my sub refresh_token ($way, $client = 'post') {
    my $answer = $way->call(
        'POST',
        '/cluster/notifications/smtp-oauth2-token',
        {
            'auth-method'        => 'google-oauth2',
            'client-id'          => $client,
            'client-secret'      => $op->{'client-secret'},
            'authorization-code' => $op->code($client),
            'redirect-uri'       => $op->{'redirect-uri'},
        }
    );
    return $answer->{data} // die $answer->{message};
}

my sub answer ($way, @call) {
    my $answer = $way->call(@call);
    return $answer->{code} == 200 ? 'ok' : "$answer->{code} $answer->{message}";
}

my sub make_target ($way, $server, $mode, %more) {
    return answer(
        $way, 'POST', $PATH,
        {
            name                   => 'mail',
            server                 => $server->{host},
            port                   => $server->{$mode},
            mode                   => $mode,
            username               => $LOGIN,
            mailto                 => ['ann@example.org'],
            'from-address'         => $LOGIN,
            'auth-method'          => 'google-oauth2',
            'oauth2-client-id'     => 'post',
            'oauth2-client-secret' => $op->{'client-secret'},
            %more,
        }
    );
}

my sub test_mail ($way) {
    return answer($way, 'POST', '/cluster/notifications/targets/mail/test', {});
}

my sub condition ($way) {
    return $way->call('GET', "$PATH/mail/status", {})->{data}{condition};
}

# a token in the only record
my sub kept ($way, $kind = 'refresh-token') {
    my ($record) = glob "$way->{dir}/state/oauth2/*.json";
    return $json->decode(slurp($record))->{$kind};
}

# what the provider has given was neither cut nor changed on its way
my sub is_whole ($way) {
    cmp_ok length kept($way, 'access-token'), '>=', 3072, 'an access token of 3 KiB';
    cmp_ok length kept($way), '>=', 3072, 'a refresh token of 3 KiB, which is not cut at 1,024';
    like kept($way), qr{~&\+%/=\z}, 'with ~ & + % at its end';
    return;
}

my sub arrives ($keeper, $code) {
    my %before = map { $_ => 1 } $keeper->mails;
    is $code->(), 'ok', 'sent';
    my @new;
    wait_until(
        20,
        sub {
            @new = grep { !$before{$_} } $keeper->mails;
        }
    );
    is scalar @new,                   1,                            'one mail has arrived';
    is by_python($new[0])->{subject}, 'Test notification for mail', 'the one that was sent';
    return $new[0];
}

# a way to the API whose provider file names oidc-provider
my sub way ($class, @options) {
    my $way       = "Test::Way::$class"->new(@options);
    my %providers = ('google-oauth2' => $op->provider('post'));
    write_owned("$way->{dir}/config/oauth2-providers.json", $json->encode(\%providers));
    return $way;
}

# the client `long` has tokens of 3 KiB, which do not fit into a command line
my @cases = (
    ['Dovecot, STARTTLS, in process',       [qw(Direct)],        $dovecot, 'starttls', $sink],
    ['Dovecot, TLS, pvesh',                 [qw(Pvesh)],         $dovecot, 'tls',      $sink],
    ['Dovecot, only OAUTHBEARER, STARTTLS', [qw(Direct)],        $bearer,  'starttls', $sink],
    ['Dovecot, only OAUTHBEARER, TLS',      [qw(Direct)],        $bearer,  'tls',      $sink],
    ['Postfix, STARTTLS, curl',  ['Curl', 'form', "$files/log"], $postfix, 'starttls', $postfix],
    ['Postfix, TLS, in process', [qw(Direct)],                   $postfix, 'tls',      $postfix],
    ['Postfix, STARTTLS, 3 KiB', [qw(Direct)], $postfix, 'starttls', $postfix, 'long'],
    ['Postfix, TLS, 3 KiB',      [qw(Direct)], $postfix, 'tls',      $postfix, 'long'],
    [
        'Postfix, only OAUTHBEARER, STARTTLS, 3 KiB', [qw(Direct)],
        $postfix_bearer,                              'starttls',
        $postfix_bearer,                              'long'
    ],
    ['Postfix, only OAUTHBEARER, TLS', [qw(Direct)], $postfix_bearer, 'tls', $postfix_bearer],
);
for my $case (@cases) {
    my ($title, $way_of, $server, $mode, $keeper, $client) = @$case;
    $client //= 'post';
    subtest "consent, mail, expiry, rotation, revocation, consent again: $title" => sub {
        my $way = way(@$way_of);
        is make_target(
            $way, $server, $mode,
            'oauth2-client-id'     => $client,
            'oauth2-refresh-token' => refresh_token($way, $client)
            ),
            'ok', 'made';
        my $first = kept($way);
        my $raw   = arrives($keeper, sub { test_mail($way) });
        like $raw, qr/^Received: .* with ESMTPSA/ms, 'over TLS and logged in'
            if $keeper != $sink;
        is_whole($way) if $client eq 'long';
        my $second = kept($way);
        isnt $second, $first, 'the provider has replaced the refresh token';
        sleep $LIFE;
        arrives($keeper, sub { test_mail($way) });
        isnt kept($way),    $second, 'an expired one was renewed';
        is condition($way), 'ok',    'status';

        $op->revoke($client, kept($way));
        sleep $LIFE;
        like test_mail($way), qr/\A500 .*authorize the target again.*invalid_grant/s, 'revoked';
        is condition($way), 'authorize-again', 'status';
        like test_mail($way), qr/\A500 .*authorize the target again.*invalid_grant/s,
            'a test asks the provider again';
        my $token = refresh_token($way, $client);
        is answer($way, 'PUT', "$PATH/mail", { 'oauth2-refresh-token' => $token }), 'ok',
            'a new consent';
        arrives($keeper, sub { test_mail($way) });
    };
}

subtest 'a token for another mailbox: what the server says is told' => sub {
    my $way = way('Direct');
    make_target(
        $way, $dovecot, 'starttls',
        username               => 'other@example.org',
        'oauth2-refresh-token' => refresh_token($way)
    );
    my $error = test_mail($way);
    like $error, qr/535 5[.]7[.]8/,  'code';
    like $error, qr/check username/, 'what to do';
    is condition($way), 'misconfigured', 'until mail is sent';
};

# Dovecot 2.4 answers a wrong mailbox without a challenge
subtest 'a token without the scope for mail: what the challenge says is told' => sub {
    my $way = way('Direct');
    make_target(
        $way, $dovecot, 'starttls',
        username            => 'post@example.org',
        'auth-method'       => 'custom-oauth2',
        'oauth2-grant-type' => 'client-credentials',
        'oauth2-token-url'  => "$op->{url}/token",
        'oauth2-scopes'     => 'smtp.send',
    );
    my $error = test_mail($way);
    like $error, qr/535 5[.]7[.]8/,    'code';
    like $error, qr/"status":"4\d\d"/, 'the JSON of the challenge';
};

subtest 'the provider is down: the grant stays' => sub {
    my $way = way('Direct');
    make_target(
        $way, $dovecot, 'starttls',
        'auth-method'          => 'custom-oauth2',
        'oauth2-token-url'     => 'https://localhost:1/token',
        'oauth2-authorize-url' => 'https://localhost:1/auth',
        'oauth2-refresh-token' => refresh_token($way)
    );
    my $token = kept($way);
    like test_mail($way), qr/localhost:1.*refused/s, 'refused connection';
    is condition($way), 'failing', 'status';
    is kept($way),      $token,    'the refresh token is kept';
};

subtest 'an application that acts for itself needs no person' => sub {
    my $way = way('Direct');
    is make_target(
        $way, $dovecot, 'starttls',
        username            => 'post@example.org',
        'auth-method'       => 'custom-oauth2',
        'oauth2-grant-type' => 'client-credentials',
        'oauth2-token-url'  => "$op->{url}/token",
        'oauth2-scopes'     => 'https://mail.google.com/',
        ),
        'ok', 'made';
    arrives($sink, sub { test_mail($way) });
    is condition($way), 'ok', 'status';
    sleep $LIFE;
    arrives($sink, sub { test_mail($way) });

    # another port and mode of the same server
    my %moved = (mode => 'tls', port => $dovecot->{tls});
    is answer($way, 'PUT', "$PATH/mail", {%moved}), 'ok', 'moved without its secret';
    is condition($way),                             'ok', 'which makes no difference';
    arrives($sink, sub { test_mail($way) });
    is condition($way), 'ok', 'status';
};

done_testing;
