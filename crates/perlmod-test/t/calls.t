#!/usr/bin/perl

use v5.36;

use Test::More;

use lib 't/lib';
use PerlmodTest::Calls;
use Tied::Scalar;

sub error ($code) {
    return eval { $code->(); 1 } ? undef : $@;
}

subtest 'values go in and come out' => sub {
    is PerlmodTest::Calls::add(2, 3),       5,         'integers';
    is PerlmodTest::Calls::renamed(),       'renamed', 'a sub with another name';
    is PerlmodTest::Calls::from_the_part(), 'part',    'a sub from another module';
    ok !defined &PerlmodTest::Calls::original, 'the old name is not there';
};

subtest 'each form of result' => sub {
    is_deeply [PerlmodTest::Calls::nothing()], [], 'unit is an empty list';
    is scalar(PerlmodTest::Calls::nothing()), undef, '... and undef in scalar context';
    is_deeply [PerlmodTest::Calls::pair()], [1, 'two'], 'a tuple is a list';
    is scalar(PerlmodTest::Calls::pair()), 'two', '... whose last value counts';
    is_deeply [PerlmodTest::Calls::none()],         [undef],     'None is one undef';
    is_deeply [PerlmodTest::Calls::list()],         [[1, 2, 3]], 'a Vec is one array';
    is_deeply [PerlmodTest::Calls::unit_result(1)], [],          'Result<()> is an empty list';
    is_deeply [(PerlmodTest::Calls::context())[0], scalar PerlmodTest::Calls::context()], [1, 0],
        'wantarray tells the context';
    PerlmodTest::Calls::pair();
    pass 'void context';
    my $wrong = grep {
        my @list = ((0) x $_, PerlmodTest::Calls::dozen());
        "@list[-12 .. -1]" ne '1 2 3 4 5 6 7 8 9 10 11 12'
    } 0 .. 5000;
    is $wrong, 0, 'the stack grows as needed, however long it is';

    # constants fill it one by one, so that each room that can be left is left once
    my $short = grep {
        my $list = join ', ', 1 .. $_;
        my @list = eval "($list, PerlmodTest::Calls::dozen())";    ## no critic (StringyEval)
        @list != $_ + 12;
    } 1 .. 400;
    is $short, 0, '... and wherever it ends';
};

subtest 'results beyond the end of the stack' => sub {
    require PerlmodTest::Probe;
    for my $count (0, 1, 5000, 200_000) {
        my @list = PerlmodTest::Probe::list($count);
        is "@list", join(' ', 0 .. $count - 1), "a list of $count";
    }
    my @cases = (
        [\&PerlmodTest::Calls::nothing, []],
        [\&PerlmodTest::Calls::context, [1]],
        [\&PerlmodTest::Calls::pair,    [1, 'two']],
        [\&PerlmodTest::Calls::dozen,   [1 .. 12]],
        [\&PerlmodTest::Probe::list,    [0 .. 4999]],
    );
    for my $case (@cases) {
        my ($sub,    $expected) = @$case;
        my ($beyond, $returned) = PerlmodTest::Probe::full_stack($sub);
        my $count = @$expected;
        is $beyond,      0,            "$count on a full stack: none is beyond its end";
        is "@$returned", "@$expected", '... and each is there';
    }
};

subtest 'errors' => sub {
    is error(sub { PerlmodTest::Calls::fails('it broke') }), "it broke\n", 'a text and a newline';
    is error(sub { PerlmodTest::Calls::unit_result(0) }),    "not ok\n",   'of a unit result';
    is_deeply error(sub { PerlmodTest::Calls::problem(400, 'bad') }),
        { code => 400, message => 'bad' }, 'a serialised error is thrown as it is';
    like error(sub { PerlmodTest::Calls::plain_problem() }),
        qr/\Aa plain text at \S+ line \d+\.\n\z/, 'a plain one gets the place';
    is error(sub { PerlmodTest::Calls::caused() }), "it failed: the cause\n", 'with what caused it';
    is error(sub { PerlmodTest::Calls::fails("w\x{fc}rld \x{263a}") }), "w\x{fc}rld \x{263a}\n",
        'characters survive';
};

