#!/usr/bin/perl

use v5.36;

use POSIX ();
use Test::More;

use PerlmodTest::Fault;
use PerlmodTest::Object;

# F-46: children that are forked after the library was loaded.

my $CLASS = 'PerlmodTest::Object';

# Forks one child after the other, some at once; returns how many did not end well.
sub children ($count, $code) {
    my ($wrong, %running) = (0);
    my $wait = sub {
        my $pid = waitpid(-1, 0);
        return   if !delete $running{$pid};
        $wrong++ if $?;
    };
    for (1 .. $count) {
        $wait->() if keys %running >= 20;
        my $pid = fork() // die "cannot fork: $!\n";
        if (!$pid) {
            my $status = eval { $code->() } ? 0 : 1;
            POSIX::_exit($status);
        }
        $running{$pid} = 1;
    }
    $wait->() while %running;
    return $wrong;
}

my $object = $CLASS->new('text');
my $work   = sub {
    open(STDERR, '>', '/dev/null') or die "cannot redirect: $!\n";
    eval { PerlmodTest::Fault::panic_in_body('x', 'why') };
    return 0 if $@ !~ /body why/;
    $object->append(" $$");
    my $own = $CLASS->new('own');
    return $object->text eq "text $$" && $own->text eq 'own' && PerlmodTest::Fault::live() == 2;
};

for my $count (1, 10, $ENV{SOAK} ? 1_000 : 50) {
    subtest "F-46: $count children" => sub {
        is children($count, $work), 0,      'each has its own copy, and all works';
        is $object->text,           'text', 'ours is as it was';
    };
}

subtest 'F-46: a child that forks, and one that runs another program' => sub {
    is children(5, sub { return !children(2, $work) }), 0, 'grandchildren';
    is children(5, sub { return !system($^X, '-e', 'use PerlmodTest::Calls; exit 0') }), 0,
        'another perl';
};

subtest 'F-46: a child that ends as perl does' => sub {
    my $pid = fork() // die "cannot fork: $!\n";
    if (!$pid) {
        Test::More->builder->no_ending(1);
        exit 0;
    }
    waitpid($pid, 0);
    is $?,            0,      'drops its copy';
    is $object->text, 'text', 'ours is as it was';
};

done_testing;
