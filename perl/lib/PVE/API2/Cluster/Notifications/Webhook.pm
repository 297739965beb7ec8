package PVE::API2::Cluster::Notifications::Webhook;

# HTTP servers of any kind as endpoints: what can be set, and what that means. Secrets come back as
# names only; a change has to name all that it wants to keep.

use v5.36;

use PVE::API2::Cluster::Notifications::Common
    qw(endpoint_writers comment_property disable_property);
use PVE::API2::Cluster::Notifications::Entries;

my %kind = (
    path     => 'endpoints/webhook',
    stem     => 'webhook_endpoint',
    singular => 'a webhook endpoint',
    plural   => 'webhook endpoints',
    writers  => endpoint_writers(),
    as_hash  => 1,
    keys     => [
        url => {
            description => 'URL to call: http or https, a name or address, optionally a port '
                . 'and a path. The path is a template.',
            type => 'string',
        },
        method => {
            description => 'HTTP method. With "get" a body is sent only if one is set.',
            type        => 'string',
            enum        => ['post', 'put', 'get'],
        },
        header => {
            description => 'HTTP headers to send, each as "name=NAME,value=BASE64". The '
                . 'decoded value is a template; a header that it gives no valid value is left out.',
            type     => 'array',
            items    => { type => 'string' },
            optional => 1,
        },
        body => {
            description => 'Body to send, base64 encoded. The decoded text is a template over '
                . 'title, message, severity, timestamp, fields and secrets.',
            type     => 'string',
            optional => 1,
        },
        secret => {
            description => 'Secrets for the templates, each as "name=NAME,value=BASE64"; a '
                . 'change must name all secrets to keep, without a value to keep the '
                . 'old one. Secret; never returned by the API.',
            type     => 'array',
            items    => { type => 'string' },
            optional => 1,
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

PVE::API2::Cluster::Notifications::Webhook - /cluster/notifications/endpoints/webhook

=head1 FUNCTIONS

=head2 register($class)

Registers C<get_webhook_endpoints>, C<get_webhook_endpoint>, C<create_webhook_endpoint>,
C<update_webhook_endpoint> and C<delete_webhook_endpoint> in C<$class>.

=cut
