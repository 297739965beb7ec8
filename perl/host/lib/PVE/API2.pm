package PVE::API2;

# The root of the host's API tree.

use v5.36;

use PVE::API2::Cluster;
use PVE::Notify::Program;

use parent 'PVE::RESTHandler';

my $VERSION = $PVE::Notify::Program::VERSION;

my @children = qw(cluster version);

__PACKAGE__->register_method({ path => 'cluster', subclass => 'PVE::API2::Cluster' });

__PACKAGE__->register_method({
    name        => 'index',
    path        => '',
    method      => 'GET',
    description => 'Directory index.',
    permissions => { user                 => 'all' },
    parameters  => { additionalProperties => 0, properties => {} },
    returns     => {
        type  => 'array',
        items => {
            type       => 'object',
            properties => {
                subdir => { description => 'Name of the entry.', type => 'string' },
            },
        },
        links => [{ rel => 'child', href => '{subdir}' }],
    },
    code => sub ($param) {
        return [map { { subdir => $_ } } @children];
    },
});

__PACKAGE__->register_method({
    name        => 'version',
    path        => 'version',
    method      => 'GET',
    description => 'Version of this notification host.',
    permissions => { user                 => 'all' },
    parameters  => { additionalProperties => 0, properties => {} },
    returns     => {
        type       => 'object',
        properties => {
            version => { description => 'The full version.',    type => 'string' },
            release => { description => 'Its first two parts.', type => 'string' },
        },
    },
    code => sub ($param) {
        return { version => $VERSION, release => $VERSION =~ s/\.\d+\z//r };
    },
});

1;

__END__

=head1 NAME

PVE::API2 - the root of the API tree on a machine that is not a PVE node

=head1 SYNOPSIS

    my ($class, $info) = PVE::API2->find_handler('GET', '/version', {});

=cut
