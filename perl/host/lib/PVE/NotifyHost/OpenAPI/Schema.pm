package PVE::NotifyHost::OpenAPI::Schema;

# A schema of an API method as JSON Schema, which is what OpenAPI 3.1 uses: of a parameter or of an answer.
# Hints for the terminal have no place there.

use v5.36;

use Exporter 'import';

our @EXPORT_OK = qw(of_parameter of_answer);

# what the formats that have a plain form accept
my %PATTERN = (
    'email-or-username'      => '[A-Za-z0-9_.+~-]+(?:@[A-Za-z0-9.-]+)?',
    'pve-configid'           => '[A-Za-z][A-Za-z0-9_-]+',
    'pve-notify-oauth2-text' => '[^\x00-\x1f\x7f-\x9f]*',
    'pve-userid'             => '[^\s:/]+@[A-Za-z][A-Za-z0-9._-]+',
);

my @AS_THEY_ARE = qw(description enum format);
my @NUMBERS     = qw(maxLength maximum minLength minimum);

my sub typed ($value, $type) {
    return $value                            ? \1         : \0 if $type eq 'boolean';
    return $type =~ /\A(?:integer|number)\z/ ? 0 + $value : "$value";
}

# Perl has no booleans to answer with.
my sub type_of ($type, $is_answer) {
    return () if $type eq 'any';
    return (type => ['boolean', 'integer'], minimum => 0, maximum => 1)
        if $type eq 'boolean' && $is_answer;
    return (type => $type);
}

my sub convert ($schema, $is_answer) {
    my $type    = $schema->{type} // ($schema->{properties} ? 'object' : 'any');
    my %made    = type_of($type, $is_answer);
    my $pattern = $schema->{pattern} // $PATTERN{ $schema->{format} // '' };
    $made{$_}      = $schema->{$_}     for grep { defined $schema->{$_} } @AS_THEY_ARE;
    $made{$_}      = 0 + $schema->{$_} for grep { defined $schema->{$_} } @NUMBERS;
    $made{pattern} = "^(?:$pattern)\$"                       if defined $pattern;
    $made{default} = typed($schema->{default}, $type)        if defined $schema->{default};
    $made{items}   = __SUB__->($schema->{items}, $is_answer) if $schema->{items};

    my $properties = $schema->{properties};
    for my $name (sort keys %{ $properties // {} }) {
        my $property = $properties->{$name};
        $made{properties}{$name} = __SUB__->($property, $is_answer);
        push $made{required}->@*, $name if !$property->{optional};
        $made{dependentRequired}{$name} = [$property->{requires}] if defined $property->{requires};
    }
    my $more = $schema->{additionalProperties};
    $made{additionalProperties} = ref $more ? __SUB__->($more, $is_answer) : $more ? \1 : \0
        if defined $more;
    return \%made;
}

sub of_parameter ($schema) { return convert($schema, 0) }

sub of_answer ($schema) { return convert($schema, 1) }

1;

__END__

=head1 NAME

PVE::NotifyHost::OpenAPI::Schema - schemas of the API as JSON Schema

=head1 FUNCTIONS

=head2 of_parameter($schema), of_answer($schema)

The schema as data for L<JSON::PP>. They differ in booleans, which an answer may give as 0 and 1.

=cut
