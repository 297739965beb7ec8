package PVE::CLIFormatter::Table;

# A table of text for the terminal: columns of equal width, borders of box characters where the
# terminal shows them and of ASCII elsewhere. Control characters never reach the terminal.

use v5.36;

use List::Util qw(max sum);

# left end, line, crossing, right end of: the top, the rule below the header, the bottom; then the bar
my %style = (
    utf8 => [
        ["\x{250c}", "\x{2500}", "\x{252c}", "\x{2510}"],
        ["\x{255e}", "\x{2550}", "\x{256a}", "\x{2561}"],
        ["\x{2514}", "\x{2500}", "\x{2534}", "\x{2518}"],
        "\x{2502}",
    ],
    ascii => [['+', '-', '+', '+'], ['+', '=', '+', '+'], ['+', '-', '+', '+'], '|'],
);

my sub rule ($ends, $widths) {
    my ($left, $line, $crossing, $right) = @$ends;
    return $left . join($crossing, map { $line x ($_ + 2) } @$widths) . "$right\n";
}

# The text in pieces of at most this length, broken at blanks.
my sub pieces ($text, $length) {
    return $text =~ /(\S.{0,@{[$length - 1]}})(?!\S)/g;
}

# Makes the widest of some columns narrower until the table fits the terminal. No word is broken: it
# may be copied from here.
my sub narrow ($lines, $width, $terminal, @columns) {
    my %word;
    for my $column (@columns) {
        $word{$column} = max(map {length} map { split ' ', $_->[$column] } @$lines) // 0;
    }
    my $excess = 4 + 3 * $#$width + sum(@$width) - $terminal;
    while ($excess > 0) {
        my ($widest, $next) = sort { $width->[$b] <=> $width->[$a] || $a <=> $b }
            grep { $width->[$_] > $word{$_} } @columns
            or return;
        my $to = max(
            $word{$widest},
            $width->[$widest] - $excess,
            defined $next ? $width->[$next] - 1 : 0
        );
        $excess -= $width->[$widest] - $to;
        $width->[$widest] = $to;
    }
    return;
}

# The lines where each text that is wider than its column goes on in lines of their own.
my sub wrapped ($lines, $width) {
    return map {
        my $line  = $_;
        my @cells = map {
            length $line->[$_] > $width->[$_]
                ? [pieces($line->[$_], $width->[$_])]
                : [$line->[$_]]
        } 0 .. $#$width;
        map {
            my $number = $_;
            [map { $_->[$number] // '' } @cells]
        } 0 .. max(map {$#$_} @cells);
    } @$lines;
}

sub render ($names, $rows, $options = {}) {
    my @lines = $options->{noheader} ? @$rows : ($names, @$rows);
    @lines = map {
        [map {s/[\x00-\x1f\x7f-\x9f]/?/gr} @$_]
    } @lines;
    my @width = (0) x @$names;
    for my $line (@lines) {
        for my $i (0 .. $#width) {
            $width[$i] = length $line->[$i] if length $line->[$i] > $width[$i];
        }
    }
    if ($options->{width}) {
        narrow(\@lines, \@width, $options->{width}, ($options->{wraps} // [$#width])->@*);
        @lines = wrapped(\@lines, \@width);
    }
    my $padded = sub ($line) {
        return map { $line->[$_] . ' ' x ($width[$_] - length $line->[$_]) } 0 .. $#width;
    };
    if ($options->{noborder}) {
        return join '', map { join('  ', $padded->($_)) =~ s/ *\z/\n/r } @lines;
    }
    my ($top, $header, $bottom, $bar) = $style{ $options->{utf8} ? 'utf8' : 'ascii' }->@*;
    my @text = map { "$bar " . join(" $bar ", $padded->($_)) . " $bar\n" } @lines;
    splice @text, 1, 0, rule($header, \@width) if !$options->{noheader};
    return join '', rule($top, \@width), @text, rule($bottom, \@width);
}

1;

__END__

=head1 NAME

PVE::CLIFormatter::Table - text tables

=head1 FUNCTIONS

=head2 render($names, $rows, $options)

The table as a string. Options: C<noheader>, C<noborder>, C<utf8>, C<width>, the terminal's in
characters, and C<wraps>, the numbers of the columns (the last one without this) whose texts are
wrapped between words where the table is wider.

=cut
