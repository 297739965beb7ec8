package PVE::NotifyHost::HandOver;

# What root made in the folders of the user who runs the server becomes that user's. Such a user may put
# anything there, a link to a foreign file too, while root looks: all goes through handles, from folder
# to folder, and only what is certain to be made there is given away.

use v5.36;

use Fcntl qw(:mode O_DIRECTORY O_NOFOLLOW O_NONBLOCK O_RDONLY);

# by the place whose handle leads to it
my @BELOW = ([config => 'priv'], [state => 'oauth2'], [run => 'oauth2'], [run => 'smtp']);

my sub open_plain ($path, $flags = 0) {
    my $opened = sysopen(my $fh, $path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | $flags);
    return $opened ? $fh : undef;
}

# in a folder that is open
my sub name_in ($folder, $name) {
    return '/proc/self/fd/' . fileno($folder) . "/$name";
}

my sub give ($fh, $owner, $path) {
    return if chown(@$owner{qw(uid gid)}, $fh);
    die "'$path': can't give it to user $owner->{uid} - $!\n";
}

# A file with a second name may be at home elsewhere, and one that everybody may read is in nobody's way.
my sub is_in_the_way (@stat) {
    my ($mode, $links, $uid) = @stat[2, 3, 4];
    return @stat && $uid == 0 && S_ISREG($mode) && $links == 1 && !($mode & S_IROTH);
}

my sub hand_over_folder ($folder, $owner, $path) {
    give($folder, $owner, $path) if (stat($folder))[4] == 0;
    opendir(my $names, name_in($folder, '.')) or die "folder '$path': can't list - $!\n";
    for my $name (readdir($names)) {
        my $place = name_in($folder, $name);
        next if !is_in_the_way(lstat($place));
        my $fh = open_plain($place) or next;
        give($fh, $owner, "$path/$name") if is_in_the_way(stat($fh));
    }
    closedir($names);
    return;
}

# owner: { uid, gid }, an ordinary user. A folder that is missing or no folder is left out: who needs it
# says so.
sub hand_over ($dirs, $owner) {
    my $config = open_plain($dirs->{config}, O_DIRECTORY) or return;
    my $uid    = (stat($config))[4];
    return if $uid != 0 && $uid != $owner->{uid};
    my %folder = (config => $config);
    $folder{$_} = open_plain($dirs->{$_}, O_DIRECTORY) for qw(state run);
    hand_over_folder($folder{$_}, $owner, $dirs->{$_})
        for grep { $folder{$_} } qw(config state run);
    for my $below (@BELOW) {
        my ($place, $name) = @$below;
        my $above  = $folder{$place}                                 or next;
        my $folder = open_plain(name_in($above, $name), O_DIRECTORY) or next;
        hand_over_folder($folder, $owner, "$dirs->{$place}/$name");
    }
    return;
}

1;

__END__

=head1 NAME

PVE::NotifyHost::HandOver - gives what root made to the user who runs the server

=head1 DESCRIPTION

C<hand_over($dirs, $owner)>, for root: folders of the host that are root's, and plain files in them that are
root's, have one name and are not readable by everybody, get the user C<< $owner->{uid} >> and the group
C<< $owner->{gid} >>. Links are not followed.

=cut
