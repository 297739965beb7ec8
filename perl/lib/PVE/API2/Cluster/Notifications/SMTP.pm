package PVE::API2::Cluster::Notifications::SMTP;

# Mail servers as endpoints: what can be set, and what that means. How to log in with OAuth2 is
# unknown to Proxmox VE 9.2; those settings stand in files of their own and come last here.

use v5.36;

use PVE::API2::Cluster::Notifications::Common
    qw(endpoint_writers comment_property disable_property warning_property);
use PVE::API2::Cluster::Notifications::Entries;
use PVE::API2::Cluster::Notifications::Mail qw(mail_keys);

# the same bound as where a code is redeemed with them
my $MAX_OAUTH2_TEXT = 16384;

my @keys = (
    server => {
        description => 'The DNS name or IP address of the mail server. Its certificate must be for '
            . 'this name.',
        type => 'string',
    },
    port => {
        description => 'The port of the mail server. Without it the one of the mode: 25 for '
            . 'insecure, 587 for starttls, 465 for tls.',
        type     => 'integer',
        minimum  => 1,
        maximum  => 65535,
        optional => 1,
    },
    mode => {
        description => 'How the connection is protected: TLS from the start, TLS after the '
            . q{server's greeting (it has to offer STARTTLS), or not at all.},
        type     => 'string',
        enum     => ['insecure', 'starttls', 'tls'],
        default  => 'tls',
        optional => 1,
    },
    username => {
        description => 'The name to log in with. Without it there is no login.',
        type        => 'string',
        optional    => 1,
    },
    password => {
        description => 'The password to log in with. A secret: no answer has it.',
        type        => 'string',
        optional    => 1,
    },
    mail_keys(),
    'from-address' => {
        description =>
            q{The sender's address, also of the envelope. The server has to let the user }
            . 'send from it.',
        type => 'string',
    },
    author => {
        description => q{The name beside the sender's address. Without it the mail comes from }
            . '"Proxmox VE".',
        type     => 'string',
        optional => 1,
    },
    comment => comment_property(),
    disable => disable_property(),
);

my @extra = (
    'auth-method' => {
        description => 'How to log in: "plain" with user name and password, "google-oauth2" or '
            . '"microsoft-oauth2" with OAuth2. Without it a user name means "plain".',
        type     => 'string',
        typetext => 'plain | google-oauth2 | microsoft-oauth2',
        pattern  => '[a-z0-9-]{1,64}',
        optional => 1,
    },
    'oauth2-client-id' => {
        description => 'The client ID of your application at the provider. Microsoft calls it '
            . '"Application (client) ID".',
        type      => 'string',
        maxLength => $MAX_OAUTH2_TEXT,
        optional  => 1,
    },
    'oauth2-client-secret' => {
        description =>
            q{The client secret of your application. Microsoft: the secret's "Value", not }
            . 'its "Secret ID". A secret: no answer has it.',
        type      => 'string',
        maxLength => $MAX_OAUTH2_TEXT,
        optional  => 1,
    },
    'oauth2-tenant-id' => {
        description => 'The Entra tenant of the mailbox, needed for microsoft-oauth2: its GUID '
            . '("Directory (tenant) ID") or one of its domain names.',
        type      => 'string',
        maxLength => 253,
        optional  => 1,
    },
    'oauth2-cloud' => {
        description => q{The cloud that the tenant is in, where that is a national one. Without it }
            . q{the provider's general one.},
        type     => 'string',
        pattern  => '[a-z0-9-]{1,64}',
        optional => 1,
    },
);

my sub with_warnings ($entries, $config) {
    my %warning =
        map { $_->{name} => $_->{warning} } grep { $_->{warning} } $config->get_targets()->@*;
    for my $entry (grep { $warning{ $_->{name} } } @$entries) {
        $entry->{warning} = $warning{ $entry->{name} };
    }
    return $entries;
}

my %kind = (
    path     => 'endpoints/smtp',
    stem     => 'smtp_endpoint',
    singular => 'an SMTP endpoint',
    plural   => 'SMTP endpoints',
    writers  => endpoint_writers(),
    secrets  => ['password', 'oauth2-client-secret'],
    keys     => \@keys,
    extra    => \@extra,

    list_properties => { warning => warning_property() },
    complete_list   => \&with_warnings,
);

sub register ($class) {
    return PVE::API2::Cluster::Notifications::Entries::register($class, \%kind);
}

1;

__END__

=head1 NAME

PVE::API2::Cluster::Notifications::SMTP - /cluster/notifications/endpoints/smtp

=head1 FUNCTIONS

=head2 register($class)

Registers C<get_smtp_endpoints>, C<get_smtp_endpoint>, C<create_smtp_endpoint>,
C<update_smtp_endpoint> and C<delete_smtp_endpoint> in C<$class>.

=cut
