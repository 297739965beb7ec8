#!/usr/bin/perl

use v5.36;
use utf8;

use Errno          ();
use File::Basename qw(dirname);
use Hash::Util     ();
use Storable       qw(dclone freeze);
use Test::More;

use lib dirname(__FILE__) . '/lib';
use Broken::Array;
use Broken::Hash;
use Loud;
use PerlmodSurface::Attributes;
use PerlmodSurface::Boxed;
use PerlmodSurface::Containers;
use PerlmodSurface::Conversions;
use PerlmodSurface::Magic;
use PerlmodSurface::Native;
use PerlmodSurface::Object;
use PerlmodSurface::Scalars;
use Seen;
use Tie::Array;
use Tie::Hash;

# what the destructor of that class does
my $at_end;
sub Changing::DESTROY ($self) { return $at_end->() }

sub error ($code) {
    return eval { $code->(); 1 } ? undef : $@;
}

@Derived::Object::ISA = ('PerlmodSurface::Object');
@Derived::Boxed::ISA  = ('PerlmodSurface::Boxed');

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
    is_deeply [$numbers->(undef)], [0,     0],    'undef';
    is_deeply [$numbers->(-7)],    [-7,    -7],   'an integer';
    is_deeply [$numbers->(1.75)],  [1.75,  1],    'a fraction is cut off';
    is_deeply [$numbers->(-1.75)], [-1.75, -1],   '... towards zero';
    is_deeply [$numbers->('25')],  [25,    25],   'a string';
    is_deeply [$numbers->('1e3')], [1000,  1000], 'a float in a string';
    is_deeply [$numbers->($tied)], [12,    12],   'a tied scalar';
    is_deeply [$numbers->(!!1)],   [1,     1],    'a boolean';
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
    is + ($numbers->($ref))[1], $ref + 0, 'a reference is its address';
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
        is + (PerlmodSurface::Containers::hash_get($hash, '€'))[0], 2, "$title: a wide key";
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

subtest 'attached values' => sub {
    my $target = {};
    PerlmodSurface::Magic::attach($target, 10);
    is_deeply [PerlmodSurface::Magic::find($target)], [10,    11,    12],    'each kind of pointer';
    is_deeply [PerlmodSurface::Magic::find({})],      [undef, undef, undef], 'elsewhere none';
    is PerlmodSurface::Magic::live(), 3, 'three live';
    is error(sub { PerlmodSurface::Magic::attach($target, 20) }),
        "error: value has magic of this kind already\n", 'a second one is refused';
    is PerlmodSurface::Magic::live(), 3, '... and dropped';
    is error(sub { PerlmodSurface::Magic::remove_while_used($target) }),
        "error: value is in use by this call\n", 'what is borrowed cannot be removed';
    is PerlmodSurface::Magic::remove($target), 10, 'removed';
    is error(sub { PerlmodSurface::Magic::remove($target) }),
        "value did not contain its declared magic pointer\n", 'only once';
    is PerlmodSurface::Magic::live(), 2, 'two are left';
    undef $target;
    is PerlmodSurface::Magic::live(), 0, 'dropped with the scalar';
    is_deeply [PerlmodSurface::Magic::leakables()], [1, 2, 3], 'leaked and reclaimed';
    is PerlmodSurface::Magic::live(), 0, 'none is lost';
    is_deeply [PerlmodSurface::Magic::raw_magic([])], [0, 'payload', 0, 0], 'raw magic';
};

subtest 'destructors of what perl does not free' => sub {
    my $kept = [];
    PerlmodSurface::Magic::attach_kept($kept);
    is PerlmodSurface::Magic::live(), 1, 'attached';
    PerlmodSurface::Magic::destroy_kept($kept);
    is PerlmodSurface::Magic::live(), 0, 'destroyed';
    like error(sub { PerlmodSurface::Magic::destroy_kept($kept) }), qr/did not contain/,
        'only once';
    like error(sub { PerlmodSurface::Magic::destroy_kept(1) }), qr/was not a reference/,
        'no object';
    is PerlmodSurface::Magic::destroy_kept_or($kept), 'no magic',     'the arm for no magic';
    is PerlmodSurface::Magic::destroy_kept_or(1),     'no reference', 'the arm for no reference';
    PerlmodSurface::Magic::attach_kept($kept);
    is PerlmodSurface::Magic::destroy_kept_or($kept), 'destroyed', 'neither';
    is PerlmodSurface::Magic::live(),                 0,           'nothing is left';
};

subtest 'objects' => sub {
    is PerlmodSurface::Object::class(), 'PerlmodSurface::Object', 'the class';
    for my $new (qw(new new_by_result)) {
        my $object = Derived::Object->$new('text');
        is ref $object,   'Derived::Object', "$new: a derived class";
        is $object->text, 'text',            "$new: its methods work";
    }
};