subtest 'numbers of arguments' => sub {
    my $add = \&PerlmodTest::Calls::add;
    is error(sub { $add->() }),  "missing required parameter: 'a'\n", 'none';
    is error(sub { $add->(1) }), "missing required parameter: 'b'\n", 'one missing';
    is error(sub { $add->(1, 2, 3) }), "too many parameters for function 'add', (expected 2)\n",
        'one too many';
    is error(sub { (\&PerlmodTest::Calls::nothing)->(1) }),
        "too many parameters for function 'nothing', (expected 0)\n", 'of a function without any';
    my $optional = \&PerlmodTest::Calls::optional;
    is $optional->(1),             '1 None None',             'optional ones may be left out';
    is $optional->(1, undef),      '1 None None',             'or be undef';
    is $optional->(1, 2, 'three'), '1 Some(2) Some("three")', 'or be there';
    is error(sub { (\&PerlmodTest::Calls::gap)->(1) }), "missing required parameter: 'b'\n",
        'a required one after an optional one';
};

subtest 'prototypes' => sub {
    is prototype('PerlmodTest::Calls::add'),      '$$',   'required parameters';
    is prototype('PerlmodTest::Calls::optional'), '$;$$', 'optional ones at the end';
    is prototype('PerlmodTest::Calls::gap'),      '$$',   'optional ones before required ones';
    is prototype('PerlmodTest::Calls::nothing'),  '',     'none';
    ok !eval 'PerlmodTest::Calls::add(1); 1',    ## no critic (StringyEval)
        'perl checks them when it compiles';
};

subtest 'unusual ways to call' => sub {
    my $inherit = sub {&PerlmodTest::Calls::add};
    is $inherit->(4, 5),             9,                                   '&f passes @_ on';
    is error(sub { $inherit->(4) }), "missing required parameter: 'b'\n", '... and its length';
    my $jump = sub { goto &PerlmodTest::Calls::add };
    is $jump->(6, 7), 13, 'goto &f';
    is_deeply [sort { PerlmodTest::Calls::add($a, -$b) } 3, 1, 2], [1, 2, 3], 'in a sort block';
    my @sparse;
    $sparse[1] = 2;
    is error(sub { (\&PerlmodTest::Calls::add)->(@sparse) }),
        "a: invalid type: undef, expected i64\n", 'an element that does not exist';
    ok !exists $sparse[0], '... is not made';
    my %hash;
    is((\&PerlmodTest::Calls::optional)->(1, $hash{missing}), '1 None None', 'a missing key');
    ok !exists $hash{missing}, '... is not made';
};

subtest 'F-53: calls inside calls' => sub {
    my @chain;
    my $link = sub ($bottom) {
        for my $at (0 .. 50) {
            tie $chain[$at], 'Tied::Scalar',
                sub { return $at ? PerlmodTest::Calls::add($chain[$at - 1], 1) : $bottom->() };
        }
        return PerlmodTest::Calls::add($chain[50], 1);
    };
    is $link->(sub {100}), 151, 'Perl to Rust to Perl, fifty times';
    is error(sub {
        $link->(sub { die "at the bottom\n" });
        }),
        "at the bottom\n",
        'an error comes up through all of them';
    is error(sub { PerlmodTest::Calls::add(1, 2) }), undef, 'and the next call works';
    is eval {
        PerlmodTest::Calls::add(eval { PerlmodTest::Calls::fails('x') } // 1, 2);
    }, 3, 'an argument that is an eval';
};

subtest 'F-53: AUTOLOAD, can and references' => sub {
    {

        package Autoloading;
        our $AUTOLOAD;

        sub AUTOLOAD {
            my $name = $AUTOLOAD =~ s/.*:://r;
            no strict 'refs';    ## no critic (NoStrict)
            goto &{"PerlmodTest::Calls::$name"};
        }
    }
    is Autoloading::add(2, 3), 5, 'goto from AUTOLOAD';
    is error(sub { Autoloading::add(2) }), "missing required parameter: 'b'\n",
        'with the arguments as they are';
    is PerlmodTest::Calls->can('add')->(2, 3), 5, 'can';
    ok !PerlmodTest::Calls->can('no_such'), '... and cannot';
    local *Alias::sum = \&PerlmodTest::Calls::add;
    is Alias::sum(2, 3), 5, 'another name for the sub';
    is error(sub { PerlmodTest::Calls->add(1) }),
        "a: invalid type: a string, expected i64\n", 'a function called as a method';
};

subtest 'raw values pass untouched' => sub {
    my $object = bless {}, 'Some::Class';
    is PerlmodTest::Calls::raw($object), $object, 'an object';
    my $code = sub {42};
    is PerlmodTest::Calls::raw($code)->(), 42, 'code';
    is_deeply [PerlmodTest::Calls::raw_pair('a', 'b')], ['b', 'a'], 'a tuple is a list';
};

done_testing;
