#!/usr/bin/perl

# A consent that begins and ends on this machine, by every way to the API: no refresh token, client secret or
# verifier is in any answer, and each way that it can go wrong says what to do.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP     ();
use Test::Canary qw(canaries_below);
use Test::More;
use Test::OAuth2Mail qw(answer_of relay_parameters);
use Test::Peers      qw(new_dir slurp write_owned);
use Test::Peers::Sandbox;
use Test::Way::Curl;
use Test::Way::Direct;
use Test::Way::Proxmoxer;
use Test::Way::Pvesh;

my $sandbox = Test::Peers::Sandbox->new('--redirect-uri', 'https://pve.example.org/callback.html');
my $json    = JSON::PP->new->canonical;
my $logs    = new_dir();
my $BASE    = '/cluster/notifications';
my $PAGE    = 'https://pve.example.org/callback.html';
my $LOGIN   = $sandbox->{users}[0]{login};
my $UNKNOWN = qr/state: is unknown, used or expired; start the authorization again/;

# what the first of the ways would print
my @warned;
{
    no warnings 'redefine';    ## no critic (TestingAndDebugging::ProhibitNoWarnings)
    for my $module (qw(OAuth2 SMTP)) {
        no strict 'refs';    ## no critic (TestingAndDebugging::ProhibitNoStrict)
        *{"PVE::API2::Cluster::Notifications::${module}::log_warn"} =
            sub ($text) { push @warned, $text };
    }
}

my %client = map { $_ => $sandbox->client("$_-oauth2") } qw(google microsoft);

my %ways = (
    direct    => sub { Test::Way::Direct->new },
    pvesh     => sub { Test::Way::Pvesh->new },
    form      => sub { Test::Way::Curl->new('form', "$logs/form") },
    json      => sub { Test::Way::Curl->new('json', "$logs/json") },
    proxmoxer => sub { Test::Way::Proxmoxer->new("$logs/proxmoxer") },
);

# An SMTP target without a grant.
sub target ($provider, %more) {
    my $client = $client{$provider};
    return relay_parameters(
        $sandbox,
        name                   => $provider,
        'auth-method'          => "$provider-oauth2",
        'oauth2-client-id'     => $client->{'client-id'},
        'oauth2-client-secret' => $client->{'client-secret'},
        $provider eq 'microsoft' ? ('oauth2-tenant-id' => $client->{'tenant-id'}) : (),
        %more,
    );
}

sub record ($way, $name) {
    return $json->decode(slurp("$way->{dir}/state/oauth2/$name.json"));
}

# proxmoxer tells of a parameter only that one is wrong
sub refuses ($way, $answer, $why, $title) {
    my $hidden = $way->can('hides_errors') && $answer eq "400 Parameter verification failed.\n";
    return pass $title if $hidden;
    return like $answer, $why, $title;
}

sub condition ($way, $name) {
    return answer_of($way, 'GET', "$BASE/endpoints/smtp/$name/status", {})->{condition};
}

