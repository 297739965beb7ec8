package PVE::CLIFormatter::Table;

# A table of text for the terminal: columns of equal width, borders of box characters where the
# terminal shows them and of ASCII elsewhere. Control characters never reach the terminal.

use v5.36;

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

# Lets the last column be no wider than the terminal leaves it; its text goes on in lines of their own.
# No word is broken: it may be copied from here.
my sub wrapped ($lines, $width, $terminal) {
    my $last = $#$width;
    my $room = $terminal - 4 - 3 * $last;
    $room -= $_ for $width->@[0 .. $last - 1];
    for my $word (map { split ' ', $_->[$last] } @$lines) {
        $room = length $word if length $word > $room;
    }
    return @$lines if $width->[$last] <= $room;
    $width->[$last] = $room;
    return map {
        my $line = $_;
        my ($first, @more) = pieces($line->[$last], $room);
        ([$line->@[0 .. $last - 1], $first // ''], map { [('') x $last, $_] } @more);
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
    @lines = wrapped(\@lines, \@width, $options->{width}) if $options->{width};
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

The table as a string. Options: C<noheader>, C<noborder>, C<utf8>, and C<width>, the terminal's in
characters: a longer text of the last column is wrapped between words.

=cut
