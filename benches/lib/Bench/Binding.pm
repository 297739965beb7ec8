package Bench::Binding;

# The binding layer (crates/perlmod) against the same functions in C (benches/xs) and against
# JSON::XS; build/bench holds both, see benches/xs/build.

use v5.36;

use JSON::XS ();

use Bench qw(in_turns record);

my $ROUNDS = 200;     # batches of each, by turns
my $CALLS  = 2000;    # in a batch
my $UNROLL = 20;      # calls in one turn of a batch's loop

my @CASES = (
    ['empty call',            'CLASS::empty();',             1.3, $CALLS],
    ['add(i64, i64)',         '$r = CLASS::add($x, $y);',    1.4, $CALLS],
    ['string in and out',     '$r = CLASS::string($s);',     1.4, $CALLS],
    ['error in eval',         'eval { CLASS::fails(); 1 };', 1.3, $CALLS],
    ['1 MB ASCII string out', '$r = CLASS::ascii();',        1.9, $UNROLL],
);

# A sub that runs the statement so many times; straight code, so that the loop hardly counts.
sub batch ($class, $statement, $calls) {
    my $code = $statement =~ s/CLASS/$class/rg x $UNROLL;
    my $sub  = eval    ## no critic (BuiltinFunctions::ProhibitStringyEval)
        "sub { my (\$x, \$y, \$s, \$r) = (3, 4, 'a string of thirty characters.');
         for (1 .. $calls / $UNROLL) { $code } }";
    return $sub // die $@;
}

sub calls () {
    require PerlmodTest::Bench;
    require BenchXS;
    for my $case (@CASES) {
        my ($name, $statement, $bound, $calls) = @$case;
        my %time = in_turns(
            $ROUNDS,
            ours => batch('PerlmodTest::Bench', $statement, $calls),
            c    => batch('BenchXS',            $statement, $calls),
        );
        my ($ours, $c) = map { $_ / $calls * 1e9 } @time{qw(ours c)};
        record("$name / C XS", $ours / $c, 'ratio', 1, $bound);
        printf "  (medians: %.1f ns and %.1f ns)\n", $ours, $c;
    }
    return;
}

# A panic's own text goes to standard error, which is not what is measured, nor is a backtrace.
sub panics () {
    local $ENV{RUST_BACKTRACE} = 0;
    ## no critic (InputOutput::RequireBriefOpen)
    open(my $kept, '>&', \*STDERR)    or die "bench: $!\n";
    open(STDERR,   '>',  '/dev/null') or die "bench: $!\n";
    my $batch = batch('PerlmodTest::Bench', 'eval { CLASS::panics(); 1 };', $CALLS);
    my %time  = in_turns($ROUNDS / 4, ours => $batch);
    open(STDERR, '>&', $kept) or die "bench: $!\n";
    record('panic turned into an exception', $time{ours} / $CALLS * 1e6, 'us', undef, 5);
    return;
}

sub data () {
    my @rows =
        map { { name => "user$_", mail => "user$_\@example.org", port => $_ + 0 } } 1 .. 1000;
    my $json = JSON::XS->new->utf8;
    my %time = in_turns(
        $ROUNDS,
        json  => sub { $json->decode($json->encode(\@rows)) },
        value => sub { PerlmodTest::Bench::json(\@rows) },
        rows  => sub { PerlmodTest::Bench::rows(\@rows) },
    );
    $_ *= 1e6 for values %time;
    record('1000 hashes, serde_json::Value / JSON::XS', $time{value} / $time{json}, 'ratio', 1,
        1.2);
    record('1000 hashes, typed struct / JSON::XS', $time{rows} / $time{json}, 'ratio', 1, 0.6);
    printf "  (medians: %.0f us, %.0f us and %.0f us)\n", @time{qw(value rows json)};
    return;
}

1;