for my $kind (sort keys %ways) {
    my $way = $ways{$kind}->();
    write_owned("$way->{dir}/config/oauth2-providers.json", $json->encode({ $sandbox->providers }));
    my (@answers, %shown_once);
    my $call = sub (@call) {
        my $answer = answer_of($way, @call);
        push @answers, ref $answer ? $json->encode($answer) : $answer;

        # what an answer gives out is in no other answer
        $shown_once{$_} =
            1
            for ref $answer
            ? grep {defined} $answer->@{qw(state id)}
            : $answer =~ /\Apve-oauth2-handle:(.*)\z/;
        return $answer;
    };
    my $consent = sub ($url) {
        my $back = $sandbox->consent($url);
        my ($code) = $back =~ /code=([^&]+)/ or die "no code\n";
        $shown_once{$code} = 0;
        $shown_once{ $code =~ s/%([0-9A-F]{2})/chr hex $1/ger } = 0;
        return $back;
    };
    my $authorize = sub (%param) {
        return $call->('POST', "$BASE/smtp-oauth2-authorize", { 'redirect-uri' => $PAGE, %param });
    };
    my $token = sub (%param) { return $call->('POST', "$BASE/smtp-oauth2-token", {%param}) };

    subtest "$kind: a target is authorized by the address that came back" => sub {
        for my $provider (qw(google microsoft)) {
            $call->('POST', "$BASE/endpoints/smtp", target($provider));
            my $begun = $authorize->(name => $provider);
            like $begun->{state}, qr/\Apve-notify\.[A-Za-z0-9_-]{43}\z/,          'state';
            like $begun->{url},   qr/login_hint=\Q@{[ $LOGIN =~ s{@}{%40}r ]}\E/, 'login hint';
            my $sep = $provider eq 'microsoft' ? '#' : '?';
            my $url = $consent->($begun->{url});
            like $url, qr/\A\Q$PAGE$sep\Ecode=/, 'the page gets the answer';
            my %answer = (
                state                => $begun->{state},
                'authorization-code' => $url,
                name                 => $provider,
            );
            is $token->(%answer),                                   '',         'stored';
            is condition($way, $provider),                          'untested', 'there is a grant';
            is $call->('POST', "$BASE/targets/$provider/test", {}), 'ok',       'a mail goes out';
            like $token->(%answer), $UNKNOWN, 'once';
        }
    };

    subtest "$kind: a handle for a target that is still to be created" => sub {
        my $begun = $authorize->(
            'auth-method' => 'google-oauth2',
            'client-id'   => $client{google}{'client-id'},
            username      => $LOGIN,
        );
        my ($query) = $consent->($begun->{url}) =~ /\?(.*)/;
        my $handle = $token->(
            state                => $begun->{state},
            'authorization-code' => $query,
            'client-secret'      => $client{google}{'client-secret'},
        );
        like $handle, qr/\Apve-oauth2-handle:[A-Za-z0-9_-]{43}\z/, 'a handle';
        my $held = $call->('POST', "$BASE/smtp-oauth2-handle", { handle => $handle });
        is $held->{mailbox}, $LOGIN, 'who has consented';
        is $held->{warning}, undef,  'nothing to warn of';
        my %new = (name => 'second', 'oauth2-refresh-token' => $handle);
        like $call->(
            'POST', "$BASE/endpoints/smtp", target('google', %new, username => 'other@example.org')
            ),
            qr/\A400 .*oauth2-refresh-token: is a handle for another username \('\Q$LOGIN\E'\)/s,
            'not for another mailbox';
        is $call->('POST', "$BASE/endpoints/smtp", target('google', %new)), 'ok', 'for this one';
        is condition($way, 'second'), 'untested', 'there is a grant';
        like $call->('PUT', "$BASE/endpoints/smtp/second", { 'oauth2-refresh-token' => $handle }),
            qr/\A400 .*oauth2-refresh-token: is unknown, used or expired/s, 'once';
    };

    subtest "$kind: another mailbox is told before anything is stored" => sub {
        for my $provider (qw(google microsoft)) {
            my $name = "$provider-other";
            $call->(
                'POST', "$BASE/endpoints/smtp",
                target($provider, name => $name, username => 'shared@example.org')
            );
            my $begun  = $authorize->(name => $name);
            my $handle = $token->(
                state                => $begun->{state},
                'authorization-code' => $consent->($begun->{url}),
                name                 => $name,
            );
            like $handle, qr/\Apve-oauth2-handle:/, 'a handle in place of the grant';
            is condition($way, $name), 'authorize-again', 'nothing is stored';
            my $held = $call->('POST', "$BASE/smtp-oauth2-handle", { handle => $handle });
            is $held->{mailbox}, $LOGIN, 'the mailbox';
            like $held->{warning},
                qr/\A'\Q$LOGIN\E' has consented, but username is 'shared\@example\.org'; /,
                'what is wrong';
            my $word = $provider eq 'microsoft' ? 'shared mailbox' : 'set username to';
            like $held->{warning}, qr/$word/, 'what to do';
            is $call->('PUT', "$BASE/endpoints/smtp/$name", { 'oauth2-refresh-token' => $handle }),
                'ok', 'it can be used all the same';
            is condition($way, $name), 'untested', 'there is a grant';
        }
    };

    subtest "$kind: what does not fit is refused and changes nothing" => sub {
        my $begun = $authorize->(name => 'google');
        my $url   = $consent->($begun->{url});
        my %good  = (
            state                => $begun->{state},
            'authorization-code' => $url,
            name                 => 'google',
        );
        my $asked = $sandbox->token_requests;
        refuses $way, $token->(%good, state => 'pve-notify.x'),
            qr/authorization-code: is the answer to/,
            'the answer to another consent';
        refuses $way, $token->(state => 'pve-notify.x', 'authorization-code' => 'x'), $UNKNOWN,
            'unknown state';
        refuses $way, $token->(%good, name => 'second'), qr/name: is not the target/,
            'another target';
        refuses $way, $token->(%good, 'client-id' => 'x'), qr/client-id: differs from the start/,
            'client-id';
        refuses $way, $token->(%good, 'code-verifier' => 'x' x 43),
            qr/code-verifier: must not be given/,
            'code-verifier';
        refuses $way, $token->(%good, 'authorization-code' => "$PAGE?state=x"),
            qr/authorization-code: is/,
            'an address without code';
        refuses $way, $token->(%good, 'authorization-code' => "$PAGE?error=access_denied"),
            qr/\A400 google-oauth2: consent was declined/, 'declined';
        refuses $way,
            $token->(
            %good,
            'authorization-code' => $url =~ s{iss=[^&]*}{iss=https%3A%2F%2Fevil.example.org}r
            ),
            qr/authorization-code: is the answer of another provider/, 'another provider';
        refuses $way, $authorize->(name => 'none'), qr/\A404 /, 'no such target';
        refuses $way, $authorize->(name => 'google', 'client-id' => 'x'),
            qr/client-id: must not be given/,
            'a target and more';
        refuses $way, $authorize->('auth-method' => 'google-oauth2'),
            qr/client-id: property is missing/,
            'neither';
        refuses $way, $authorize->('auth-method' => 'microsoft-oauth2', 'client-id' => 'x'),
            qr/tenant-id: is missing/, 'the parameter has its own name';
        refuses $way, $token->('authorization-code' => 'x', name => 'google'),
            qr/name: is only for/,
            'a name without a state';
        is $sandbox->token_requests, $asked, 'nobody was asked';
        is $token->(%good),          '',     'after all that it is good';
    };

    subtest "$kind: what was begun is ended" => sub {
        my $cancel =
            sub ($value) { return $call->('POST', "$BASE/smtp-oauth2-cancel", { value => $value }) };
        my $begun = $authorize->(name => 'google');
        ok $cancel->($begun->{state}),  'a consent';
        ok !$cancel->($begun->{state}), 'once';
        my %answer = (state => $begun->{state}, name => 'google');
        refuses $way, $token->(%answer, 'authorization-code' => 'x'), $UNKNOWN, 'it is over';
        ok !$cancel->('pve-notify.none'), 'none';
    };

    subtest "$kind: a grant is taken back" => sub {
        my $revoke = sub ($name) {
            return $call->('POST', "$BASE/endpoints/smtp/$name/revoke", {});
        };
        my $done = $revoke->('google');
        ok $done->{'at-provider'}, 'at the provider';
        is $done->{warning},                          undef, 'nothing is left to do';
        is $sandbox->control->{requests}{revoke} > 0, 1,     'which was asked';
        $done = $revoke->('microsoft');
        ok !$done->{'at-provider'}, 'Microsoft has no way';
        like $done->{warning}, qr/My Apps/, 'and is told where';

        for my $name (qw(google microsoft)) {
            is condition($way, $name), 'authorize-again', "$name: authorize again";
            my $record = record($way, $name);
            is_deeply [grep {/token\z/} keys %$record], [], "$name: no token is left";
            ok $record->{consented}, "$name: the dates are";
        }
        like $revoke->('google'), qr/\A400 .*not authorized/, 'there is nothing more to revoke';
    };

    subtest "$kind: a code for another device" => sub {
        my $begin = sub (%param) { return $call->('POST', "$BASE/smtp-oauth2-device", {%param}) };
        my $poll =
            sub (%param) { return $call->('POST', "$BASE/smtp-oauth2-device-poll", {%param}) };
        like $begin->(name => 'google'), qr/auth-method: cannot be used with a device code: Google/,
            'Google has none';
        my $begun = $begin->(name => 'microsoft');
        like $begun->{'user-code'}, qr/\A[0-9A-F]{8}\z/, 'a code for the person';
        my %mine  = (id => $begun->{id}, name => 'microsoft');
        my $asked = $sandbox->token_requests;
        is $poll->(%mine)->{status}, 'pending', 'too early';
        is $sandbox->token_requests, $asked,    'nobody was asked';
        sleep 4;
        is $poll->(%mine)->{status}, 'pending',  'in time';
        is $sandbox->token_requests, $asked + 1, 'the provider was asked';
        $sandbox->enter_device_code($begun->{'user-code'});
        sleep 4;
        my $done = $poll->(%mine);
        is $done->{status},              'done',     'done';
        is $done->{mailbox},             $LOGIN,     'the mailbox';
        is $done->{handle},              undef,      'stored';
        is condition($way, 'microsoft'), 'untested', 'there is a grant';
        like $poll->(%mine), qr/id: is unknown, used or expired/, 'once';

        $begun = $begin->(name => 'microsoft');
        $sandbox->enter_device_code($begun->{'user-code'}, decision => 'deny');
        sleep 4;
        my %declined = (id => $begun->{id}, name => 'microsoft');
        like $poll->(%declined), qr/\A400 .*consent was declined on the other device/, 'declined';
        like $poll->(%declined), qr/id: is unknown, used or expired/,                  'and over';
    };

    subtest "$kind: no secret is in an answer, and nothing is left" => sub {
        my $all = join "\n", @answers;
        my %secret;
        for my $name (qw(google microsoft second google-other microsoft-other)) {
            my $record = record($way, $name);
            $secret{$_} = $record->{$_}
                for grep { /token\z/ && length $record->{$_} } keys %$record;
        }
        $secret{$_} = $client{$_}{'client-secret'} for keys %client;
        for my $what (sort keys %secret) {
            is index($all, $secret{$what}), -1, "no $what";
        }
        unlike $all, qr/verifier=|device.code"/, 'no verifier';
        for my $text (sort keys %shown_once) {
            my $count = () = $all =~ /\Q$text\E/g;

            # the state stands in the address of the page as well
            my $most = $shown_once{$text} * ($text =~ /\Apve-notify/ ? 2 : 1);
            cmp_ok $count, '<=', $most, 'said once at most: ' . substr $text, 0, 12;
        }
        my $log = -e "$logs/$kind" ? slurp("$logs/$kind") : '';
        is index($log, $_), -1, 'not in the log of the server'
            for sort keys %shown_once, values %secret;
        my @left = glob "$way->{dir}/state/oauth2/pending/*";
        my $open = grep { !/[0-9a-f]{64}\z/ } @left;
        is $open, 0, 'no draft and nothing half used' or diag "@left";
    };
}

is scalar(@warned), 3, 'whoever calls from Perl is warned: twice of a mailbox, once of Microsoft';

done_testing;
