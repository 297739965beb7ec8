package PVE::Cluster;

# The configuration files of the standalone host, with the interface of a node's PVE::Cluster on
# plain files: registered files are read through a cache, written atomically and locked by flock.
# Only the files listed here can be used, as on a node, so that code cannot come to rely on more.

use v5.36;

use Exporter qw(import);
use PVE::Notify::File;
use PVE::NotifyHost::Lock qw(take_lock with_alarm);

our @EXPORT_OK = qw(cfs_register_file cfs_read_file cfs_write_file cfs_lock_file);

my $GET_LOCK_TIMEOUT  = 10;
my $HOLD_LOCK_TIMEOUT = 60;
my $HELD_TOO_LONG     = "timeout while holding the lock\n";

my %observed = map { $_ => 1 } qw(
    datacenter.cfg notifications.cfg priv/notifications.cfg user.cfg priv/token.cfg priv/shadow.cfg
);

my $dirs = { config => '/etc/pve-notify-host', run => '/run/pve-notify-host' };
my %file_info;    # name => { parser, writer }
my %cache;    # name => { stamp, data }

sub set_dirs ($new) {
    $dirs  = $new;
    %cache = ();
    return;
}

sub dirs () { return $dirs }

sub cfs_register_file ($name, $parser, $writer = undef) {
    die "file '$name' not added as observed file\n" if !$observed{$name};
    die "file '$name' already registered\n"         if $file_info{$name};
    $file_info{$name} = { parser => $parser, writer => $writer };
    return;
}

my sub file_info ($name) {
    return $file_info{$name} // die "file '$name': unknown\n";
}

sub cfs_read_file ($name) {
    my $info  = file_info($name);
    my $known = $cache{$name};
    my ($raw, $stamp) =
        PVE::Notify::File::read_file("$dirs->{config}/$name", $known && $known->{stamp});
    if (!$known || $stamp ne $known->{stamp}) {
        $known = $cache{$name} = { stamp => $stamp, data => $info->{parser}->($name, $raw) };
    }
    return $known->{data} if !ref($known->{data});
    require Storable;
    return Storable::dclone($known->{data});
}

sub cfs_write_file ($name, $data, $force_utf8 = 0) {
    my $writer = file_info($name)->{writer} or die "file '$name': no writer\n";
    my $raw    = $writer->($name, $data);
    utf8::encode($raw) if $force_utf8;
    my $mode = $name =~ m{\Apriv/} ? oct('0600') : oct('0640');
    PVE::Notify::File::replace_file("$dirs->{config}/$name", $raw, $mode);
    delete $cache{$name};
    return;
}

# Like on a node this does not die: the result is undef and $@ holds what went wrong.
sub cfs_lock_file ($name, $timeout, $code, @param) {
    (my $id = "file-$name") =~ tr{./}{_};
    my ($locked, $result);
    my $done = eval {
        file_info($name);
        my $lock = take_lock("$dirs->{run}/lock-$id", $timeout || $GET_LOCK_TIMEOUT);
        $locked = 1;
        my $called = eval {
            with_alarm($HOLD_LOCK_TIMEOUT, $HELD_TOO_LONG, sub { $result = $code->(@param) });
            1;
        };
        my $error = $@;
        close($lock);
        die $error if !$called;
        1;
    };
    my $error = $done ? '' : $@;
    $error = "cfs-lock '$id' error: $error"
        if !$done && !ref($error) && (!$locked || $error eq $HELD_TOO_LONG);
    $@ = $error;    ## no critic (RequireLocalizedPunctuationVars)
    return $done ? $result : undef;
}

sub get_nodelist () {
    require PVE::INotify;
    return [PVE::INotify::nodename()];
}

my sub parse_datacenter_cfg ($name, $raw) {
    my %cfg;
    for my $line (split(/\n/, $raw // '')) {
        next if $line =~ /\A\s*(?:#|\z)/;
        if ($line =~ /\A([a-z0-9_-]+):\s*(.*?)\s*\z/i) {
            $cfg{$1} = $2;
        } else {
            warn "$name: ignored a line that is not 'key: value'\n";
        }
    }
    $cfg{notify} = { map { /\A([^=]+)=(.*)\z/ ? ($1 => $2) : () } split(/,/, $cfg{notify}) }
        if defined($cfg{notify});
    return \%cfg;
}

cfs_register_file('datacenter.cfg', \&parse_datacenter_cfg);

1;

__END__

=head1 NAME

PVE::Cluster - configuration files of a machine that is not a PVE node

=head1 SYNOPSIS

    PVE::Cluster::cfs_register_file('notifications.cfg', $parser, $writer);
    my $config = PVE::Cluster::cfs_read_file('notifications.cfg');
    PVE::Cluster::cfs_lock_file('notifications.cfg', undef, sub {
        PVE::Cluster::cfs_write_file('notifications.cfg', $config, 1);
    });
    die $@ if $@;

=head1 DESCRIPTION

C<cfs_read_file> calls the parser with the file's name and its bytes (undef if the file is
missing), keeps the result until the file changes and returns a deep copy. Files of more than
1,048,552 bytes, symbolic links and anything that is not a regular file are refused.

C<cfs_write_file> replaces the file as a whole; with a true third argument the writer's text is
encoded as UTF-8. Files below F<priv/> get mode 0600, others 0640.

C<cfs_lock_file> runs code under the file's lock: 10 s to get it, 60 s to hold it. It does not die:
errors are left in C<$@> unchanged, those of the locking itself with the prefix
C<cfs-lock 'ID' error: >.

C<get_nodelist> is a list of this machine alone.

=cut
