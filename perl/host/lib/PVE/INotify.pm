package PVE::INotify;

# The name of this machine, under the name that PVE's code asks for it.

use v5.36;

use Sys::Hostname ();

# the host's part of the name, without the domain
sub nodename () {
    state $name = Sys::Hostname::hostname() =~ s/\..*\z//sr;
    return $name;
}

1;

__END__

=head1 NAME

PVE::INotify - the name of this machine

=head1 FUNCTIONS

=head2 nodename()

The host name without its domain.

=cut
