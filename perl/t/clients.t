#!/usr/bin/perl

# The exchange through the clients that admins use - pvesh, curl, proxmoxer - from end to end: the
# real binding, the real server, and a provider that others wrote.

use v5.36;

use FindBin  ();
use JSON::PP qw(decode_json encode_json);
use Test::More;
use Time::HiRes qw(sleep);

use lib "$FindBin::Bin/lib";
use Test::Peers qw(host_dir new_dir root write_private);
use Test::Peers::NotifyHost;
use Test::Peers::OidcProvider;
use Test::Peers::Sandbox;

if (!Test::Peers::OidcProvider->folder) {
    BAIL_OUT('oidc-provider is not installed in build/node') if $ENV{CI};
    plan skip_all => 'oidc-provider is not installed in build/node';
}

my $PATH    = '/cluster/notifications/smtp-oauth2-token';
my $op      = Test::Peers::OidcProvider->new;
my $sandbox = Test::Peers::Sandbox->new;
my $files   = new_dir();
write_private("$files/right", $op->{'client-secret'});
write_private("$files/wrong", 'canary-wrong-secret');

# one folder or server for each way in which a client shows its secret
my %dir  = map { $_ => host_dir('google-oauth2' => $op->provider($_)) } qw(basic post);
my %host = map {
    $_ => Test::Peers::NotifyHost->new({ 'google-oauth2' => $op->provider($_) }, "$files/$_.log")
} qw(basic post);
my @tokens;    # those that came out

