#!/usr/bin/perl

# The life of a target at Microsoft whose application acts for itself: no person, no refresh token, and
# nothing that ends when it is not used.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use PVE::Notify;
use PVE::Notify::Refresh;
use PVE::SafeSyslog;
use Test::More;
use Test::Peers qw(slurp write_private);
use Test::Peers::Sandbox;
use Test::Way::Direct;

my $sandbox = Test::Peers::Sandbox->new;
my $smtp    = $sandbox->{smtp};
my $client  = $sandbox->client('microsoft-oauth2');
my $way     = Test::Way::Direct->new;
my $dir     = $way->{dir};
my $json    = JSON::PP->new->canonical;
my $PATH    = '/cluster/notifications/endpoints/smtp';
write_private("$dir/config/oauth2-providers.json", $json->encode({ $sandbox->providers }));

{
    no warnings 'redefine';    ## no critic (TestingAndDebugging::ProhibitNoWarnings)
    *PVE::SafeSyslog::syslog = sub { };
}

my %MAIL = (
    name                   => 'mail',
    server                 => $smtp->{host},
    port                   => $smtp->{'port-starttls'},
    mode                   => 'starttls',
    username               => $sandbox->{users}[0]{login},
    mailto                 => ['ann@example.org'],
    'from-address'         => 'pve@example.org',
    'auth-method'          => 'microsoft-oauth2',
    'oauth2-grant-type'    => 'client-credentials',
    'oauth2-client-id'     => $client->{'client-id'},
    'oauth2-client-secret' => $client->{'client-secret'},
    'oauth2-tenant-id'     => $client->{'tenant-id'},
);

sub answer (@call) {
    my $answer = $way->call(@call);
    return "$answer->{code} " . ($answer->{message} // '');
}

sub status () {
    return $way->call('GET', "$PATH/mail/status", {})->{data};
}

sub test_mail () {
    return answer('POST', '/cluster/notifications/targets/mail/test', {});
}

sub record () {
    return $json->decode(slurp("$dir/state/oauth2/mail.json"));
}

subtest 'a tenant of its own is needed' => sub {
    like answer('POST', $PATH, { %MAIL, 'oauth2-tenant-id' => $_ }),
        qr/\A400 oauth2-tenant-id: must be one tenant/, $_
        for qw(common organizations consumers);
};

subtest 'made and used without any consent' => sub {
    is answer('POST', $PATH, {%MAIL}), '200 ',     'made';
    is status()->{condition},          'untested', 'status';
    my $before = $sandbox->token_requests;
    is test_mail(), '200 ', 'sent' for 1 .. 2;
    is_deeply [map {"$_->{login} $_->{mechanism}"} $sandbox->mails],
        [("$MAIL{username} XOAUTH2") x 2], 'both arrived';
    is $sandbox->token_requests,    $before + 1, 'with one token';
    is record()->{'refresh-token'}, undef,       'there is no refresh token';
    my $status = status();
    is $status->{condition}, 'ok', 'status';
    ok $status->{'last-refresh'} >= time - 60, 'when the token came';
    is_deeply [$status->@{qw(consented expected-end)}], [undef, undef],
        'nobody has consented, and nothing will end';
};

subtest 'an expired token is replaced by another' => sub {
    my $first = record()->{'access-token'};
    $sandbox->control('access-token-seconds' => 1);
    unlink glob "$dir/run/oauth2/*.json";
    is answer('PUT', "$PATH/mail", { 'oauth2-client-secret' => $MAIL{'oauth2-client-secret'} }),
        '200 ', 'the same client secret changes nothing';
    is record()->{'access-token'}, $first, 'the token is still good';

    # as after a restart with a wrong clock: its age is unknown
    my $record = record();
    delete $record->{check};
    $record->{obtained} += 7200;
    require Digest::SHA;
    $record->{check} = Digest::SHA::sha256_hex($json->encode($record));
    write_private("$dir/state/oauth2/mail.json", $json->encode($record));
    is test_mail(),                  '200 ', 'sent';
    isnt record()->{'access-token'}, $first, 'with a new one';
    sleep 2;
    my $before = $sandbox->token_requests;
    is test_mail(),              '200 ',      'sent';
    is $sandbox->token_requests, $before + 1, 'with a third one';
    $sandbox->control('access-token-seconds' => 3599);
};

subtest 'the daily run has nothing to keep alive' => sub {
    my $before = $sandbox->token_requests;
    open my $out, '>', \my $text or die "no memory: $!\n";
    my $status = do {
        local *STDOUT = $out;
        PVE::Notify::Refresh->run('pveupdate', ['--verbose']);
    };
    close $out;
    is $status, 0, 'exit status';
    like $text, qr/^mail: ok$/m, 'what it says';
    is $sandbox->token_requests, $before, 'the provider was not asked';
};

subtest 'an expired client secret is told, and a new one works at once' => sub {
    answer('PUT', "$PATH/mail", { 'oauth2-client-secret' => 'expired' });
    unlink glob "$dir/run/oauth2/*.json";
    sleep 2;
    is test_mail(),           '200 ', 'the one before it is used';
    is status()->{condition}, 'ok',   'status';
    like status()->{warning}, qr/refuses the client secret since .*set oauth2-client-secret again/,
        'with a warning';
    answer('PUT', "$PATH/mail", { delete                 => ['oauth2-client-secret'] });
    answer('PUT', "$PATH/mail", { 'oauth2-client-secret' => 'another' });
    unlink glob "$dir/run/oauth2/*.json";
    like test_mail(), qr/\A500 .*client secret.*7000215/s, 'why, and who has to act';
    is status()->{condition}, 'misconfigured', 'status';
    answer('PUT', "$PATH/mail", { 'oauth2-client-secret' => $MAIL{'oauth2-client-secret'} });
    is test_mail(),           '200 ', 'sent';
    is status()->{condition}, 'ok',   'status';
};

subtest 'an application that is not permitted is told so' => sub {
    answer('PUT', "$PATH/mail",
        { 'oauth2-tenant-id' => 'other.example.org', %MAIL{'oauth2-client-secret'} });
    like test_mail(), qr/\A500 .*tenant.*90002/s, 'an unknown tenant';
};

subtest 'a deleted target leaves nothing' => sub {
    is answer('DELETE', "$PATH/mail", {}), '200 ', 'deleted';
    is_deeply [glob "$dir/state/oauth2/*"], [], 'no record';
};

done_testing;
