#!/usr/bin/perl

use v5.36;

use Config;
use Test::More;

BEGIN {
    plan skip_all => 'perl has no threads' if !$Config{usethreads};
}
use threads;

use lib 't/lib';
use Growth qw(rss);
use PerlmodTest::Calls;
use PerlmodTest::Convert;
use PerlmodTest::Fault;
use PerlmodTest::Object;
use PerlmodTest::Probe;
use Tied::Scalar;

# F-48: threads copy every value, objects with a Rust value too.

my $CLASS = 'PerlmodTest::Object';
my $count = $ENV{SOAK} ? 1_000 : 20;

sub error ($code) {
    return eval { $code->(); 1 } ? 'returned' : $@;
}

my $EMPTY = "value blessed into $CLASS did not contain its declared magic pointer\n";

package Watched {
    use parent -norequire, 'PerlmodTest::Object';
    our $destroyed = 0;

    sub DESTROY ($self) {
        $destroyed++;
        eval { $self->text };
        return;
    }
}

subtest "F-48: $count threads that each copy an object" => sub {
    my $object = Watched->new('text');
    my $work   = sub {
        my $own   = Watched->new('own');
        my $empty = error(sub { $object->text });
        my $text  = $own->text;
        undef $own;
        undef $object;
        return "$empty$text $Watched::destroyed";
    };
    my $round = sub ($times) {
        my $wrong = 0;
        for (1 .. $times) {
            my $said = threads->create($work)->join;
            $wrong++ if $said ne "${EMPTY}own 2";
        }
        return $wrong;
    };
    is $round->(5), 0, 'the first ones';
    my $before = rss();
    is $round->($count), 0,
        'the copy is empty, an object of their own is not, each has its DESTROY';
    SKIP: {
        skip 'memory is being checked in another way', 1 if $ENV{PERLMOD_TEST_TOOL};
        cmp_ok rss() - $before, '<=', 1024, 'at most 1 MiB more';
    }
    is $object->text,              'text', 'ours is as it was';
    is PerlmodTest::Fault::live(), 1,      'nothing was dropped twice or left';
};

subtest 'F-48: eight threads at once' => sub {
    my $object  = $CLASS->new('text');
    my @threads = map {
        my $number = $_;
        threads->create(sub {
            my $own = $CLASS->new('own');
            tie my $dies, 'Tied::Scalar', sub { die "died in thread $number\n" };
            my $wrong = 0;
            for (1 .. 200) {
                $wrong++ if error(sub { $object->text }) ne $EMPTY;
                $own->append('.');
                eval { PerlmodTest::Fault::three('a', 'b', $dies) };
                $wrong++ if $@ ne "died in thread $number\n";
                $wrong++ if PerlmodTest::Calls::add($number, 1) != $number + 1;
                $wrong++ if PerlmodTest::Convert::json_text([$number]) ne "[$number]";
            }
            return $wrong + ($own->text ne 'own' . '.' x 200);
        });
    } 1 .. 8;
    is $_->join,                   0,      'nothing went wrong' for @threads;
    is $object->text,              'text', 'ours is as it was';
    is PerlmodTest::Fault::live(), 1,      'nothing was dropped twice or left';
};

subtest 'F-48: a thread that ends while it holds objects' => sub {
    my $live = PerlmodTest::Fault::live();
    threads->create(sub { our $kept = $CLASS->new('kept'); return })->join;
    is PerlmodTest::Fault::live(), $live, 'they are dropped with it';
    my $thread = threads->create(sub { return $CLASS->new('returned') });
    my $copy   = $thread->join;
    is error(sub { $copy->text }), $EMPTY, 'one that it returns is a copy';
    is PerlmodTest::Fault::live(), $live,  'and the value is dropped';
};

subtest 'F-49: a hold that outlives the interpreter of its thread' => sub {
    my $live = PerlmodTest::Fault::live();
    is threads->create(sub {
        PerlmodTest::Probe::keep('text');
        PerlmodTest::Probe::keep([1, 2, 3]);
        return 'returned';
    })->join, 'returned', 'is left alone when the thread ends';
    is PerlmodTest::Fault::live(), $live, 'nothing else is';
};

subtest 'F-45: depth is bounded before a small stack is full' => sub {

    # AddressSanitizer's frames are several times larger
    my $larger = ($ENV{PERLMOD_TEST_TOOL} // '') eq 'asan' ? 8 : 1;
    for my $size (8 << 20, (256 << 10) * $larger) {
        my $said = threads->create(
            { stack_size => $size },
            sub {
                my $deep = [];
                $deep = { level => [$deep] } for 1 .. 63;
                my $in    = length PerlmodTest::Convert::json_text($deep);
                my $cycle = [];
                push @$cycle, { self => $cycle };
                my $refused = error(sub { PerlmodTest::Convert::json($cycle) });
                my $out     = PerlmodTest::Convert::nested(128) ? 'out' : 'nothing';
                my $more    = error(sub { PerlmodTest::Convert::nested(129) });
                @$cycle = ();
                return join ' ', $in, map { /nested deeper/ ? 'refused' : $_ } $refused, $out,
                    $more;
            }
        )->join;
        is $said, '758 refused out refused', ($size >> 10) . ' kB';
    }
};

done_testing;
