#!/usr/bin/perl

use v5.36;

use File::Basename qw(dirname);
use Test::More;

use lib dirname(__FILE__) . '/../../perlmod-test/t/lib';
use Growth qw(scalars_after);
use PerlmodSurface::Boxed;
use PerlmodSurface::Containers;
use PerlmodSurface::Conversions;
use PerlmodSurface::Magic;
use PerlmodSurface::Object;
use PerlmodSurface::Scalars;

# No scalar is left by any part of the interface.

my $TIMES = 200;

my %calls = (
    Scalars => [
        map({
                my $kind = $_;
                sub { PerlmodSurface::Scalars::made($kind) }
        } qw(undef int uint float string bytes)),
        sub { PerlmodSurface::Scalars::round([1, { a => 2 }]) },
        sub { PerlmodSurface::Scalars::ty({}) },
        sub { PerlmodSurface::Scalars::numbers('12') },
        sub { PerlmodSurface::Scalars::text("w\x{fc}rld \x{263a}") },
        sub { PerlmodSurface::Scalars::bytes("w\x{fc}rld") },
        sub { PerlmodSurface::Scalars::maybe_bytes("\x{263a}") },
        sub { PerlmodSurface::Scalars::reftype([], 1) },
        sub { PerlmodSurface::Scalars::is_a(bless({}, 'Some'), 'Some') },
        sub { PerlmodSurface::Scalars::pointers() },
        sub { PerlmodSurface::Scalars::substr('a longer text', 2, 5) },
        sub { PerlmodSurface::Scalars::parts('a longer text') },
    ],
    Containers => [
        sub { PerlmodSurface::Containers::new_array() },
        sub { PerlmodSurface::Containers::cast([1]) },
        sub { PerlmodSurface::Containers::cast_hash({}) },
        sub { PerlmodSurface::Containers::array_get([1, 2], 1) },
        sub { PerlmodSurface::Containers::array_set([1, 2], 1, 'x') },
        sub { PerlmodSurface::Containers::array_delete([1, 2], 0) },
        sub { PerlmodSurface::Containers::array_push([1, 2], 'x') },
        sub { PerlmodSurface::Containers::array_pop([1, 2]) },
        sub { PerlmodSurface::Containers::array_items([1, 2]) },
        sub { PerlmodSurface::Containers::new_hash() },
        sub { PerlmodSurface::Containers::hash_get({ a => 1 }, 'a') },
        sub { PerlmodSurface::Containers::hash_insert({ a => 1 }, 'a', 2) },
        sub { PerlmodSurface::Containers::hash_insert_by_value({}, 'a', 2) },
        sub { PerlmodSurface::Containers::hash_exists({ a => 1 }, 'a') },
        sub { PerlmodSurface::Containers::hash_delete({ a => 1 }, 'a') },
        sub { PerlmodSurface::Containers::hash_pairs({ a => 1, "\x{fc}" => 2 }) },
        sub { PerlmodSurface::Containers::mutable() },
    ],
    Conversions => [
        sub { PerlmodSurface::Conversions::owned({ a => 1 }) },
        sub { PerlmodSurface::Conversions::lent([qw(a b)]) },
        sub { PerlmodSurface::Conversions::made() },
        sub { PerlmodSurface::Conversions::copied([1, { a => [] }]) },
        sub { PerlmodSurface::Conversions::to_json([1, { a => [] }]) },
        sub { PerlmodSurface::Conversions::from_json('[1,{"a":[]}]') },
        sub { PerlmodSurface::Conversions::raw_parts({ a => 1 }) },
        sub { PerlmodSurface::Conversions::active() },
        sub { PerlmodSurface::Conversions::by_context() },
        sub { my @list = PerlmodSurface::Conversions::by_context_too(); return },
        sub { PerlmodSurface::Conversions::by_context_or_error(1) },
        sub { PerlmodSurface::Conversions::return_value($_) for qw(void single list) },
        sub { PerlmodSurface::Conversions::fail('text') },
        sub { PerlmodSurface::Conversions::errors() },
    ],
    Magic => [
        sub { my %hash; PerlmodSurface::Magic::attach(\%hash, 5) },
        sub {
            my %hash;
            PerlmodSurface::Magic::attach(\%hash, 5);
            PerlmodSurface::Magic::find(\%hash);
        },
        sub {
            my %hash;
            PerlmodSurface::Magic::attach(\%hash, 5);
            PerlmodSurface::Magic::remove(\%hash);
        },
        sub { PerlmodSurface::Magic::leakables() },
        sub { PerlmodSurface::Magic::raw_magic({}) },
    ],
    Object => [
        sub { PerlmodSurface::Object->new('text')->text },
        sub { PerlmodSurface::Object->new_by_result('text')->set_text('other') },
        sub { PerlmodSurface::Object::text({}) },
    ],
    Boxed => [
        sub { PerlmodSurface::Boxed->new('text')->text },
        sub { PerlmodSurface::Boxed::text([]) },
        sub { PerlmodSurface::Boxed::blessed({}, 'Some') },
        sub { PerlmodSurface::Boxed::blessed_by({}, 'Some') },
    ],
);

for my $part (sort keys %calls) {
    my @left;
    my $at = 0;
    for my $call ($calls{$part}->@*) {
        my $often = sub {
            for (1 .. $TIMES) {
                eval { $call->(); 1 }
            }
        };
        $often->();
        my $left = scalars_after($often);
        push @left, "call $at: $left" if $left;
        $at++;
    }
    is_deeply \@left, [], "$part: $at calls, each $TIMES times";
}

is PerlmodSurface::Magic::live(), 0, 'no attached value is left';
is PerlmodSurface::Boxed::live(), 0, 'no boxed value is left';

done_testing;
