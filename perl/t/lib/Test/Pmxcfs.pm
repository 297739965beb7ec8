package Test::Pmxcfs;

# A double of the file rules of pmxcfs, which a node has at /etc/pve, for a folder of a test: 1 MiB a
# file, of which 1,048,552 bytes can be read; no hard links; below priv/ no mode but 0600, elsewhere none but 0640 (no other is known
# to be taken), and no owner but root:www-data; nothing changed without quorum. To be used before the modules that write there are loaded. What a rule refuses is
# counted, since the code may go on regardless.

use v5.36;

use Errno qw(EACCES EFBIG EPERM);
use Exporter 'import';
use Fcntl qw(O_CREAT O_RDWR O_WRONLY);

our @EXPORT_OK = qw(pmxcfs_at quorum refusals);

my $MAX_SIZE = 1024 * 1024;
my $READABLE = 1_048_552;
my $WWW_DATA = 33;

my ($root, $quorum, @refusals) = (undef, 1);

sub pmxcfs_at ($dir) {
    $root = $dir;
    return;
}

sub quorum ($has) {
    $quorum = $has;
    return;
}

# since the last call
sub refusals () {
    my @all = @refusals;
    @refusals = ();
    return @all;
}

# The part of a path, or of a handle's, below the folder; undef for what is elsewhere.
my sub inside ($what) {
    my $path =
        ref \$what eq 'GLOB' || ref $what ? readlink('/proc/self/fd/' . fileno $what) : $what;
    return undef if !defined $root;    ## no critic (ProhibitExplicitReturnUndef) - a value
    return ($path // '') =~ m{\A\Q$root\E/(.+)\z} ? $1 : undef;
}

my sub refuse ($errno, $what) {
    push @refusals, $what;
    $! = $errno;    ## no critic (RequireLocalizedPunctuationVars) - as the call does
    return;
}

## no critic (RequireArgUnpacking) - a handle is made in its place
BEGIN {
    *CORE::GLOBAL::chmod = sub ($mode, @files) {
        for my $file (@files) {
            my $name = inside($file) // next;
            return refuse(EPERM, sprintf '%s: mode %04o', $name, $mode)
                if $mode != oct($name =~ m{\Apriv/} ? '0600' : '0640');
        }
        return CORE::chmod($mode, @files);
    };
    *CORE::GLOBAL::chown = sub ($uid, $gid, @files) {
        for my $file (@files) {
            my $name = inside($file) // next;
            return refuse(EPERM, "$name: owner $uid:$gid") if $uid != 0 || $gid != $WWW_DATA;
        }
        return scalar @files;
    };
    *CORE::GLOBAL::link = sub ($old, $new) {
        my $name = inside($new) // return CORE::link($old, $new);
        return refuse(EPERM, "$name: hard link");
    };
    *CORE::GLOBAL::rename = sub ($old, $new) {
        my $name = inside($new) // return CORE::rename($old, $new);
        return $quorum ? CORE::rename($old, $new) : refuse(EACCES, "$name: no quorum");
    };
    *CORE::GLOBAL::unlink = sub (@files) {
        my $removed = 0;
        for my $file (@files) {
            my $name = inside($file);
            return refuse(EACCES, "$name: no quorum") if defined $name && !$quorum;
            $removed += CORE::unlink($file);
        }
        return $removed;
    };
    *CORE::GLOBAL::mkdir = sub : prototype(_;$) {
        my ($dir, $mode) = @_;
        my $name = inside($dir);
        return refuse(EACCES, "$name: no quorum") if defined $name && !$quorum;
        return CORE::mkdir($dir, $mode // oct '0777');
    };
    *CORE::GLOBAL::rmdir = sub : prototype(_) {
        my $name = inside($_[0]);
        return refuse(EACCES, "$name: no quorum") if defined $name && !$quorum;
        return CORE::rmdir($_[0]);
    };
    *CORE::GLOBAL::utime = sub ($accessed, $modified, @files) {
        for my $file (@files) {
            my $name = inside($file);
            return refuse(EACCES, "$name: no quorum") if defined $name && !$quorum;
        }
        return CORE::utime($accessed, $modified, @files);
    };
    *CORE::GLOBAL::sysopen = sub : prototype(*$$;$) {
        my (undef, $path, $flags, $mode) = @_;
        my $name = inside($path);
        return refuse(EACCES, "$name: no quorum")
            if defined $name && !$quorum && $flags & (O_CREAT | O_WRONLY | O_RDWR);
        return CORE::sysopen($_[0], $path, $flags, $mode // oct '0666');
    };
    *CORE::GLOBAL::syswrite = sub : prototype(*$;$$) {
        my ($fh, $data, $length, $offset) = @_;
        $offset //= 0;
        $length //= length($data) - $offset;
        my $name = inside($fh);
        return refuse(EFBIG, "$name: too large")
            if defined $name && (CORE::sysseek($fh, 0, 1) + $length) > $MAX_SIZE;
        return CORE::syswrite($fh, $data, $length, $offset);
    };

    # what lies behind is not known to come in any way
    *CORE::GLOBAL::sysread = sub : prototype(*\$$;$) {
        my ($fh, $buffer, $length, $offset) = @_;
        my $name = inside($fh);
        return refuse(EFBIG, "$name: too large to be read")
            if defined $name && -s $fh > $READABLE;
        return CORE::sysread($fh, $$buffer, $length, $offset // 0);
    };

    # its folders belong to root:www-data
    *CORE::GLOBAL::stat = sub : prototype(_) {
        my @stat = CORE::stat($_[0]);
        @stat[4, 5] = (0, $WWW_DATA) if @stat && defined inside("$_[0]/.");
        return @stat;
    };
}

1;
