package Test::Packages::Built;

# Our packages for each Debian, built anew where a source has changed.

use v5.36;

use Digest::SHA ();
use Exporter    qw(import);
use Test::Peers qw(root slurp write_private);

our @EXPORT_OK = qw(packages package_of this_debian);

sub this_debian () {
    return slurp('/etc/os-release') =~ /^VERSION_CODENAME=(\w+)/m ? $1 : '';
}

# of what the packages are built from
my sub digest_of_source () {
    my $root = root();
    my @trees =
        qw(Cargo.lock Cargo.toml Makefile build.rs crates src debian perl templates tools/install-tree);
    my @files  = split /\0/, qx{cd '$root' && git ls-files -coz --exclude-standard @trees};
    my $digest = Digest::SHA->new(256);
    for my $file (sort grep { !m{\A(?:perl/t|crates/perlmod-test)/} && -f "$root/$_" } @files) {
        $digest->add("$file\0", slurp("$root/$file"));
    }
    return $digest->hexdigest;
}

# the files of all packages for that Debian
sub packages ($dist) {
    state %known;
    return $known{$dist}->@* if $known{$dist};
    my $is_ours = $dist eq this_debian();
    my $dir     = root() . '/build/deb' . ($is_ours ? '' : "-$dist");
    my $find    = sub () {
        return grep { !/-dbgsym_/ } glob "$dir/*.deb";
    };
    my $digest = digest_of_source();
    my @found  = $find->();
    if (@found < 4 || slurp("$dir/.source") ne $digest) {
        print "# building the packages for $dist\n";
        my @command = (root() . '/tools/make-deb', $is_ours ? () : $dist);
        open my $out, '-|', @command or die "make-deb: $!\n";
        my $said = do { local $/ = undef; readline $out };
        close $out or die "make-deb: $said\n";
        write_private("$dir/.source", $digest);
        @found = $find->();
    }
    $known{$dist} = \@found;
    return @found;
}

sub package_of ($dist, $name) {
    my ($file) = grep {m{/\Q$name\E_}} packages($dist);
    return $file // die "there is no package $name for $dist\n";
}

1;