subtest 'Storable clones objects' => sub {
    for my $class (qw(PerlmodSurface::Object Derived::Object)) {
        my $object = $class->new('text');
        my $clone  = dclone({ a => [$object], b => $object });
        is ref $clone->{b}, $class,      "$class: the clone's class";
        is $clone->{a}[0],  $clone->{b}, "$class: it is cloned once";
        $object->set_text('changed');
        is $clone->{b}->text, 'text', "$class: it is a snapshot";
        like error(sub { freeze($object) }), qr/\Aerror: object cannot be stored, only cloned\b/,
            "$class: storing is refused";
    }
    my $object = PerlmodSurface::Object->new('text');
    my $name   = $object->STORABLE_freeze(1);
    like $name, qr/\A[0-9a-f]{32}\z/, 'a random name is frozen';
    is + PerlmodSurface::Object->STORABLE_attach(1, $name)->text, 'text', 'attached';
    for my $bad ($name, '0' x 32, $$object{x} // '', 12345678) {
        is error(sub { PerlmodSurface::Object->STORABLE_attach(1, $bad) }),
            "error: clone is unknown or was attached already\n", 'twice, or forged: refused';
    }
    like error(sub { PerlmodSurface::Object->STORABLE_attach(0, $name) }), qr/only cloned/,
        'retrieving is refused';
};

subtest 'boxed objects' => sub {
    my $class  = 'PerlmodSurface::Boxed';
    my $object = Derived::Boxed->new('text');
    is ref $object,                                 'Derived::Boxed', 'a derived class';
    is $object->text,                               'text',           'its methods work';
    is PerlmodSurface::Boxed::text_of_any($object), 'text',           'whatever its class';
    my $number = $$object;
    my $forged = bless \$number, $class;
    like error(sub { $forged->text }),         qr/does not hold a box/, 'a forged address';
    like error(sub { dclone($object)->text }), qr/does not hold a box/, 'a copy';
    like error(sub { PerlmodSurface::Boxed::text(bless \my $x, 'Other') }),
        qr/is not an object of $class/, 'another class';
    like error(sub { PerlmodSurface::Boxed::text(1) }), qr/is not an object/, 'no reference';
    like error(sub { PerlmodSurface::Boxed::as_another($object) }), qr/of this type/,
        'another type';
    is PerlmodSurface::Boxed::live(), 1, 'one lives';
    undef $object;
    is PerlmodSurface::Boxed::live(), 0, 'dropped with the object';

    for my $name (qw(destroy destroy_any)) {
        my ($code, $with_arm) = map { PerlmodSurface::Boxed->can($_) } $name, "${name}_or";
        my $one = $class->new('one');
        $code->($one);
        is PerlmodSurface::Boxed::live(), 0, "$name: dropped";
        like error(sub { $code->($one) }), qr/does not hold a box/, "$name: only once";
        like $with_arm->($one),            qr/does not hold a box/, "$name: the error's arm";
        is $with_arm->($class->new('two')), 'destroyed', "$name: without an error";
        is PerlmodSurface::Boxed::live(),   0,           "$name: nothing is left";
    }
    like error(sub { PerlmodSurface::Boxed::destroy(bless \my $x, 'Other') }), qr/is not an object/,
        'destroy: the class is checked';
    my $target = [];
    is ref PerlmodSurface::Boxed::blessed($target, 'Ä::B'), 'Ä::B', 'blessed by name';
    is ref PerlmodSurface::Boxed::blessed_by($target, 'C'), 'C',    'blessed by a scalar';
    like error(sub { PerlmodSurface::Boxed::new([], 'x') }), qr/cannot bless/, 'a bad class';
    is PerlmodSurface::Boxed::live(), 0, '... leaves nothing';
};

SKIP: {
    skip 'perl has no threads' if !eval { require threads };
    subtest 'a thread\'s copies are empty' => sub {
        my $boxed = PerlmodSurface::Boxed->new('text');
        my $kept  = [];
        PerlmodSurface::Magic::attach($kept, 1);
        my @told = threads->create(
            { context => 'list' },
            sub {
                return (
                    error(sub { $boxed->text }),
                    PerlmodSurface::Magic::remove($kept),
                    PerlmodSurface::Boxed::destroy_or($boxed),
                );
            },
        )->join;
        like $told[0], qr/does not hold a box/, 'a box';
        is $told[1],     undef,       'an attached value';
        is $told[2],     'destroyed', 'a destructor has nothing to do';
        is $boxed->text, 'text',      'ours stays';
    };
}

