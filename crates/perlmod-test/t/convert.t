#!/usr/bin/perl

use v5.36;

use Scalar::Util qw(dualvar);
use Test::More;

no warnings qw(non_unicode numeric surrogate uninitialized);    ## no critic (NoWarnings)

use lib 't/lib';
use PerlmodTest::Convert;
use Tied::Array;
use Tied::Hash;
use Tied::Scalar;

binmode(Test::More->builder->$_, ':encoding(UTF-8)') for qw(output failure_output todo_output);

# Each Perl value, with each history, against each Rust type. A pattern is the
# error that is expected.

my $TYPE  = qr/invalid type: /;
my $VALUE = qr/invalid value: /;

#<<< a table
my @TYPES = qw(i64 u8 u64 f64 bool string bytes json_text);
my @TABLE = (
    # value                       i64           u8      u64           f64         bool    string      bytes       json
    ['undef', sub { undef },      $TYPE,        $TYPE,  $TYPE,        $TYPE,      0,      $TYPE,      $TYPE,      'null'],
    ['0',     sub { 0 },          0,            0,      0,            0,          0,      '0',        '0',        '0'],
    ['1',     sub { 1 },          1,            1,      1,            1,          1,      '1',        '1',        '1'],
    ['-5',    sub { -5 },         -5,           $VALUE, $VALUE,       -5,         1,      '-5',       '-5',       '-5'],
    ['300',   sub { 300 },        300,          $VALUE, 300,          300,        1,      '300',      '300',      '300'],
    ['"1"',   sub { '1' },        1,            1,      1,            1,          1,      '1',        '1',        '"1"'],
    ['"0"',   sub { '0' },        0,            0,      0,            0,          0,      '0',        '0',        '"0"'],
    ['""',    sub { '' },         $TYPE,        $TYPE,  $TYPE,        $TYPE,      0,      '',         '',         '""'],
    ['"2525"',sub { '2525' },     2525,         $VALUE, 2525,         2525,       $TYPE,  '2525',     '2525',     '"2525"'],
    ['"abc"', sub { 'abc' },      $TYPE,        $TYPE,  $TYPE,        $TYPE,      $TYPE,  'abc',      'abc',      '"abc"'],
    ['"12abc"',sub { '12abc' },   $TYPE,        $TYPE,  $TYPE,        $TYPE,      $TYPE,  '12abc',    '12abc',    '"12abc"'],
    ['"0x10"',sub { '0x10' },     $TYPE,        $TYPE,  $TYPE,        $TYPE,      $TYPE,  '0x10',     '0x10',     '"0x10"'],
    ['"1e3"', sub { '1e3' },      $TYPE,        $TYPE,  $TYPE,        1000,       $TYPE,  '1e3',      '1e3',      '"1e3"'],
    ['" 1"',  sub { ' 1' },       $TYPE,        $TYPE,  $TYPE,        $TYPE,      $TYPE,  ' 1',       ' 1',       '" 1"'],
    ['1.5',   sub { 1.5 },        $TYPE,        $TYPE,  $TYPE,        1.5,        1,      '1.5',      '1.5',      '1.5'],
    ['"1.5"', sub { '1.5' },      $TYPE,        $TYPE,  $TYPE,        1.5,        $TYPE,  '1.5',      '1.5',      '"1.5"'],
    ['1e15',  sub { 1e15 },       '1000000000000000', $VALUE, '1000000000000000', 1e15,       1,      '1e+15',    '1e+15',    '1000000000000000.0'],
    ['true',  sub { !!1 },        1,            1,      1,            1,          1,      '1',        '1',        'true'],
    ['false', sub { !!0 },        0,            0,      0,            0,          0,      '',         '',         'false'],
    ['2^63-1',sub { 9223372036854775807 },  '9223372036854775807', $VALUE, '9223372036854775807',
        2**63, 1, '9223372036854775807', '9223372036854775807', '9223372036854775807'],
    ['-2^63', sub { -9223372036854775807 - 1 }, '-9223372036854775808', $VALUE, $VALUE,
        -2**63, 1, '-9223372036854775808', '-9223372036854775808', '-9223372036854775808'],
    ['2^64-1',sub { 18446744073709551615 }, $VALUE, $VALUE, '18446744073709551615',
        2**64, 1, '18446744073709551615', '18446744073709551615', '18446744073709551615'],
    ['"2^64"',sub { '18446744073709551616' }, $TYPE, $TYPE, $TYPE,
        2**64, $TYPE, '18446744073709551616', '18446744073709551616', '"18446744073709551616"'],
    ['Inf',   sub { 9**9**9 },    $TYPE,        $TYPE,  $TYPE,        9**9**9,    1,      'Inf',      'Inf',      'null'],
    ['dualvar',sub { dualvar(5, 'five') }, 5,   5,      5,            $TYPE,      $TYPE,  'five',     'five',     '"five"'],
    ['latin-1',sub { "\xfc" },    $TYPE,        $TYPE,  $TYPE,        $TYPE,      $TYPE,  "\xfc",     "\xfc",     "\"\xfc\""],
    ['wide',  sub { "\x{263a}" }, $TYPE,        $TYPE,  $TYPE,        $TYPE,      $TYPE,  "\x{263a}", $VALUE,     "\"\x{263a}\""],
    ['NUL',   sub { "a\0b" },     $TYPE,        $TYPE,  $TYPE,        $TYPE,      $TYPE,  "a\0b",     "a\0b",     '"a\u0000b"'],
    ['U+D800',sub { "\x{d800}" }, $TYPE, $TYPE, $TYPE,   $TYPE,      $TYPE,  $VALUE,     $VALUE,     $VALUE],
    ['U+110000',sub { "\x{110000}" }, $TYPE, $TYPE, $TYPE, $TYPE,    $TYPE,  $VALUE,     $VALUE,     $VALUE],
    ['\1',    sub { \1 },         1,            1,      1,            1,          1,      '1',        '1',        '1'],
    ['\"x"',  sub { \'x' },       $TYPE,        $TYPE,  $TYPE,        $TYPE,      $TYPE,  'x',        'x',        '"x"'],
    ['JSON true', sub { bless \(my $true = 1), 'JSON::PP::Boolean' }, 1, 1, 1, 1, 1, '1', '1', '1'],
    ['[]',    sub { [] },         $TYPE,        $TYPE,  $TYPE,        $TYPE,      $TYPE,  $TYPE,      $TYPE,      '[]'],
    ['blessed []', sub { bless [1], 'Some' }, $TYPE, $TYPE, $TYPE,    $TYPE,      $TYPE,  $TYPE,      $TYPE,      '[1]'],
    ['{}',    sub { {} },         $TYPE,        $TYPE,  $TYPE,        $TYPE,      $TYPE,  $TYPE,      $TYPE,      '{}'],
    (map { my ($name, $make, $error) = @$_; [$name, $make, ($error) x 8] }
        ['code', sub { sub { } },   qr/cannot convert CODE/],
        ['glob', sub { \*STDOUT },  qr/cannot convert GLOB/],
        ['bare glob', sub { *STDOUT }, qr/cannot convert GLOB/],
        ['qr//', sub { qr/x/ },     qr/cannot convert Regexp/],
        ['IO',   sub { *STDOUT{IO} }, qr/cannot convert IO/],
    ),
);
#>>>

