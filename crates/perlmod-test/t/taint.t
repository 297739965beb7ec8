#!/usr/bin/perl

use v5.36;

use Test::More;

# F-54: the other tests once more in taint mode, where every value that came
# from outside has magic.

# what starts programs or changes where files are found
my %leave_out =
    map { ("t/$_.t" => 1) } qw(taint environment genpackage guide load end fork panic permissions);

delete local $ENV{SOAK};    # the counts make no difference here
local $ENV{PATH} = '/usr/bin:/bin';
my @switches = ('-T', "-I$ENV{PERLMOD_TEST_LIB}", '-It/lib');
$leave_out{'../perlmod-surface/t/native.t'} = 1;
for my $file (grep { !$leave_out{$_} } glob 't/*.t ../perlmod-surface/t/*.t') {
    open(my $out, '-|', "$^X @switches $file 2>&1") or die "cannot start perl: $!\n";
    my @lines = <$out>;
    ok close($out), $file or diag @lines;
}

done_testing;
