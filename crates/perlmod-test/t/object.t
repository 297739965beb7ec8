#!/usr/bin/perl

use v5.36;

use Scalar::Util;
use Storable qw(dclone);
use Test::More;

use lib 't/lib';
use PerlmodTest::Fault;
use PerlmodTest::Object;
use Tied::Scalar;

my $CLASS = 'PerlmodTest::Object';

@Some::Subclass::ISA = ($CLASS);

sub error ($code) {
    return eval { $code->(); 1 } ? 'returned' : $@;
}

subtest 'an object lives as long as Perl holds it' => sub {
    my $object = $CLASS->new('text');
    is ref $object,                        $CLASS, 'its class';
    is $object->text,                      'text', 'a method';
    is PerlmodTest::Object::text($object), 'text', 'the same as a function';
    is PerlmodTest::Fault::live(),         1,      'one value';
    my $other = $object;
    undef $object;
    is $other->text, 'text', 'another reference';
    ok $other->same($other), 'two arguments may be the same object';
    undef $other;
    is PerlmodTest::Fault::live(), 0, 'dropped with the last one';
};

subtest 'subclasses work' => sub {
    my $object = Some::Subclass->new('text');
    is ref $object,   'Some::Subclass', 'the class is the one that was asked for';
    is $object->text, 'text',           'its methods work';
};

subtest 'what is no such object is refused' => sub {
    my $method = \&PerlmodTest::Object::text;
    my $none   = "value blessed into $CLASS did not contain its declared magic pointer\n";
    is error(sub { $method->('text') }), "value blessed into $CLASS was not a reference\n",
        'a string';
    is error(sub { $method->(undef) }), "value blessed into $CLASS was not a reference\n", 'undef';
    is error(sub { $method->({}) }),    $none,                                             'a hash';
    is error(sub { $method->([]) }),                     $none, 'an array';
    is error(sub { $method->(bless {}, $CLASS) }),       $none, 'a forged object';
    is error(sub { dclone($CLASS->new('text'))->text }), $none, 'a copy by Storable';
    is error(sub { $CLASS->new([]) }), "text: invalid type: an array, expected a string\n",
        'a bad argument of new';
    like error(sub { (\&PerlmodTest::Object::new)->([], 'x') }), qr/cannot bless: class name/,
        'a class that is no string';
    is PerlmodTest::Fault::live(), 0, 'every value has been dropped';
};

subtest 'F-51: copies and pictures of an object carry no value and no pointer' => sub {
    my $object = $CLASS->new('text');
    my $none   = "value blessed into $CLASS did not contain its declared magic pointer\n";
    require Data::Dumper;
    my $picture = Data::Dumper->new([$object], ['copy'])->Indent(0)->Dump;
    is $picture, "\$copy = bless( {}, '$CLASS' );", 'Data::Dumper shows an empty hash';
    my %copies = (
        'a copy of the hash' => bless({%$object}, $CLASS),
        'dclone'             => dclone($object),
        'freeze and thaw'    => Storable::thaw(Storable::freeze($object)),
    );
    $copies{Clone} = Clone::clone($object) if eval { require Clone };
    if (eval { require JSON::PP }) {
        my $json = JSON::PP->new->allow_blessed(1);
        is $json->encode([$object]), '[null]', 'JSON has nothing';
        $copies{JSON} = bless($json->decode($json->encode({%$object})), $CLASS);
    }
    for my $way (sort keys %copies) {
        is error(sub { $copies{$way}->text }), $none, $way;
    }
    is error(sub { bless({}, 'Some::Subclass')->text }), $none, 'a forged object of a subclass';
    is error(sub { bless([$object], $CLASS)->text }),    $none, 'an array around it';
    is error(sub { bless(\my $ref,  $CLASS)->text }),    $none, 'another kind of reference';
    my $address = Scalar::Util::refaddr($object);
    is error(sub { bless(\$address, $CLASS)->text }), $none, 'an address';
    bless $object, 'Elsewhere';
    is PerlmodTest::Object::text($object), 'text', 'blessed elsewhere it keeps its value';
    undef $object;
    is PerlmodTest::Fault::live(), 0, 'the value was dropped once';
};

subtest 'an object that is freed while a method runs' => sub {

    my $object = $CLASS->new('text');
    tie my $late, 'Tied::Scalar', sub { undef $object; return ' more' };
    is error(sub { PerlmodTest::Object::append($object, $late) }), 'returned',
        'stays until it returns';
    is $object,                    undef, 'it is gone afterwards';
    is PerlmodTest::Fault::live(), 0,     'and dropped';
    tie my $tied, 'Tied::Scalar', sub { return $CLASS->new('fresh') };
    is error(sub { PerlmodTest::Object::append($tied, ' more') }), 'returned',
        'an object that FETCH makes';
};

SKIP: {
    skip 'perl has no threads' if !eval { require threads };
    subtest 'a thread does not share it' => sub {
        my $object = $CLASS->new('text');
        my $result = threads->create(sub {
            return error(sub { $object->text });
        })->join;
        is $result, "value blessed into $CLASS did not contain its declared magic pointer\n",
            'the copy in the thread is empty';
        is threads->create(sub { return $CLASS->new('own')->text })->join, 'own',
            'the thread makes its own';
        is $object->text,              'text', 'ours still works';
        is PerlmodTest::Fault::live(), 1,      'nothing was dropped twice';
    };
}

subtest 'objects that are left at the end are dropped' => sub {
    plan skip_all => 'taint mode starts no programs' if ${^TAINT};
    my $program = 'use PerlmodTest::Object; our $kept = PerlmodTest::Object->new("x"); '
        . 'my $cycle = [PerlmodTest::Object->new("y")]; push @$cycle, $cycle;';
    is system($^X, '-e', $program), 0, 'without a crash';
};

done_testing;
