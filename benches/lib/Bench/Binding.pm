package Bench::Binding;

# The binding layer (crates/perlmod) against the same functions in C (benches/xs) and against
# JSON::XS; build/bench holds both, see benches/xs/build.

use v5.36;

use JSON::XS ();

use Bench qw(in_turns median record);

my $ROUNDS = 200;    # batches of each, by turns
my $CALLS  = 2000;    # in a batch
my $UNROLL = 20;    # calls in one turn of a batch's loop

my $PROCESSES = 5;    # that measure rows

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
        my %of = in_turns(
            $ROUNDS,
            c    => batch('BenchXS',            $statement, $calls),
            ours => batch('PerlmodTest::Bench', $statement, $calls),
        );
        record("$name / C XS", $of{ours}{ratio}, 'ratio', 1, $bound);
        printf "  (medians: %.1f ns and %.1f ns)\n",
            map { $_->{time} / $calls * 1e9 } @of{qw(ours c)};
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
    my %of    = in_turns($ROUNDS / 4, ours => $batch);
    open(STDERR, '>&', $kept) or die "bench: $!\n";
    record('panic turned into an exception', $of{ours}{time} / $CALLS * 1e6, 'us', undef, 5);
    return;
}

my %ROW = (
    users   => sub ($n) { +{ name => "user$n", mail => "user$n\@example.org", port => 0 + $n } },
    targets => sub ($n) {
        return {
            name    => "smtp-relay-$n",
            comment => "Reports of the backup jobs on node $n, for the team on call",
            port    => 587,
        };
    },
);

# Prints times and ratios of rows there and back, and of what no binding can be faster than: perl's
# own functions copy the rows, called from C, and Rust copies what it has read.
sub measure_rows ($kind) {
    require PerlmodTest::Bench;
    require BenchXS;
    my @rows = map { $ROW{$kind}->($_) } 1 .. 1000;
    my ($there_and_back, $keep, $clone) =
        map { PerlmodTest::Bench->can($_ . $kind) } '', 'keep_', 'clone_';
    $keep->(\@rows);
    PerlmodTest::Bench::keep_json(\@rows);
    my $json = JSON::XS->new->utf8;
    my %of   = in_turns(
        $ROUNDS / $PROCESSES,
        json        => sub { $json->decode($json->encode(\@rows)) },
        value       => sub { PerlmodTest::Bench::json(\@rows) },
        struct      => sub { $there_and_back->(\@rows) },
        copy        => sub { BenchXS::copy(\@rows) },
        clone_value => sub { PerlmodTest::Bench::clone_json() },
        clone       => sub { $clone->() },
    );
    say $json->canonical->encode(\%of);
    return;
}

# Each process has an order of keys and a layout of its heap of its own, which count for a tenth.
sub data () {
    for my $kind (qw(users targets)) {
        my %measured;
        for (1 .. $PROCESSES) {
            my @command = ($^X, (map {"-I$_"} @INC), '-MBench::Binding', '-e');
            open(my $out, '-|', @command, "Bench::Binding::measure_rows('$kind')")
                or die "bench: $!\n";
            my $of = JSON::XS->new->decode(readline($out) // '');
            close($out) or die "bench: measuring rows failed\n";
            push $measured{"$_ us"}->@*, 1e6 * $of->{$_}{time} for keys %$of;
            push $measured{$_}->@*,      $of->{$_}{ratio}      for keys %$of;
            push $measured{"$_->[1] floor"}->@*, $of->{copy}{ratio} + $of->{ $_->[0] }{ratio}
                for ['clone_value', 'value'], ['clone', 'struct'];
        }
        my %is = map { $_ => median($measured{$_}->@*) } keys %measured;
        record("1000 $kind, serde_json::Value / JSON::XS", $is{value}, 'ratio', 1, 1.2);
        record("1000 $kind, typed struct / JSON::XS",
            $is{struct}, 'ratio', 1, 1.1 * $is{'struct floor'});
        printf "  (medians: %.0f us, %.0f us and %.0f us; floors: %.2f and %.2f)\n",
            @is{ 'value us', 'struct us', 'json us', 'value floor', 'struct floor' };
    }
    return;
}

1;
