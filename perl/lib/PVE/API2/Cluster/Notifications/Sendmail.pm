package PVE::API2::Cluster::Notifications::Sendmail;

# This machine's sendmail as an endpoint: what can be set, and what that means.

use v5.36;

use PVE::API2::Cluster::Notifications::Common
    qw(endpoint_writers comment_property disable_property);
use PVE::API2::Cluster::Notifications::Entries;
use PVE::API2::Cluster::Notifications::Mail qw(mail_keys);

my %kind = (
    path     => 'endpoints/sendmail',
    stem     => 'sendmail_endpoint',
    singular => 'a sendmail endpoint',
    plural   => 'sendmail endpoints',
    writers  => endpoint_writers(),
    keys     => [
        mail_keys(),
        'from-address' => {
            description => q{Sender address. Default: 'email_from' of datacenter.cfg, else }
                . 'root.',
            type     => 'string',
            optional => 1,
        },
        author => {
            description => 'Name shown with the sender address. Default: "Proxmox VE".',
            type        => 'string',
            optional    => 1,
        },
        comment => comment_property(),
        disable => disable_property(),
    ],
);

sub register ($class) {
    return PVE::API2::Cluster::Notifications::Entries::register($class, \%kind);
}

1;

__END__

=head1 NAME

PVE::API2::Cluster::Notifications::Sendmail - /cluster/notifications/endpoints/sendmail

=head1 FUNCTIONS

=head2 register($class)

Registers C<get_sendmail_endpoints>, C<get_sendmail_endpoint>, C<create_sendmail_endpoint>,
C<update_sendmail_endpoint> and C<delete_sendmail_endpoint> in C<$class>.

=cut
