package Quiet;

# Code that says on standard error what is of no interest, as a panic does.

use v5.36;

use Exporter qw(import);

our @EXPORT_OK = qw(quietly);

# What the code died of, or 'returned'.
sub quietly ($code) {
    open(my $kept, '>&', \*STDERR)    or die "cannot keep: $!\n";
    open(STDERR,   '>',  '/dev/null') or die "cannot redirect: $!\n";
    my $result = eval { $code->(); 1 } ? 'returned' : $@;
    open(STDERR, '>&', $kept) or die "cannot restore: $!\n";
    close($kept)              or die "cannot close: $!\n";
    return $result;
}

1;
