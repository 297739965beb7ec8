#!/usr/bin/perl

use v5.36;

use POSIX ();
use Test::More;

use lib 't/lib';
use Growth qw(none_after);
use Quiet  qw(quietly);
use PerlmodTest::Fault;

# F-41: a panic is an exception, wherever it happens.

my $CANARY = 'canary-8c1f';
my $count  = $ENV{SOAK} ? 100_000 : 3_000;

my %places = (
    'argument conversion' =>
        [sub { PerlmodTest::Fault::panic_in_argument('x', 'why') }, 'reading why'],
    'the body'          => [sub { PerlmodTest::Fault::panic_in_body('x', 'why') },   'body why'],
    'return conversion' => [sub { PerlmodTest::Fault::panic_in_return('x', 'why') }, 'writing why'],
    'a drop'            => [sub { PerlmodTest::Fault::panic_in_drop('x', 'why') }, 'dropping why'],
    'an error\'s Display' =>
        [sub { PerlmodTest::Fault::panic_in_display('x', 'why') }, 'showing why'],
);
for my $place (sort keys %places) {
    subtest "F-41: a panic in $place is an exception with its text and place" => sub {
        my ($code, $text) = $places{$place}->@*;
        like quietly($code), qr{\Arust function panicked at \S+fault\.rs line \d+: $text\n\z},
            'text';
        is PerlmodTest::Fault::live(), 0, 'every value has been dropped';
    };
}

subtest 'F-41: a panic whose payload panics when dropped' => sub {
    like quietly(sub { PerlmodTest::Fault::panic_with_a_payload_that_panics('x', 'why') }),
        qr{\Arust function panicked at \S+ line \d+\n\z}, 'place';
    is PerlmodTest::Fault::live(), 0, 'every value has been dropped';
};

subtest 'F-41: a panic while another one unwinds ends the process and says so' => sub {
    plan skip_all => 'a memory checker makes a report of it' if $ENV{PERLMOD_TEST_TOOL};
    my $program = 'use PerlmodTest::Fault; open(STDERR, ">&", STDOUT);'
        . ' PerlmodTest::Fault::panic_while_unwinding("x", "why")';
    open(my $out, '-|', $^X, '-e', $program) or die "cannot start perl: $!\n";
    my $text = do { local $/ = undef; <$out> };
    close($out);
    is $? & 127, POSIX::SIGABRT(), 'by an abort';
    like $text, qr/first panic.*dropping why.*panic in a destructor during cleanup/s,
        'with both panics';
};

subtest 'F-41: a panic in the drop of an object that perl frees ends there' => sub {
    is quietly(sub {
        my $object = PerlmodTest::Fault::dying_object('PerlmodTest::Fault', 'why');
        undef $object;
        }),
        'returned', 'the program goes on';
};

subtest "F-41: $count panics do not grow the process" => sub {
    my @panics = (
        \&PerlmodTest::Fault::panic_in_argument,
        \&PerlmodTest::Fault::panic_in_body,
        \&PerlmodTest::Fault::panic_in_return,
        \&PerlmodTest::Fault::panic_in_drop,
        \&PerlmodTest::Fault::panic_in_display,
        \&PerlmodTest::Fault::panic_with_a_payload_that_panics,
    );
    my $all = sub {
        for my $panic (@panics) {
            eval { $panic->('x', 'why') }
        }
    };
    quietly(sub { none_after($count / @panics, $all) });
};

subtest 'a crate can have panics tell their place alone' => sub {
    my $program = <<~'END';
        use PerlmodTest::Fault;
        use PerlmodTest::Quiet;
        my $canary = shift;
        my @codes = (
            sub { PerlmodTest::Fault::panic_in_argument('x', $canary) },
            sub { PerlmodTest::Fault::panic_in_body('x', $canary) },
            sub { PerlmodTest::Fault::panic_in_return('x', $canary) },
            sub { PerlmodTest::Fault::panic_in_drop('x', $canary) },
            sub { PerlmodTest::Fault::panic_in_display('x', $canary) },
            sub { PerlmodTest::Fault::slice("$canary\x{fc}", length($canary) + 1) },
        );
        for my $code (@codes) { eval { $code->(); 1 } and die "no panic\n"; print $@ }
        PerlmodTest::Fault::dying_object('PerlmodTest::Fault', $canary);
        END
    open(my $out, '-|', $^X, '-e', "open(STDERR, '>&', STDOUT); \$| = 1; $program", $CANARY)
        or die "cannot start perl: $!\n";
    my @lines = <$out>;
    ok close($out), 'the program ends well';
    is scalar(@lines),                  13, 'six exceptions, seven lines on standard error';
    is scalar(grep {/$CANARY/} @lines), 0,  'the string is in none of them';
    like $_, qr{\Arust function panicked at \S+ line \d+\n\z}, 'file and line' for @lines;
};

done_testing;
