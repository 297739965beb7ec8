#!/usr/bin/perl

# The whole life of an SMTP target that logs in with OAuth2, through the API: consent, target, mail,
# expiry, daily run, changed settings, revocation, alert, consent again.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use PVE::Notify;
use PVE::Notify::Refresh;
use PVE::SafeSyslog;
use Test::More;
use Test::OAuth2Mail qw(code_parameters);
use Test::Peers      qw(write_private);
use Test::Peers::Sandbox;
use Test::Way::Direct;

my $sandbox = Test::Peers::Sandbox->new;
my $smtp    = $sandbox->{smtp};
my $login   = $sandbox->{users}[0]{login};
my $client  = $sandbox->client('google-oauth2');
my $way     = Test::Way::Direct->new;
my $dir     = $way->{dir};
write_private("$dir/config/oauth2-providers.json", JSON::PP->new->encode({ $sandbox->providers }));

my @logged;
{
    no warnings 'redefine';    ## no critic (TestingAndDebugging::ProhibitNoWarnings)
    *PVE::SafeSyslog::syslog = sub ($level, $format, @values) {
        push @logged, "$level " . sprintf $format, @values;
    };
}

my $PATH   = '/cluster/notifications/endpoints/smtp';
my @OAUTH2 = (
    'auth-method'          => 'google-oauth2',
    'oauth2-client-id'     => $client->{'client-id'},
    'oauth2-client-secret' => $client->{'client-secret'},
);

sub call (@call) { return $way->call(@call) }

sub refresh_token () {
    return call('POST', '/cluster/notifications/smtp-oauth2-token', code_parameters($sandbox))
        ->{data};
}

sub status () {
    my $answer = call('GET', "$PATH/mail/status", {});
    return $answer->{data} // $answer;
}

