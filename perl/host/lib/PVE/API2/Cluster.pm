package PVE::API2::Cluster;

# /cluster, as far as this host has it: the notifications.

use v5.36;

use PVE::API2::Cluster::Notifications;

use parent 'PVE::RESTHandler';

__PACKAGE__->register_method(
    { path => 'notifications', subclass => 'PVE::API2::Cluster::Notifications' },);

__PACKAGE__->register_method({
    name        => 'index',
    path        => '',
    method      => 'GET',
    description => 'Cluster index.',
    permissions => { user                 => 'all' },
    parameters  => { additionalProperties => 0, properties => {} },
    returns     => {
        type  => 'array',
        items => {
            type       => 'object',
            properties => {
                name => { description => 'Name of the entry.', type => 'string' },
            },
        },
        links => [{ rel => 'child', href => '{name}' }],
    },
    code => sub ($param) {
        return [{ name => 'notifications' }];
    },
});

1;

__END__

=head1 NAME

PVE::API2::Cluster - the API below /cluster

=cut
