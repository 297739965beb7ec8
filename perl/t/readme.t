#!/usr/bin/perl

# The README's first way in, run word for word as it stands; the packages' ways are run where packages can
# be installed, in the systems of `make soak`.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Test::Peers qw(root slurp);

my $ROOT = root();

my sub way ($name) {
    my @lines = split /\n/, qx{'$ROOT/tools/readme-way' '$name'};
    return @lines;
}

# what it prints, with the variables of this test's make out of the way
my sub output_of ($command) {
    local %ENV = map { $_ => $ENV{$_} } grep { !/\A(?:MAKE|MFLAGS|SANDBOX|PERL5)/ } keys %ENV;
    my $text = qx{cd '$ROOT' && timeout 900 sh -c '$command' 2>&1 </dev/null};
    return ($?, $text);
}

subtest 'each way is short' => sub {
    for my $name ('See it', 'A Proxmox VE 9 node', 'Any other') {
        my @lines = way($name);
        cmp_ok scalar @lines, '>=', 2, "$name: commands";
        cmp_ok scalar @lines, '<=', 5, "$name: five lines at most";
        unlike $_, qr/'/, "$name: $_" for @lines;
    }
};

subtest 'see it' => sub {
    for my $line (way('See it')) {
        if ($line =~ /\Aapt-get/ && $> != 0) {
            note "SKIPPED: '$line' needs root";
            next;
        }
        my ($status, $text) = output_of($line);
        is $status, 0, $line or diag $text;
        next if $line ne 'make run';
        like $text, qr/^The journey is done/m, 'it walks to its end';
        my ($sample) = slurp("$ROOT/README.md") =~ /^```
([0-9]+[.] .*?)^```/ms;
        for my $part (split /\n|[ ][.]{3}\n/, $sample) {
            like $text, qr/^\Q$part\E/m, "as the README shows: $part";
        }
    }
};

done_testing;
