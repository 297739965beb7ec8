#!/usr/bin/perl

# A test that is left out where tests must be complete is a failure: each place that can leave one out
# looks at the variable CI.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::LeftOut qw(leave_out);
use Test::More;
use Test::Peers qw(root slurp);

subtest 'in continuous integration' => sub {
    local $ENV{CI} = 'true';
    is eval { leave_out('no tea'); 1 }, undef,      'nothing is left out';
    is $@,                              "no tea\n", 'the reason is told';
};

subtest 'every test asks' => sub {
    my $count = 0;
    for my $path (sort map { glob root() . "/perl/t/$_" } qw(*.t lib/Test/*.pm lib/Test/*/*.pm)) {
        my $text = slurp($path);
        while ($text =~ /\bskip_all\s*=>/g) {
            my $at = $-[0];
            next if $path eq __FILE__;
            my ($before) = substr($text, 0, $at) =~ /((?:.*\n){0,2}.*)\z/;
            my $behind   = substr $text, $at, 160;
            my $line     = 1 + substr($text, 0, $at) =~ tr/\n//;
            like "$before$behind", qr/\$ENV\{CI\}/, substr($path, length root()) . ":$line";
            $count++;
        }
    }
    cmp_ok $count, '>', 5, 'they are found';
};

done_testing;
