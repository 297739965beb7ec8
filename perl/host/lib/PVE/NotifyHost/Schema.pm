package PVE::NotifyHost::Schema;

# What is wrong with a value, by a schema, in PVE's words and per parameter: nested objects as
# name/sub, members of arrays as name[0]. It knows the keys that the API uses and no more. A text that
# quotes a value quotes its first 64 characters only.

use v5.36;

use PVE::JSONSchema::Formats;

my $MAX_SHOWN  = 64;
my $MAX_REASON = 200;
my $MAX_ERRORS = 50;

my %message = (
    missing    => 'property is missing and it is not optional',
    undeclared =>
        'property is not defined in schema and the schema does not allow additional properties',
    requires  => q{missing property - '%s' requires this property},
    type      => q{type check ('%s') failed - got '%s'},
    unicode   => q{type check ('%s') failed - text is not valid Unicode},
    enum      => q{value '%s' does not have a value in the enumeration '%s'},
    minLength => 'value must be at least %s characters long',
    maxLength => 'value may only be %s characters long',
    pattern   => 'value does not match the regex pattern',
    format    => 'invalid format - %s',
    minimum   => 'value must have a minimum value of %s',
    maximum   => 'value must have a maximum value of %s',
);

my %is_type = (
    any     => sub ($value) { return 1 },
    null    => sub ($value) { return !defined $value },
    array   => sub ($value) { return ref $value eq 'ARRAY' },
    object  => sub ($value) { return ref $value eq 'HASH' },
    string  => sub ($value) { return !ref $value },
    integer => sub ($value) { return !ref $value && $value =~ /\A[+-]?[0-9]{1,30}\z/ },
    number  => sub ($value) {
        return !ref $value
            && $value =~ /\A[+-]?[0-9]{1,30}(?:\.[0-9]{1,30})?(?:[eE][+-]?[0-9]{1,3})?\z/;
    },

    # JSON's true and false arrive as objects, perl's own false as an empty string
    boolean => sub ($value) {
        return $value eq '' || defined PVE::JSONSchema::parse_boolean("$value") if !ref $value;
        return ref($value) =~ /\bBoolean\z/;
    },
);

sub shown ($value, $max = $MAX_SHOWN) {
    return 'array'  if ref $value eq 'ARRAY';
    return 'object' if ref $value eq 'HASH';
    my $text = length "$value" > $max ? substr("$value", 0, $max) . '...' : "$value";
    return $text =~ s/[\x00-\x1f\x7f-\x9f\x{d800}-\x{dfff}]|[^\x00-\x{10ffff}]/?/gr;
}

sub add_error ($errors, $path, $kind, @values) {
    return if keys %$errors >= $MAX_ERRORS;
    $errors->{ shown($path) } //= sprintf $message{$kind}, @values;
    return;
}

sub check_object ($value, $schema, $path, $errors) {
    my $properties = $schema->{properties} // {};
    my $prefix     = length $path ? "$path/" : '';
    for my $name (sort keys %$properties) {
        my $property = $properties->{$name};
        check_value($value->{$name}, $property, "$prefix$name", $errors);
        if (defined $value->{$name} && defined(my $needed = $property->{requires})) {
            add_error($errors, "$prefix$needed", 'requires', $name) if !defined $value->{$needed};
        }
    }
    my $additional = $schema->{additionalProperties} // 1;
    for my $name (sort grep { !$properties->{$_} } keys %$value) {
        if (ref $additional) {
            check_value($value->{$name}, $additional, "$prefix$name", $errors);
        } elsif (!$additional) {
            add_error($errors, "$prefix$name", 'undeclared');
        }
    }
    return;
}

sub check_array ($value, $schema, $path, $errors) {
    my $items = $schema->{items} or return;
    check_value($value->[$_], $items, "${path}[$_]", $errors) for 0 .. $#$value;
    return;
}

sub check_number ($value, $schema, $path, $errors) {
    if (defined $schema->{minimum} && $value < $schema->{minimum}) {
        add_error($errors, $path, 'minimum', $schema->{minimum});
    } elsif (defined $schema->{maximum} && $value > $schema->{maximum}) {
        add_error($errors, $path, 'maximum', $schema->{maximum});
    }
    return;
}

# lengths come first: they bound the work of patterns and formats
sub check_string ($value, $schema, $path, $errors) {
    my $length = length $value;
    if (defined $schema->{maxLength} && $length > $schema->{maxLength}) {
        add_error($errors, $path, 'maxLength', $schema->{maxLength});
    } elsif (defined $schema->{minLength} && $length < $schema->{minLength}) {
        add_error($errors, $path, 'minLength', $schema->{minLength});
    } elsif ($value =~ /[\x{d800}-\x{dfff}]|[^\x00-\x{10ffff}]/) {
        add_error($errors, $path, 'unicode', $schema->{type});
    } elsif (defined $schema->{pattern} && $value !~ /\A(?:$schema->{pattern})\z/) {
        add_error($errors, $path, 'pattern');
    } elsif (defined $schema->{format}) {
        my $good = eval { PVE::JSONSchema::Formats::check($schema->{format}, $value); 1 };
        add_error($errors, $path, 'format', shown($@ =~ s/\n\z//r, $MAX_REASON)) if !$good;
    }
    return;
}

my %check_rest = (
    object  => \&check_object,
    array   => \&check_array,
    integer => \&check_number,
    number  => \&check_number,
    string  => \&check_string,
);

sub check_value ($value, $schema, $path, $errors) {
    my $type = $schema->{type} // ($schema->{properties} ? 'object' : 'any');
    if (!defined $value) {
        add_error($errors, $path, 'missing')
            if !$schema->{optional} && $type ne 'null' && $type ne 'any';
        return;
    }
    return add_error($errors, $path, 'type', $type, shown($value)) if !$is_type{$type}->($value);
    if (my $enum = $schema->{enum}) {
        return if grep { $value eq $_ } @$enum;
        return add_error($errors, $path, 'enum', shown($value), join ', ', @$enum);
    }
    if (my $check = $check_rest{$type}) {
        $check->($value, $schema, $path, $errors);
    }
    return;
}

# { place => what is wrong }
sub errors_of ($value, $schema) {
    my $errors = {};
    check_value($value, $schema, '', $errors);
    return $errors;
}

1;

__END__

=head1 NAME

PVE::NotifyHost::Schema - what is wrong with a value, by a schema

=head1 FUNCTIONS

=head2 errors_of($value, $schema)

A hash of each bad parameter (50 at most) and what is wrong with it.

=cut
