package PVE::NotifyNode::Probe;

# Loads the two entry points as a daemon does, in a process of its own under -T, and prints as JSON
# what it got. Whatever breaks there must not break the program that asks.

use v5.36;

use B        ();
use JSON::PP ();

my $NOTIFY = 'PVE::Notify';
my $API    = 'PVE::API2::Cluster::Notifications';
my %FILE   = (
    $NOTIFY => 'PVE/Notify.pm',
    $API    => 'PVE/API2/Cluster/Notifications.pm',
);
my $LIBRARY = 'libpve_rs_notify.so';

# The cause alone: perl adds where in the sources it was, and what else failed because of it.
my sub one_line ($error) {
    my ($first) = split /\n/, ref $error eq 'HASH' ? $error->{message} : "$error";
    return ($first // '') =~ s/(?: at \S+ line [0-9]+[.]?| \(you may need.*| \(\@INC.*)\z//r =~
        s/[[:cntrl:]]+/ /gr;
}

my sub guard ($class, @args) {
    my $code = PVE::Notify::Guard->can($class) or return;
    my $value;
    return eval { $value = $code->(@args); 1 } ? $value : undef;
}

# where the code comes from that runs when this function is called
my sub source_of ($function) {
    no strict 'refs';    ## no critic (ProhibitNoStrict) - the name is data
    return if !defined &$function;
    return B::svref_2object(\&$function)->FILE;
}

my sub load ($class) {
    return eval { require $FILE{$class}; 1 } ? undef : one_line($@);
}

my sub entry ($class, $verdict, $error) {
    my $is_ours =
        $class eq $NOTIFY
        ? PVE::Notify->can('refresh_oauth2_state')
        : $INC{'PVE/API2/Cluster/Notifications/Entries.pm'};
    $is_ours = 0 if $verdict && !$verdict->{ours};
    my $file =
          $class eq $NOTIFY ? source_of("${NOTIFY}::read_config")
        : $is_ours          ? $INC{'PVE/API2/Cluster/Notifications/Methods.pm'}
        :                     guard(vendor_file => $class);
    return { ours => $is_ours ? 1 : 0, file => $file // $INC{ $FILE{$class} }, error => $error };
}

my sub library () {
    my ($path) = grep {-f} map {"$_/auto/$LIBRARY"} grep { !ref } @INC;
    return $path;
}

# what a process must have loaded since it was installed
my sub our_files ($library) {
    my @files = map { $INC{$_} }
        grep {m{\APVE/(?:RS/)?Notify(?:/|[.]pm\z)|\APVE/API2/Cluster/Notifications}} keys %INC;
    my ($dir) = ($INC{'PVE/Notify/Guard.pm'} // return []) =~ m{\A(.*)/PVE/Notify/Guard[.]pm\z};
    return [sort grep {defined} $library, grep { defined && index($_, "$dir/") == 0 } @files];
}

my sub nodes () {
    require PVE::Cluster;
    require PVE::INotify;
    PVE::Cluster->can('cfs_update') and PVE::Cluster::cfs_update(1);
    return { node => PVE::INotify::nodename(), nodes => PVE::Cluster::get_nodelist() };
}

my sub targets () {
    my $status = PVE::Notify::read_config()->get_oauth2_status();
    my @keys   = qw(condition last-error cure warning);
    return [map { my $one = $status->{$_}; +{ name => $_, %$one{@keys} } } sort keys %$status];
}

my sub attempt ($result, $name, $code) {
    my $value;
    if (eval { $value = $code->(); 1 }) {
        $result->{$name} = $value;
    } else {
        $result->{"$name-error"} = one_line($@);
    }
    return;
}

sub look ($class) {
    my @warnings;
    local $SIG{__WARN__} = sub ($text) { push @warnings, one_line($text) };
    my %result = (perl => sprintf '%vd', $^V);
    attempt(\%result, cluster => \&nodes);
    my %error   = map { $_ => scalar load($_) } $NOTIFY, $API;
    my $verdict = guard('verdict');
    $result{entries} = { map { $_ => entry($_, $verdict, $error{$_}) } $NOTIFY, $API };
    $result{guard}   = {
        verdict              => $verdict,
        'vendor-has-feature' => guard('vendor_has_feature') ? 1 : 0,
    };
    attempt(\%result, targets => \&targets) if $result{entries}{$NOTIFY}{ours};
    $result{library}  = library();
    $result{files}    = our_files($result{library});
    $result{warnings} = \@warnings;
    return \%result;
}

sub main ($class) {
    ## no critic (RequireBriefOpen) - modules may print
    open my $out, '>&', \*STDOUT or die "can't keep the output: $!\n";
    open STDOUT,  '>&', \*STDERR or die "can't move the output: $!\n";
    print {$out} JSON::PP->new->ascii->canonical->encode($class->look);
    close $out or die "can't write the result: $!\n";
    return;
}

__PACKAGE__->main if !caller;

1;

__END__

=head1 NAME

PVE::NotifyNode::Probe - what a daemon gets that loads the notification modules

=head1 SYNOPSIS

    perl -T Probe.pm

=head1 DESCRIPTION

Run as a program it loads L<PVE::Notify> and L<PVE::API2::Cluster::Notifications> and prints one JSON
object: C<entries> (for each C<ours>, C<file> and the C<error> of loading it), C<guard> (the verdict of
PVE::Notify::Guard), C<cluster> (names of nodes), C<targets> (status of OAuth2 targets), C<library> and
C<files> (what of ours a process has loaded), C<perl> and C<warnings>.

=cut
