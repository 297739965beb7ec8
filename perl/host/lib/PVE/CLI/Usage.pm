package PVE::CLI::Usage;

# The help texts of API methods for a command line, made from their schemas: one line that names the
# parameters, or a paragraph about each of them.

use v5.36;

my $WIDTH = 80;

our $value_files_text = '';    # what is said of options that only some programs have

sub type_text ($schema) {
    return $schema->{typetext}                          if defined $schema->{typetext};
    return '<' . join(' | ', $schema->{enum}->@*) . '>' if $schema->{enum};
    return "<$schema->{format_description}>"            if defined $schema->{format_description};
    my $type = $schema->{type} // 'string';
    if (defined $schema->{minimum} || defined $schema->{maximum}) {
        return
              "<$type> ("
            . ($schema->{minimum} // '-N') . ' - '
            . ($schema->{maximum} // 'N') . ')';
    }
    return "<$type>";
}

my sub wrapped ($words, $first, $rest) {
    my @lines = ($first);
    for my $word (@$words) {
        my $room = $WIDTH - length $lines[-1];
        push @lines, $rest if length $word >= $room && $lines[-1] =~ /\S/;
        $lines[-1] .= $lines[-1] =~ /(?:\A|\s)\z/ ? $word : " $word";
    }
    return join '', map {"$_\n"} @lines;
}

my sub sorted_names ($properties, $fixed) {
    my @names = grep { !$fixed->{$_} } sort keys %$properties;
    return (
        [grep { !$properties->{$_}{optional} } @names],
        [grep { $properties->{$_}{optional} } @names],
    );
}

sub short ($command, $info, $fixed = {}) {
    my $properties = $info->{parameters}{properties} // {};
    my ($needed, $optional) = sorted_names($properties, $fixed);
    my @words = map { "--$_ " . type_text($properties->{$_}) } @$needed;
    push @words, '[OPTIONS]' if @$optional;
    return wrapped([@words, '[FORMAT_OPTIONS]'], $command, ' ' x 4);
}

my sub limits_text ($schema) {
    my $text = '';
    if (defined $schema->{maxLength}) {
        my $least = $schema->{minLength} // 0;
        $text .= ($least > 1 ? " $least to" : ' At most') . " $schema->{maxLength} characters.";
    }
    $text .= " Default: $schema->{default}." if defined $schema->{default};
    return $text;
}

sub option_text ($name, $schema) {
    my $text   = ($schema->{description} // '') . limits_text($schema);
    my $indent = ' ' x 10;
    return "  --$name " . type_text($schema) . "\n" . wrapped([split ' ', $text], $indent, $indent);
}

sub long ($command, $info, $fixed = {}, $output_options = {}) {
    my $properties = $info->{parameters}{properties} // {};
    my ($needed, $optional) = sorted_names($properties, $fixed);
    my @text = ('USAGE: ' . short($command, $info, $fixed));
    push @text, wrapped([split ' ', $info->{description}], '', '') if $info->{description};
    my @groups = (
        ['Required options:', $properties,     $needed],
        ['Options:',          $properties,     $optional],
        ['Format options:',   $output_options, [sort keys %$output_options]],
    );
    for my $group (@groups) {
        my ($title, $schemas, $names) = @$group;
        next if !@$names;
        push @text, join "\n", $title, map { option_text($_, $schemas->{$_}) } @$names;
    }
    push @text, wrapped([split ' ', $value_files_text], '', '')
        if %$properties && $value_files_text;
    return join "\n", @text;
}

1;

__END__

=head1 NAME

PVE::CLI::Usage - help texts from schemas

=head1 FUNCTIONS

=head2 short($command, $info, $fixed)

The usage line of a method; C<$fixed> holds the parameters that the path has given.

=head2 long($command, $info, $fixed, $output_options)

The same, and what each parameter is.

=cut
