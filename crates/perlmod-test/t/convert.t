#!/usr/bin/perl

use v5.36;

use Test::More;

no warnings qw(non_unicode numeric surrogate uninitialized);    ## no critic (NoWarnings)

use lib 't/lib';
use PerlmodTest::Convert;
use Tied::Array;
use Tied::Hash;
use Tied::Scalar;

binmode(Test::More->builder->$_, ':encoding(UTF-8)') for qw(output failure_output todo_output);

my @TYPES = qw(i64 u8 u64 f64 bool string bytes json_text);

subtest 'the caller\'s scalar is not changed' => sub {
    require B;
    for my $make (sub {"\xfc"}, sub {5}, sub {'5'}, sub {"\x{263a}"}, sub {1.5}, sub { !!1 }) {
        for my $type (@TYPES, 'str') {
            my $value  = $make->();
            my $before = B::svref_2object(\$value)->FLAGS;
            eval { PerlmodTest::Convert->can($type)->($value) };
            is B::svref_2object(\$value)->FLAGS, $before, "flags after $type";
        }
    }
};

subtest 'floats become the text that perl makes of them' => sub {
    open(my $source, '<:raw', '/dev/urandom') or die "cannot open: $!\n";
    my $seed = do { read($source, my $bytes, 8); unpack 'L', $bytes };
    close($source);
    srand($seed);
    my @wrong;
    for (1 .. ($ENV{SOAK} ? 1_000_000 : 20_000)) {
        my $float = (rand() - 0.5) * 10**int(rand(40) - 20);
        $float = int($float)               if rand() < 0.2;
        $float = int($float * 1000) / 1000 if rand() < 0.2;
        $float *= 1.0;
        my $text = PerlmodTest::Convert::string($float);
        push @wrong, "$float became $text" if $text ne "$float";
    }
    is_deeply \@wrong, [], "seed $seed";
};

subtest 'text that is borrowed' => sub {
    is PerlmodTest::Convert::str("\xfc"),     "\xfc",     'converted when it is latin-1';
    is PerlmodTest::Convert::str("\x{263a}"), "\x{263a}", 'in place when it is UTF-8';
    is PerlmodTest::Convert::str(5),          '5',        'a number';
    is PerlmodTest::Convert::str(substr('abcdef', 2, 3)),        'cde',               'a substring';
    is PerlmodTest::Convert::strs(['a', "\xfc", 7, "\x{263a}"]), "a|\xfc|7|\x{263a}", 'elements';
    is PerlmodTest::Convert::keys({ a => 1, "\xfc" => 2, "\x{263a}" => 3 }), "a|\xfc|\x{263a}",
        'keys';
    'xyz' =~ /(y)/;
    is PerlmodTest::Convert::str($1), 'y', 'a match';
};

subtest 'containers' => sub {
    tie my @array, 'Tied::Array', 3,      sub ($index) { (1, '2', 3)[$index] };
    tie my %hash,  'Tied::Hash',  [1, 2], sub ($key) { (undef, 'one', 'two')[$key] };
    is_deeply PerlmodTest::Convert::numbers([1 .. 100]), [1 .. 100], 'an array';
    is_deeply PerlmodTest::Convert::numbers(\@array),    [1, 2, 3],  'a tied array';
    is_deeply PerlmodTest::Convert::named({ 1 => 'one' }), { 1 => 'one' },
        'a hash with numbers as keys';
    is_deeply PerlmodTest::Convert::named(\%hash), { 1 => 'one', 2 => 'two' }, 'a tied hash';
    is_deeply PerlmodTest::Convert::tuple([1, 'x']), ['1', 'x'], 'a tuple';
    like eval { PerlmodTest::Convert::tuple([1]) } // $@, qr/\Av: invalid length 1/,
        'a short tuple';
    like eval { PerlmodTest::Convert::tuple([1, 'x', 2]) } // $@, qr/\Av: invalid length 3/,
        'a long one';
    my %iterated = (a => 1, b => 2, c => 3);
    my ($first) = each %iterated;
    PerlmodTest::Convert::json(\%iterated);
    my %rest = %{ { map { $_ => 1 } (each %iterated)[0], (each %iterated)[0] } };
    ok !$rest{$first}, 'perl\'s own iterator stays where it was';
    is_deeply PerlmodTest::Convert::json({ map { $_ => [$_] } 1 .. 500 }),
        { map { $_ => [$_] } 1 .. 500 },
        'many keys';
};

