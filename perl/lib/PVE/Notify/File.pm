package PVE::Notify::File;

# Reads and replaces files with care: bounded size, regular files only (a symbolic link or a FIFO
# could stand in the way), old or new content but never a mixture, and an owner and mode that hold
# from the file's first moment. Where root works in the folders of an ordinary user it writes as that
# user: no link there leads it elsewhere.

use v5.36;

use English     qw(-no_match_vars);
use Errno       qw(EEXIST ENOENT ENOTDIR ELOOP);
use Fcntl       qw(:DEFAULT :mode);
use IO::Handle  ();
use Time::HiRes ();

# pmxcfs keeps 1 MiB of a file, but hands out no more than this
my $MAX_SIZE = 1_048_552;

my $owner;    # [uid, gid] as whom root writes

sub set_owner ($uid, $gid) {
    $owner = $uid ? [$uid, $gid] : undef;
    return;
}

my sub become ($uid, @groups) {
    ## no critic (RequireLocalizedPunctuationVars) - local would mix the groups of both
    $EFFECTIVE_USER_ID  = 0 if $uid == 0;
    $EFFECTIVE_GROUP_ID = "@groups";
    $EFFECTIVE_USER_ID  = $uid if $uid != 0;
    die "can't act as user $uid\n" if $EFFECTIVE_USER_ID != $uid;
    return;
}

sub as_owner ($code) {
    return $code->() if !$owner || $EFFECTIVE_USER_ID != 0;
    my ($uid, $gid) = @$owner;
    my @groups = split / /, $EFFECTIVE_GROUP_ID;
    push @groups, $groups[0] if @groups == 1;    # without any, those of the user would stay
    my $result;
    become($uid, $gid, $gid);
    my $done  = eval { $result = $code->(); 1 };
    my $error = $@;
    become(0, @groups);
    die $error if !$done;
    return $result;
}

# Returns (content, stamp), and (undef, stamp) if the stamp is the known one. The content of a
# missing file is undef.
sub read_file ($path, $known = undef) {
    sysopen(my $fh, $path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK) or do {
        return (undef, 'missing')                            if $! == ENOENT || $! == ENOTDIR;
        die "file '$path': refused, it is a symbolic link\n" if $! == ELOOP;
        die "file '$path': can't open - $!\n";
    };
    my @stat = Time::HiRes::stat($fh) or die "file '$path': can't stat - $!\n";
    die "file '$path': refused, it is not a regular file\n" if !S_ISREG($stat[2]);
    my $stamp = join(':', @stat[0, 1, 7, 9, 10]);
    return (undef, $stamp) if defined($known) && $known eq $stamp;

    my $raw = '';
    while (length($raw) <= $MAX_SIZE) {
        my $got = sysread($fh, $raw, $MAX_SIZE + 1 - length($raw), length($raw))
            // die "file '$path': can't read - $!\n";
        last if !$got;
    }
    if (length($raw) > $MAX_SIZE) {
        my $size = $stat[7] > $MAX_SIZE ? $stat[7] : length($raw);
        die "file '$path': refused, it has $size bytes of at most $MAX_SIZE\n";
    }
    return ($raw, $stamp);
}

sub check_size ($path, $raw) {
    my $size = length($raw);
    return if $size <= $MAX_SIZE;
    die "file '$path': refused, it would have $size bytes of at most $MAX_SIZE; delete or shorten "
        . "entries\n";
}

sub replace_file ($path, $raw, $mode) {
    die "file '$path': refused, wide characters in the content\n" if $raw =~ /[^\x00-\xff]/;
    check_size($path, $raw);
    return as_owner(sub {
        my $tmp  = "$path.tmp.$$";
        my $done = eval {
            write_new($tmp, $raw, $mode);
            rename($tmp, $path) or die "file '$path': can't replace - $!\n";
            sync_folder_of($path);
            1;
        };
        my $error = $@;
        return if $done;
        unlink($tmp);
        die $error;
    });
}

# It stays removed when the power fails. One that is not there is fine.
sub remove_file ($path) {
    return as_owner(sub {
        if (!unlink($path)) {
            return if $!{ENOENT} || $!{ENOTDIR};
            die "file '$path': can't remove - $!\n";
        }
        sync_folder_of($path);
        return;
    });
}

# Removes what writers of this file have left that were killed before the rename: it may hold secrets.
# Only for who holds the lock that all of them take, else somebody loses a file that is in use.
sub sweep ($path) {
    my $dir = folder_of($path);
    opendir(my $dh, $dir) or return;
    my @names = readdir($dh);
    closedir($dh);
    for my $name (@names) {
        my ($left) = "$dir/$name" =~ m{\A(\Q$path\E[.]tmp[.][0-9]+)\z} or next;
        as_owner(sub { unlink($left) });
    }
    return;
}

