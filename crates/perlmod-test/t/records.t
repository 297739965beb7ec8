#!/usr/bin/perl

use v5.36;
use utf8;

use Storable qw(dclone);
use Test::More;

use lib 't/lib';
use Growth qw(none_after);
use Quiet  qw(quietly);

use PerlmodTest::Fault;
use PerlmodTest::Records;

# From the fourth struct of a sequence on, hashes are copied from a shape.

my $count = $ENV{SOAK} ? 20_000 : 1000;

sub row ($name, $size) {
    return { name => $name, defined $size ? ('größe' => $size, last => 0) : (last => 1) };
}

sub error ($code) {
    return eval { $code->(); 1 } ? 'returned' : $@;
}

subtest 'structs that are alike' => sub {
    for my $count (0 .. 6, 40) {
        is_deeply PerlmodTest::Records::alike($count), [map { row($_, $_) } 0 .. $count - 1],
            "$count of them";
    }
};

subtest 'each hash is one of its own' => sub {
    my $rows = PerlmodTest::Records::alike(8);
    $rows->[6]{name} = 'changed';
    $rows->[6]{more} = 1;
    $rows->[7]{$_}   = $_ for 1 .. 100;
    delete $rows->[5]{last};
    is_deeply $rows->[0], row(0, 0), 'the first';
    is_deeply $rows->[5], { name => 5, 'größe' => 5 }, 'one with less';
    is_deeply $rows->[6], { %{ row('changed', 6) }, more => 1 }, 'one with more';
    is scalar(keys $rows->[7]->%*), 103, 'one with much more';
    ok utf8::is_utf8((grep {/gr/} keys $rows->[5]->%*)[0]), 'names keep their characters';
    my @keys = map { join ' ', sort keys %$_ } PerlmodTest::Records::alike(6)->@*;
    is_deeply \@keys, [('größe last name') x 6], 'walked through';
};

subtest 'names that are not Latin-1' => sub {
    my $named = PerlmodTest::Records::named(6);
    is_deeply $named,         [map { { '日本' => $_, a => 'ü' } } 0 .. 5], 'as they were given';
    is_deeply dclone($named), $named,                                    'and to Storable';
};

subtest 'structs whose fields come and go' => sub {
    my @sizes = (1, undef);
    for my $sizes (
        map {
            my $n = $_;
            [map { $sizes[($n >> $_) & 1] } 0 .. 3]
        } 0 .. 15
        )
    {
        is_deeply PerlmodTest::Records::changing($sizes), [map { row('row', $_) } @$sizes],
            'sizes ' . join ' ', map { $_ // 'none' } @$sizes;
    }
};

subtest 'other things between them' => sub {
    my $nested = { rows => [map { row('inner', $_) } 1 .. 5] };
    is_deeply PerlmodTest::Records::mixed(),
        [
        row('a', 1), $nested, row('b', 2), 'text', $nested, row('c', undef),
        undef, row('d', 3), $nested, row('e', 4)
        ],
        'each as it is';
};

subtest 'structs that have no shape' => sub {
    my %wide;
    @wide{ 'a' .. 'i' } = 1 .. 9;
    is_deeply PerlmodTest::Records::wide(), [(\%wide) x 6], 'more fields than a shape has';
    is_deeply PerlmodTest::Records::given(),
        [({}) x 5, ({ a => 2, b => 1 }) x 5, ({ a => 1, b => 0 }) x 5, ({ a => 0, b => 1 }) x 5],
        'no fields, one twice, another order';
};

subtest 'a field that cannot be converted' => sub {
    for my $at (0 .. 7) {
        my $code = sub ($panics) { PerlmodTest::Records::failing(8, $at, $panics) };
        is error(sub { $code->(0) }), "return value[$at].inside: it failed\n", "row $at";
        like quietly(sub { $code->(1) }), qr/: it panicked\n\z/, '... or panics';
        is PerlmodTest::Fault::live(), 0, 'every Rust value has been dropped';
    }
};

subtest 'a row that is left out because it cannot be converted' => sub {
    for my $at (0 .. 7) {
        is_deeply PerlmodTest::Records::lenient(8, $at),
            [map { { before => $_, inside => undef, after => $_ } } grep { $_ != $at } 0 .. 7],
            "row $at";
    }
};

subtest 'nothing is left behind' => sub {
    none_after($count, sub { PerlmodTest::Records::alike(20) });
    none_after(
        $count,
        sub {
            eval { PerlmodTest::Records::failing(8, 7, 0) };
        }
    );
};

done_testing();
