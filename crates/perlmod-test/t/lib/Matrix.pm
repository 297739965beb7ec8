package Matrix;

# Each Perl value, with each history, against each Rust type: one table. What a
# value is does not depend on what was done with it before.

use v5.36;

use B        ();
use Exporter qw(import);
use Math::BigInt;
use Scalar::Util qw(dualvar tainted weaken);

use lib 't/lib';
use Tied::Hash;
use Tied::Scalar;

no warnings qw(non_unicode nonchar numeric surrogate uninitialized);    ## no critic (NoWarnings)

our @EXPORT_OK = qw(expected holders table types);

format FORMAT =
.

# Errors that are expected.
my $TYPE  = qr/invalid type: /;
my $VALUE = qr/invalid value: /;
my $SEQ   = qr/invalid type: .*expected a (?:sequence|map)|invalid type/;

# whole number, float, truth, characters, bytes, JSON text; the other types follow from these
#<<< a table
my @COLUMNS = qw(int f64 bool string bytes json_text);
my @TABLE = (
    # value                       int           f64         bool    string      bytes       json
    ['undef', sub { undef },      $TYPE,        $TYPE,      0,      $TYPE,      $TYPE,      'null'],
    ['0',     sub { 0 },          0,            0,          0,      '0',        '0',        '0'],
    ['1',     sub { 1 },          1,            1,          1,      '1',        '1',        '1'],
    ['-5',    sub { -5 },         -5,           -5,         1,      '-5',       '-5',       '-5'],
    ['300',   sub { 300 },        300,          300,        1,      '300',      '300',      '300'],
    ['65536', sub { 65536 },      65536,        65536,      1,      '65536',    '65536',    '65536'],
    ['2^31',  sub { 2147483648 }, 2147483648,   2147483648, 1,      '2147483648', '2147483648', '2147483648'],
    ['"1"',   sub { '1' },        1,            1,          1,      '1',        '1',        '"1"'],
    ['"0"',   sub { '0' },        0,            0,          0,      '0',        '0',        '"0"'],
    ['""',    sub { '' },         $TYPE,        $TYPE,      0,      '',         '',         '""'],
    ['"2525"',sub { '2525' },     2525,         2525,       $TYPE,  '2525',     '2525',     '"2525"'],
    ['"+5"',  sub { '+5' },       5,            5,          $TYPE,  '+5',       '+5',       '"+5"'],
    ['"-0"',  sub { '-0' },       0,            0,          $TYPE,  '-0',       '-0',       '"-0"'],
    ['"00"',  sub { '00' },       0,            0,          $TYPE,  '00',       '00',       '"00"'],
    ['"abc"', sub { 'abc' },      $TYPE,        $TYPE,      $TYPE,  'abc',      'abc',      '"abc"'],
    ['"12abc"',sub { '12abc' },   $TYPE,        $TYPE,      $TYPE,  '12abc',    '12abc',    '"12abc"'],
    ['"0x10"',sub { '0x10' },     $TYPE,        $TYPE,      $TYPE,  '0x10',     '0x10',     '"0x10"'],
    ['"1_000"',sub { '1_000' },   $TYPE,        $TYPE,      $TYPE,  '1_000',    '1_000',    '"1_000"'],
    ['"1,5"', sub { '1,5' },      $TYPE,        $TYPE,      $TYPE,  '1,5',      '1,5',      '"1,5"'],
    ['"1e3"', sub { '1e3' },      $TYPE,        1000,       $TYPE,  '1e3',      '1e3',      '"1e3"'],
    ['"1e400"',sub { '1e400' },   $TYPE,        $TYPE,      $TYPE,  '1e400',    '1e400',    '"1e400"'],
    ['" 1"',  sub { ' 1' },       $TYPE,        $TYPE,      $TYPE,  ' 1',       ' 1',       '" 1"'],
    ['"1\n"', sub { "1\n" },      $TYPE,        $TYPE,      $TYPE,  "1\n",      "1\n",      '"1\n"'],
    ['"\x{b}1"', sub { "\x{b}1" }, $TYPE,      $TYPE,      $TYPE,  "\x{b}1",   "\x{b}1",   '"\u000b1"'],
    ['"1.0"', sub { '1.0' },      $TYPE,        1,          $TYPE,  '1.0',      '1.0',      '"1.0"'],
    ['"0 but true"', sub { '0 but true' }, $TYPE, $TYPE,    $TYPE,  '0 but true', '0 but true', '"0 but true"'],
    ['"\x{663}"', sub { "\x{663}" }, $TYPE,     $TYPE,      $TYPE,  "\x{663}",  $VALUE,     "\"\x{663}\""],
    ['1.5',   sub { 1.5 },        $TYPE,        1.5,        1,      '1.5',      '1.5',      '1.5'],
    ['"1.5"', sub { '1.5' },      $TYPE,        1.5,        $TYPE,  '1.5',      '1.5',      '"1.5"'],
    ['0.1',   sub { 0.1 },        $TYPE,        0.1,        1,      '0.1',      '0.1',      '0.1'],
    ['-0.0',  sub { -1 / 9**9**9 }, 0,          0,          0,      '0',        '0',        '-0.0'],
    ['1e15',  sub { 1e15 },       '1000000000000000', 1e15, 1,      '1e+15',    '1e+15',    '1000000000000000.0'],
    ['true',  sub { !!1 },        1,            1,          1,      '1',        '1',        'true'],
    ['false', sub { !!0 },        0,            0,          0,      '',         '',         'false'],
    ['2^63-1',sub { 9223372036854775807 },  '9223372036854775807',
        2**63, 1, '9223372036854775807', '9223372036854775807', '9223372036854775807'],
    ['-2^63', sub { -9223372036854775807 - 1 }, '-9223372036854775808',
        -2**63, 1, '-9223372036854775808', '-9223372036854775808', '-9223372036854775808'],
    ['2^63',  sub { 9223372036854775808 }, '9223372036854775808',
        2**63, 1, '9223372036854775808', '9223372036854775808', '9223372036854775808'],
    ['2^64-1',sub { 18446744073709551615 }, '18446744073709551615',
        2**64, 1, '18446744073709551615', '18446744073709551615', '18446744073709551615'],
    ['"2^64-1"',sub { '18446744073709551615' }, '18446744073709551615',
        2**64, $TYPE, '18446744073709551615', '18446744073709551615', '"18446744073709551615"'],
    ['"2^64"',sub { '18446744073709551616' }, $TYPE,
        2**64, $TYPE, '18446744073709551616', '18446744073709551616', '"18446744073709551616"'],
    ['2^64',  sub { 2**64 },      $TYPE,        2**64,      1,      '1.84467440737096e+19', '1.84467440737096e+19', '1.8446744073709552e+19'],
    ['Inf',   sub { 9**9**9 },    $TYPE,        9**9**9,    1,      'Inf',      'Inf',      'null'],
    ['-Inf',  sub { -9**9**9 },   $TYPE,        -9**9**9,   1,      '-Inf',     '-Inf',     'null'],
    ['"Inf"', sub { 'Inf' },      $TYPE,        9**9**9,    $TYPE,  'Inf',      'Inf',      '"Inf"'],
    ['NaN',   sub { abs(9**9**9 / 9**9**9) }, $TYPE, 'NaN', 1,      'NaN',      'NaN',      'null'],
    ['dualvar', sub { dualvar(5, 'five') }, 5,  5,          $TYPE,  'five',     'five',     '"five"'],
    ['dualvar 1.5', sub { dualvar(1.5, 'x') }, $TYPE, 1.5,  $TYPE,  'x',        'x',        '"x"'],
    ['dualvar 3.0', sub { dualvar(4.5 / 1.5, 'x') }, 3, 3,  $TYPE,  'x',        'x',        '"x"'],
    ['vstring', sub { v65.66 },   $TYPE,        $TYPE,      $TYPE,  'AB',       'AB',       '"AB"'],
    ['latin-1',sub { "\xfc" },    $TYPE,        $TYPE,      $TYPE,  "\xfc",     "\xfc",     "\"\xfc\""],
    ['wide',  sub { "\x{263a}" }, $TYPE,        $TYPE,      $TYPE,  "\x{263a}", $VALUE,     "\"\x{263a}\""],
    ['both',  sub { "\xfc\x{263a}" }, $TYPE,    $TYPE,      $TYPE,  "\xfc\x{263a}", $VALUE, "\"\xfc\x{263a}\""],
    ['NUL',   sub { "a\0b" },     $TYPE,        $TYPE,      $TYPE,  "a\0b",     "a\0b",     '"a\u0000b"'],
    ['U+D800',sub { "\x{d800}" }, $TYPE,        $TYPE,      $TYPE,  $VALUE,     $VALUE,     $VALUE],
    ['U+FFFF',sub { "\x{ffff}" }, $TYPE,        $TYPE,      $TYPE,  "\x{ffff}", $VALUE,     "\"\x{ffff}\""],
    ['U+10FFFF', sub { "\x{10ffff}" }, $TYPE,   $TYPE,      $TYPE,  "\x{10ffff}", $VALUE,   "\"\x{10ffff}\""],
    ['U+110000', sub { "\x{110000}" }, $TYPE,   $TYPE,      $TYPE,  $VALUE,     $VALUE,     $VALUE],
    ['\1',    sub { \1 },         1,            1,          1,      '1',        '1',        '1'],
    ['\"x"',  sub { \'x' },       $TYPE,        $TYPE,      $TYPE,  'x',        'x',        '"x"'],
    ['JSON true', sub { bless \(my $true = 1), 'JSON::PP::Boolean' }, 1, 1, 1, '1', '1', '1'],
    ['[]',    sub { [] },         $TYPE,        $TYPE,      $TYPE,  $TYPE,      $TYPE,      '[]'],
    ['blessed []', sub { bless [1], 'Some' }, $TYPE, $TYPE, $TYPE,  $TYPE,      $TYPE,      '[1]'],
    ['{}',    sub { {} },         $TYPE,        $TYPE,      $TYPE,  $TYPE,      $TYPE,      '{}'],
    ['blessed {}', sub { bless { 7 => 'x' }, 'Some' }, $TYPE, $TYPE, $TYPE, $TYPE, $TYPE,   '{"7":"x"}'],
    (map { my ($name, $make, $error) = @$_; [$name, $make, ($error) x @COLUMNS] }
        ['code', sub { sub { } },     qr/cannot convert CODE/],
        ['glob', sub { \*STDOUT },    qr/cannot convert GLOB/],
        ['bare glob', sub { *STDOUT }, qr/cannot convert GLOB/],
        ['qr//', sub { qr/x/ },       qr/cannot convert Regexp/],
        ['IO',   sub { *STDOUT{IO} }, qr/cannot convert IO/],
        ['format', sub { *Matrix::FORMAT{FORMAT} }, qr/cannot convert this kind of value/],
    ),
);
#>>>

