#!/usr/bin/perl

use v5.36;

use Hash::Util qw(lock_keys);
use Test::More;

use lib 't/lib';
use Dying;
use Growth qw(none_after);
use Tied::Array;
use Tied::Hash;
use Tied::Scalar;
use UnnamedKey;

use PerlmodTest::Fault;

# F-42: Perl code that dies inside a call leaves every Rust value dropped.

my $count = $ENV{SOAK} ? 200_000 : 20_000;

sub error ($code) {
    return eval { $code->(); 1 } ? 'returned' : $@;
}

sub balanced () { return is PerlmodTest::Fault::live(), 0, 'every Rust value has been dropped' }

tie my $dies,    'Tied::Scalar', sub { die "died in FETCH\n" };
tie my @dies,    'Tied::Array',  2,                        sub { die "died in FETCH\n" };
tie my %dies,    'Tied::Hash',   ['key'],                  sub { die "died in FETCH\n" };
tie my %unnamed, 'Tied::Hash',   [bless [], 'UnnamedKey'], sub { 'x' x 1000 };
tie my $throws,  'Tied::Scalar', sub { die { code => 7 } };

subtest 'F-42: FETCH dies for each argument' => sub {
    for my $at (0 .. 2) {
        my $call = sub ($bad) {
            my @arguments = ('a') x 3;
            my $three     = \&PerlmodTest::Fault::three;
            return
                  $at == 0 ? $three->($$bad, 'b', 'c')
                : $at == 1 ? $three->('a', $$bad, 'c')
                :            $three->('a', 'b', $$bad);
        };
        is error(sub { $call->(\$dies) }), "died in FETCH\n", "argument $at";
        is_deeply error(sub { $call->(\$throws) }), { code => 7 }, '... and an object';
        balanced;
    }
};

subtest 'F-42: FETCH dies inside containers' => sub {
    my $element = [{ good => 'a' }, { bad => undef }];
    tie $element->[1]{bad}, 'Tied::Scalar', sub { die "died in FETCH\n" };
    is error(sub { PerlmodTest::Fault::deep('a', $element) }),    "died in FETCH\n", 'an element';
    is error(sub { PerlmodTest::Fault::deep('a', \@dies) }),      "died in FETCH\n", 'a tied array';
    is error(sub { PerlmodTest::Fault::deep('a', [\%dies]) }),    "died in FETCH\n", 'a tied hash';
    is error(sub { PerlmodTest::Fault::deep('a', [\%unnamed]) }), "died in key\n",   'a key';
    is error(sub { PerlmodTest::Fault::three('a', 'b', $dies{key}) }), "died in FETCH\n",
        'an element of a tied hash';
    balanced;
};

subtest 'F-42: overloaded operators are not called' => sub {
    my $object = bless {}, 'Dying';
    like error(sub { PerlmodTest::Fault::three('a', $object, 'c') }),
        qr/\Ab: invalid type: a hash, expected a string\n\z/, 'the reference counts';
    balanced;
    local $SIG{__WARN__} = sub { };
    undef $object;
};

subtest 'F-42: DESTROY dies when Rust drops the last hold' => sub {
    my @warnings;
    local $SIG{__WARN__} = sub ($text) { push @warnings, $text };
    is error(sub { PerlmodTest::Fault::release(bless([], 'Dying'), 'a') }), 'returned',
        'the call returns';
    my %hash = (key => bless([], 'Dying'));
    is error(sub { PerlmodTest::Fault::insert(\%hash, 'key', 'a') }), 'returned',
        'the call that replaces one returns';
    is scalar(grep {/died in DESTROY/} @warnings), 2, 'perl warns, once each';
    balanced;
};

subtest 'F-42: hooks that die' => sub {
    local $SIG{__DIE__} = sub ($text) { die "hook: $text" };
    is error(sub { PerlmodTest::Fault::three('a', $dies, 'c') }), "hook: died in FETCH\n",
        'the die hook runs once, when the call dies';
    balanced;
    tie my $warns, 'Tied::Scalar', sub { warn "careful\n"; return 'b' };
    local $SIG{__WARN__} = sub ($text) { die "warning: $text" };
    is error(sub { PerlmodTest::Fault::three('a', $warns, 'c') }), "hook: warning: careful\n",
        'a warn hook that dies';
    balanced;
};