my %HISTORIES = (
    plain           => sub ($value) { return \$value },
    'once a number' => sub ($value) {
        my $used = ref $value ? 0 : $value + 0;
        return \$value;
    },
    'once an integer' => sub ($value) {
        my $used = ref $value ? 0 : $value | 0;
        return \$value;
    },
    interpolated          => sub ($value) { my $used = "$value"; return \$value },
    'another kind before' =>
        sub ($value) { my $slot = 3; $slot .= 'x'; $slot = 1.5; $slot = $value; return \$slot },
    upgraded => sub ($value) {
        utf8::upgrade($value)
            if defined $value
            && !ref $value
            && ref \$value eq 'SCALAR'
            && "$value" =~ /[^\x00-\x7f]/;
        return \$value;
    },
    downgraded => sub ($value) {
        utf8::downgrade($value, 1)
            if defined $value
            && !ref $value
            && ref \$value eq 'SCALAR'
            && "$value" =~ /[^\x00-\x7f]/;
        return \$value;
    },
    tied => sub ($value) {
        tie my $tied, 'Tied::Scalar', sub {$value};
        return \$tied;
    },
    'in a tied hash' => sub ($value) {
        tie my %tied, 'Tied::Hash', ['key'], sub ($key) {$value};
        return \$tied{key};
    },
);

# perl cannot tell a float that was used as an integer from an integer that was
# used as a float; both count as the integer
my %EITHER = ('1e15' => { 'once an integer' => qr/\A(?:string|bytes|json_text)\z/ });

for my $row (@TABLE) {
    my ($name, $make, @expected) = @$row;
    subtest "$name, whatever its history" => sub {
        for my $history (sort keys %HISTORIES) {
            my $holder = $HISTORIES{$history}->($make->());
            for my $index (0 .. $#TYPES) {
                my ($type, $expected) = ($TYPES[$index], $expected[$index]);
                my $either = $EITHER{$name}{$history};
                next if $either && $type =~ $either;
                my $function = PerlmodTest::Convert->can($type);
                my $result   = eval { $function->($$holder) };
                if (ref $expected) {
                    like $@, $expected, "$type, $history: an error";
                    like $@, qr/\Av: /, "$type, $history: it names the argument";
                } else {
                    is $result, $expected, "$type, $history" or diag $@;
                }
            }
        }
    };
}

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
    is_deeply PerlmodTest::Convert::vec([1 .. 100]), [1 .. 100], 'an array';
    is_deeply PerlmodTest::Convert::vec(\@array),    [1, 2, 3],  'a tied array';
    is_deeply PerlmodTest::Convert::map({ 1 => 'one' }), { 1 => 'one' },
        'a hash with numbers as keys';
    is_deeply PerlmodTest::Convert::map(\%hash), { 1 => 'one', 2 => 'two' }, 'a tied hash';
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