# The range of each integer type.
#<<<
my %RANGE = (
    i8   => [-128,                   127],
    u8   => [0,                      255],
    u16  => [0,                      65535],
    i32  => [-2147483648,            2147483647],
    i64  => ['-9223372036854775808', '9223372036854775807'],
    i16  => [-32768,                 32767],
    u32  => [0,                      4294967295],
    u64  => [0,                      '18446744073709551615'],
    i128 => [map { Math::BigInt->new(2)->bpow(127)->bmul($_)->bsub($_ > 0) } -1, 1],
    u128 => [0, Math::BigInt->new(2)->bpow(128)->bsub(1)],
);
#>>>

sub types () {
    my @types = sort keys %RANGE, qw(
        f32 f64 bool string str char bytes option json_text unit vec one map record choice
    );
    return @types;
}

# Name, maker and what each column holds.
sub table () {
    return map {
        my ($name, $make, @cells) = @$_;
        my %cells;
        @cells{@COLUMNS} = @cells;
        +{ name => $name, make => $make, cells => \%cells };
    } @TABLE;
}

# What a type makes of a row: a value, or the pattern of an error.
sub expected ($row, $type) {
    my ($cells, $name) = $row->@{qw(cells name)};
    if (my $range = $RANGE{$type}) {
        my $int = $cells->{int};
        return $int if ref $int;
        my $number = Math::BigInt->new($int);
        return $number < $range->[0] || $number > $range->[1] ? $VALUE : $int;
    }
    my $string = $cells->{string};
    return $string                            if $type eq 'str';
    return $name eq 'undef' ? undef : $string if $type eq 'option';
    return single($cells->{f64})              if $type eq 'f32';
    return choice($row)                       if $type eq 'choice';
    return container($row, $type)             if $type =~ /\A(?:unit|vec|one|map|record)\z/;
    return $cells->{$type}                    if $type ne 'char';
    return ref $string || length $string == 1 ? $string : $VALUE;
}

