package PVE::JSONSchema;

# Checks values against the schemas that API methods declare and says in PVE's words what is wrong,
# per parameter: nested objects as name/sub, members of arrays as name[0]. It knows the keys that
# the API uses and no more. A text that quotes a value quotes its first 64 characters only.

use v5.36;

use Exporter 'import';

use PVE::Exception;
use PVE::JSONSchema::Formats;

our @EXPORT_OK = qw(get_standard_option register_standard_option register_format);

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
    minItems  => 'there must be a minimum of %s values in the array',
    maxItems  => 'there must be a maximum of %s values in the array',
);

my %standard_option = (
    'pve-config-digest' => {
        description => 'Prevent changes if current configuration file has a different digest. '
            . 'This can be used to prevent concurrent modifications.',
        type      => 'string',
        optional  => 1,
        maxLength => 64,
    },
);

sub register_standard_option ($name, $schema) {
    die "standard option '$name' already registered\n" if $standard_option{$name};
    $standard_option{$name} = $schema;
    return;
}

sub get_standard_option ($name, $changes = {}) {
    my $schema = $standard_option{$name} or die "no such standard option '$name'\n";
    return { %$schema, %$changes };
}

sub register_format ($name, $code) {
    return PVE::JSONSchema::Formats::register($name, $code);
}

my %renderer;

sub register_renderer ($name, $code) {
    die "renderer '$name' already registered\n" if $renderer{$name};
    $renderer{$name} = $code;
    return;
}

sub get_renderer ($name) {
    return $renderer{$name};
}

# undef where the text is no boolean
sub parse_boolean ($text) {
    return 1 if $text =~ /\A(?:1|on|yes|true)\z/i;
    return 0 if $text =~ /\A(?:0|off|no|false)\z/i;
    return;
}

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
        return $value eq '' || defined parse_boolean("$value") if !ref $value;
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
    for my $limit (qw(minItems maxItems)) {
        next if !defined $schema->{$limit};
        next if $limit eq 'minItems' ? @$value >= $schema->{$limit} : @$value <= $schema->{$limit};
        return add_error($errors, $path, $limit, $schema->{$limit});
    }
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
    my $is_type = $is_type{$type} or die "unknown schema type '$type'\n";
    return add_error($errors, $path, 'type', $type, shown($value)) if !$is_type->($value);
    if (my $enum = $schema->{enum}) {
        return if grep { $value eq $_ } @$enum;
        return add_error($errors, $path, 'enum', shown($value), join ', ', @$enum);
    }
    if (my $check = $check_rest{$type}) {
        $check->($value, $schema, $path, $errors);
    }
    return;
}

sub validate ($value, $schema, $msg = "Parameter verification failed.\n", $code = 400) {
    my $errors = {};
    check_value($value, $schema, '', $errors);
    return 1 if !%$errors;
    die PVE::Exception->new($msg, code => $code, errors => $errors);
}

# The property of an index entry that names the child, for `links => [{ rel => 'child', href => '{name}' }]`
sub method_get_child_link ($info) {
    my $returns = $info->{returns} // {};
    return if ($returns->{type} // '') ne 'array';
    for my $link (($returns->{links} // [])->@*) {
        next                if $link->{rel} ne 'child';
        return $+{property} if $link->{href} =~ /\A\{(?<property>[\w-]+)\}\z/;
    }
    return;
}

1;

__END__

=head1 NAME

PVE::JSONSchema - checks values against the API's schemas

=head1 SYNOPSIS

    PVE::JSONSchema::validate($param, $info->{parameters});

=head1 FUNCTIONS

=head2 validate($value, $schema, $message, $code)

Returns 1, or dies with a L<PVE::Exception> whose C<errors> name each bad parameter (50 at most).
Keys that count: C<type>, C<optional>, C<enum>, C<pattern> (whole value), C<minLength>,
C<maxLength>, C<minimum>, C<maximum>, C<minItems>, C<maxItems>, C<format>, C<properties>,
C<additionalProperties>, C<items>, C<requires>.

=head2 get_standard_option($name, $changes), register_standard_option($name, $schema)

Schemas that several methods share.

=head2 register_format($name, $code)

Adds a format, see L<PVE::JSONSchema::Formats>.

=head2 register_renderer($name, $code), get_renderer($name)

What a property's C<renderer> makes of a value for people; undef where none has this name.

=head2 parse_boolean($text)

1 for C<1 on yes true>, 0 for C<0 off no false> in any case, else undef.

=head2 method_get_child_link($info)

The property of an index's entries that names the child, or undef.

=cut
