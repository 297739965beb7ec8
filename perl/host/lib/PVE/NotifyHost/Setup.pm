package PVE::NotifyHost::Setup;

# Decides where the standalone host keeps its files, and tells PVE::Cluster and PVE::Notify. Every
# entry point of the host calls init() first, and none of the node's does: which kind of host is
# in use is a fact of the program that runs, never a guess from the machine.

use v5.36;

use Fcntl qw(F_GETFL O_DIRECTORY O_NOFOLLOW O_RDONLY O_RDWR O_WRONLY);
use PVE::Cluster;
use PVE::Notify;
use PVE::Notify::File;

my %PACKAGED = (
    config => '/etc/pve-notify-host',
    state  => '/var/lib/pve-notify-host',
    run    => '/run/pve-notify-host',
);
my $SHARE     = '/usr/share/pve-notify-host';
my $TEMPLATES = "$SHARE/templates/default";
my %MODE = (config => oct('0750'), priv => oct('0700'), state => oct('0700'), run => oct('0750'));

sub init ($class, %opt) {
    open_standard_handles();
    my $dirs = $class->dirs;
    ensure_dirs($dirs) if $opt{ensure_dirs};
    share_with_owner($dirs, $opt{owner});
    PVE::Cluster::set_dirs($dirs);
    PVE::Notify::set_host({
        kind               => 'standalone',
        'config-dir'       => $dirs->{config},
        'vendor-templates' => $dirs->{templates},
        'state-dir'        => $dirs->{state},
        'run-dir'          => $dirs->{run},
    });
    return $dirs;
}

# Of a checkout, in which the host runs without being installed.
my sub own_folder ($name) {
    my ($root) = __FILE__ =~ m{\A(.*?)/?perl/host/lib/PVE/NotifyHost/Setup\.pm\z} or return;
    my $dir = $root eq '' ? $name : "$root/$name";
    return if !-d $dir;
    require File::Spec;
    return File::Spec->rel2abs($dir);
}

# a file that comes with the host and is never changed
sub share_file ($class, $name) {
    return (own_folder('perl/host/share') // $SHARE) . "/$name";
}

sub dirs ($class) {
    my $base      = $ENV{PVE_NOTIFY_HOST_DIR};
    my %dirs      = %PACKAGED;
    my $templates = own_folder('templates') // $TEMPLATES;
    if (defined($base) && $base ne '') {
        ($base) = $base =~ m{\A(/[^\0\n]*?)/*\z}
            or die "PVE_NOTIFY_HOST_DIR: not an absolute path\n";
        %dirs      = map { $_ => "$base/$_" } keys %PACKAGED;
        $templates = "$base/templates" if -d "$base/templates";
    }
    return { %dirs, priv => "$dirs{config}/priv", templates => $templates };
}

sub modes ($class) { return {%MODE} }

# Where root makes them they get the owner of the folder of the configuration.
sub ensure_dirs ($dirs) {
    for my $name (qw(config priv state run)) {
        my $dir = $dirs->{$name};
        next if -d $dir;
        my ($parent) = $dir =~ m{\A(.*)/[^/]+\z};
        mkdir($parent, 0755) if $parent ne '' && !-d $parent;

        my $model = $name eq 'config' ? $parent : $dirs->{config};
        PVE::Notify::File::make_folder($dir, $MODE{$name}, $model);
    }
    return;
}

# Root and the user who owns the configuration use the same files: they are that user's.
# owner: { uid, gid } of who shall own what is root's now; without it the owner of the configuration
sub share_with_owner ($dirs, $owner = undef) {
    return if $> != 0;
    if (!$owner) {
        my ($uid, $gid) = (stat($dirs->{config}))[4, 5] or return;
        $owner = { uid => $uid, gid => $gid };
    }
    if ($owner->{uid} != 0) {
        require PVE::NotifyHost::HandOver;
        PVE::NotifyHost::HandOver::hand_over($dirs, $owner);
    }
    PVE::Notify::File::set_owner(@$owner{qw(uid gid)});
    return;
}

# Whoever made them: what the server needs. Through handles that follow no link, as the folders lie
# below one that an ordinary user owns.
sub correct_dirs ($dirs, $owner) {
    my @changed;
    for my $name (qw(config priv state run)) {
        my $dir = $dirs->{$name};
        sysopen(my $fh, $dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW)
            or die "folder '$dir': can't open - $!\n";
        my ($mode, $uid, $gid) = (stat($fh))[2, 4, 5];
        my $same = ($mode & oct('7777')) == $MODE{$name};
        next if $same && $uid == $owner->{uid} && $gid == $owner->{gid};
        my $given = $> != 0 || chown(@$owner{qw(uid gid)}, $fh);
        die "folder '$dir': can't give it to '$owner->{name}' - $!\n" if !$given;
        chmod($MODE{$name}, $fh) or die "folder '$dir': can't set its mode - $!\n";
        push @changed, $dir;
    }
    return @changed;
}

# Of three handles that are closed at the start, the descriptors are given to the next files that
# are opened: first the source files of modules, which perl then keeps open for reading, and later
# whatever we write. What the program prints must not end up there.
sub open_standard_handles () {
    for my $handle (\*STDIN, \*STDOUT, \*STDERR) {
        my $flags    = fcntl($handle, F_GETFL, 0);
        my $is_input = $handle == \*STDIN;
        next if $flags && ($is_input || $flags & (O_WRONLY | O_RDWR));
        my $mode   = $is_input ? '<' : '>';
        my $opened = open($handle, $mode, '/dev/null');    ## no critic (RequireBriefOpen)
        die "/dev/null: can't open - $!
" if !$opened;
    }
    return;
}

1;

__END__

=head1 NAME

PVE::NotifyHost::Setup - where the standalone host keeps its files

=head1 SYNOPSIS

    use PVE::NotifyHost::Setup;
    my $dirs = PVE::NotifyHost::Setup->init(ensure_dirs => 1);

=head1 DESCRIPTION

C<init> returns a hash of absolute paths: C<config> (/etc/pve-notify-host), C<priv> (its folder for
secrets, 0700), C<state> (/var/lib/pve-notify-host), C<run> (/run/pve-notify-host) and C<templates>
(/usr/share/pve-notify-host/templates/default, in a checkout its own). The environment variable C<PVE_NOTIFY_HOST_DIR>
moves all of them below one folder, the templates only if that has some. With
C<ensure_dirs> missing folders are made. Where root calls it, what root has made there becomes the files
of the owner of the config folder, or of C<owner> (a hash with C<uid> and C<gid>), and
what this process writes there is written as that user (C<share_with_owner>).

C<dirs> only returns the paths, C<modes> the modes of the four folders, and C<share_file($name)> the
path of a file that comes with the host. C<correct_dirs($dirs, $owner)> gives folders that are there
the owner and mode that they need, and returns those that it changed.

=cut