my sub output_of (@command) {
    my $pid = open(my $out, '-|') // die "fork: $!\n";
    if (!$pid) {
        open(STDERR, '>&', \*STDOUT);
        exec { $command[0] } @command;
    }
    my $output = do { local $/ = undef; readline($out) };
    close($out);
    return ($output // '', $? >> 8);
}

my sub pvesh_command ($client, $code, $secret) {
    my @include = map { '-I' . root() . "/$_" } qw(blib/lib blib/arch perl/host/lib);
    return (
        $^X, @include, root() . '/perl/host/bin/pvesh', 'create', $PATH,
        '--auth-method'        => 'google-oauth2',
        '--client-id'          => $client->{'client-id'},
        '--client-secret-file' => "$files/$secret",
        '--authorization-code' => $code,
        '--redirect-uri'       => $client->{'redirect-uri'},
        '--output-format'      => 'json',
    );
}

# Each client: ($authentication, $code, $secret) -> (status, token or message)
my %exchange = (
    pvesh => sub ($authentication, $code, $secret) {
        local $ENV{PVE_NOTIFY_HOST_DIR} = "$dir{$authentication}";
        my ($output, $status) =
            output_of(pvesh_command({ %$op, 'client-id' => $authentication }, $code, $secret));
        return (200, JSON::PP->new->allow_nonref->decode($output)) if $status == 0;
        return $output =~ /\A([0-9]{3}) (.*)/s;
    },
    curl => sub ($authentication, $code, $secret) {
        my $host = $host{$authentication};
        my ($output) = output_of(
            'curl',             '-sS',
            '--noproxy',        '*',
            '--max-time',       '30',
            '--cacert',         $host->certificate,
            '-w',               '\n%{http_code}',
            '-H',               "\@$host->{dir}/authorization",
            '-d',               'auth-method=google-oauth2',
            '-d',               "client-id=$authentication",
            '--data-urlencode', "client-secret\@$files/$secret",
            '--data-urlencode', "authorization-code=$code",
            '--data-urlencode', "redirect-uri=$op->{'redirect-uri'}",
            "$host->{url}/api2/json$PATH",
        );
        my ($body, $status) = $output =~ /\A(.*)\n([0-9]{3})\z/s or die "curl: $output\n";
        my $answer = decode_json($body);
        return ($status, $answer->{data} // $answer->{message});
    },
    proxmoxer => sub ($authentication, $code, $secret) {
        my $host = $host{$authentication};
        my ($port) = $host->{url} =~ /:([0-9]+)\z/;
        write_private(
            "$files/request",
            encode_json({
                certificate => $host->certificate,
                port        => $port,
                token       => $host->{token},
                parameters  => {
                    'auth-method'   => 'google-oauth2',
                    'client-id'     => $authentication,
                    'client-secret' => $secret eq 'right'
                    ? $op->{'client-secret'}
                    : 'canary-wrong-secret',
                    'authorization-code' => $code,
                    'redirect-uri'       => $op->{'redirect-uri'},
                },
            })
        );
        my ($output) = output_of('/usr/bin/python3', '-c', <<'END', "$files/request");
import json, sys
from proxmoxer import ProxmoxAPI, ResourceException
request = json.load(open(sys.argv[1]))
api = ProxmoxAPI('127.0.0.1', port=request['port'], user='admin@pve', token_name='try',
                 token_value=request['token'], verify_ssl=request['certificate'], timeout=30)
endpoint = api.cluster.notifications('smtp-oauth2-token')
try:
    print(json.dumps([200, endpoint.post(**request['parameters'])]))
except ResourceException as error:
    print(json.dumps([error.status_code, str(error)]))
END
        my $answer = eval { decode_json($output) } // die "proxmoxer: $output\n";
        return @$answer;
    },
);

for my $client (sort keys %exchange) {
    for my $authentication (qw(basic post)) {
        subtest "$client redeems a code, client authentication $authentication" => sub {
            my $code = $op->code($authentication);
            my ($status, $token) = $exchange{$client}->($authentication, $code, 'right');
            is($status, 200, 'the first time it is good') or diag($token);
            like($token, qr/^[\w-]{40,}$/, 'a refresh token');
            push @tokens, $token;

            my ($replayed, $message) = $exchange{$client}->($authentication, $code, 'right');
            is($replayed, 400, 'the second time it is refused') or diag($message);
            like($message, qr/open the consent page again/, 'with the cure');
            unlike($message, qr/\Q$code\E/, 'without the code');
        };
    }
    subtest "$client shows the cure for a wrong secret" => sub {
        my ($status, $message) = $exchange{$client}->('basic', $op->code('basic'), 'wrong');
        is($status, 400, 'refused') or diag($message);
        like($message, qr/client secret/, 'with the cure');
        unlike($message, qr/canary/, 'without the secret');
    };
}

subtest 'the process list shows no secret while pvesh waits' => sub {
    my $client = $sandbox->client('google-oauth2');
    my $dir    = host_dir($sandbox->providers);
    write_private("$files/canary", 'canary-in-no-process-list');
    $sandbox->fault('delay', ms => 1500);
    local $ENV{PVE_NOTIFY_HOST_DIR} = "$dir";
    my %call = (%$client, 'redirect-uri' => $client->{'redirect-uris'}[0]);
    my $pid  = fork() // die "fork: $!\n";
    if (!$pid) {
        open(STDERR, '>', '/dev/null');
        exec pvesh_command(\%call, 'any-code', 'canary');
    }
    my $tries = 0;
    sleep(0.02) while $sandbox->token_requests == 0 && $tries++ < 500;
    my ($list) = output_of('ps', '-eo', 'args', 'e');
    waitpid($pid, 0);
    like($list, qr/pvesh create/, 'pvesh is in the list');
    unlike($list, qr/canary-in-no-process-list/, 'its secret is not, nor in the environment');
};

subtest 'the log of the server has the calls, and no secret, code or token' => sub {
    for my $host (values %host) {
        $host->stop_it;
    }
    for my $name (qw(basic post)) {
        open(my $file, '<', "$files/$name.log") or die "$name.log: $!\n";
        my $log = do { local $/ = undef; readline($file) };
        close($file);
        like($log, qr/smtp-oauth2-token" 200/, "$name: the calls are there");
        my $secrets = join '|', map {quotemeta} @tokens, 'canary', map { $_->{token} } values %host;
        unlike($log, qr/$secrets/,                   "$name: no token and no wrong secret");
        unlike($log, qr/\Q$op->{'client-secret'}\E/, "$name: no client secret");
    }
};

done_testing();
