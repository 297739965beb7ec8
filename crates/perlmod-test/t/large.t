#!/usr/bin/perl

use v5.36;

use Scalar::Util qw(weaken);
use Test::More;

use lib 't/lib';
use PerlmodTest::Convert;
use PerlmodTest::Fault;
use PerlmodTest::Probe;
use Tied::Scalar;

# F-43, F-45: much data, deep data, and data that refers to itself.

my $bytes    = $ENV{SOAK} ? 100_000_000 : 5_000_000;
my $elements = $ENV{SOAK} ? 10_000_000  : 200_000;

sub error ($code) {
    return eval { $code->(); 1 } ? 'returned' : $@;
}

subtest "F-43: a string of $bytes bytes" => sub {
    my $ascii = 'x' x $bytes;
    is PerlmodTest::Probe::length($ascii), $bytes, 'in, as it is';
    my $latin = "\xfc" x ($bytes / 10);
    is PerlmodTest::Probe::length($latin), $bytes / 5,  'in, from Latin-1';
    is length $latin,                      $bytes / 10, 'which stays as it was';
    is length PerlmodTest::Probe::repeat("\x{263a}x", $bytes / 10), $bytes / 5, 'out';
};

subtest "F-45: $elements elements" => sub {
    is PerlmodTest::Probe::sum([1 .. $elements]), $elements * ($elements + 1) / 2, 'in';
    my $numbers = PerlmodTest::Probe::numbers($elements);
    is scalar(@$numbers), $elements,     'out';
    is $numbers->[-1],    $elements - 1, 'up to the last';
};

subtest 'F-45: 100000 levels' => sub {
    for my $kind ('array', 'hash', 'reference') {
        my $deep = 1;
        for (1 .. 100_000) {
            my $inner = $deep;
            $deep = $kind eq 'array' ? [$inner] : $kind eq 'hash' ? { in => $inner } : \$inner;
        }
        for my $type (qw(json i64 string vec map option structure shape)) {
            my $text = error(sub { PerlmodTest::Convert->can($type)->($deep) });
            like $text,
                qr/\Av\S* (?:data is nested deeper than 128 levels|invalid type: |unknown )/,
                "$kind as $type";
            cmp_ok length $text, '<', 2000, '... and the message is short';
        }

        # taken apart level by level: perl frees nested references by recursion
        while (ref $deep) {
            my $inner =
                ref $deep eq 'ARRAY' ? $deep->[0] : ref $deep eq 'HASH' ? $deep->{in} : $$deep;
            $deep = $inner;
        }
    }
};

subtest 'F-45: data that refers to itself' => sub {
    my $hash = {};
    $hash->{self} = $hash;
    my $weak = { name => 'x' };
    $weak->{self} = $weak;
    weaken($weak->{self});
    my $scalar;
    $scalar = \$scalar;
    for my $cycle ($hash, $weak, $scalar) {
        like error(sub { PerlmodTest::Convert::json($cycle) }), qr/nested deeper than 128/,
            'is refused';
    }
    delete $hash->{self};
    undef $scalar;
    my $shared = [1];
    is PerlmodTest::Convert::json_text([$shared, $shared]), '[[1],[1]]', 'twice is no cycle';
    my $gone   = [1];
    my @holder = ($gone);
    weaken($holder[0]);
    undef $gone;
    is PerlmodTest::Convert::json_text(\@holder), '[null]', 'a weak reference whose target is gone';
};

subtest 'magical variables' => sub {
    "left\x{263a}right" =~ /(\x{263a})/ or die 'no match';
    is PerlmodTest::Convert::str($1),    "\x{263a}", '$1';
    is PerlmodTest::Convert::string($`), 'left',     '$`';    ## no critic (MatchVars)
    my @parts = \($1, $');    ## no critic (MatchVars)
    is PerlmodTest::Convert::json_text(\@parts), "[\"\x{263a}\",\"right\"]", 'inside an array';
    local $! = 2;
    is PerlmodTest::Convert::i64($!),    2,    '$! as a number';
    is PerlmodTest::Convert::string($!), "$!", '$! as a text';
    is PerlmodTest::Convert::i64($$),    $$,   '$$';
    is PerlmodTest::Convert::string($0), $0,   '$0';
    local $, = 'comma';
    is PerlmodTest::Convert::string($,), 'comma', '$,';
    my @array = (1, 2, 3);
    is PerlmodTest::Convert::i64($#array), 2, '$#array';
    my $text = 'abcabc';
    $text =~ /b/g;
    is PerlmodTest::Convert::i64(pos $text), 2, 'pos';
    my $bits = "\x05";
    is PerlmodTest::Convert::i64(vec($bits, 0, 4)), 5, 'vec';
    my %hash = (a => 1, b => 2);
    is PerlmodTest::Convert::i64(scalar keys %hash), 2, 'keys';
    is PerlmodTest::Fault::live(),                   0, 'nothing is left';
};

subtest 'loops that lend their variables' => sub {
    my @list = map { PerlmodTest::Convert::str($_) } 'a', 1, "\xfc";
    is_deeply \@list, ['a', '1', "\xfc"], 'map over constants';
    my @array = (3, 1, 2);
    is_deeply [sort { PerlmodTest::Convert::i64($a) <=> PerlmodTest::Convert::i64($b) } @array],
        [1, 2, 3], 'sort';
    tie my $dies, 'Tied::Scalar', sub { die "died in FETCH\n" };
    is error(sub {
        my @sorted = sort { PerlmodTest::Fault::three('a', $a, $dies) } @array;
        }),
        "died in FETCH\n", 'F-42: a sort block that dies';
    is PerlmodTest::Fault::live(), 0, 'every Rust value has been dropped';
};

done_testing;
