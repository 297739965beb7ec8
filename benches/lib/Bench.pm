package Bench;

# Measures and records: what is compared is run in turns, and medians are compared.

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

# The median time of each sub, in seconds; the first round warms up.
sub in_turns ($rounds, %subs) {
    my %times;
    for my $round (0 .. $rounds) {
        my @names = sort keys %subs;
        for my $name ($round % 2 ? @names : reverse @names) {
            my $start = now();
            $subs{$name}->();
            push $times{$name}->@*, now() - $start if $round > 0;
        }
    }
    return map { $_ => median($times{$_}->@*) } keys %times;
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
