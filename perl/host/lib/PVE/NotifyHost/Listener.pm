package PVE::NotifyHost::Listener;

# Accepts connections for a Mojo::Server::Daemon: TLS with one shared context, and bounds that hold
# from the first packet. A client that sends nothing, or a byte a second, is cut off after a fixed
# time; when there are too many connections, the one that has been idle longest makes room, so that
# a crowd of silent clients keeps nobody out.

use v5.36;

use IO::Socket::SSL ();
use List::Util      qw(min);
use Mojo::IOLoop;
use Mojo::IOLoop::TLS;
use Mojo::Util qw(steady_time);
use PVE::NotifyHost::LingeringStream;
use POSIX        qw(ceil);
use Scalar::Util qw(weaken);
use Socket       qw(IPPROTO_TCP TCP_NODELAY SHUT_RDWR);

my $ACCEPTS_PER_TURN = 32;

# tls: an IO::Socket::SSL::SSL_Context
sub new ($class, %opt) {
    my $self = bless(
        {
            max_connections => min(500, POSIX::sysconf(POSIX::_SC_OPEN_MAX()) - 100),
            max_idle    => 20,    # seconds until a request is complete: handshake, header and body
            max_busy    => 90,    # seconds from then until the answer has been taken
            connections => {},    # descriptor => { socket, since, busy }
            %opt,
        },
        $class,
    );
    die "the limit of open files is too low\n" if $self->{max_connections} < 10;
    return $self;
}

# Takes over the daemon's listening sockets. The framework's own limits would stop all accepting
# and know nothing of handshakes: they are switched off.
sub attach ($self, $daemon) {
    my $loop = $daemon->ioloop;
    $daemon->max_clients(1_000_000)->inactivity_timeout(0)->keep_alive_timeout(0)->start;
    for my $id (@{ $daemon->acceptors }) {
        my $acceptor = $loop->acceptor($id);
        $loop->reactor->io($acceptor->handle => sub { $self->accept_some($acceptor) });
        $loop->reactor->watch($acceptor->handle, 1, 0);
    }
    $loop->recurring(1 => sub { $self->sweep });
    $daemon->app->hook(
        around_dispatch => sub ($next, $c) {
            $self->request_begins($loop, $c->tx);
            return $next->();
        },
    );
    return $self;
}

# TLS begins with the client's first byte: who sends none costs next to nothing.
sub accept_some ($self, $acceptor) {
    my $reactor = $acceptor->reactor;
    for (1 .. $ACCEPTS_PER_TURN) {
        my $socket = $acceptor->handle->accept or return;
        $socket->blocking(0);
        setsockopt($socket, IPPROTO_TCP, TCP_NODELAY, 1);
        $self->make_room;
        my $fd         = fileno($socket);
        my $connection = $self->{connections}{$fd} = {
            fd       => $fd,
            socket   => $socket,
            since    => steady_time(),
            busy     => 0,
            waits_on => $reactor
        };
        weaken($connection->{socket});    # whoever closes it need not tell us
        $reactor->io($socket => sub { $self->begin_tls($acceptor, $connection, $socket) });
        $reactor->watch($socket, 1, 0);
    }
    return;
}

sub begin_tls ($self, $acceptor, $connection, $socket) {
    delete($connection->{waits_on})->remove($socket);
    my $tls = Mojo::IOLoop::TLS->new($socket)->reactor($acceptor->reactor);
    $tls->on(upgrade => sub ($, $handle) { $acceptor->emit(accept => $handle) });
    $tls->on(error   => sub { });
    $tls->negotiate(server => 1, tls_options => { SSL_reuse_ctx => $self->{tls} });
    return;
}

sub count ($self) { return scalar(keys(%{ $self->{connections} })) }

# A tenth at once, so that the search for the oldest is rare.
sub make_room ($self) {
    my $max = $self->{max_connections};
    return if $self->count < $max;
    $self->forget_closed;
    return if $self->count < $max;
    my @idle =
        sort { $a->{since} <=> $b->{since} } grep { !$_->{busy} } values(%{ $self->{connections} });
    $self->cut($_) for splice(@idle, 0, ceil($max / 10));
    return;
}

sub sweep ($self) {
    $self->forget_closed;
    my $now = steady_time();
    for my $connection (values(%{ $self->{connections} })) {
        my $limit = $connection->{busy} ? $self->{max_busy} : $self->{max_idle};
        $self->cut($connection) if $now - $connection->{since} > $limit;
    }
    return;
}

sub close_idle ($self) {
    $self->cut($_) for grep { !$_->{busy} } values(%{ $self->{connections} });
    return;
}

sub forget_closed ($self) {
    my $connections = $self->{connections};
    delete(@$connections{ grep { !$connections->{$_}{socket} } keys(%$connections) });
    return;
}

# Behind TLS the event loop sees the end of the stream and tidies up as if the client had gone;
# before it nobody but us knows the connection.
sub cut ($self, $connection) {
    delete($self->{connections}{ $connection->{fd} });
    my $socket  = $connection->{socket} or return;
    my $reactor = delete($connection->{waits_on});
    return $reactor ? $reactor->remove($socket) : CORE::shutdown($socket, SHUT_RDWR);
}

sub request_begins ($self, $loop, $tx) {
    my $stream = $loop->stream($tx->connection // '') or return;
    bless($stream, 'PVE::NotifyHost::LingeringStream') if $tx->req->error;
    my $connection = $self->{connections}{ fileno($stream->handle) } or return;
    @$connection{qw(busy since)} = (1, steady_time());
    $tx->on(finish => sub { @$connection{qw(busy since)} = (0, steady_time()) });
    return;
}

1;

__END__

=head1 NAME

PVE::NotifyHost::Listener - TLS and bounds for the connections of a Mojo::Server::Daemon

=head1 SYNOPSIS

    my $daemon = Mojo::Server::Daemon->new(app => $app, listen => ['http://127.0.0.1:8006']);
    PVE::NotifyHost::Listener->new(tls => $context, max_idle => 20)->attach($daemon);

=head1 DESCRIPTION

The address is given as http since the TLS layer is put below by this class. C<max_connections> is
500 or what the limit of open files allows, C<max_idle> and C<max_busy> are in seconds.

=cut