sub refused ($method, $path, $param) {
    my $answer = call($method, $path, $param);
    return "$answer->{code} " . ($answer->{message} // '') =~ s/\n\z//r;
}

sub mails () {
    my @mails = $sandbox->mails;
    $sandbox->control(smtp => { clear => \1 });
    return @mails;
}

# the daily run as its command
sub daily (@args) {
    my $text = '';
    open my $out, '>', \$text or die "no memory: $!\n";
    my $status = do {
        local *STDOUT = $out;
        PVE::Notify::Refresh->run('pveupdate', \@args);
    };
    close $out or die "no memory: $!\n";
    return ($status, $text);
}

subtest 'settings that do not fit together are refused by name' => sub {
    my %good = (
        name           => 'mail',
        server         => $smtp->{host},
        port           => $smtp->{'port-starttls'},
        mode           => 'starttls',
        username       => $login,
        mailto         => ['ann@example.org'],
        'from-address' => $login,
        @OAUTH2,
    );
    my $with    = sub (%more) { return { %good, %more } };
    my $without = sub ($key) { my %rest = %good; delete $rest{$key}; return \%rest };
    like refused('POST', $PATH, $with->(mode => 'insecure')),
        qr/\A400 mode: must be tls or starttls/, 'no TLS';
    like refused('POST', $PATH, $without->($_)), qr/\A400 \Q$_\E: is missing/, "no $_"
        for 'username', 'oauth2-client-id', 'oauth2-client-secret';
    my %microsoft = ('auth-method' => 'microsoft-oauth2');
    like refused('POST', $PATH, $with->(%microsoft)), qr/\A400 oauth2-tenant-id: is missing/,
        'no tenant';
    like refused(
        'POST', $PATH,
        $with->(
            %microsoft,
            'oauth2-tenant-id'     => 'example.org',
            'oauth2-client-secret' => '01234567-89ab-cdef-0123-456789abcdef',
        )
        ),
        qr/\A400 oauth2-client-secret: is the "Secret ID"/, 'the ID of a secret';
    like refused('POST', $PATH, $with->('auth-method' => 'bogus-oauth2')),
        qr/\A400 auth-method: unknown value 'bogus-oauth2'; use plain, /, 'an unknown provider';
    like refused('POST', $PATH, $with->('auth-method' => 'custom-oauth2')),
        qr/\A400 oauth2-token-url: is missing/, 'no token URL';
    my %errors = (call('POST', $PATH, $with->(%microsoft))->{errors} // {})->%*;
    is_deeply [keys %errors], ['oauth2-tenant-id'], 'a form can mark the field';
    like $errors{'oauth2-tenant-id'}, qr/\Ais missing/, 'and say why';
    my %code = (code_parameters($sandbox)->%*, 'redirect-uri' => 'http://example.org/');
    %errors =
        (call('POST', '/cluster/notifications/smtp-oauth2-token', \%code)->{errors} // {})->%*;
    is_deeply [keys %errors], ['redirect-uri'], 'also of an exchange';
    is scalar PVE::Notify::read_config()->get_smtp_endpoints->@*, 0, 'nothing was made';

    is refused('POST', $PATH, $with->('oauth2-refresh-token' => refresh_token())), '200 ',
        'created';
    my %sent = ('oauth2-cloud' => 'china');
    is_deeply [keys call('PUT', "$PATH/mail", \%sent)->{errors}->%*], ['oauth2-cloud'],
        'a change names what was sent';
    my $answer = call('PUT', "$PATH/mail", \%microsoft);
    like $answer->{message}, qr/\Aoauth2-tenant-id: is missing/, 'what was not sent';
    is $answer->{errors}, undef, 'may be no field of the form, which shows the message then';
    my $target = call('GET', "$PATH/mail", {})->{data};
    is_deeply [grep {/secret|token|password/} keys %$target], [], 'no secret is shown';
    is status()->{condition}, 'untested', 'status';
    ok status()->{consented} >= time - 60, 'when the consent was';
};

call('POST',   '/cluster/notifications/matchers', { name => 'all', target => ['mail'] });
call('DELETE', '/cluster/notifications/matchers/default-matcher', {});
my %DATA = (target => 'mail');

subtest 'mail is sent with a token' => sub {
    is refused('POST', '/cluster/notifications/targets/mail/test', {}), '200 ', 'a test';
    PVE::Notify::info('test', \%DATA, {});
    my @mails = mails();
    is_deeply [map {"$_->{login} $_->{mechanism}"} @mails], [("$login XOAUTH2") x 2],
        'both arrived';
    is $sandbox->token_requests, 2, 'a code and one access token were asked for';
    ok status()->{'last-send'} >= time - 60, 'status';
};

subtest 'an expired token is renewed before it is used' => sub {
    my $before = $sandbox->token_requests;
    $sandbox->control('access-token-seconds' => 2);
    call('PUT', "$PATH/mail", { 'oauth2-refresh-token' => refresh_token() });
    PVE::Notify::info('test', \%DATA, {});
    sleep 2;
    PVE::Notify::info('test', \%DATA, {});
    is scalar(my @mails = mails()),        2, 'both arrived';
    is $sandbox->token_requests - $before, 3, 'a code, two access tokens';
    $sandbox->control('access-token-seconds' => 3599);
};

subtest 'the daily run leaves a login alone that was used today' => sub {
    my $before = $sandbox->token_requests;
    my ($status, $text) = daily('--verbose');
    is $status, 0, 'exit status';
    like $text, qr/^mail: ok$/m,                                 'the target';
    like $text, qr/^0 refreshed, 1 not due, 0 with a problem$/m, 'summary';
    is $sandbox->token_requests, $before, 'the provider was not asked';
    is_deeply [daily()], [0, ''], 'without --verbose nothing is said';
};

subtest 'credentials are never sent to a new server' => sub {
    my $token = refresh_token();
    is refused('PUT', "$PATH/mail", { server => '127.0.0.1' }), '200 ', 'the server is changed';
    is status()->{condition}, 'misconfigured',                          'the client secret is gone';
    like status()->{'last-error'}, qr/oauth2-client-secret/, 'and asked for';
    my $before = $sandbox->token_requests;
    PVE::Notify::info('test', \%DATA, {});
    is scalar mails(),           0,       'nothing is sent';
    is $sandbox->token_requests, $before, 'nobody is asked';
    call('PUT', "$PATH/mail", { 'oauth2-client-secret' => $client->{'client-secret'} });
    is status()->{condition}, 'authorize-again', 'the grant is set aside';
    call(
        'PUT',
        "$PATH/mail",
        {
            server                 => $smtp->{host},
            'oauth2-client-secret' => $client->{'client-secret'},
            'oauth2-refresh-token' => $token,
        }
    );
    is status()->{condition}, 'untested', 'new ones in the same call are taken';
    is refused('POST', '/cluster/notifications/targets/mail/test', {}), '200 ', 'and work';
    mails();
};

subtest 'a grant that was revoked is told once, over the other targets' => sub {
    call(
        'POST', $PATH,
        {
            name           => 'other',
            server         => $smtp->{host},
            port           => $smtp->{'port-clear'},
            mode           => 'insecure',
            mailto         => ['ben@example.org'],
            'from-address' => 'pve@example.org',
        }
    );
    call('PUT', '/cluster/notifications/matchers/all', { target => ['mail', 'other'] });
    $sandbox->control(revoke => \1);
    @logged = ();

    # as if the token had run out: the server does not know it any more
    unlink glob "$dir/run/oauth2/*";
    my $config = PVE::Notify::read_config();
    call('PUT', "$PATH/mail", { 'oauth2-refresh-token' => 'revoked-token' });
    PVE::Notify::info('test', \%DATA, {});
    my @mails = mails();
    is_deeply [map { $_->{to}[0] } @mails], [('ben@example.org') x 2],
        'the notification, the alert';
    my ($alert) = grep {/^Subject: Notification target mail on .* cannot send/m}
        map { $_->{raw} } @mails;
    ok $alert, 'its subject' or diag map { $_->{raw} } @mails;
    like $alert // '', qr/authorize/, 'it says what to do';
    is status()->{condition}, 'authorize-again', 'status';
    like "@logged", qr/err could not notify via target `mail`/, 'log';
    my ($list) =
        grep { $_->{name} eq 'mail' } call('GET', '/cluster/notifications/targets', {})->{data}->@*;
    is $list->{'oauth2-status'}, 'authorize-again', 'the list of targets';
    like $list->{'oauth2-error'}, qr/authorize the target again/, 'with the reason';

    PVE::Notify::info('test', \%DATA, {});
    is scalar mails(), 1, 'no second alert';
    my ($status, $text) = daily();
    is $status, 1, 'exit status of the daily run';
    like $text, qr/^mail: authorize-again - .*\n0 refreshed, 0 not due, 1 with a problem\n\z/,
        'what it says';
    is scalar mails(), 0, 'and no alert from there';
};

subtest 'after a new consent all is well' => sub {
    is refused('PUT', "$PATH/mail", { 'oauth2-refresh-token' => refresh_token() }), '200 ', 'taken';
    is status()->{condition}, 'untested', 'status';
    PVE::Notify::info('test', \%DATA, {});
    is_deeply [sort map { $_->{to}[0] } mails()], ['ann@example.org', 'ben@example.org'], 'sent';
};

subtest 'a deleted target leaves nothing' => sub {
    my @records = glob "$dir/state/oauth2/*";
    is scalar @records, 1, 'one record';
    is((stat $records[0])[2] & oct '7777', oct '0600', 'for its owner alone');
    call('PUT',    '/cluster/notifications/matchers/all', { target => ['other'] });
    call('DELETE', "$PATH/mail",                          {});
    is_deeply [glob "$dir/state/oauth2/*"], [], 'gone';
    like refused('GET', "$PATH/mail/status", {}), qr/\A404 endpoint 'mail' not found/, 'status';
    like refused('GET', "$PATH/other/status", {}), qr/\A400 .*does not log in with OAuth2/,
        'nor has a target without OAuth2 one';
};

done_testing;
