package PVE::API2::Cluster::Notifications::Common;

# What the modules of the notification API share: the way an error of the library gets to the caller.

use v5.36;

use Exporter 'import';

use PVE::Exception;

our @EXPORT_OK = qw(raise_api_error);

sub raise_api_error ($error) {
    if (ref $error eq 'HASH' && $error->{code} && $error->{message}) {
        die PVE::Exception->new("$error->{message}\n", code => $error->{code});
    }
    die $error;
}

1;

__END__

=head1 NAME

PVE::API2::Cluster::Notifications::Common - what the notification API's modules share

=head1 FUNCTIONS

=head2 raise_api_error($error)

Dies with a L<PVE::Exception> for a hash with C<message> and C<code>, and with the error itself for
anything else.

=cut