subtest 'F-42: stores that are refused' => sub {
    my %locked = (key => 1);
    lock_keys(%locked);
    like error(sub { PerlmodTest::Fault::insert(\%locked, 'other', 'a') }),
        qr/disallowed key 'other' in a restricted hash/, 'a restricted hash';
    my @constant = (1);
    Internals::SvREADONLY(@constant, 1);
    like error(sub { PerlmodTest::Fault::push(\@constant, 'a') }), qr/read-only/,
        'a read-only array';
    like error(sub { PerlmodTest::Fault::push(\@dies, 'a') }), qr/died in PUSH/, 'a tied array';
    like error(sub { PerlmodTest::Fault::insert(\%dies, 'key', 'a') }), qr/died in STORE/,
        'a tied hash';
    is error(sub { $dies = PerlmodTest::Fault::three('a', 'b', 'c') }), "died in STORE\n",
        'the variable that gets the result';
    balanced;
    is_deeply \%locked, { key => 1 }, 'nothing was stored';
    my (%hash, @array);
    PerlmodTest::Fault::insert(\%hash, "\x{fc}\x{263a}", 'a');
    PerlmodTest::Fault::push(\@array, 'a');
    is_deeply [\%hash, \@array], [{ "\x{fc}\x{263a}" => 'a' }, ['a']], 'plain ones are filled';
};

subtest 'an outer eval and $@ do not notice' => sub {
    tie my $inner, 'Tied::Scalar', sub {
        eval { die "inner\n" };
        return 'b';
    };
    local $@ = 'kept';
    is PerlmodTest::Fault::three('a', $inner, 'c'), 'abc',  'a FETCH with an eval of its own';
    is $@,                                          'kept', '$@ is as before';
    my $nested = eval {
        eval { PerlmodTest::Fault::three('a', $dies, 'c') };
        is $@, "died in FETCH\n", 'the inner eval catches';
        'outer';
    };
    is $nested, 'outer', 'and the outer one goes on';
};

subtest 'after a call inside a call the outer one goes on as before' => sub {
    tie my $nested, 'Tied::Scalar', sub { return PerlmodTest::Fault::three('x', 'y', 'z') };
    tie my $failed, 'Tied::Scalar', sub {
        eval { PerlmodTest::Fault::three('x', $dies, 'z') };
        return 'failed';
    };
    my $early = 'early';
    tie my $last, 'Tied::Scalar', sub { $early = 'changed' x 1000; return 'last' };
    for my $inner (\$nested, \$failed) {
        is error(sub { PerlmodTest::Fault::three($$inner, $$inner, $dies) }), "died in FETCH\n",
            'an error after it';
        $early = 'early';
        like PerlmodTest::Fault::lent($early, $$inner, $last), qr/\Aearly(?:xyz|failed)last\z/,
            'what was lent before it';
    }
    balanced;
};

subtest 'loops and subs cannot be left from inside' => sub {
    no warnings qw(exiting);    ## no critic (NoWarnings)
    tie my $next, 'Tied::Scalar', sub {next};
    for (1) {
        like error(sub { PerlmodTest::Fault::three('a', $next, 'c') }), qr/Can't "next" outside/,
            'next';
    }
    {

        package Tied::Leaving;
        use parent -norequire, 'Tied::Array';
        sub PUSH ($self, @) {next}    ## no critic (FinalReturn)
    }
    tie my @leaving, 'Tied::Leaving', 0, sub { };
    my $after = 0;
    for (1, 2) {
        like error(sub { PerlmodTest::Fault::push(\@leaving, 'a') }), qr/Can't "next" outside/,
            'next in PUSH';
        $after++;
    }
    is $after, 2, 'the loop goes on';
    tie my $goto, 'Tied::Scalar', sub { goto OUTSIDE };
    like error(sub { PerlmodTest::Fault::three('a', $goto, 'c') }), qr/Can't find label OUTSIDE/,
        'goto';
    balanced;
    OUTSIDE:
};

