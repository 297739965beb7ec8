package PVE::NotifyHost::LingeringStream;

# A connection that ends with an answer although the client still sends: it hears of the end at once, but
# what comes is read and dropped for a while, as the client's system would else throw the answer away.

use v5.36;

use parent 'Mojo::IOLoop::Stream';

use Mojo::IOLoop;
use Net::SSLeay  ();
use Scalar::Util qw(weaken);
use Socket       qw(SHUT_WR);

my $SECONDS = 2;

sub close_gracefully ($self) {
    return $self->SUPER::close_gracefully if $self->is_writing || $self->{'pve-lingers'}++;
    my $handle = $self->handle;
    my $tls    = $handle->can('_get_ssl_object') && $handle->_get_ssl_object;
    Net::SSLeay::shutdown($tls) if $tls;
    CORE::shutdown($handle, SHUT_WR);
    $self->unsubscribe('read')->on(read => sub { });
    weaken($self);
    my $timer = Mojo::IOLoop->timer($SECONDS => sub { $self->close if $self });
    $self->on(close => sub { Mojo::IOLoop->remove($timer) });
    return;
}

1;

__END__

=head1 NAME

PVE::NotifyHost::LingeringStream - a connection that ends although its client still sends

=cut
