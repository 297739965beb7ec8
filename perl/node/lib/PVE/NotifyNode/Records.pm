package PVE::NotifyNode::Records;

# What a daily run leaves: for this node the result, and for the cluster the node's version. The
# latter lies in the cluster's file system, so it is only written when it says something new or once
# a day.

use v5.36;

use JSON::PP ();
use PVE::Notify::File;

my $MAX_ERROR = 500;
my $ANEW      = 20 * 3600;    # less than a day, as runs are not exactly a day apart
my $WEEK      = 7 * 86_400;
my $json      = JSON::PP->new->utf8->canonical;

my sub last_run_file ($system) {
    return $system->own_dir . '/last-run';
}

my sub node_file ($system, $node) {
    return $system->state_dir . "/nodes/$node";
}

# a record that somebody has damaged is none
my sub read_record ($path) {
    my ($raw) = eval { PVE::Notify::File::read_file($path) };
    my $record = eval { $json->decode($raw // return) };
    return if ref $record ne 'HASH' || ($record->{time} // '') !~ /\A[0-9]{1,12}\z/;
    return $record;
}

my sub make_folder ($path, $mode) {
    return if -d $path;
    my $umask = umask(oct('0777') & ~$mode);
    my $made  = mkdir $path, $mode;
    my $error = "$!";
    umask $umask;
    die "folder '$path': can't create - $error\n" if !$made && !-d $path;
    return;
}

# daemons of other users have to see the flag file in it
sub make_own_dir ($class, $system) {
    make_folder($system->own_dir, oct '0755');
    return;
}

sub write_last_run ($class, $system, $record) {
    $class->make_own_dir($system);
    PVE::Notify::File::replace_file(last_run_file($system), $json->encode($record), oct '0600');
    return;
}

sub last_run ($class, $system) {
    return read_record(last_run_file($system));
}

# Whether it was written.
sub write_node ($class, $system, $node, $record) {
    my $path = node_file($system, $node);
    my $old  = read_record($path);
    my $same =
        $old && $json->encode({ %$old, time => 0 }) eq $json->encode({ %$record, time => 0 });
    my $age = $old ? $record->{time} - $old->{time} : 0;
    return 0 if $same && $age >= 0 && $age < $ANEW;
    die "folder '" . $system->path('/etc/pve') . "': not mounted\n" if !$system->is_mounted;
    make_folder($_, oct '0700') for $system->state_dir, $system->state_dir . '/nodes';
    PVE::Notify::File::replace_file($path, $json->encode($record), oct '0600');
    return 1;
}

sub node ($class, $system, $node) {
    return read_record(node_file($system, $node));
}

sub record ($class, $result, $error, %more) {
    my $text =
        defined $error
        ? substr $error =~ s/\s+\z//r =~ s/[[:cntrl:]]+/ /gr, 0, $MAX_ERROR
        : undef;
    return {
        perl   => sprintf('%vd', $^V),
        time   => time,
        result => $result ? 1 : 0,
        error  => $text,
        %more,
    };
}

# a time to come is that of a clock that was wrong
sub is_old ($class, $record) {
    return abs(time - $record->{time}) > $WEEK;
}

1;

__END__

=head1 NAME

PVE::NotifyNode::Records - what daily runs leave behind

=head1 DESCRIPTION

A record is a hash: C<version>, C<perl>, C<time> (seconds since the epoch), C<result> (0 or 1) and
C<error>, a line of text or undef.

C<write_last_run($system, $record)> and C<last_run($system)> keep that of this node in
F</var/lib/pve-notify-oauth2/last-run>. C<write_node($system, $node, $record)> and
C<node($system, $node)> keep one for each node of the cluster in
F</etc/pve/priv/notification-oauth2/nodes/>; it is written if it differs or is older than 20 hours.
Writing dies with a line of text; what cannot be read is undef.

=cut
