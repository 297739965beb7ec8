#!/usr/bin/perl

# The proxy of datacenter.cfg counts and no other: pvesh and the exchange on a standalone host, with
# tinyproxy as a real proxy that wants a login.

use v5.36;

use FindBin          ();
use IO::Socket::INET ();
use Test::More;

use lib "$FindBin::Bin/lib";
use Test::NotifyHost qw(put_file);
use Test::Peers      qw(host_dir new_dir root write_private);
use Test::Peers::Sandbox;
use Test::Peers::Tinyproxy;

if (my $missing = Test::Peers::Tinyproxy->missing) {
    BAIL_OUT($missing) if $ENV{CI};
    plan skip_all => $missing;
}

my $PATH     = '/cluster/notifications/smtp-oauth2-token';
my @VARIABLE = map { (lc, uc) } qw(http_proxy https_proxy all_proxy);
my $sandbox  = Test::Peers::Sandbox->new;
my $client   = $sandbox->client('google-oauth2');
my $dir      = host_dir($sandbox->providers);
my $files    = new_dir();
write_private("$files/secret", $client->{'client-secret'});
my ($target) = $sandbox->{'token-url'} =~ m{\Ahttps://([^/]+)};
my $proxy = Test::Peers::Tinyproxy->new;

my sub free_port () {
    my $socket = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die "socket: $@\n";
    return $socket->sockport;
}

# the CONNECT requests so far that name the token endpoint
my sub connects () {
    return $proxy->connects($target);
}

my sub http_proxy ($value) {
    put_file($dir, 'datacenter.cfg',
        "keyboard: de\n" . (defined $value ? "http_proxy: $value\n" : ''));
    return;
}

# (exit status, output and errors) of an exchange by pvesh
my sub exchange ($code, %environment) {
    my @include = map { '-I' . root() . "/$_" } qw(blib/lib blib/arch perl/host/lib);
    my @command = (
        $^X, @include, root() . '/perl/host/bin/pvesh', 'create', $PATH,
        '--auth-method'        => 'google-oauth2',
        '--client-id'          => $client->{'client-id'},
        '--client-secret-file' => "$files/secret",
        '--authorization-code' => $code,
        '--redirect-uri'       => $client->{'redirect-uris'}[0],
    );
    my $pid = open(my $out, '-|') // die "fork: $!\n";
    if (!$pid) {
        local @ENV{ 'PVE_NOTIFY_HOST_DIR', keys %environment } = ("$dir", values %environment);
        open STDERR, '>&', \*STDOUT;
        exec @command;
    }
    my $output = do { local $/ = undef; readline $out };
    close $out;
    return ($? >> 8, $output // '');
}

my sub redeems ($title, %environment) {
    my ($status, $output) = exchange($sandbox->code('google-oauth2'), %environment);
    is $status, 0, $title or diag($output);
    return;
}

my $port   = $proxy->port;
my $closed = free_port();

subtest 'F-31: variables of the environment do not count' => sub {
    http_proxy(undef);
    redeems(
        'direct, though the variables name a closed port',
        map { $_ => "http://127.0.0.1:$closed" } @VARIABLE
    );
    redeems('direct, though the variables name a real proxy',
        map { $_ => "http://admin:p4ss-wOrd\@127.0.0.1:$port" } @VARIABLE);
    unlink "$dir/config/datacenter.cfg";
    redeems('direct without datacenter.cfg', map { $_ => "http://127.0.0.1:$closed" } @VARIABLE);
    is connects(), 0, 'the proxy has not been asked';
};

subtest 'F-31: http_proxy of datacenter.cfg is the way' => sub {
    for my $value ("http://admin:p4ss-wOrd\@127.0.0.1:$port", "admin:p4ss%2DwOrd\@localhost:$port/")
    {
        my $before = connects();
        http_proxy($value);
        redeems('through the proxy');
        is connects(), $before + 1, 'its log has the CONNECT';
    }
    my $before = connects();
    redeems(
        'no_proxy does not count either',
        no_proxy    => '*',
        NO_PROXY    => '*',
        https_proxy => "http://127.0.0.1:$closed"
    );
    is connects(), $before + 1, 'its log has the CONNECT';
};

subtest 'F-31: a proxy that refuses' => sub {
    my ($before, $code) = ($sandbox->token_requests, $sandbox->code('google-oauth2'));
    for my $login ('admin:wr0ng-cAnArY@', 'nobody:p4ss-wOrd@', '') {
        http_proxy("http://${login}127.0.0.1:$port");
        my ($status, $output) = exchange($code);
        is $status, 255, 'refused';
        like $output, qr{\A502 127[.]0[.]0[.]1:$port\b}, "code 502, with the proxy's address";
        like $output, qr/proxy/,                         'it says that this is the proxy';
        like $output, qr/user and password in http_proxy of datacenter[.]cfg/,
            'the cure names the setting';
        unlike $output, qr/cAnArY|p4ss/, 'no password';
    }
    is $sandbox->token_requests, $before, 'nothing went past the proxy';
    http_proxy("http://admin:p4ss-wOrd\@127.0.0.1:$port");
    my ($status, $output) = exchange($code);
    is $status, 0, 'the same code is good with the right password' or diag($output);
};

subtest 'F-31: a proxy that is down, and a setting that cannot be used' => sub {
    my ($before, $code) = ($sandbox->token_requests, $sandbox->code('google-oauth2'));
    $proxy->stop_it;
    my ($status, $output) = exchange($code, map { $_ => "http://127.0.0.1:$closed" } @VARIABLE);
    is $status, 255, 'refused';
    like $output, qr{\A502 127[.]0[.]0[.]1:$port\b}, "code 502, with the proxy's address";
    like $output, qr/proxy/, 'it says that this is the proxy' or diag($output);
    http_proxy("socks5://admin:p4ss-wOrd\@127.0.0.1:$port");
    ($status, $output) = exchange($code);
    like $output,   qr/\A500 .*datacenter\.cfg: http_proxy/, 'code 500, with file and setting';
    unlike $output, qr/p4ss/,                                'no password';
    is $sandbox->token_requests, $before, 'no direct connection was tried';
    http_proxy(undef);
    ($status, $output) = exchange($code);
    is $status, 0, 'the same code is good without a proxy' or diag($output);
};

done_testing();
