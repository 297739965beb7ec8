package PVE::API2::Cluster::Notifications;

# /cluster/notifications. On a PVE node a guard stands in the place of this file.

use v5.36;

use PVE::API2::Cluster::Notifications::Methods;

use parent 'PVE::RESTHandler';

PVE::API2::Cluster::Notifications::Methods::register(__PACKAGE__);

1;

__END__

=head1 NAME

PVE::API2::Cluster::Notifications - the API below /cluster/notifications

=head1 METHODS

=head2 index, endpoints_index

C<GET /cluster/notifications> and C<GET /cluster/notifications/endpoints>: the names of the entries
below.

All others are registered by the modules L<PVE::API2::Cluster::Notifications::Gotify>, C<Sendmail>,
C<SMTP>, C<Webhook>, C<Targets>, C<Matchers>, C<MatcherFields> and C<OAuth2>.

=cut
