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

# Hashes of three keys, there and back. The floor is what no binding can be faster than: perl's own
# functions copy the rows, called from C, and Rust copies what it has read.
sub data () {
    require PerlmodTest::Bench;
    require BenchXS;
    my %row = (
        users => sub ($n) { +{ name => "user$n", mail => "user$n\@example.org", port => 0 + $n } },
        targets => sub ($n) {
            return {
                name    => "smtp-relay-$n",
                comment => "Reports of the backup jobs on node $n, for the team on call",
                port    => 587,
            };
        },
    );
    my $json = JSON::XS->new->utf8;
    for my $kind (qw(users targets)) {
        my @rows = map { $row{$kind}->($_) } 1 .. 1000;
        my ($there_and_back, $keep, $clone) =
            map { PerlmodTest::Bench->can($_ . $kind) } '', 'keep_', 'clone_';
        $keep->(\@rows);
        PerlmodTest::Bench::keep_json(\@rows);
        my %of = in_turns(
            $ROUNDS,
            json       => sub { $json->decode($json->encode(\@rows)) },
            value      => sub { PerlmodTest::Bench::json(\@rows) },
            struct     => sub { $there_and_back->(\@rows) },
            copy       => sub { BenchXS::copy(\@rows) },
            clone_json => sub { PerlmodTest::Bench::clone_json() },
            clone      => sub { $clone->() },
        );
        my %us = map { $_ => $of{$_}{time} * 1e6 } keys %of;
        record("1000 $kind, serde_json::Value / JSON::XS", $of{value}{ratio},  'ratio', 1, 1.2);
        record("1000 $kind, typed struct / JSON::XS",      $of{struct}{ratio}, 'ratio', 1, 0.6);
        printf "  (medians: %.0f us, %.0f us and %.0f us;", @us{qw(value struct json)};
        printf " floors: %.2f and %.2f)\n",
            map { $of{copy}{ratio} + $of{$_}{ratio} } qw(clone_json clone);
    }
    return;
}

1;
