#!/usr/bin/perl

use v5.36;
use utf8;

use File::Basename qw(dirname);
use Storable       qw(dclone freeze);
use Test::More;

use lib dirname(__FILE__) . '/lib';
use PerlmodSurface::Boxed;
use PerlmodSurface::Magic;
use PerlmodSurface::Object;

# Values that carry Rust's.

@Derived::Object::ISA = ('PerlmodSurface::Object');
@Derived::Boxed::ISA  = ('PerlmodSurface::Boxed');

sub error ($code) {
    return eval { $code->(); 1 } ? undef : $@;
}

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
    is(PerlmodSurface::Object->STORABLE_attach(1, $name)->text, 'text', 'attached');
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

done_testing;