# For what must be made once only: link() lets exactly one of several processes win, and the file
# is whole from the moment it has its name. False if the file was there already.
sub create_file ($path, $raw, $mode) {
    return as_owner(sub {
        my $tmp = "$path.tmp.$$";
        my $won;
        my $done = eval {
            write_new($tmp, $raw, $mode);
            $won = link($tmp, $path);
            die "file '$path': can't create - $!\n" if !$won && !$!{EEXIST};
            1;
        };
        my $error = $@;
        unlink($tmp);
        die $error            if !$done;
        sync_folder_of($path) if $won;
        return $won;
    });
}

sub write_new ($path, $raw, $mode) {
    my $dir = folder_of($path);
    die "folder '$dir': refused, it is a symbolic link\n" if -l $dir;
    unlink($path);    # left by a process of the same id that was killed
    sysopen(my $fh, $path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600)
        or die "file '$path': can't create - $!\n";
    give_to_owner_of($fh, $dir);
    chmod($mode, $fh) or die "file '$path': can't set its mode - $!\n";
    my $offset = 0;
    while ($offset < length($raw)) {
        $offset += syswrite($fh, $raw, length($raw) - $offset, $offset)
            // die "file '$path': can't write - $!\n";
    }
    $fh->sync  or die "file '$path': can't sync - $!\n";
    close($fh) or die "file '$path': can't close - $!\n";
    return;
}

sub sync_folder_of ($path) {
    my $dir = folder_of($path);
    sysopen(my $fh, $dir, O_RDONLY | O_DIRECTORY) or die "folder '$dir': can't open - $!\n";
    $fh->sync                                     or die "folder '$dir': can't sync - $!\n";
    return;
}

# An open handle of a file that serves as lock; what it holds is left alone.
sub open_lock ($path) {
    return as_owner(sub {
        my $flags = O_RDWR | O_NOFOLLOW | O_NONBLOCK;
        if (sysopen(my $new, $path, $flags | O_CREAT | O_EXCL, 0600)) {
            give_to_owner_of($new, folder_of($path));
            return $new;
        }
        my $known = $! == EEXIST && sysopen(my $fh, $path, $flags | O_CREAT, 0600);
        die "file '$path': can't open - $!\n" if !$known;
        return $fh;
    });
}

# False if it is there already. A later chmod would leave a moment in which the umask decides.
# to: the folder whose owner root gives it to
sub make_folder ($path, $mode, $to = undef) {
    my $umask = umask(0777 & ~$mode);
    my $made  = mkdir($path, $mode);
    my $error = $!;
    umask($umask);
    if (!$made) {
        die "folder '$path': can't create - $error\n" if !-d $path;
        return 0;
    }
    sysopen(my $fh, $path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
        or die "folder '$path': can't open - $!\n";
    give_to_owner_of($fh, $to // folder_of($path));
    return 1;
}

# What root makes must stay usable for the ordinary user who owns the folder and runs the server. By its
# handle: a name in a folder of that user may be anything a moment later.
sub give_to_owner_of ($fh, $dir) {
    return if $> != 0;
    my ($uid, $gid) = (stat($dir))[4, 5] or die "folder '$dir': can't stat - $!\n";
    return if $uid == 0 && $gid == 0;
    chown($uid, $gid, $fh) or die "folder '$dir': can't give its owner a file - $!\n";
    return;
}

sub folder_of ($path) {
    my ($dir) = $path =~ m{\A(.+)/[^/]+\z} or die "'$path': not a path below a folder\n";
    return $dir;
}

sub random_bytes ($count) {
    sysopen(my $fh, '/dev/urandom', O_RDONLY) or die "/dev/urandom: can't open - $!\n";
    my $got = sysread($fh, my $bytes, $count) // die "/dev/urandom: can't read - $!\n";
    die "/dev/urandom: too few bytes\n" if $got != $count;
    return $bytes;
}

1;

__END__

=head1 NAME

PVE::Notify::File - careful reading and writing of files

=head1 DESCRIPTION

C<read_file($path, $known)> returns content and stamp (device, inode, size and times) of a regular
file of at most 1,048,552 bytes: what pmxcfs hands out of a file. C<replace_file($path, $bytes, $mode)>
writes a temporary file, syncs it and its folder and renames it. C<remove_file($path)> removes one, if it
is there. C<sweep($path)>, called under the lock of all who write that file, removes
what was left of writers that were killed. C<create_file> does the same for a file that must not exist yet and
returns false if it does. C<open_lock> gives a handle for flock. Errors are one line that begins
with the path. Where root writes, files get the owner of their folder. After C<set_owner($uid, $gid)>
root writes as that user; C<as_owner($code)> runs code like that.

=cut