# A float with single precision.
sub single ($float) {
    return ref $float ? $float : unpack 'f', pack 'f', $float;
}

# A variant with the row's text as its name, or as its only key.
sub choice ($row) {
    my ($name, $cells) = $row->@{qw(name cells)};
    return 'plain'             if $name eq '"abc"';
    return 'seven x'           if $name eq 'blessed {}';
    return $cells->{json_text} if ref $cells->{json_text} && $cells->{json_text} ne $VALUE;
    return qr/invalid type: |invalid value: |unknown variant|expected .*key/;
}

sub container ($row, $type) {
    my ($name, $json) = ($row->{name}, $row->{cells}{json_text});
    return $json                           if ref $json && $json ne $VALUE;
    return $name eq 'undef' ? undef : $SEQ if $type eq 'unit';
    return { '[1]' => 1,      '[]' => qr/invalid length 0/ }->{$json} // $SEQ if $type eq 'one';
    return { '{}'  => 'none', '{"7":"x"}' => 'x' }->{$json}           // $SEQ if $type eq 'record';
    return $type eq 'vec' && $json =~ /\A\[(.*)\]\z/ ? $1 : $SEQ if $type eq 'vec';
    return $json =~ /\A\{(?:"(.*)":"(.*)")?\}\z/ ? ($1 ? "$1 $2" : '') : $SEQ;
}

