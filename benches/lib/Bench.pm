package Bench;

# Measures and records: what is compared is run in turns.

use v5.36;

use Exporter    qw(import);
use JSON::PP    ();
use Time::HiRes qw(clock_gettime CLOCK_MONOTONIC);

our @EXPORT_OK = qw(in_turns median now record write_results);

my @results;

sub now () {
    return clock_gettime(CLOCK_MONOTONIC);
}

sub median (@values) {
    my @sorted = sort { $a <=> $b } @values;
    return $sorted[$#sorted / 2];
}

# Each sub's median time in seconds, and the median of its ratios to the first one, each from one
# round: what else the machine does meanwhile slows both. The first round warms up.
sub in_turns ($rounds, @pairs) {
    my ($baseline) = @pairs;
    my %subs       = @pairs;
    my @names      = sort keys %subs;
    my (%times, %ratios);
    for my $round (0 .. $rounds) {
        my %time;
        for my $name ($round % 2 ? @names : reverse @names) {
            my $start = now();
            $subs{$name}->();
            $time{$name} = now() - $start;
        }
        next if $round == 0;
        for my $name (@names) {
            push $times{$name}->@*,  $time{$name};
            push $ratios{$name}->@*, $time{$name} / $time{$baseline};
        }
    }
    return
        map { $_ => { time => median($times{$_}->@*), ratio => median($ratios{$_}->@*) } } @names;
}

sub record ($name, $value, $unit, $baseline, $bound) {
    my ($shown, $against) = map { defined $_ ? 0 + sprintf('%.4g', $_) : undef } $value, $baseline;
    push @results,
        { name => $name, value => $shown, unit => $unit, baseline => $against, bound => $bound };
    my $verdict = $value <= $bound ? 'ok' : 'TOO MUCH';
    printf "%-48s %10s %-6s %12s %10s  %s\n", $name, $shown, $unit, $against // '-', $bound,
        $verdict;
    return;
}

# Whether all is within its bounds; the file is what tools read.
sub write_results ($file) {
    open(my $out, '>', $file) or die "bench: $file: $!\n";
    print {$out} JSON::PP->new->canonical->pretty->encode(\@results);
    close($out) or die "bench: $file: $!\n";
    return !grep { $_->{value} > $_->{bound} } @results;
}

1;
