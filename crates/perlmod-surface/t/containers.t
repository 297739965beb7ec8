#!/usr/bin/perl

use v5.36;
use utf8;

use File::Basename qw(dirname);
use Hash::Util     ();
use Test::More;

use lib dirname(__FILE__) . '/lib';
use Broken::Array;
use Broken::Hash;
use PerlmodSurface::Containers;
use Tie::Array;
use Tie::Hash;

# Arrays and hashes.

sub error ($code) {
    return eval { $code->(); 1 } ? undef : $@;
}

subtest 'arrays' => sub {
    is_deeply PerlmodSurface::Containers::new_array(), [1, 'two', undef], 'made';
    like error(sub { PerlmodSurface::Containers::cast(1) }),      qr/wrong type/, 'a cast';
    like error(sub { PerlmodSurface::Containers::cast_hash(1) }), qr/wrong type/, 'another';
    tie my @tied, 'Tie::StdArray';
    for my $case ([plain => []], [tied => \@tied]) {
        my ($title, $array) = @$case;
        @$array = (10, 20, 30);
        is_deeply [PerlmodSurface::Containers::array_length($array)], [3, 0], "$title: length";
        is PerlmodSurface::Containers::array_get($array, 1), 20,     "$title: get";
        is PerlmodSurface::Containers::array_get($array, 3), 'none', "$title: get beyond the end";
        PerlmodSurface::Containers::array_set($array, 1, 'set');
        PerlmodSurface::Containers::array_set($array, 4, 'far');
        PerlmodSurface::Containers::array_push($array, 'pushed');
        is_deeply [@$array], [10, 'set', 30, undef, 'far', 'pushed'], "$title: set and push";
        is PerlmodSurface::Containers::array_pop($array),       'pushed', "$title: pop";
        is PerlmodSurface::Containers::array_delete($array, 0), 10,       "$title: delete";
        is $array->[0],                                         undef,    "$title: is gone";
        my @items = (undef, 'set', 30, undef, 'far');
        is_deeply [PerlmodSurface::Containers::array_items($array)], [(\@items) x 3],
            "$title: iterated in each form";
    }
    is PerlmodSurface::Containers::array_pop([]),   'none', 'nothing to pop';
    is PerlmodSurface::Containers::array_get(5, 0), 'none', 'a number has no elements';
    my @readonly = (1);
    Internals::SvREADONLY(@readonly, 1);
    for my $call ([array_push => 1], [array_pop =>], [array_set => 0, 1], [array_delete => 0]) {
        my ($name, @args) = @$call;
        my $code = PerlmodSurface::Containers->can($name);
        like error(sub { $code->(\@readonly, @args) }), qr/read-only/, "$name: of a read-only one";
    }
    tie my @broken, 'Broken::Array';
    for my $call (
        [array_get    => 0],
        [array_set    => 0, 1],
        [array_items  =>],
        [array_pop    =>],
        [array_push   => 1],
        [array_delete => 0]
        )
    {
        my ($name, @args) = @$call;
        my $code = PerlmodSurface::Containers->can($name);
        like error(sub { $code->(\@broken, @args) }), qr/died/, "$name: an exception passes on";
    }
};

subtest 'room is reserved in plain arrays alone' => sub {
    tie my @broken, 'Broken::Array';
    is error(sub { PerlmodSurface::Containers::array_reserve(\@broken, 5) }), undef, 'tied';
    my @array = (1);
    is error(sub { PerlmodSurface::Containers::array_reserve(\@array, 5) }), undef, 'plain';
    is_deeply \@array, [1], 'which stays as it is';
};

subtest 'hashes' => sub {
    is_deeply PerlmodSurface::Containers::new_hash(),
        { one => 1, '€' => 'euro', "\xfc" => 'bytes', two => 2 }, 'made';
    tie my %tied, 'Tie::StdHash';
    for my $case ([plain => {}], [tied => \%tied]) {
        my ($title, $hash) = @$case;
        %$hash = (one => 1, '€' => 2);
        is_deeply [PerlmodSurface::Containers::hash_length($hash)],     [2, 0], "$title: length";
        is_deeply [PerlmodSurface::Containers::hash_get($hash, 'one')], [1, 1], "$title: get";
        is((PerlmodSurface::Containers::hash_get($hash, '€'))[0], 2, "$title: a wide key");
        is_deeply [PerlmodSurface::Containers::hash_get($hash, 'x')], [('none') x 2],
            "$title: a missing key";
        ok !exists $hash->{x}, "$title: is not made";
        PerlmodSurface::Containers::hash_insert($hash, 'three', 3);
        PerlmodSurface::Containers::hash_insert_by_value($hash, "f\x{fc}nf", 5);
        is $hash->{three},       3, "$title: insert";
        is $hash->{"f\x{fc}nf"}, 5, "$title: insert by value";
        ok PerlmodSurface::Containers::hash_exists($hash, 'three'), "$title: exists";
        is PerlmodSurface::Containers::hash_delete($hash, 'three'), 3,      "$title: delete";
        is PerlmodSurface::Containers::hash_delete($hash, 'three'), 'none', "$title: is gone";
        ok !PerlmodSurface::Containers::hash_exists($hash, 'three'), "$title: no longer exists";
        delete $hash->{"f\x{fc}nf"};
        my %pairs = map { pack('C*', $_->[0]->@*) => $_->[1] }
            PerlmodSurface::Containers::hash_pairs($hash)->@*;
        is_deeply \%pairs, { one => 1, "\xe2\x82\xac" => 2 }, "$title: iterated";
    }
    my %locked = (a => 1);
    Hash::Util::lock_keys(%locked);
    like error(sub { PerlmodSurface::Containers::hash_insert(\%locked, 'b', 1) }),
        qr/restricted hash/, 'a restricted one';
    tie my %broken, 'Broken::Hash';
    for my $call (
        [hash_get    => 'a'],
        [hash_insert => 'a', 1],
        [hash_exists => 'a'],
        [hash_delete => 'a'],
        [hash_pairs  =>],
        [hash_length =>]
        )
    {
        my ($name, @args) = @$call;
        my $code = PerlmodSurface::Containers->can($name);
        like error(sub { $code->(\%broken, @args) }), qr/died/, "$name: an exception passes on";
    }
    ok PerlmodSurface::Containers::has_main_stash(), 'the main symbol table';
    is_deeply [PerlmodSurface::Containers::mutable()], [1, 1], 'the mutable forms';
};

done_testing;
