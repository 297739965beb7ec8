#!/usr/bin/perl

# Everything below /cluster/notifications, by the same table of calls through each way that leads
# there: in this process, pvesh, curl with a form and with JSON, and proxmoxer. F-57: no answer has a
# secret.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Socket::IP    ();
use JSON::PP          ();
use POSIX             ();
use Test::ConfigFiles qw(faults_below);
use Test::More;
use Test::Notifications::Steps qw(steps canaries);
use Test::Peers                qw(new_dir write_owned);
use Test::Way::Curl;
use Test::Way::Direct;
use Test::Way::Proxmoxer;
use Test::Way::Pvesh;

# a web server that keeps what it gets; and a port where nothing listens
my $files    = new_dir();
my $log      = "$files/log";
my $requests = "$files/requests";
my $listener = listen_on_loopback();
my $closed   = listen_on_loopback()->sockport;
my $server   = fork() // die "fork: $!\n";
serve() if !$server;

sub listen_on_loopback () {
    return IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0, Listen => 5)
        // die "can't listen: $@\n";
}

sub serve () {
    while (my $client = $listener->accept) {
        my $request = '';
        while (sysread $client, $request, 65536, length $request) {
            my ($header, $body) = split /\r\n\r\n/, $request, 2;
            last if defined $body && length $body >= ($header =~ /^content-length: (\d+)/mi)[0];
        }
        open my $fh, '>>', $requests or POSIX::_exit(1);
        print {$fh} $request;
        close $fh;
        print {$client} "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        close $client;
    }
    return POSIX::_exit(0);
}

END {
    if ($server) {
        my $status = $?;
        kill TERM => $server;
        waitpid $server, 0;
        $? = $status;    ## no critic (RequireLocalizedPunctuationVars) - that of the test
    }
}

my $json = JSON::PP->new->canonical->allow_nonref->allow_blessed;

# booleans of JSON are 1 and 0
sub plain ($data) {
    return 0 + $data                                        if JSON::PP::is_bool($data);
    return [map { plain($_) } @$data]                       if ref $data eq 'ARRAY';
    return { map { $_ => plain($data->{$_}) } keys %$data } if ref $data eq 'HASH';
    return $data;
}

sub read_file ($path) {
    open my $fh, '<:raw', $path or return '';
    my $content = do { local $/ = undef; readline $fh };
    close $fh;
    return $content // '';
}

my $digest = '';

sub compare ($way, $title, $answer, @expected) {
    my $data = plain($answer->{data});
    if (@expected == 1) {
        return fail($title) && diag($json->encode($answer)) if $answer->{code} != 200;
        if (ref $data eq 'HASH') {
            $digest = delete $data->{digest};
            like $digest, qr/\A[0-9a-f]{64}\z/, "$title: digest";
        }
        return is_deeply($data, $expected[0], $title) || diag($json->encode($data));
    }
    my ($code, $message) = @expected;
    $answer->{errors} = $message if ref $message eq 'HASH' && $way->can('hides_errors');
    my $good =
        ref $message eq 'HASH' ? is_deeply([$answer->@{qw(code message errors)}],
        [$code, "Parameter verification failed.\n", $message], $title)
        : ref $message ? is($answer->{code}, $code, "$title: code")
        && like($answer->{message}, $message, $title)
        : is_deeply([$answer->@{qw(code message)}], [$code, "$message\n"], $title);
    return $good || diag($json->encode($answer));
}

sub take ($way, $row) {
    my ($title, $verb, $path, @rest) = @$row;
    return write_owned("$way->{dir}/config/$path", @rest)                if $verb eq 'FILE';
    return like(read_file("$way->{dir}/config/$path"), $rest[0], $title) if $verb eq 'READ';
    if ($verb eq 'SENT') {
        my $sent = read_file($requests);
        unlink $requests;
        return like($sent, $path, $title);
    }
    my ($param, @expected) = @rest;
    my %param = %$param;
    $param{digest} = $digest if ($param{digest} // '') eq 'CURRENT';
    my $answer = $way->call($verb, "/cluster/notifications/$path" =~ s{/\z}{}r, \%param);
    compare($way, $title, $answer, @expected);
    return $json->encode([$answer->@{qw(data message errors)}]);
}

my %way = (
    'in this process'  => sub { return Test::Way::Direct->new },
    'pvesh'            => sub { return Test::Way::Pvesh->new },
    'curl with a form' => sub { return Test::Way::Curl->new('form', $log) },
    'curl with JSON'   => sub { return Test::Way::Curl->new('json', $log) },
    'proxmoxer'        => sub { return Test::Way::Proxmoxer->new($log) },
);

for my $title (sort keys %way) {
    subtest $title => sub {
        my $way   = $way{$title}->();
        my @steps = steps($listener->sockport, $closed);
        my $seen  = '';
        while (my ($area, $rows) = splice @steps, 0, 2) {
            subtest $area => sub {
                $seen .= take($way, $_) // '' for @$rows;
                return if grep { $_->[1] eq 'FILE' } @$rows;
                is_deeply [faults_below("$way->{dir}/config")], [],
                    'the files are as they should be';
            };
        }
        my $canaries = join '|', map {quotemeta} canaries();
        unlike $seen, qr/$canaries/,            'F-57: no answer has a secret';
        like $seen,   qr/gotify\.example\.org/, 'other values are there';
    };
}

done_testing;