subtest 'hand-written subs' => sub {
    for my $sub (PerlmodSurface::Native::reverser(), PerlmodSurface::Native::by_type()) {
        is ref $sub, 'CODE', 'a reference to code';
        is_deeply [$sub->(1, 'two', [3])], [[3], 'two', 1, 3], 'takes and returns a list';
        is_deeply [$sub->()],              [0],                'an empty one';
        my @many = $sub->(1 .. 5000);
        is scalar(@many), 5001, 'a long one';
    }
    my $croak = PerlmodSurface::Native::croaker();
    my $error = { code => 1 };
    is error(sub { $croak->($error) }), $error, 'throw a value';
    is_deeply [$croak->()], [], 'or not';
    is PerlmodSurface::Scalars::text('x'), 'x', 'exported functions work on';
    is_deeply [PerlmodSurface::Native::wants_list()], [[1]], 'list context';
};

subtest 'croak drops every value of an exported function' => sub {
    my $error = [];
    is error(sub { PerlmodSurface::Native::throws($error) }), $error, 'the value is thrown';
    is PerlmodSurface::Native::dropped(),                     1,      'a drop has run';
};

subtest 'blocks' => sub {
    my $seen = 0;
    is_deeply [PerlmodSurface::Native::in_block('Seen', \$seen)], [1, 'done'],
        'a destructor runs at the end of the block';
    my $text = 'some text that is long enough to have a buffer of its own';
    my $copy = $text;
    $at_end = sub { $text = 'x' x 200; return };
    is PerlmodSurface::Native::borrowed_in_block($text, 'Changing'), $copy,
        'what was borrowed outlasts it';
    is $text, 'x' x 200, '... though it changed';
    $at_end = sub { die "in DESTROY\n" };
    local $SIG{__WARN__} = sub { };
    is PerlmodSurface::Native::borrowed_in_block($copy, 'Changing'), $copy, 'a destructor may die';
};

subtest 'attributes' => sub {
    is PerlmodSurface::Attributes::in_perl(), 'named', 'a name';
    is PerlmodSurface::Attributes::in_part(), 'part',  'a part';
    PerlmodSurface::Lib->bootstrap('PerlmodSurface::Attributes');
    is PerlmodSurface::Attributes::started(), 1,
        'boot ran once, though there was a second bootstrap';
    is prototype('PerlmodSurface::Attributes::with_prototype'), '&@',   'a prototype';
    is prototype('PerlmodSurface::Attributes::optional'),       '$;$$', 'the automatic one';
    is prototype('PerlmodSurface::Attributes::running'),        '$;$', '... does not count the sub';
    my ($code, $sum) = PerlmodSurface::Attributes::running(1, 2);
    is $code, \&PerlmodSurface::Attributes::running,     'the running sub';
    is $sum,  3,                                         '... is no argument';
    is + (PerlmodSurface::Attributes::running(1))[1], 1, 'a normal call is not rejected';
    like error(sub { (\&PerlmodSurface::Attributes::running)->(1, 2, 3) }),
        qr/too many parameters for function 'running', \(expected 2\)/, 'nor counted in errors';
    ok PerlmodSurface::Attributes::is_running(\&PerlmodSurface::Attributes::is_running),
        'the running sub as a &CV';
    is_deeply error(sub { PerlmodSurface::Attributes::serialized() }), [1, 2], 'a serialised error';
};

subtest 'the library\'s symbols' => sub {
    my $library = $main::{'perlmod-surface-rs-library'}->*{HASH}->{perlmod_surface};
    for my $case (
        [surface_symbol                            => [],     'named'],
        [xs_PerlmodSurface__Attributes_optional    => [1, 2], 3],
        [xs_PerlmodSurface__Object_storable_freeze => [],     undef],
        )
    {
        my ($symbol, $args, $expected) = @$case;
        my $address = DynaLoader::dl_find_symbol($library, $symbol);
        ok $address, $symbol or next;
        my $sub = DynaLoader::dl_install_xsub("Symbols::$symbol", $address);
        is eval { $sub->(@$args) }, $expected, '... may be installed by hand';
    }
    like error(sub { Symbols::xs_PerlmodSurface__Attributes_optional() }),
        qr/missing required parameter: 'a'/, 'its errors are the same';
};

subtest 'a package that was written at compile time' => sub {
    my $lib = "$ENV{PERLMOD_SURFACE_OUT}/lib";
    ok -f "$lib/PerlmodSurface/Attributes.pm", 'is there';
    my @perl = ($^X, "-I$lib", "-I$ENV{PERLMOD_TEST_LIB}", '-MPerlmodSurface::Attributes');
    open(my $out, '-|', @perl, '-e',
              'print $INC{q{PerlmodSurface/Attributes.pm}}, qq{\n},'
            . ' PerlmodSurface::Attributes::in_perl()')
        or die "cannot start: $!\n";
    chomp(my @lines = <$out>);
    close $out;
    is_deeply \@lines, ["$lib/PerlmodSurface/Attributes.pm", 'named'], 'finds its library';
};

done_testing;
