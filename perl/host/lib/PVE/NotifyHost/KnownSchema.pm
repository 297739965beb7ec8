package PVE::NotifyHost::KnownSchema;

# Refuses schemas that this host does not understand as a whole: a key that it would ignore may mean
# something on a node, or be a slip of the pen.

use v5.36;

use PVE::JSONSchema::Formats;

my %type = map { $_ => 1 } qw(any array boolean integer null number object string);
my %key  = map { $_ => 1 } qw(
    additionalProperties default description enum format format_description items links maxLength
    maximum minLength minimum optional pattern print_width properties renderer requires type
    typetext
);

my sub fault_of ($schema) {
    return 'not a hash' if ref $schema ne 'HASH';
    for my $name (sort keys %$schema) {
        return "unknown key '$name'" if !$key{$name};
    }
    my ($type, $format, $pattern) = $schema->@{qw(type format pattern)};
    return "unknown type '$type'" if defined $type && !$type{$type};
    return "unknown format '$format'"
        if defined $format && !PVE::JSONSchema::Formats::is_known($format);
    return 'enum is not a list'   if exists $schema->{enum} && ref $schema->{enum} ne 'ARRAY';
    return 'pattern is not valid' if defined $pattern       && !eval {qr/$pattern/};
    my $properties = $schema->{properties} // {};
    return 'properties is not a hash' if ref $properties ne 'HASH';
    return;
}

sub check ($schema, $place = '') {
    my $fault = fault_of($schema);
    die 'schema' . (length $place ? " of $place" : '') . ": $fault\n" if defined $fault;
    my $properties = $schema->{properties} // {};
    my $prefix     = length $place ? "$place/" : '';
    for my $name (sort keys %$properties) {
        check($properties->{$name}, "$prefix$name");
        my $needed = $properties->{$name}{requires};
        die "schema of $prefix$name: requires '$needed', which is not there\n"
            if defined $needed && !$properties->{$needed};
    }
    check($schema->{items},                "${place}[]") if defined $schema->{items};
    check($schema->{additionalProperties}, "$prefix*")
        if ref $schema->{additionalProperties};
    return;
}

1;

__END__

=head1 NAME

PVE::NotifyHost::KnownSchema - refuses schemas that are not understood

=head1 FUNCTIONS

=head2 check($schema, $place)

Dies with the place in the schema and what is wrong with it: an unknown key, type or format, a pattern
that is not valid, a required property that is not there.

=cut
