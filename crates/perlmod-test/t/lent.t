#!/usr/bin/perl
# Strings that Rust borrows stay what they were, whatever code of Perl's does meanwhile; numbers that
# come back are nobody else's.

use v5.36;

use Test::More;

use PerlmodTest::Bench;
use PerlmodTest::Convert;

package Tied::Code {    ## no critic (Modules::ProhibitMultiplePackages)
    sub TIESCALAR ($class, $code) { return bless { code => $code }, $class }
    sub FETCH     ($self)         { return $self->{code}->() // 'tied' }
}

subtest 'borrowed strings outlive their scalars' => sub {
    for my $count (0, 1, 7, 8, 9, 20) {
        my @want = map { "string number $_ " . 'x' x 20 } 1 .. $count;

        # copies share their buffers, at first also with these
        my @strings = map { "string number $_ " . 'x' x 20 } 1 .. $count;
        push @strings, undef;
        tie $strings[-1], 'Tied::Code', sub { $strings[$_] = 'y' x 60 for 0 .. $count - 1; return };
        is(PerlmodTest::Convert::strs(\@strings), join('|', @want, 'tied'), "$count overwritten");

        my $list = [@want, undef];
        tie $list->[-1], 'Tied::Code', sub {
            $#$list = -1;
            my @other = map { 'z' x 35 } 1 .. 50;
            return;
        };
        is(PerlmodTest::Convert::strs($list), join('|', @want, 'tied'), "$count freed");
    }
};

subtest 'borrowed keys outlive their hashes' => sub {
    for my $count (1, 8, 9, 20) {
        for my $more ("\xfc", "\x{263a}", 'plain') {
            my @keys = ((map {"key number $_"} 1 .. $count), $more);
            my $rows = [
                map {
                    my $row = $_;
                    +{ map { ($_ => $row) } @keys }
                } 1 .. 3
            ];
            push @$rows, { last => 1 }, undef;
            tie $rows->[-1], 'Tied::Code', sub {
                %$_     = () for @{$rows}[0 .. 3];
                $#$rows = -1;
                my %other = map { ("another $_" => 1) } 1 .. 50;
                return {};
            };
            is_deeply(
                PerlmodTest::Convert::key_lists($rows),
                [([sort @keys]) x 3, ['last'], []],
                "$count and " . sprintf '%vd', $more
            );
        }
    }
};

subtest 'numbers are not shared between calls' => sub {
    my @references = map { \PerlmodTest::Bench::add($_, 1) } 1 .. 3;
    is_deeply([map {$$_} @references], [2, 3, 4], 'references');
    my @sums = map { PerlmodTest::Bench::add($_, 1) } 1 .. 3;
    is_deeply(\@sums, [2, 3, 4], 'a list');
    my $sum = sub ($n) { return PerlmodTest::Bench::add($n, 1) };
    is_deeply([$sum->(1), $sum->(2)], [2, 3], 'results of a sub');
    my $again;
    $again = sub ($n) { return $n ? PerlmodTest::Bench::add($n, $again->($n - 1)) : 0 };
    is($again->(50), 1275, 'recursion');
};

done_testing;
