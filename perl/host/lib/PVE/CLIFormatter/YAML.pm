package PVE::CLIFormatter::YAML;

# Writes data as YAML in block style. Every string that is not a plain word is written as a JSON
# string, which YAML reads the same way; so no text can be taken for another type or for structure.

use v5.36;

use JSON::PP;

my $json = JSON::PP->new->allow_nonref->canonical;

# what YAML 1.1 or 1.2 reads as something other than a string
my $reserved = qr/\A(?:y|n|yes|no|on|off|true|false|null|nan|inf)\z/i;

my sub scalar_text ($value) {
    return 'null'                if !defined $value;
    return $json->encode($value) if ref $value;
    my $text = $json->encode($value);
    return $text if $text !~ /\A"/;
    return $value =~ /\A[A-Za-z][A-Za-z0-9_-]*\z/ && $value !~ $reserved
        ? $value
        : $text =~
        s/([\x7f-\x9f\x{2028}\x{2029}\x{feff}\x{fffe}\x{ffff}])/sprintf '\\u%04x', ord $1/ger;
}

my sub lines ($value, $indent) {
    if (ref $value eq 'HASH' && %$value) {
        return map {
            my $key   = scalar_text("$_");
            my @below = __SUB__->($value->{$_}, "$indent  ");
            @below == 1
                && $below[0] !~ /\A\s/ ? "$indent$key: $below[0]" : ("$indent$key:", @below);
        } sort keys %$value;
    }
    if (ref $value eq 'ARRAY' && @$value) {
        return map {
            my @below = __SUB__->($_, "$indent  ");
            $below[0] =~ s/\A\s+//;
            ("$indent- $below[0]", @below[1 .. $#below]);
        } @$value;
    }
    return scalar_text($value);
}

sub render ($data) {
    return join '', map {"$_\n"} '---', lines($data, '');
}

1;

__END__

=head1 NAME

PVE::CLIFormatter::YAML - data as YAML

=head1 FUNCTIONS

=head2 render($data)

The document as a string.

=cut