my $TAINT = substr($^X, 0, 0);

sub is_text ($value) {
    return defined $value && !ref $value && ref \$value ne 'GLOB';
}

# Ways to come by a value; each yields a reference to what holds it, or nothing
# where it has no meaning for the value.
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
    'once a truth'        => sub ($value) { my $used = !$value;  return \$value },
    interpolated          => sub ($value) { my $used = "$value"; return \$value },
    'another kind before' =>
        sub ($value) { my $slot = 3; $slot .= 'x'; $slot = 1.5; $slot = $value; return \$slot },
    'a reference before' => sub ($value) { my $slot = [];         $slot = $value; return \$slot },
    'a long text before' => sub ($value) { my $slot = 'x' x 5000; $slot = $value; return \$slot },
    'read-only'          => sub ($value) { Internals::SvREADONLY($value, 1); return \$value },
    upgraded             => sub ($value) {
        return if !is_text($value) || "$value" !~ /[^\x00-\x7f]/;
        utf8::upgrade($value);
        return \$value;
    },
    'ASCII, upgraded' => sub ($value) {
        return
            if !is_text($value) || B::svref_2object(\$value)->FLAGS & (B::SVf_IOK() | B::SVf_NOK());
        utf8::upgrade($value);
        return \$value;
    },
    downgraded => sub ($value) {
        return if !is_text($value) || "$value" !~ /[^\x00-\x7f]/;
        utf8::downgrade($value, 1);
        return \$value;
    },
    'cut off at the front' => sub ($value) {
        return
            if !is_text($value) || B::svref_2object(\$value)->FLAGS & (B::SVf_IOK() | B::SVf_NOK());
        my $longer = "front$value";
        $longer =~ s/\Afront//;
        return \$longer;
    },
    'with a position' => sub ($value) {
        return if !is_text($value);
        pos($value) = 0;
        return \$value;
    },
    'a part of another' => sub ($value) {
        return
            if !is_text($value) || B::svref_2object(\$value)->FLAGS & (B::SVf_IOK() | B::SVf_NOK());
        my $longer = "a${value}z";
        return \substr($longer, 1, length $value);
    },
    tied => sub ($value) {
        tie my $tied, 'Tied::Scalar', sub {$value};
        return \$tied;
    },
    'tied twice' => sub ($value) {
        tie my $inner, 'Tied::Scalar', sub {$value};
        tie my $outer, 'Tied::Scalar', sub {$inner};
        return \$outer;
    },
    'in a tied hash' => sub ($value) {
        tie my %tied, 'Tied::Hash', ['key'], sub ($key) {$value};
        return \$tied{key};
    },
    weak => sub ($value) {
        return if !ref $value;
        my @holder = ($value, $value);
        weaken($holder[0]);
        state @kept;
        @kept = \@holder;
        return \$holder[0];
    },
    shared => sub ($value) {
        return if ref $value || ref \$value eq 'GLOB' || !$threads::shared::threads_shared;
        my $shared;
        threads::shared::share($shared);
        $shared = $value;
        return \$shared;
    },
    tainted => sub ($value) {
        return if !${^TAINT} || !is_text($value);
        my $flags  = B::svref_2object(\$value)->FLAGS;
        my $number = $flags & (B::SVf_IOK() | B::SVf_NOK());
        return if !!$number == !!($flags & B::SVf_POK());
        return if $flags & B::SVf_NOK() && $value == int $value;

        # a result is as tainted as what it is made from
        my $tainted = $number ? $value + length $TAINT : $value . $TAINT;
        die "not tainted\n" if !tainted($tainted);
        return \$tainted;
    },
);

# perl cannot tell a float that was used as an integer from an integer that was
# used as a float; both count as the integer. What remembers that it was made
# of characters is a string.
my %EITHER = (
    '1e15' => { 'once an integer' => qr/\A(?:string|str|char|option|bytes|json_text)\z/ },
    '-0.0' => { 'once an integer' => qr/\A(?:string|str|char|option|bytes|json_text|f64)\z/ },
);

# Each history that the row's value can have, and the value with it.
sub holders ($row) {
    my @holders;
    for my $history (sort keys %HISTORIES) {
        my $holder = $HISTORIES{$history}->($row->{make}->()) or next;
        push @holders,
            {
            history => $history,
            value   => $holder,
            either  => $EITHER{ $row->{name} }{$history} // qr/(?!)/,
            };
    }
    return @holders;
}

1;
