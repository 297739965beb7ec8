package PVE::CLIFormatter::Table;

# A table of text for the terminal: columns of equal width, borders of box characters where the
# terminal shows them and of ASCII elsewhere. Widths are in columns of the terminal, of which a Chinese
# letter takes two and a combining mark none. What controls the terminal, or the direction or end of a
# line, never reaches it.

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

my $WIDE     = qr/[\p{East_Asian_Width=W}\p{East_Asian_Width=F}]/;
my $NO_ROOM  = qr/[\p{Mn}\p{Me}\p{Cf}]/;
my $CONTROLS = qr/[\p{Cc}\p{Zl}\p{Zp}\p{Bidi_Control}]/;

# how many columns of the terminal a text takes
my sub room ($text) {
    return length $text if $text !~ /[^\x00-\x{2ff}]/;
    return length($text) + (() = $text =~ /$WIDE/g) - (() = $text =~ /$NO_ROOM/g);
}

# What may not be broken: words, and each wide letter with its marks.
my sub units ($text) { return $text =~ /\s*(?:$WIDE$NO_ROOM*|(?:(?!$WIDE)\S)+)/g }

# The text in pieces of at most this width.
my sub pieces ($text, $width) {
    my @pieces = ('');
    for my $unit (units($text)) {
        if ($pieces[-1] eq '') {
            $pieces[-1] = $unit =~ s/\A\s+//r;
        } elsif (room($pieces[-1] . $unit) > $width) {
            push @pieces, $unit =~ s/\A\s+//r;
        } else {
            $pieces[-1] .= $unit;
        }
    }
    return @pieces;
}

# Makes the widest of some columns narrower until the table fits the terminal. No word is broken: it
# may be copied from here.
my sub narrow ($lines, $width, $terminal, @columns) {
    my %word;
    for my $column (@columns) {
        $word{$column} = max(map { room(s/\A\s+//r) } map { units($_->[$column]) } @$lines) // 0;
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
            room($line->[$_]) > $width->[$_]
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
        [map {s/$CONTROLS/?/gr} @$_]
    } @lines;
    my @width = (0) x @$names;
    for my $line (@lines) {
        for my $i (0 .. $#width) {
            $width[$i] = max($width[$i], room($line->[$i]));
        }
    }
    if ($options->{width}) {
        narrow(\@lines, \@width, $options->{width}, ($options->{wraps} // [$#width])->@*);
        @lines = wrapped(\@lines, \@width);
    }
    my $padded = sub ($line) {
        return map { $line->[$_] . ' ' x ($width[$_] - room($line->[$_])) } 0 .. $#width;
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
columns, and C<wraps>, the numbers of the columns (the last one without this) whose texts are
wrapped between words, or between wide letters, where the table is wider.

=cut
