package PVE::NotifyHost::Setup;

# Decides where the standalone host keeps its files, and tells PVE::Cluster and PVE::Notify. Every
# entry point of the host calls init() first, and none of the node's does: which kind of host is
# in use is a fact of the program that runs, never a guess from the machine.

use v5.36;

use Fcntl qw(F_GETFL O_RDWR O_WRONLY);
use PVE::Cluster;
use PVE::Notify;
use PVE::Notify::File;

my %PACKAGED = (
    config => '/etc/pve-notify-host',
    state  => '/var/lib/pve-notify-host',
    run    => '/run/pve-notify-host',
);
my $TEMPLATES = '/usr/share/pve-notify-host/templates/default';
my %MODE = (config => oct('0750'), priv => oct('0700'), state => oct('0700'), run => oct('0750'));

sub init ($class, %opt) {
    open_standard_handles();
    my $dirs = $class->dirs;
    ensure_dirs($dirs, $opt{owner}) if $opt{ensure_dirs};
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
my sub own_templates () {
    my ($root) = __FILE__ =~ m{\A(.*?)/?perl/host/lib/PVE/NotifyHost/Setup\.pm\z} or return;
    my $dir = $root eq '' ? 'templates' : "$root/templates";
    return if !-d $dir;
    require File::Spec;
    return File::Spec->rel2abs($dir);
}

sub dirs ($class) {
    my $base      = $ENV{PVE_NOTIFY_HOST_DIR};
    my %dirs      = %PACKAGED;
    my $templates = own_templates() // $TEMPLATES;
    if (defined($base) && $base ne '') {
        ($base) = $base =~ m{\A(/[^\0\n]*?)/*\z}
            or die "PVE_NOTIFY_HOST_DIR: not an absolute path\n";
        %dirs      = map { $_ => "$base/$_" } keys %PACKAGED;
        $templates = "$base/templates" if -d "$base/templates";
    }
    return { %dirs, priv => "$dirs{config}/priv", templates => $templates };
}

# owner: { uid, gid } of what is made, where root makes it
sub ensure_dirs ($dirs, $owner = undef) {
    for my $name (qw(config priv state run)) {
        my $dir = $dirs->{$name};
        next if -d $dir;
        my ($parent) = $dir =~ m{\A(.*)/[^/]+\z};
        mkdir($parent, 0755) if $parent ne '' && !-d $parent;

        # a later chmod would leave a moment in which the umask decides
        my $umask = umask(0777 & ~$MODE{$name});
        my $made  = mkdir($dir, $MODE{$name});
        my $error = $!;
        umask($umask);
        die "folder '$dir': can't create - $error\n" if !$made && !-d $dir;
        next                                         if !$made || $> != 0;
        my $model = $name eq 'config' ? $parent : $dirs->{config};
        PVE::Notify::File::give_to_owner_of($dir, $model) if !$owner;
        chown(@$owner{qw(uid gid)}, $dir)                 if $owner;
    }
    return;
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
C<ensure_dirs> missing folders are made, for C<owner> (a hash with C<uid> and C<gid>) if root makes
them, else for the owner of the config folder.

C<dirs> only returns the paths.

=cut
