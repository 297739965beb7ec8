package PVE::API2::Cluster::Notifications::Mail;

# What both kinds of mail endpoints can set: to whom, and from whom.

use v5.36;

use Exporter 'import';

our @EXPORT_OK = qw(mail_keys);

sub mail_keys () {
    return (
        mailto => {
            description => 'Recipient addresses, 2 to 64 characters each. At least one '
                . q{recipient is needed, here or in 'mailto-user'.},
            type  => 'array',
            items => {
                type      => 'string',
                format    => 'email-or-username',
                minLength => 2,
                maxLength => 64,
            },
            optional => 1,
        },
        'mailto-user' => {
            description => 'Recipient users (NAME@REALM). Mail is sent to their address in '
                . 'the user management.',
            type  => 'array',
            items => { type => 'string', format => 'pve-userid', minLength => 2, maxLength => 64 },
            optional => 1,
        },
    );
}

1;

__END__

=head1 NAME

PVE::API2::Cluster::Notifications::Mail - what mail endpoints have in common

=head1 FUNCTIONS

=head2 mail_keys()

Names and schemas of the recipients' settings.

=cut
