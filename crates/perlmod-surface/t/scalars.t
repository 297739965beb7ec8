#!/usr/bin/perl

use v5.36;
use utf8;

use File::Basename qw(dirname);
use Test::More;

use lib dirname(__FILE__) . '/lib';
use Loud;
use PerlmodSurface::Object;
use PerlmodSurface::Scalars;

# Scalars.

@Derived::Object::ISA = ('PerlmodSurface::Object');

sub error ($code) {
    return eval { $code->(); 1 } ? undef : $@;
}

subtest 'scalars are made' => sub {
    for my $maker (\&PerlmodSurface::Scalars::made, \&PerlmodSurface::Scalars::made_value) {
        is $maker->('undef'),   undef,                'undef';
        is $maker->('int'),     -9223372036854775808, 'the least integer';
        is $maker->('uint'),    18446744073709551615, 'the greatest unsigned integer';
        is $maker->('float'),   -0.5,                 'a float';
        is $maker->('string'),  "\x{fc}\x{20ac}",     'characters';
        is $maker->('bytes'),   "\xfc\0",             'bytes';
        is $maker->('pointer'), 4096,                 'a pointer is a number';
        like error(sub { $maker->('other') }), qr/no such kind/, 'an error';
    }
    ok PerlmodSurface::Scalars::made('yes'), 'true';
    ok !PerlmodSurface::Scalars::made('no'), 'false';
    is_deeply PerlmodSurface::Scalars::made_value('hash'), {}, 'a hash';
    is_deeply PerlmodSurface::Scalars::made_value('array'),    [], 'an array';
    is_deeply PerlmodSurface::Scalars::made_value('ref'),      \7, 'a reference';
    my $value = 'x';
    my $again = \PerlmodSurface::Scalars::round($value);
    is $$again, 'x', 'ownership goes round';
};

subtest 'types come from the value' => sub {
    my $type = \&PerlmodSurface::Scalars::ty;
    my ($number, $text) = (5, '5');
    my $used = "$number" . ($text + 1);
    tie my $tied,  'Loud', 1.5;
    tie my $dying, 'Loud', 'die';
    is $type->(undef),   'undef',                 'undef';
    is $type->($number), 'integer',               'a number once used as a string';
    is $type->($text),   'string',                'a string once used as a number';
    is $type->(1.5),     'double',                'a float';
    is $type->(!!1),     'integer+double+string', 'a boolean';
    is $type->($tied),   'double',                'what a tied scalar fetches';
    is $type->([]),      'reference to array',    'an array';
    is $type->({}),      'reference to hash',     'a hash';
    is $type->(\1),      'reference',             'a scalar';
    is $type->(sub { }), 'reference to other',    'code';
    like $type->(*STDOUT), qr/\Aother \d+\z/, 'a glob';
    is error(sub { $type->($dying) }), "FETCH died\n", 'an exception passes on';
};

subtest 'numbers as perl sees them' => sub {
    my $numbers = \&PerlmodSurface::Scalars::numbers;
    my $uv      = \&PerlmodSurface::Scalars::uv;
    tie my $tied,  'Loud', '12';
    tie my $dying, 'Loud', 'die';
    my sub both ($value) { return join ' ', $numbers->($value) }
#<<<
    is both(undef), '0 0',       'undef';
    is both(-7),    '-7 -7',     'an integer';
    is both(1.75),  '1.75 1',    'a fraction is cut off';
    is both(-1.75), '-1.75 -1',  '... towards zero';
    is both('25'),  '25 25',     'a string';
    is both('1e3'), '1000 1000', 'a float in a string';
    is both(!!1),   '1 1',       'a boolean';
#>>>
    is_deeply [$numbers->($tied)], [12, 12], 'a tied scalar';
    is $uv->(18446744073709551615),   18446744073709551615, 'all of an unsigned one';
    is $uv->('18446744073709551615'), 18446744073709551615, '... and of a string';
    my $range = "error: number is out of range\n";
    is error(sub { $numbers->(18446744073709551615) }), $range,         'too large';
    is error(sub { $numbers->(9**99) }),                $range,         'far too large';
    is error(sub { $uv->(-1) }),                        $range,         'below zero';
    is error(sub { $uv->('nan') }),                     $range,         'no number';
    is error(sub { $numbers->($dying) }),               "FETCH died\n", 'an exception passes on';
    {
        local $SIG{__WARN__} = sub { die "warned: $_[0]" };
        use warnings;
        like error(sub { $numbers->('12abc') }), qr/\Awarned: .*isn't numeric/,
            'a handler of warnings may die';
    }
    my $ref = [];
    is(($numbers->($ref))[1], $ref + 0, 'a reference is its address');
};

