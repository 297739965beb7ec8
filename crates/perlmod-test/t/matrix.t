#!/usr/bin/perl

use v5.36;

use B ();
use Test::More;

BEGIN {
    # shared variables are one of the histories
    eval { require threads; require threads::shared; };
}

use lib 't/lib';
use Matrix qw(expected holders table types);
use PerlmodTest::Convert;
use PerlmodTest::Probe;

binmode(Test::More->builder->$_, ':encoding(UTF-8)') for qw(output failure_output todo_output);

my @types = types();
my $cells = 0;

sub attempt ($function, $holder) {
    my $result = eval { $function->($$holder) };
    return ($result, $@);
}

# What the scalar is; perl itself changes what it fetches.
sub flags ($holder) {
    my $flags = B::svref_2object($holder->{value})->FLAGS;
    return $flags & B::SVs_GMG() ? 0 : $flags;
}

sub matches ($expected, $result, $error) {
    return $error =~ $expected && $error =~ /\Av(?::|\.|\[)/ if ref $expected;
    return 0                                                 if $error;
    return !defined $result                                  if !defined $expected;
    return defined $result && "$result" eq "$expected";
}

for my $row (table()) {
    subtest "$row->{name}, whatever its history" => sub {
        my @holders = holders($row);
        for my $type (@types) {
            my $function = PerlmodTest::Convert->can($type);
            my $expected = expected($row, $type);
            my @wrong;
            for my $holder (@holders) {
                next if $type =~ $holder->{either};
                my ($result, $error) = attempt($function, $holder->{value});
                $cells++;
                push @wrong, "$holder->{history}: " . ($error || $result // 'undef')
                    if !matches($expected, $result, $error);
            }
            ok(!@wrong, $type) || diag(join "\n", "expected:", $expected // "undef", @wrong);
        }
        my (%left, @changed);
        for my $holder (@holders) {
            my $flags  = flags($holder);
            my $before = PerlmodTest::Probe::sv_count();
            for my $type (@types) {
                for (1 .. 3) {
                    eval { PerlmodTest::Convert->can($type)->($holder->{value}->$*); }
                }
            }
            my $after = PerlmodTest::Probe::sv_count();
            $left{ $holder->{history} } = $after - $before;
            push @changed, $holder->{history} if flags($holder) != $flags;
        }
        is_deeply [grep { $left{$_} } sort keys %left], [], 'no scalar is left'
            or diag explain \%left;
        is_deeply \@changed, [], 'the caller\'s scalar is not changed';
    };
}

note "$cells cells";
done_testing;
