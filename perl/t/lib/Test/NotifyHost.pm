package Test::NotifyHost;

# A notification host for tests: its folder with users of every kind, the environment that the
# application needs in this process, and the real server as a process of its own, asked by curl.

use v5.36;

use Exporter qw(import);
use IO::Socket::IP;
use IO::Socket::SSL ();
use PVE::Notify::File;
use PVE::NotifyHost::Setup;
use Test::More  ();
use Test::Peers qw(new_dir root start write_private);
use Time::HiRes qw(time);

our @EXPORT_OK =
    qw(host_folder put_file put_users serve_host curl connect_to answer_of memory_of log_of children_of workers_of sleepers_of
    is_gone wait_until needs_root);

# A host's folder; this process uses it from here on.
sub host_folder () {
    my $dir = new_dir();
    local $ENV{PVE_NOTIFY_HOST_DIR} = "$dir";
    PVE::NotifyHost::Setup->init(ensure_dirs => 1);
    return $dir;
}

sub put_file ($dir, $name, $content) {
    write_private("$dir/config/$name", $content);
    return;
}

# Users NAME@pve who may do everything, each with a token NAME@pve!test and its secret.
sub put_users ($dir, %secret) {
    my @names = sort keys %secret;
    put_file($dir, 'user.cfg', join '',
        map {"user:$_\@pve:1:0:\ntoken:$_\@pve!test:0:0:\nacl:1:/:$_\@pve:Administrator:\n"}
            @names);
    put_file($dir, 'priv/token.cfg', join '', map {"$_\@pve!test $secret{$_}\n"} @names);
    return;
}

# Starts the server and waits until it listens: { url, pid, dir, ... }. Options: perl (switches for
# the interpreter), args (of notify-host), env.
sub serve_host ($dir, %opt) {
    my %env = (PVE_NOTIFY_HOST_DIR => "$dir", ($opt{env} // {})->%*);
    local @ENV{ keys %env } = values %env;
    my @server = (
        $^X,
        (map {"-I$_"} grep { !ref } map { m{\A/} ? $_ : root() . "/$_" } @INC),
        ($opt{perl} // [])->@*,
        root() . '/perl/host/bin/notify-host',
        '--port',
        0,
        ($opt{args} // ($> == 0 ? ['--user', 'root'] : []))->@*,
    );
    state $count = 0;
    my $log  = "$dir/log-" . $count++;
    my $host = start($log, @server);
    $host->{log} = $log;
    ($host->{url}) = $host->{line} =~ /\Alistening at (\S+)\z/ or die "no address: $host->{line}\n";
    ($host->{port}) = $host->{url} =~ /:([0-9]+)\z/;
    $host->{dir}    = $dir;
    $host->{helper} = { map { $_->{pid} => 1 } children_of($host->{pid}) };
    return $host;
}

# { status, reason, header, body } of an answer; the status is 0 if there was none.
sub curl ($host, $path, @args) {
    my @command = (
        'curl', '-s', '-i', '--max-time', 40, '--noproxy', '*', '--cacert',
        "$host->{dir}/config/notify-host.crt",
        @args, "$host->{url}$path",
    );
    open(my $out, '-|', @command) or die "curl: $!\n";
    my $text = do { local $/ = undef; readline($out) }
        // '';
    close($out);
    $text =~ s/\AHTTP\S+ 100 .*?\r\n\r\n//s;
    my ($header, $body) = split(/\r\n\r\n/, $text, 2);
    my ($status, $reason) = ($header // '') =~ m{\AHTTP/1\.1 ([0-9]+) ?([^\r]*)};
    return { status => $status // 0, reason => $reason, header => $header, body => $body };
}

# a TLS connection, or a bare one
sub connect_to ($host, $tls = 1) {
    my $socket = IO::Socket::IP->new(PeerHost => '127.0.0.1', PeerPort => $host->{port})
        or die "connect: $@";
    return $socket if !$tls;
    IO::Socket::SSL->start_SSL(
        $socket,
        SSL_ca_file         => "$host->{dir}/config/notify-host.crt",
        SSL_verifycn_name   => 'localhost',
        SSL_verifycn_scheme => 'http'
    ) or die "TLS: $IO::Socket::SSL::SSL_ERROR";
    return $socket;
}

# { status, header, body } of what arrives on a connection within that many seconds
sub answer_of ($socket, $seconds) {
    my $until = time + $seconds;
    my $text  = '';
    $socket->blocking(0);
    until ($text =~ /\r\n\r\n/) {
        my $got = sysread $socket, $text, 65536, length $text;
        next if $got;
        last if defined $got || time > $until;
        select undef, undef, undef, 0.01;    ## no critic (ProhibitSleepViaSelect)
    }
    my ($header, $body) = split /\r\n\r\n/, $text, 2;
    my ($status) = ($header // '') =~ m{\AHTTP/1\.1 ([0-9]+)};
    return { status => $status, header => $header // '', body => $body };
}

# of a process, in MiB
sub memory_of ($pid) {
    my ($status) = PVE::Notify::File::read_file("/proc/$pid/status");
    return $status =~ /^VmRSS:\s+(\d+) kB/m ? $1 / 1024 : die;
}

sub log_of ($host) {
    my ($text) = PVE::Notify::File::read_file($host->{log});
    return $text // '';
}

sub children_of ($pid) {
    my @children;
    for my $path (glob('/proc/[0-9]*/stat')) {
        my ($stat) = eval { PVE::Notify::File::read_file($path) };
        my ($child, $state, $parent) = ($stat // '') =~ /\A([0-9]+) \(.*\) (\S) ([0-9]+)/s or next;
        push @children, { pid => $child, state => $state } if $parent == $pid;
    }
    return @children;
}

# of a server, beside those that it has from its start
sub workers_of ($host) {
    return grep { !$host->{helper}{ $_->{pid} } } children_of($host->{pid});
}

# the processes that run the test API's method which sleeps
sub sleepers_of ($host) {
    return map {/-([0-9]+)\z/} glob("$host->{dir}/run/sleeper-*");
}

# Whether a process has ended. An orphan stays a zombie where process 1 does not wait for it, as in
# many containers.
sub is_gone ($pid) {
    my ($stat) = eval { PVE::Notify::File::read_file("/proc/$pid/stat") };
    return !defined $stat || $stat =~ /\) Z /;
}

# True as soon as the code is; for what the kernel and other processes do in their own time.
sub wait_until ($seconds, $code) {
    for (1 .. $seconds * 50) {
        return 1 if $code->();
        select(undef, undef, undef, 0.02);    ## no critic (ProhibitSleepViaSelect)
    }
    return 0;
}

# For subtests; where tests must be complete, one that is left out is a failure.
sub needs_root () {
    return                       if $> == 0;
    die "this test needs root\n" if $ENV{CI};
    Test::More::plan(skip_all => 'SKIPPED: needs root');
    return;
}

1;