subtest 'exit inside a call leaves the program in order' => sub {
    plan skip_all => 'taint mode starts no programs' if ${^TAINT};
    my $program = <<~'END';
        use PerlmodTest::Fault;
        package Exits { sub TIESCALAR { bless [] } sub FETCH { exit 3 } sub DESTROY { exit 3 } }
        tie my $fetch, 'Exits';
        my %destroy = (key => bless [], 'Exits');
        END { print "live ", PerlmodTest::Fault::live(), "\n" }
        END
    my %ways = (
        FETCH   => q[PerlmodTest::Fault::three('a', $fetch, 'c')],
        DESTROY => q[PerlmodTest::Fault::insert(\%destroy, 'key', 'a')],
    );
    for my $way (sort keys %ways) {
        my $call =
            "open(STDERR, '>&', STDOUT); eval { eval { $ways{$way} } }; print qq(not reached\n);";
        open(my $out, '-|', $^X, '-e', "$program $call") or die "cannot start perl: $!\n";
        my $text = do { local $/ = undef; <$out> };
        close($out);
        is $? >> 8, 3,          "in $way: its status";
        is $text,   "live 0\n", '... and every Rust value has been dropped';
    }
};

subtest 'what Rust has borrowed survives what Perl does' => sub {
    for my $size (3, 3000) {
        my $early = 'e' x $size;
        my $last  = 'l' x $size;
        my $cow   = $early;
        tie my $late, 'Tied::Scalar',
            sub { $early = 'overwritten' x 1000; $last = 'x'; return 'late' };
        is PerlmodTest::Fault::lent($early, $late, 'z'), ('e' x $size) . 'latez', "$size bytes";
        is $cow, 'e' x $size, 'a copy is as it was';
    }
    my %hash = map { ("key$_" => "value$_") } 1 .. 50;
    tie $hash{key25}, 'Tied::Scalar', sub { %hash = (); return 'late' };
    is PerlmodTest::Fault::deep('a', [\%hash]), 50, 'a hash that is emptied while it is read';
    my %few = map { ("key$_" => "value$_") } 1 .. 3;
    is_deeply PerlmodTest::Fault::forgotten(\%few), \%few, 'hashes that Rust forgets half read';
    my %plain = map { ("key$_" => "value$_") } 1 .. 12;
    my $read  = PerlmodTest::Fault::replaced(\%plain);
    is_deeply [sort @$read], [sort map {"value$_"} 1 .. 12],
        'values that Rust replaces while it reads them';
    is_deeply [sort values %plain], [('new') x 12], '... and they are replaced';
    my @array = map { { key => $_ } } 1 .. 50;
    tie $array[25]{key}, 'Tied::Scalar', sub { @array = (); return 'late' };
    is PerlmodTest::Fault::deep('a', \@array), 26, 'an array that is emptied while it is read';
    my @arguments = ('early', undef, 'last');
    tie $arguments[1], 'Tied::Scalar', sub { @arguments = (); return 'late' };
    is((\&PerlmodTest::Fault::lent)->(@arguments), 'earlylatelast', 'arguments that are freed');
};

subtest "F-42: $count dying calls do not grow the process" => sub {
    my $element = [{ a => 'good', b => [] }];
    my $dropped = PerlmodTest::Fault::dropped();
    none_after(
        $count,
        sub {
            eval { PerlmodTest::Fault::three('a', 'b', $dies) };
            eval { PerlmodTest::Fault::deep('a', $element) };
            eval { PerlmodTest::Fault::deep('a', [\%unnamed]) };
            eval { PerlmodTest::Fault::lent('early', undef, $throws) };
        }
    );
    cmp_ok PerlmodTest::Fault::dropped() - $dropped, '>=', 6 * $count,
        'values were made and dropped';
};

done_testing;
