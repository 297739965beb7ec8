#!/usr/bin/perl

# F-40: alarm cannot interrupt the library. Each call that waits for a peer which says nothing ends at
# its own deadline; the handler runs then, and neither a lock nor a file is left.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use Digest::SHA      qw(sha256_hex);
use Fcntl            qw(LOCK_EX LOCK_NB);
use IO::Socket::INET ();
use JSON::PP         ();
use POSIX            ();
use PVE::Notify;
use PVE::SafeSyslog;
use Test::More;
use Test::Peers qw(write_private);
use Test::Peers::Sandbox;
use Test::Way::Direct;
use Time::HiRes qw(alarm time);

my $json    = JSON::PP->new->canonical->utf8;
my $sandbox = Test::Peers::Sandbox->new;
my $client  = $sandbox->client('google-oauth2');
my $way     = Test::Way::Direct->new;
my $dir     = $way->{dir};
write_private("$dir/config/oauth2-providers.json", $json->encode({ $sandbox->providers }));

{
    no warnings 'redefine';    ## no critic (TestingAndDebugging::ProhibitNoWarnings)
    *PVE::SafeSyslog::syslog = sub { };
}

my $url      = 'https://localhost/';
my @exchange = ('google-oauth2', $client->@{qw(client-id client-secret)}, undef);

# takes connections and says nothing
my $silent = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5)
    or die "no listener: $!\n";

my sub add ($name, %settings) {
    my $path   = '/cluster/notifications/endpoints/smtp';
    my $answer = $way->call(
        'POST', $path,
        {
            name           => $name,
            mailto         => ['ann@example.org'],
            'from-address' => 'pve@example.org',
            %settings,
        }
    );
    die $json->encode($answer) if $answer->{code} != 200;
    return;
}

my sub add_oauth2 ($name) {
    my $code = $sandbox->code('google-oauth2');
    add(
        $name,
        server                 => $sandbox->{smtp}{host},
        port                   => $sandbox->{smtp}{'port-starttls'},
        mode                   => 'starttls',
        username               => $sandbox->{users}[0]{login},
        'auth-method'          => 'google-oauth2',
        'oauth2-client-id'     => $client->{'client-id'},
        'oauth2-client-secret' => $client->{'client-secret'},
        'oauth2-refresh-token' => PVE::Notify::read_config()
            ->exchange_smtp_oauth2_code(@exchange, $code, $client->{'redirect-uris'}[0]),
    );
    return;
}

# as if it had not been used for a day
my sub age ($name) {
    my $path = "$dir/state/oauth2/$name.json";
    open my $fh, '<:raw', $path or die "can't open '$path': $!\n";
    my $record = $json->decode(do { local $/ = undef; readline $fh });
    close $fh;
    delete $record->{check};
    $record->{$_} = int(time) - 24 * 3600 for qw(consented refreshed);
    $record->{check} = sha256_hex($json->encode($record));
    write_private($path, $json->encode($record));
    return;
}

my sub open_files () {
    opendir my $fds, '/proc/self/fd' or die "fd: $!\n";
    return scalar(my @all = readdir $fds);
}

# Whether the lock of a target's record is free, for another holder of this very process too.
my sub is_free ($name) {
    my $path = "$dir/run/oauth2/$name.lock";
    open my $fh, '<', $path or die "can't open '$path': $!\n";
    my $got = flock($fh, LOCK_EX | LOCK_NB);
    close $fh;
    return $got ? 1 : 0;
}

# In a process of its own, so that all wait at the same time: its id, and where its result comes from.
my sub interrupted ($code, $lock) {
    pipe(my $from, my $to) or die "pipe: $!\n";
    my $pid = fork // die "fork: $!\n";
    return ($pid, $from) if $pid;
    my $config = PVE::Notify::read_config();
    my ($files, $start, $ended) = (open_files(), time);
    my $died = !eval {
        local $SIG{ALRM} = sub { die "handler\n" };
        alarm 0.5;
        eval { $code->($config); 1 } or ref $@ or die $@;
        1;
    };
    my %result =
        (error => $died ? $@ : 'none', seconds => time - $start, files => open_files() - $files);
    $result{free} = is_free($lock) if $lock;
    print {$to} $json->encode(\%result);
    close $to;
    return POSIX::_exit(0);
}

# nobody is told of what fails here
$way->call('PUT', '/cluster/notifications/matchers/default-matcher', { disable => 1 });
add('plain', server => '127.0.0.1', port => $silent->sockport, mode => 'insecure');
add_oauth2($_) for qw(fresh idle);
age('idle');
$sandbox->control(faults => [({ kind => 'silence' }) x 3]);

my sub send_to_all ($config) {
    $config->add_matcher('all', ['plain']);
    return $config->send('info', 'test', {}, {});
}

# title => the least and the longest time, the target whose lock it takes, the call
my %call = (
    exchange => [
        19, 20, undef, sub ($config) { $config->exchange_smtp_oauth2_code(@exchange, 'code', $url) }
    ],
    'test of a silent mail server' =>
        [20, 25, undef, sub ($config) { $config->test_target('plain') }],
    'test with a silent provider' =>
        [15, 25, 'fresh', sub ($config) { $config->test_target('fresh') }],
    'daily run' => [15, 25, 'idle', sub ($config) { $config->refresh_oauth2_state }],
    $ENV{SOAK} ? (send => [55, 60, undef, \&send_to_all]) : (),
);
my %running = map { $_ => [interrupted($call{$_}->@[3, 2])] } sort keys %call;
for my $title (sort keys %running) {
    my ($least, $longest, $lock) = $call{$title}->@*;
    my ($pid, $from) = $running{$title}->@*;
    my $result = $json->decode(readline($from) // '{}');
    waitpid $pid, 0;
    subtest $title => sub {
        is $result->{error}, "handler\n", 'the handler ran';
        cmp_ok $result->{seconds}, '>=', $least,       'when the call had ended';
        cmp_ok $result->{seconds}, '<=', $longest + 5, 'at its own deadline';
        is $result->{files}, 0, 'no file is left open';
        is $result->{free},  1, 'the lock of the record is free' if $lock;
    };
}

done_testing;
