package Test::Peers::Python;

# Programs in Python that judge the host from outside, in a folder of their own below build/.

use v5.36;

use Exporter    qw(import);
use Test::More  ();
use Test::Peers qw(root);

our @EXPORT_OK = qw(python needs_python);

# make puts it there
sub python () {
    return ($ENV{PYTHON_PEERS} // root() . '/build/python') . '/bin/python';
}

# For tests and subtests; where tests must be complete, one that is left out is a failure.
sub needs_python () {
    return                                                     if -x python();
    die "the Python peers are not installed in build/python\n" if $ENV{CI};
    Test::More::plan(skip_all => 'SKIPPED: the Python peers are not installed in build/python');
    return;
}

1;
