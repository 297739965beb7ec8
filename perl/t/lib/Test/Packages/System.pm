package Test::Packages::System;

# A Debian in a folder, as a copy of a fresh one that is kept in build/: packages are installed there as
# on a machine of its own, from its mirror and from a repository of ours.

use v5.36;

use File::Path  qw(make_path remove_tree);
use Test::Peers qw(root slurp);
use Time::HiRes qw(sleep);

my $PATH = 'PATH=/usr/sbin:/usr/bin:/sbin:/bin';
my $APT =
    'DEBIAN_FRONTEND=noninteractive apt-get -q -y -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold';

# The folder of the fresh one; dies with the reason where this machine cannot have one.
sub base ($class, $dist) {
    my $dir = root() . "/build/packages-$dist";
    open my $out, '-|', root() . '/tools/debian-system', 'make', $dist, $dir
        or die "debian-system: $!\n";
    my $said = do { local $/ = undef; readline $out }
        // '';
    close $out;
    die $said     if $? >> 8 == 3;
    die "$said\n" if $?;
    return $dir;
}

sub new ($class, $dist, $name) {
    my $base = $class->base($dist);
    my $dir  = root() . "/build/packages/$name";
    remove_tree($dir);
    make_path(root() . '/build/packages');
    system('cp', '-a', $base, $dir) == 0 or die "cp failed\n";
    my $self = bless { dir => $dir, dist => $dist }, $class;
    make_path($self->path('/repo'));
    $self->put('/etc/hosts',                        "127.0.0.1 localhost\n");
    $self->put('/etc/apt/sources.list.d/repo.list', "deb [trusted=yes] file:/repo ./\n");
    $self->offer;
    my $update = $self->sh('apt-get -q update');
    die "apt-get update: $update->{text}\n" if $update->{status};
    return $self;
}

# a copy of it as it is now
sub copy ($self, $name) {
    my $dir = root() . "/build/packages/$name";
    remove_tree($dir);
    system('cp', '-a', $self->{dir}, $dir) == 0 or die "cp failed\n";
    return bless { %$self, dir => $dir }, ref $self;
}

sub path ($self, $path) {
    return "$self->{dir}$path";
}

sub put ($self, $path, $text, $mode = oct '0644') {
    my ($folder) = $self->path($path) =~ m{\A(.*)/};
    make_path($folder);
    open my $file, '>', $self->path($path) or die "$path: $!\n";
    print {$file} $text;
    close $file or die "$path: $!\n";
    chmod $mode, $self->path($path) or die "$path: $!\n";
    return;
}

sub content ($self, $path) {
    return slurp($self->path($path));
}

sub has ($self, $path) {
    return -e $self->path($path) || -l $self->path($path) ? 1 : 0;
}

# Boots it: from here on commands run beside its systemd. False with the reason in $@ where this machine
# cannot do that.
sub boot ($self) {
    unlink $self->path('/usr/sbin/policy-rc.d');
    $self->run('systemctl', 'mask', 'console-getty.service', 'systemd-modules-load.service');
    my $peer = Test::Peers::start(undef, root() . '/tools/debian-boot', $self->{dir});
    if ($peer->{line} !~ /\A([0-9]+)\z/) {
        $@ = $peer->{line};    ## no critic (RequireLocalizedPunctuationVars)
        return 0;
    }
    $self->{peer}   = $peer;
    $self->{inside} = ['nsenter', '-t', $1, '-a', '-r', '-w', 'env', '-i', $PATH];

    # before its bus is there, systemctl cannot wait
    for (1 .. 300) {
        last
            if $self->run('systemctl', 'is-system-running', '--wait')->{out} =~ /running|degraded/;
        sleep(0.2);
    }
    return 1;
}

sub shut_down ($self) {
    Test::Peers::stop($self->{peer});
    delete @$self{qw(peer inside)};
    return;
}

# Runs a command in it: { status, out, text }, text with what it says to standard error.
sub run ($self, @command) {
    my $errors = $self->{dir} . '.stderr';
    my @inside = ($self->{inside} // [root() . '/tools/debian-system', 'run', $self->{dir}])->@*;
    my $pid    = open(my $out, '-|') // die "fork: $!\n";
    if (!$pid) {
        open STDERR, '>', $errors     or die "$errors: $!\n";
        open STDIN,  '<', '/dev/null' or die "/dev/null: $!\n";
        exec @inside, @command or die "exec: $!\n";
    }
    my $said = do { local $/ = undef; readline $out }
        // '';
    close $out;
    my $status = $? & 127 ? $? : $? >> 8;
    return { status => $status, out => $said, text => $said . slurp($errors) };
}

sub sh ($self, $script) {
    return $self->run('sh', '-c', $script);
}

# Adds packages to its repository, or none, and lets apt know.
sub offer ($self, @files) {
    system('cp', @files, $self->path('/repo/')) == 0 or die "cp failed\n" if @files;
    my $dir = $self->path('/repo');
    system("cd '$dir' && dpkg-scanpackages -m . >Packages 2>/dev/null") == 0
        or die "dpkg-scanpackages failed\n";
    return if !@files;
    my $update = $self->sh('apt-get -q update -o Dir::Etc::sourcelist=sources.list.d/repo.list '
            . '-o Dir::Etc::sourceparts=- -o APT::Get::List-Cleanup=0');
    die "apt-get update: $update->{text}\n" if $update->{status};
    return;
}

# apt-get as a person calls it, without questions: install, remove, purge, ...
sub apt ($self, @words) {
    return $self->sh("$APT " . join ' ', map {"'$_'"} @words);
}

# without the packages that are only recommended
sub install ($self, @packages) {
    return $self->apt('--no-install-recommends', 'install', @packages);
}

# The README's commands for a way in as they stand, where the packages lie as it says; what builds them is
# left out, as they are built.
sub follow_readme ($self, $way, $folder, @packages) {
    my @lines = grep { !/\Amake / } split /\n/, qx{'@{[root()]}/tools/readme-way' '$way'};
    die "the README has no way '$way'\n" if !@lines;
    make_path($self->path("/root/$folder"));
    system('cp', @packages, $self->path("/root/$folder/")) == 0 or die "cp failed\n";
    return $self->sh(join "\n", 'set -e', 'cd /root', @lines);
}

sub version ($self, $package) {
    my $query = $self->run('dpkg-query', '-W', '-f', '${db:Status-Status} ${Version}', $package);
    return $query->{out} =~ /\Ainstalled (\S+)\z/ ? $1 : undef;
}

sub remove ($self) {
    remove_tree($self->{dir});
    unlink "$self->{dir}.stderr";
    return;
}

1;
