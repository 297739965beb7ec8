#!/usr/bin/perl

use v5.36;
use utf8;

use Errno          ();
use File::Basename qw(dirname);
use Test::More;

use lib dirname(__FILE__) . '/lib';
use PerlmodSurface::Conversions;

# Values, results and errors.

sub error ($code) {
    return eval { $code->(); 1 } ? undef : $@;
}

subtest 'values are converted' => sub {
    is_deeply PerlmodSurface::Conversions::owned({ a => 1, b => '2' }), { a => 1, b => 2 }, 'owned';
    is PerlmodSurface::Conversions::lent('text'), 4, 'lent';
    is_deeply PerlmodSurface::Conversions::made(), { list => [1, 2], none => [] }, 'made';
    my $data = { list => [1, 'two', undef, 1.5, "\x{fc}€"], hash => { '€' => [] } };
    my $copy = PerlmodSurface::Conversions::copied($data);
    is_deeply $copy, $data, 'a Value as data';
    isnt $copy->{list}, $data->{list}, '... is a copy';
    is PerlmodSurface::Conversions::to_json([1, 'x', undef, [], 1 == 1]), '[1,"x",null,[],true]',
        'for another format';
    is_deeply PerlmodSurface::Conversions::from_json('{"a":[1,-2.5,"x",null,true]}'),
        { a => [1, -2.5, 'x', undef, 1] }, 'from another format';
    like error(sub {
        PerlmodSurface::Conversions::to_json([sub { }]);
        }),
        qr/cannot convert CODE/,
        'what has no data';
    my $deep = [];
    $deep = [$deep] for 1 .. 200;
    like error(sub { PerlmodSurface::Conversions::to_json($deep) }), qr/nested deeper than 128/,
        'nested too deeply';
};

subtest 'raw values pass through' => sub {
    my $code   = sub {42};
    my $object = bless [], 'Some::Class';
    my $mixed  = PerlmodSurface::Conversions::raw_inside(
        { number => 1, raw => $code, more => [$object, \*STDOUT] },);
    is $mixed->{raw},     $code,    'code';
    is $mixed->{more}[0], $object,  'an object';
    is $mixed->{more}[1], \*STDOUT, 'a glob';
    is PerlmodSurface::Conversions::raw_as_json([1, { a => 'b' }]), '[1,{"a":"b"}]',
        'as data in another format';
    is_deeply PerlmodSurface::Conversions::raw_from_json('[1,{"a":null}]'), [1, { a => undef }],
        'and from there';
    my $inner = [];
    is ${ PerlmodSurface::Conversions::raw_parts($inner) }, $inner, 'its parts';
    is_deeply [PerlmodSurface::Conversions::active()], [[1], 'false', 0],
        'types know when they are converted for Perl';
};

subtest 'results by context' => sub {
    is_deeply [PerlmodSurface::Conversions::by_context()], ['list', 2], 'a list';
    is scalar(PerlmodSurface::Conversions::by_context()), 'scalar', 'a scalar';
    is_deeply [PerlmodSurface::Conversions::by_context_too()], ['a', 'list'],
        'a sequence as a list';
    is scalar(PerlmodSurface::Conversions::by_context_too()), 'scalar', '... or a scalar';
    is_deeply [PerlmodSurface::Conversions::by_context_or_error(0)], [1, 2, 3], 'without an error';
    is error(sub { my $x = PerlmodSurface::Conversions::by_context_or_error(1) }), "it failed\n",
        'an error';
    is error(sub { PerlmodSurface::Conversions::by_context_or_error(0); 1 }), "void\n",
        'void context';
    is_deeply [PerlmodSurface::Conversions::by_context_or_error_too()], [1, 2], 'asked by itself';
    is_deeply [PerlmodSurface::Conversions::void()],                    [],     'no value';
    like error(sub { my @list = PerlmodSurface::Conversions::no_list() }), qr/must be a sequence/,
        'a list that is none';
    is_deeply [PerlmodSurface::Conversions::return_value('unit')],  [],         'unit';
    is_deeply [PerlmodSurface::Conversions::return_value('tuple')], [1, 'two'], 'a tuple';
    is_deeply [PerlmodSurface::Conversions::return_value('list')],  [1, 2, 3],  'a list';
    is_deeply [PerlmodSurface::Conversions::return_value('vec')],   [[1]],      'a Vec';
};

subtest 'errors' => sub {
    is error(sub { PerlmodSurface::Conversions::fail('new') }),   "error: text\n",   'new';
    is error(sub { PerlmodSurface::Conversions::fail('owned') }), "error: owned\n",  'new_owned';
    is error(sub { PerlmodSurface::Conversions::fail('fail') }),  "error: failed\n", 'fail';
    is_deeply [PerlmodSurface::Conversions::errors()],
        [
        'wrong type',
        'value blessed into Some::Class was not a reference',
        'value was not a reference',
        'value blessed into Some::Class did not contain its declared magic pointer',
        'value did not contain its declared magic pointer',
        ],
        'their texts';
    local $! = 7;
    ok PerlmodSurface::Conversions::with_errno(Errno::ENOENT()), 'a number is set';
    is $! + 0, Errno::ENOENT(), '... and is in $!';
    local $! = 7;
    ok !PerlmodSurface::Conversions::with_errno(), 'no number is set';
    is $! + 0, 7, '... and $! stays';
    my $errno;
    eval { PerlmodSurface::Conversions::with_errno(-Errno::EACCES()); 1 } or $errno = $! + 0;
    is $errno, Errno::EACCES(), 'with an exception';
    PerlmodSurface::Conversions::copies_errno(Errno::EPERM());
    is $! + 0, Errno::EPERM(), 'copied by hand';
};

done_testing;