subtest 'strings as perl sees them' => sub {
    my $text  = \&PerlmodSurface::Scalars::text;
    my $bytes = \&PerlmodSurface::Scalars::bytes;
    my $maybe = \&PerlmodSurface::Scalars::maybe_bytes;
    my $latin = "\xfc";
    is $text->($latin), "\xfc", 'characters below 256';
    is length($latin),  1,      '... are left as they are';
    ok !utf8::is_utf8($latin), '... in memory as well';
    is $text->("\x{20ac}\0x"), "\x{20ac}\0x", 'other ones';
    is $text->(1.5),           '1.5',         'a number';
    is $text->(undef),         '',            'undef';
    my $ref = [];
    is $text->($ref), "$ref", 'a reference';
    is_deeply $bytes->("\xfc"), [0xfc], 'bytes';
    my $upgraded = "\xfc";
    utf8::upgrade($upgraded);
    is_deeply $bytes->($upgraded), [0xfc], 'the same in the other form';
    is_deeply $maybe->($upgraded), [0xfc], '... and if it can be';
    is $maybe->("\x{20ac}"), undef, 'wide characters are no bytes';
    like error(sub { $bytes->("\x{20ac}") }), qr/wide characters/, '... which is an error';
    like error(sub { $text->("\x{d800}") }),  qr/not Unicode/,     'a surrogate';
    tie my $tied, 'Loud', 'fetched';
    is $text->($tied), 'fetched', 'a tied scalar';
    ok PerlmodSurface::Scalars::is_undef(undef), 'undef is';
    ok !PerlmodSurface::Scalars::is_undef(''),   'an empty string is not';
};

subtest 'names of types and classes' => sub {
    my $reftype = \&PerlmodSurface::Scalars::reftype;
    my $object  = bless [], 'Derived::Object';
    is $reftype->($object, 1), 'Derived::Object', 'a class';
    is $reftype->($object, 0), 'ARRAY',           'what it is made of';
    is $reftype->({},      1), 'HASH',            'without a class';
    is $reftype->(sub { }, 1), 'CODE',            'code';
    ok PerlmodSurface::Scalars::is_a($object,  'PerlmodSurface::Object'), 'a derived class';
    ok !PerlmodSurface::Scalars::is_a($object, 'Other'),                  'another one';
    ok !PerlmodSurface::Scalars::is_a('Derived::Object', 'Derived::Object'),
        'a string is no object';
    my $last = error(sub { $reftype->(bless({}, "Many::C$_"), 1) for 1 .. 5000 });
    is $last, "error: too many names of classes\n", 'their number is bounded';
};

subtest 'pointers' => sub {
    is_deeply [PerlmodSurface::Scalars::pointers()], [42, 42, 42], 'are followed';
    my $number = 4096;
    like error(sub { PerlmodSurface::Scalars::no_pointer(\$number) }), qr/does not hold a box/,
        'a number from elsewhere is not';
    my $copy = PerlmodSurface::Scalars::made('pointer');
    like error(sub { PerlmodSurface::Scalars::no_pointer(\$copy) }), qr/does not hold a box/,
        'nor is a copy';
};

subtest 'parts of strings' => sub {
    is PerlmodSurface::Scalars::substr('abcdef', 1, 3), 'bc', 'a part';
    like error(sub { PerlmodSurface::Scalars::substr('abc', 1, 9) }), qr/outside/, 'outside';
    like error(sub { PerlmodSurface::Scalars::substr('abc', 2, 1) }), qr/outside/, 'backwards';
    like error(sub { PerlmodSurface::Scalars::substr('€',   0, 1) }), qr/cuts a/,  'in a character';
    like error(sub { PerlmodSurface::Scalars::substr([],    0, 1) }), qr/not a st/, 'no string';
    is_deeply [PerlmodSurface::Scalars::parts('abcdef')], ['bc', 'foreign', 'true false'],
        'a borrowed part is known again';
};

done_testing;
