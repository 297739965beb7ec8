#!/usr/bin/perl

use v5.36;

use Test::More;

use PerlmodTest::Probe;

# F-49: where perl is not there, or is about to go.

my $WORDS = 'perl is not available in this thread';

sub run ($program) {
    open(my $out, '-|', $^X, '-e', "open(STDERR, '>&', STDOUT); \$| = 1; $program")
        or die "cannot start perl: $!\n";
    my $text = do { local $/ = undef; <$out> };
    close($out);
    return ($?, $text);
}

subtest 'F-49: a thread of Rust\'s own has no perl' => sub {
    open(my $stderr, '>&', \*STDERR)    ## no critic (BriefOpen)
        or die "cannot keep standard error: $!\n";
    open(STDERR, '>', '/dev/null') or die "cannot redirect: $!\n";
    my $said = PerlmodTest::Probe::without_perl();
    open(STDERR, '>&', $stderr) or die "cannot restore: $!\n";
    is_deeply $said, [map {"$_: $WORDS"} qw(scalar string hash to_value bless wantarray)],
        'each use of it is refused';
    is PerlmodTest::Probe::in_thread('text'), 'TEXT', 'converted data is free to go there';
};

my $USE = 'use PerlmodTest::Object; use PerlmodTest::Fault; use PerlmodTest::Convert;';

subtest 'F-49: END blocks' => sub {
    my ($status, $text) = run(
        "$USE END { print PerlmodTest::Object->new('late')->text, ' ',
            eval { PerlmodTest::Convert::i64('x') } // \$@ }"
    );
    is $status, 0,                                                'ends well';
    is $text,   "late v: invalid type: a string, expected i64\n", 'calls work as before';
};

subtest 'F-49: DESTROY when perl ends' => sub {
    my $class = 'package Late { sub new { bless {} } sub DESTROY {
        my $phase = ${^GLOBAL_PHASE};
        my $object = eval { PerlmodTest::Object->new("late") };
        my $text = eval { $object->text } // $@;
        my $other = eval { $main::object->text } // $@ if $main::object;
        print "$phase $text ", eval { PerlmodTest::Convert::json_text([1]) } // $@, "\n";
    } }';
    my %kept = (
        'a variable'     => 'our $late = Late->new; our $object = PerlmodTest::Object->new("x");',
        'a cycle'        => 'my $cycle = [Late->new]; push @$cycle, $cycle;',
        'END makes it'   => 'END { our $late = Late->new }',
        'inside a value' =>
            'our $object = PerlmodTest::Object->new("x"); $object->{late} = Late->new;',
    );
    for my $where (sort keys %kept) {
        my ($status, $text) = run("$USE $class $kept{$where}");
        is $status, 0,                     "$where: ends well";
        is $text,   "DESTRUCT late [1]\n", "$where: calls work or are refused, nothing more";
    }
};

subtest 'F-49: a hold that Rust keeps for ever' => sub {
    my ($status, $text) = run(
        'use PerlmodTest::Probe; PerlmodTest::Probe::keep({ a => [1] }); PerlmodTest::Probe::keep("x"); print "end"'
    );
    is $status, 0,     'ends well';
    is $text,   'end', 'and says nothing';
};

subtest 'F-49: ending in other ways' => sub {
    my %ways = (
        'POSIX::_exit'     => ['use POSIX (); POSIX::_exit(3)',             3 << 8],
        'exec'             => ['exec "true"',                               0],
        'die'              => ['$! = 0; die PerlmodTest::Object->new("x")', 255 << 8],
        'exit in a method' => ['sub PerlmodTest::Object::DESTROY { exit 4 } undef $object', 4 << 8],
        'kill'             => ['kill TERM => $$; sleep 5',                                  15],
    );
    for my $way (sort keys %ways) {
        my ($program, $expected) = $ways{$way}->@*;
        my ($status) = run("$USE our \$object = PerlmodTest::Object->new('x'); $program");
        is $status, $expected, $way;
    }
};

done_testing;
