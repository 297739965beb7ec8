package PVE::NotifyNode::Rights;

# Who can read what must stay secret. On a mounted pmxcfs its rules say so for all; a folder in its
# place, or files that were copied there, may have any rights.

use v5.36;

use Fcntl qw(S_ISDIR S_ISREG);

my @PRIVATE = qw(priv/notifications-ext.cfg priv/notifications-pending.cfg);
my $EXT     = 'notifications-ext.cfg';

my sub trouble ($cause, $fix) {
    return { cause => $cause, fix => $fix };
}

# $forbidden: bits of the mode
my sub faults_of ($system, $path, $want, $forbidden) {
    my @stat = lstat $path or return;
    my ($mode, $uid, $gid) = @stat[2, 4, 5];
    my $is_right_kind = $want eq 'folder' ? S_ISDIR($mode) : S_ISREG($mode);
    return trouble("'$path' is not a $want", "move it away: mv '$path' /root/") if !$is_right_kind;
    my @faults;
    push @faults, trouble("'$path' belongs to user $uid", "chown root:www-data '$path'")
        if $uid != $system->{owner};
    push @faults, trouble("'$path' belongs to group $gid", "chown root:www-data '$path'")
        if $system->is_mounted && $gid != ($system->{group} // $gid);
    my $allowed = $mode & oct('0777') & ~$forbidden;
    push @faults,
        trouble(sprintf("'%s' is open to other users (mode %04o)", $path, $mode & oct '0777'),
        sprintf("chmod %04o '%s'", $allowed, $path))
        if $mode & $forbidden;
    return @faults;
}

my sub below ($dir) {
    opendir my $dh, $dir or return;
    my @names = sort grep { !/\A[.]{1,2}\z/ } readdir $dh;
    closedir $dh;
    return map {"$dir/$_"} @names;
}

sub faults ($class, $system) {
    my $dir = $system->state_dir;
    my @faults;
    for my $folder ($dir, "$dir/nodes") {
        push @faults, faults_of($system, $folder, 'folder', oct '0077');
        push @faults, map { faults_of($system, $_, 'file', oct '0177') }
            grep { $_ ne "$dir/nodes" } below($folder);
    }
    push @faults, map { faults_of($system, $system->pve($_), 'file', oct '0177') } @PRIVATE;
    push @faults, faults_of($system, $system->pve($EXT), 'file', oct '0137');
    return @faults;
}

1;

__END__

=head1 NAME

PVE::NotifyNode::Rights - who can read tokens and secrets

=head1 DESCRIPTION

C<faults($system)> is a list of hashes, C<cause> and C<fix>, for the folder of the OAuth2 records and the
two F<notifications-ext.cfg> and F<notifications-pending.cfg>: another owner, on pmxcfs another group, bits of the mode that let others
read, and what is neither file nor folder. What is missing is no fault.

=cut
