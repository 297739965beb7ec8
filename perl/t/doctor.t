#!/usr/bin/perl

# The doctor at targets of each kind, well and ill: the step that fails is the one that is to blame, with its fix,
# and nothing is ever sent.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Socket::IP;
use JSON::PP     ();
use MIME::Base64 qw(encode_base64);
use PVE::SafeSyslog;
use Test::More;
use Test::Peers qw(trust write_private);
use Test::Peers::Sandbox;
use Test::Way::Direct;

my $sandbox = Test::Peers::Sandbox->new;
my $smtp    = $sandbox->{smtp};
my $client  = $sandbox->client('microsoft-oauth2');
my $way     = Test::Way::Direct->new;
my $dir     = $way->{dir};
my $PATH    = '/cluster/notifications/endpoints';
my ($LOGIN, $PASSWORD) = $sandbox->{users}[0]->@{qw(login password)};
write_private("$dir/config/oauth2-providers.json", JSON::PP->new->encode({ $sandbox->providers }));

my @said;
{
    no warnings 'redefine';    ## no critic (TestingAndDebugging::ProhibitNoWarnings)
    *PVE::SafeSyslog::syslog = sub { push @said, @_; return };
}

# A port at which nobody listens.
my $closed = do {
    my $socket = IO::Socket::IP->new(LocalHost => '127.0.0.1', Listen => 1) or die "no port: $@\n";
    $socket->sockport;
};

my %OFFICE = (
    server                 => $smtp->{host},
    port                   => $smtp->{'port-starttls'},
    mode                   => 'starttls',
    username               => $LOGIN,
    mailto                 => ['ann@example.org', 'ben@example.org'],
    'from-address'         => $LOGIN,
    'auth-method'          => 'microsoft-oauth2',
    'oauth2-grant-type'    => 'client-credentials',
    'oauth2-client-id'     => $client->{'client-id'},
    'oauth2-client-secret' => $client->{'client-secret'},
    'oauth2-tenant-id'     => $client->{'tenant-id'},
);
my %RELAY   = (%OFFICE{qw(server port mode username mailto from-address)}, password => $PASSWORD,);
my %GOTIFY  = (server => "https://localhost:$closed/", token => 'AbC-cAnArY');
my %WEBHOOK = (
    url    => "$sandbox->{url}/hook/{{ secrets.key }}",
    method => 'post',
    body   => encode_base64('{"text":"{{ message }}","key":"{{ secrets.key }}"}', ''),
    header => ['name=X-Key,value=' . encode_base64('{{ secrets.key }}', '')],
    secret => ['name=key,value=' . encode_base64('cAnArY-hook', '')],
);

my $count = 0;

# What the doctor says to a new target: its result, then each step with what it saw and the fix.
sub examined ($kind, %parameters) {
    my $name   = 't' . ++$count . 'x';
    my $answer = $way->call('POST', "$PATH/$kind", { name => $name, %parameters });
    is $answer->{code}, 200, "made ($name)" or diag($answer->{message});
    my $checked =
        $way->call('POST', "/cluster/notifications/targets/$name/check", { transcript => 1 });
    is $checked->{code}, 200, 'examined' or diag($checked->{message});
    my $text = JSON::PP->new->canonical->encode($checked->{data});
    unlike $text, qr/cAnArY|\Q$PASSWORD\E|\Q$client->{'client-secret'}\E/, 'no secret is shown';
    push @said, $text;
    return $checked->{data};
}

sub short ($data) {
    return join ' ', map {"$_->{step}:$_->{result}"} $data->{steps}->@*;
}

sub step ($data, $name) {
    my ($step) = grep { $_->{step} eq $name } $data->{steps}->@*;
    return join '; ', grep {defined} $step->@{qw(seen fix details)};
}

subtest 'a mail server with OAuth2 that works' => sub {
    my $data = examined('smtp', %OFFICE);
    is short($data),
        join(' ',
        map {"$_:ok"} qw(settings token names connection tls greeting login sender recipients)),
        'every step';
    is $data->{result}, 'ok', 'result';
    like step($data, 'settings'), qr/localhost:[0-9]+ \(starttls\), login by microsoft-oauth2, 2/,
        'settings';
    like step($data, 'token'), qr/refreshed now/,    'token';
    like step($data, 'names'), qr/127\.0\.0\.1|::1/, 'names';
    like step($data, 'tls'),
        qr/TLSv1\.[23] .*certificate of .* until [0-9-]{10} \([0-9]+ days\), trusted by/, 'tls';
    like step($data, 'greeting'), qr/offers .*AUTH .*XOAUTH2.* [(]before TLS: PLAIN, LOGIN[)]/,
        'greeting';
    like step($data, 'login'),      qr/logged in by XOAUTH2/, 'login';
    like step($data, 'recipients'), qr/2 of 2 accepted/,      'recipients';
    ok((grep {/ > EHLO /} $data->{transcript}->@*), 'the transcript');
    is scalar(() = $sandbox->mails), 0, 'nothing was sent';
};

