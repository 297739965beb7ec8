package Growth;

# Whether code that runs often leaves something behind.

use v5.36;

use Exporter qw(import);
use Test::More;

use PerlmodTest::Fault;
use PerlmodTest::Probe;

our @EXPORT_OK = qw(none_after rss scalars_after);

# a memory checker keeps what is freed
my $MEASURES_MEMORY = !$ENV{PERLMOD_TEST_TOOL};

sub rss () {
    open(my $file, '<', '/proc/self/status') or die "cannot read status: $!\n";
    my ($kb) = map { /^VmRSS:\s+(\d+)/ ? $1 : () } <$file>;
    close($file) or die "cannot read status: $!\n";
    return $kb;
}

# How many scalars there are more after the code has run.
sub scalars_after ($code) {
    my $after;
    my $before = PerlmodTest::Probe::sv_count();
    $code->();
    $after = PerlmodTest::Probe::sv_count();
    return $after - $before;
}

# Runs the code so often, twice: the second time nothing may be left.
sub none_after ($count, $code) {
    for (1 .. $count) { $code->() }
    my $before  = rss();
    my $scalars = scalars_after(sub {
        for (1 .. $count) { $code->() }
    });
    my $grown = rss() - $before;
    is $scalars, 0, 'no scalar is left';
    SKIP: {
        skip 'memory is being checked in another way', 1 if !$MEASURES_MEMORY;
        cmp_ok $grown, '<=', 1024, 'at most 1 MiB more';
    }
    is PerlmodTest::Fault::live(), 0, 'every Rust value has been dropped';
    return;
}

1;
