package Test::Packages::PartTwice;

# The same source gives the same bytes: the packages are built once more, in another folder, with cargo's files in
# another one, and another umask, time zone and language.

use v5.36;

use Digest::SHA ();
use File::Path  qw(make_path remove_tree);
use Test::More;
use Test::Packages::Built qw(packages this_debian);
use Test::Peers           qw(root);

my $COPY = <<'END';
cd "$1"
git ls-files -coz --exclude-standard | xargs -0 sh -c 'ls -d "$@" 2>/dev/null' - | tar -cf - -T - | tar -xf - -C "$2"
cd "$2"
git init -q .
git add -A
END

my $BUILD = <<'END';
cd "$1"
umask 027
export TZ=Asia/Tokyo LC_ALL=C LANG=C
unset CARGO_TARGET_DIR
home=${CARGO_HOME:-$HOME/.cargo}
export PATH="$PATH:$home/bin"
mkdir -p build/home
cp -al "$home/registry" build/home/ 2>/dev/null || cp -a "$home/registry" build/home/
export CARGO_HOME="$1/build/home"
tools/make-deb >/dev/null
END

my sub digest ($file) {
    return Digest::SHA->new(256)->addfile($file)->hexdigest;
}

sub run ($class) {
    my @first  = packages(this_debian());
    my $second = root() . '/build/packages/second';
    remove_tree($second);
    make_path($second);
    is system('sh', '-ec', $COPY, 'sh', root(), $second), 0, 'a copy of the source';
    is system('sh', '-ec', $BUILD, 'sh', $second), 0, 'is built elsewhere';
    my @same;
    for my $file (@first) {
        my ($name) = $file =~ m{([^/]+)\z};
        my $other  = "$second/build/deb/$name";
        my $same   = -e $other && digest($file) eq digest($other);
        ok $same, "$name has the same bytes";
        push @same, $same;
    }
    remove_tree($second) if !grep { !$_ } @same;
    return;
}

1;