subtest 'a mail server with a password that works' => sub {
    my $data = examined('smtp', %RELAY);
    is $data->{result}, 'ok', 'result';
    like step($data, 'login'), qr/logged in by (?:PLAIN|LOGIN)/, 'login';
};

subtest 'what is wrong with a mail server is found at its step' => sub {
    for my $case (
        [[%RELAY, password => 'wrong-word'],        'login',          qr/535|username or password/],
        [[%RELAY, port     => $closed],             'connection',     qr/refused/],
        [[%RELAY, server   => 'nowhere.invalid'],   'names',          qr/nowhere\.invalid/],
        [[%RELAY, mode     => 'tls'],               'tls',            qr/mode|TLS/],
        [[%RELAY, port     => $smtp->{'port-tls'}], 'greeting|tls',   qr/mode|TLS/],
        [[%RELAY, server   => '127.0.0.2'],         'tls|connection', qr/certificate|127/],
        [[%OFFICE, 'oauth2-client-secret' => 'wrong-one'],          'token', qr/client secret/],
        [[%OFFICE, 'oauth2-tenant-id'     => 'other.example.org'],  'token', qr/tenant/],
        [[%OFFICE, username               => 'nobody@example.org'], 'login', qr/username/],
        )
    {
        my ($parameters, $step, $words) = @$case;
        my $data = examined('smtp', @$parameters);
        my ($failed) = grep { $_->{result} eq 'failed' } $data->{steps}->@*;
        like $failed->{step} // '', qr/\A(?:$step)\z/, "it is $step" or diag(short($data));
        like join('; ', grep {defined} $failed->@{qw(seen fix details)}), $words, 'the words';
        ok length($failed->{fix} // ''), 'a fix';
        is $data->{result}, 'failed', 'result';
        my $behind = 0;

        for my $next ($data->{steps}->@*) {
            is $next->{result}, 'not-tried', "$next->{step} was not tried" if $behind;
            $behind ||= $next->{result} eq 'failed';
        }
    }
};

subtest 'web servers' => sub {
    my $data = examined('gotify', %GOTIFY);
    is short($data), 'request:ok proxy:ok names:ok connection:failed tls:not-tried',
        'Gotify is down';
    like step($data, 'request'), qr{POST https://localhost:$closed/message .*authorization},
        'request';

    my $before = $sandbox->control->{requests}{elsewhere};
    $data = examined('webhook', %WEBHOOK);
    is short($data), 'request:ok proxy:ok names:ok connection:ok tls:ok', 'a webhook';
    like step($data, 'request'), qr{POST \S+/hook/<masked> \(x-key\): \{"text":".*"key":"<masked>"},
        'what the templates render to';
    is $sandbox->control->{requests}{elsewhere}, $before, 'nothing was sent';
    $data = examined('webhook', %WEBHOOK, body => encode_base64('{{ nonsense', ''));
    is step($data, 'request') =~ /template/ ? $data->{result} : step($data, 'request'), 'failed',
        'a template that cannot be rendered';
};

subtest 'the mail system of this machine' => sub {
    my $data =
        examined('sendmail', mailto => ['root@example.org'], 'from-address' => 'pve@example.org');
    like short($data), qr/\Aprogram:(?:ok|failed) sender:ok recipients:ok\z/, 'steps';
    $data =
        examined('sendmail', 'mailto-user' => ['gone@pam'], 'from-address' => 'pve@example.org');
    like short($data), qr/recipients:failed\z/, 'nobody would get it';
};

subtest 'who is asked for' => sub {
    my $missing = $way->call('POST', '/cluster/notifications/targets/none/check', {});
    is $missing->{code}, 404, 'no such target';
    my $off  = $way->call('POST', "$PATH/smtp", { name => 'off', %RELAY, disable => 1 });
    my $data = $way->call('POST', '/cluster/notifications/targets/off/check', {})->{data};
    is $data->{result},     'ok',  'one that is disabled';
    is $data->{transcript}, undef, 'no transcript without a wish';
};

done_testing;
