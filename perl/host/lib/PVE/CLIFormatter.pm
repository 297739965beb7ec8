package PVE::CLIFormatter;

# Prints an API result: as text for people (scalars plain, lists and objects as tables), as JSON or
# as YAML. Loads the module of a form only when that form is asked for.

use v5.36;

my sub to_json ($data, $pretty) {
    require JSON::PP;
    my $json = JSON::PP->new->allow_nonref->canonical;
    return $pretty ? $json->pretty->encode($data) : $json->encode($data) . "\n";
}

# objects sort their columns by name, unless the schema says which to print
my sub columns ($rows, $wanted) {
    return @$wanted if $wanted && @$wanted;
    my %seen;
    for my $row (@$rows) {
        $seen{$_} = 1 for keys %$row;
    }
    my @names = sort keys %seen;
    return @names;
}

my sub moment_text ($seconds) {
    return $seconds if $seconds !~ /\A[0-9]{1,11}\z/;
    my ($sec, $min, $hour, $day, $month, $year) = localtime $seconds;
    return sprintf '%04d-%02d-%02d %02d:%02d:%02d', $year + 1900, $month + 1, $day, $hour, $min,
        $sec;
}

sub cell_text ($value, $schema = {}, $options = {}) {
    return ''                              if !defined $value;
    return to_json($value, 0) =~ s/\n\z//r if ref $value eq 'HASH' || ref $value eq 'ARRAY';
    if ($options->{'human-readable'} // 1) {
        my $renderer = $schema->{renderer} // '';
        return moment_text($value) if $renderer eq 'timestamp';
        if ($renderer ne '' && PVE::JSONSchema->can('get_renderer')) {
            my $code = PVE::JSONSchema::get_renderer($renderer);
            return $code->($value) if $code;
        }
        return $value ? 'yes' : 'no' if ($schema->{type} // '') eq 'boolean';
    }
    return "$value";
}

my sub text_of ($data, $schema, $wanted, $options) {
    return '' if !defined $data;
    if (!ref $data || ref $data !~ /\A(?:HASH|ARRAY)\z/) {
        return cell_text($data, $schema, $options) . "\n";
    }
    require PVE::CLIFormatter::Table;
    if (ref $data eq 'HASH') {
        my $properties = $schema->{properties} // {};
        my @keys       = columns([$data], $wanted);
        my @rows = map { [$_, cell_text($data->{$_}, $properties->{$_} // {}, $options)] } @keys;
        return PVE::CLIFormatter::Table::render(['key', 'value'], \@rows, $options);
    }
    my $items = $schema->{items} // {};
    if (grep { ref ne 'HASH' } @$data) {
        return join '', map { cell_text($_, $items, $options) . "\n" } @$data;
    }
    return '' if !@$data;
    my @names   = columns($data, $wanted);
    my @schemas = map  { $items->{properties}{$_} // {} } @names;
    my @titles  = map  { $schemas[$_]{title}      // $names[$_] } 0 .. $#names;
    my @bounded = grep { $schemas[$_]{print_width} } 0 .. $#names;
    my @rows;
    for my $row (@$data) {
        push @rows,
            [
            map { cell_text($row->{ $names[$_] } // $schemas[$_]{default}, $schemas[$_], $options) }
                0 .. $#names
            ];
    }
    return PVE::CLIFormatter::Table::render(\@titles, \@rows,
        { %$options, @bounded ? (wraps => \@bounded) : () });
}

sub result_text ($data, $schema = undef, $wanted = undef, $options = {}) {
    $schema //= {};
    return '' if $options->{quiet} || ($schema->{type} // '') eq 'null';
    my $format = $options->{'output-format'} // 'text';
    return to_json($data, 0) if $format eq 'json';
    return to_json($data, 1) if $format eq 'json-pretty';
    if ($format eq 'yaml') {
        require PVE::CLIFormatter::YAML;
        return PVE::CLIFormatter::YAML::render($data);
    }
    return text_of($data, $schema, $wanted, $options);
}

# A result can be a secret that exists nowhere else: a full disk behind standard output is an error.
sub print_text ($text) {
    print $text and STDOUT->flush or die "can't write the result: $!\n";
    return;
}

sub print_api_result ($data, $schema = undef, $wanted = undef, $options = {}) {
    print_text(result_text($data, $schema, $wanted, $options));
    return;
}

1;

__END__

=head1 NAME

PVE::CLIFormatter - prints API results

=head1 FUNCTIONS

=head2 print_api_result($data, $schema, $columns, $options)

Prints to standard output, which takes characters. C<$schema> is the method's C<returns>,
C<$columns> an optional list of properties. In a list a property's C<title> is its header, its C<default>
what a row without it has, and one with a C<print_width> is wrapped where the terminal is too narrow.
Options: C<output-format> (C<text>, C<json>,
C<json-pretty>, C<yaml>), C<noheader>, C<noborder>, C<quiet>, C<human-readable> (booleans as yes and
no, a property with C<< renderer => 'timestamp' >> as local time, with another renderer as
L<PVE::JSONSchema> has registered it; on unless 0), C<utf8> (draw borders
with box characters), C<width> (of the terminal, in characters: see L<PVE::CLIFormatter::Table>).

=head2 result_text($data, $schema, $columns, $options)

The same as a string.

=head2 print_text($text)

Prints to standard output and dies where that fails.

=cut
