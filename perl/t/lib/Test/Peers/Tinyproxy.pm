package Test::Peers::Tinyproxy;

# tinyproxy as a real proxy that wants a login, and its log.

use v5.36;

use IO::Socket::INET ();
use Test::Peers      qw(new_dir slurp start stop write_private);
use Time::HiRes      qw(sleep time);

my $LOGIN = 'admin:p4ss-wOrd';

my ($program) = grep {-x} map {"$_/tinyproxy"} split(/:/, $ENV{PATH} // ''), '/usr/sbin',
    '/usr/bin';

# Why it cannot be started here; an empty text if it can.
sub missing ($class) {
    return $program ? '' : 'tinyproxy is not installed';
}

my sub free_port () {
    my $socket = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') or die "socket: $@\n";
    return $socket->sockport;
}

my sub listens ($port) {
    return !!IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port);
}

sub new ($class) {
    my ($dir, $port) = (new_dir(), free_port());
    write_private("$dir/conf", <<"END");
Port $port
Listen 127.0.0.1
Timeout 30
LogFile "$dir/log"
LogLevel Connect
MaxClients 10
BasicAuth @{[$LOGIN =~ tr/:/ /r]}
END
    write_private("$dir/log", '');

    # -d keeps it in the foreground, where it says nothing
    my $peer = start(undef, '/bin/sh', '-c', 'echo started; exec "$@"',
        'sh', $program, '-d', '-c', "$dir/conf");
    my $end = time + 10;
    while (!listens($port)) {
        die "tinyproxy does not listen\n" if time > $end;
        sleep(0.02);
    }
    return bless { peer => $peer, port => $port, dir => $dir }, $class;
}

sub port ($self) {
    return $self->{port};
}

# Its address with the login that it wants.
sub url ($self) {
    return "http://$LOGIN\@127.0.0.1:$self->{port}";
}

# The CONNECT requests so far that name this host and port.
sub connects ($self, $target) {
    return scalar(() = slurp("$self->{dir}/log") =~ /CONNECT \Q$target\E HTTP/g);
}

sub stop_it ($self) {
    return stop($self->{peer});
}

1;