subtest 'structs and enums' => sub {
    my $full = { 'user-name' => 'me', port => '2525', tags => ['a'] };
    is_deeply PerlmodTest::Convert::structure($full), { %$full, port => 2525 }, 'a struct';
    is_deeply PerlmodTest::Convert::structure({ 'user-name' => 'me' }),
        { 'user-name' => 'me', port => undef, tags => [] }, 'missing fields';
    my %bad = (
        'v: missing field `user-name`'                         => {},
        'v.port: invalid type: a string, expected u16'         => { %$full, port => 'x' },
        'v.port: invalid value: integer `65536`, expected u16' => { %$full, port => 65536 },
        'v.tags[1]: invalid type: an array, expected a string' => { %$full, tags => ['a', []] },
        'v: invalid type: an array, expected struct Struct'    => [],
    );
    for my $error (sort keys %bad) {
        is eval { PerlmodTest::Convert::structure($bad{$error}) } // $@, "$error\n", $error;
    }
    like eval { PerlmodTest::Convert::structure({ %$full, other => 1 }) } // $@,
        qr/\Av\.other: unknown field `other`/, 'an unknown field';
    for my $shape ('point', { circle => 1.5 }, { rect => [1, 2] }, { named => { name => 'x' } }) {
        is_deeply PerlmodTest::Convert::shape($shape), $shape, 'a variant';
    }
    is eval { PerlmodTest::Convert::shape('secret') } // $@,
        "v: unknown variant, expected one of: point, circle, rect, named\n",
        'no variant: not quoted';
    is eval { PerlmodTest::Convert::shape({ rect => [1, 'x'] }) } // $@,
        "v.rect[1]: invalid type: a string, expected i64\n", 'data of a variant';
    like eval { PerlmodTest::Convert::shape({ a => 1, b => 2 }) } // $@, qr/single key/, 'two keys';
};

subtest 'depth' => sub {
    my $cycle = [];
    push @$cycle, { self => $cycle };
    like eval { PerlmodTest::Convert::json($cycle) } // $@, qr/nested deeper than 128 levels\n\z/,
        'a cycle';
    my $self;
    $self = \$self;
    like eval { PerlmodTest::Convert::json($self) } // $@, qr/nested deeper/,
        'a reference to itself';
    my $deep = [];
    $deep = [$deep] for 2 .. 128;
    is PerlmodTest::Convert::json_text($deep), '[' x 128 . ']' x 128, '128 levels in';
    like eval { PerlmodTest::Convert::json([$deep]) } // $@, qr/nested deeper/, '129 levels in';
    ok PerlmodTest::Convert::nested(128), '128 levels out';
    like eval { PerlmodTest::Convert::nested(129) } // $@,
        qr/\Areturn value\S+ data is nested deeper/,
        '129 levels out';
    undef $self;
    @$cycle = ();
};

subtest 'JSON there and back is equal' => sub {
    for my $json (
        qq([null,0,-1,1.5,"","x","\x{fc}","\x{263a}"]),
        '{"a":{"b":[{}]}}',
        qq({"\x{fc}":1}),
        '[18446744073709551615,-9223372036854775808,9223372036854775807]',
        '[1.7976931348623157e+308,5e-324,-0.0,0.1,1.0]',
        )
    {
        is PerlmodTest::Convert::json_text(PerlmodTest::Convert::from_json($json)), $json, $json;
    }
    is_deeply PerlmodTest::Convert::from_json('[true,false]'), [1, 0], 'bools are numbers in Perl';
};

done_testing;
