package PVE::NotifyHost::Capabilities;

# What a user may do, summed up for a web page: it shows what he can use somewhere and leaves out the
# rest. No decision is made by it.

use v5.36;

use PVE::NotifyHost::Rights;
use PVE::Cluster;

my %fitting = (
    vms     => qr/\A(?:VM\..*|Permissions\.Modify)\z/,
    storage => qr/\A(?:Datastore\..*|Permissions\.Modify)\z/,
    access  => qr/\A(?:(?:User|Group)\..*|Permissions\.Modify)\z/,
    nodes   => qr/\A(?:Sys\..*|Permissions\.Modify)\z/,
    sdn     => qr/\A(?:SDN\..*|Permissions\.Modify)\z/,
    mapping => qr/\A(?:Mapping\..*|Permissions\.Modify)\z/,
    dc      => qr/\A(?:Sys\.(?:Audit|Modify)|SDN\..*)\z/,
);

sub of_user ($user) {
    my $cfg   = PVE::Cluster::cfs_read_file('user.cfg');
    my %cap   = map { $_ => {} } keys %fitting;
    my %paths = map { $_ => 1 } '/', (map {"/$_"} keys %fitting), keys %{ $cfg->{acl} };
    for my $path (grep { !m{\A/dc(?:/|\z)} } keys %paths) {
        my $top  = $path =~ m{\A/([^/]+)} ? $1 : 'dc';
        my $fits = $fitting{$top} or next;
        my $here = PVE::NotifyHost::Rights::permissions($cfg, $user, $path);
        $cap{$top}{$_} = 1 for grep {/$fits/} keys %$here;
    }
    return \%cap;
}

1;

__END__

=head1 NAME

PVE::NotifyHost::Capabilities - what a user may do, summed up

=head1 DESCRIPTION

C<of_user($user)> returns the C<cap> of a login's answer: a hash with C<vms>, C<storage>, C<access>,
C<nodes>, C<sdn>, C<mapping> and C<dc>, each a hash of the privileges (value 1) that the user has on
some path below that top level and that belong to it; C<dc> stands for F</>.

=cut
