package PVE::NotifyNode::Facts;

# What is in place on this node and in its cluster, without a judgement.

use v5.36;

use JSON::PP ();
use PVE::NotifyNode::Daemons;
use PVE::NotifyNode::DropIn;
use PVE::NotifyNode::Records;
use PVE::NotifyNode::Rights;
use PVE::NotifyNode::Targets;

our $PACKAGE = 'pve-notify-oauth2';

my @PACKAGES = ($PACKAGE, 'libpve-rs-notify-perl', 'pve-manager', 'libpve-*');

sub probe ($class, $system) {
    my ($program) = __FILE__ =~ m{\A(.*)/Facts[.]pm\z};
    my $run       = $system->run($system->{perl}->@*, "$program/Probe.pm");
    my $result    = eval { JSON::PP->new->utf8->decode($run->{out}) };
    return $result if $result;
    my ($said) = reverse grep {length} split /\n/, $run->{err};
    my $error  = $said // (defined $run->{status} ? "exit status $run->{status}" : 'timeout');
    return { error => $error =~ s/[[:cntrl:]]+/ /gr };
}

# installed packages: name => version
my sub packages ($system) {
    my $format = '${db:Status-Abbrev} ${Package} ${Version}\n';
    my $run    = $system->run($system->{dpkg}->@*, '-W', '-f', $format, @PACKAGES);
    return { $run->{out} =~ /^ii\s+(\S+) (\S+)$/mg };
}

# the library names itself to web servers, so its version stands in it
my sub library_version ($path) {
    open my $fh, '<:raw', $path // return or return;
    my $content = do { local $/ = undef; readline $fh };
    close $fh;
    return $content =~ m{pve-rs-notify/([0-9]+[.][0-9]+[.][0-9]+)} ? $1 : undef;
}

my sub nodes ($system, $cluster) {
    my @nodes;
    for my $name (sort $cluster->{nodes}->@*) {
        my $record = PVE::NotifyNode::Records->node($system, $name);
        push @nodes,
            {
            name => $name,
            'is-self' => $name eq $cluster->{node} ? 1 : 0,
            $record ? %$record{qw(version perl time result error)} : (),
            };
    }
    return \@nodes;
}

sub gather ($class, $system, $version) {
    my $probe   = $class->probe($system);
    my $verdict = $probe->{guard}{verdict};
    my $cluster = $probe->{cluster} // { nodes => [] };
    my $is_off  = -e $system->off_flag ? 1 : 0;
    my $entry   = $probe->{entries}{'PVE::Notify'} // {};
    my $daemons = PVE::NotifyNode::Daemons->outdated(
        $system,
        ours    => $entry->{ours},
        off     => $is_off,
        library => $probe->{library},
        files   => $probe->{files} // [],
    );
    my $configured = eval { PVE::NotifyNode::Targets->oauth2($system) };
    return {
        node     => $cluster->{node},
        off      => $is_off,
        mounted  => $system->is_mounted,
        probe    => $probe,
        verdict  => $verdict,
        versions => {
            ours    => $version,
            library => scalar library_version($probe->{library}),
            perl    => $probe->{perl},
        },
        packages        => packages($system),
        daemons         => $daemons,
        'last-run'      => scalar PVE::NotifyNode::Records->last_run($system),
        'drop-in'       => PVE::NotifyNode::DropIn->is_in_place($system),
        rights          => [PVE::NotifyNode::Rights->faults($system)],
        nodes           => nodes($system, $cluster),
        targets         => $probe->{targets} // $configured // [],
        'targets-error' => $configured ? undef : "$@" =~ s/\s+\z//r,
    };
}

1;

__END__

=head1 NAME

PVE::NotifyNode::Facts - what is in place on a node and in its cluster

=head1 DESCRIPTION

C<gather($system, $version)> returns a hash: C<probe> (see L<PVE::NotifyNode::Probe>; with only an
C<error> where it did not end well), its C<verdict>, C<off>, C<mounted>, C<versions>, C<packages>,
C<daemons> that run old modules, C<last-run>, C<drop-in>, C<rights>, C<nodes> with what each has left, and
C<targets> that use OAuth2 (with C<condition>, unless the vendor's modules are in charge).
C<probe($system)> is the first of them alone.

=cut
