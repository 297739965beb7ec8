package PVE::NotifyNode::Daemons;

# Daemons that run other modules than a new process would get. A reload makes a daemon execute itself
# again: its time of start stays, so it only counts where the process has nothing of ours loaded.

use v5.36;

use POSIX       ();
use Time::HiRes ();

# those that the package's trigger reloads; the HA services are left alone by it
my @RELOADED = qw(pvedaemon pveproxy pvescheduler pvestatd);
my @HA       = qw(pve-ha-crm pve-ha-lrm);
my $NAMES    = join '|', @RELOADED, @HA;

my $OURS     = 'libpve_rs_notify.so';
my $BINDINGS = qr/\Alib(?:pve|proxmox)_rs(?:_notify)?[.]so\z/;

# the time of the system's start is rounded to a second
my $SLACK = 2;

sub reloaded ($class) { return @RELOADED }

sub command ($class, $name) {
    return (grep { $_ eq $name } @HA)
        ? "at a quiet moment: systemctl restart $name"
        : "systemctl reload-or-restart $name";
}

my sub slurp ($path) {
    open my $fh, '<:raw', $path or return;
    local $/ = undef;
    my $content = readline $fh;
    close $fh;
    return $content;
}

my sub daemon_of ($proc) {
    my $line = (slurp("$proc/cmdline") // '') =~ tr/\0/ /r;
    return $1 if $line =~ m{\A(?:\S*/)?($NAMES)(?: worker)?(?: \(.*\))?\s*\z};
    return $1 if $line =~ m{\A\S*perl\S*(?: -\S+)* /usr/s?bin/($NAMES)(?: |\z)};
    return;
}

# a container's processes are seen from its node
my sub is_elsewhere ($system, $proc) {
    my ($theirs, $own) = map { readlink "$_/ns/pid" } $proc, "$system->{proc}/self";
    return defined $theirs && defined $own && $theirs ne $own;
}

# seconds since the epoch
my sub started ($system, $proc) {
    my $boot   = (slurp("$system->{proc}/stat") // '') =~ /^btime (\d+)$/m ? $1 : return;
    my ($rest) = (slurp("$proc/stat") // '') =~ /\A.*\) (.*)\z/s or return;
    my $ticks  = (split / /, $rest)[19];
    return $boot + $ticks / POSIX::sysconf(POSIX::_SC_CLK_TCK());
}

# the binding libraries in a process: [name, inode, whether its file is gone]
my sub libraries ($proc) {
    my %seen;
    for my $line (split /\n/, slurp("$proc/maps") // '') {
        my ($inode, $path, $gone) = $line =~ m{\A\S+ \S+ \S+ \S+ (\d+)\s+(/.*?)( \(deleted\))?\z}
            or next;
        my ($name) = $path =~ m{([^/]+)\z};
        $seen{"$inode $path"} //= [$name, $inode, defined $gone] if $name =~ $BINDINGS;
    }
    return values %seen;
}

# when the last of these files got its place
my sub installed (@files) {
    my $latest = 0;
    for my $file (@files) {
        my $changed = (Time::HiRes::stat($file))[10] // next;
        $latest = $changed if $changed > $latest;
    }
    return $latest;
}

my sub reason ($system, $proc, $wanted) {
    my @libraries = libraries($proc);
    for my $library (@libraries) {
        my ($name, $inode, $gone) = @$library;
        return "has a replaced library loaded ($name)" if $gone;
        return "has another copy of $name loaded"
            if $name eq $OURS && defined $wanted->{inode} && $inode != $wanted->{inode};
    }
    my $has_ours = grep { $_->[0] eq $OURS } @libraries;
    return 'still runs our modules' if $has_ours && $wanted->{off};
    return                          if $has_ours || !$wanted->{ours};
    my $start = started($system, $proc) // return;
    return "runs the vendor's modules: it is older than ours"
        if $start + $SLACK < $wanted->{installed};
    return;
}

# $what: ours (whether a new process gets our modules), off (whether they are switched off), library
# (its path) and files (what is installed of ours)
sub outdated ($class, $system, %what) {
    my %wanted = (
        %what{qw(ours off)},
        inode     => defined $what{library} ? (stat $what{library})[1] : undef,
        installed => installed($what{files}->@*),
    );
    opendir my $dh, $system->{proc} or return;
    my @pids = sort { $a <=> $b } grep {/\A[0-9]+\z/} readdir $dh;
    closedir $dh;
    my %found;
    for my $pid (@pids) {
        my $proc = "$system->{proc}/$pid";
        my $name = daemon_of($proc) // next;
        next if is_elsewhere($system, $proc);
        my $reason = reason($system, $proc, \%wanted) // next;
        $found{$name} //= { name => $name, reason => $reason, command => $class->command($name) };
        push $found{$name}{pids}->@*, 0 + $pid;
    }
    return [map { $found{$_} } sort keys %found];
}

1;

__END__

=head1 NAME

PVE::NotifyNode::Daemons - daemons that run other modules than a new process would get

=head1 DESCRIPTION

C<outdated($system, %what)> looks through F</proc> for the daemons that send notifications and returns
an array of hashes: C<name>, C<pids>, C<reason> and C<command>, the one that lets it load the modules
again. A daemon counts where a binding library in its memory was replaced, where it has ours though it
is switched off, and where it has none of ours and is older than our files.

C<reloaded> is the list of daemons that can be reloaded without harm; C<pve-ha-crm> and C<pve-ha-lrm>
are not among them.

=cut
