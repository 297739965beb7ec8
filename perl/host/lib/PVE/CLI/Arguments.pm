package PVE::CLI::Arguments;

# Turns the words of a command line into the parameters of an API method, by the method's schema:
# --name value, --name=value and -name value, repeated for arrays. Where the program has switched it on,
# --name-file PATH stands for the value of any parameter. Options that only concern the output are told
# apart. Checks of values are not made here.

use v5.36;

use PVE::CLI::ValueFile;
use PVE::Exception qw(raise raise_param_exc);
use PVE::JSONSchema;

# a node's pvesh has no such options
our $value_files = 0;

our %output_options = (
    'output-format' => {
        description => 'How to print the result.',
        type        => 'string',
        enum        => ['text', 'json', 'json-pretty', 'yaml'],
        default     => 'text',
        optional    => 1,
    },
    'human-readable' => {
        description => 'Print yes and no for booleans in tables.',
        type        => 'boolean',
        default     => 1,
        optional    => 1,
    },
    'noheader' => {
        description => 'Print tables without the line of column names.',
        type        => 'boolean',
        optional    => 1,
    },
    'noborder' => {
        description => 'Print tables without lines around the cells.',
        type        => 'boolean',
        optional    => 1,
    },
    'quiet' => {
        description => 'Print no result.',
        type        => 'boolean',
        optional    => 1,
    },
);

my sub name_of ($word) {
    return $word =~ /\A--?(?<name>[A-Za-z][\w-]*)\z/a ? $+{name} : undef;
}

# the word behind an option, where it is a value
my sub take_value ($name, $schema, $words, $declared) {
    my $is_boolean = $schema && ($schema->{type} // '') eq 'boolean';
    my $next       = $words->[0];
    my $next_name  = defined $next ? name_of($next) : undef;
    my $is_value   = defined $next && !(defined $next_name && $declared->($next_name));
    $is_value = 0 if $is_value && $next =~ /\A-/ && ($is_boolean || !$schema);
    return shift @$words                                 if $is_value;
    raise_param_exc({ $name => 'option needs a value' }) if $schema && !$is_boolean;
    return 1;
}

my sub file_parameter ($name, $properties) {
    return if !$value_files || $properties->{$name};
    return $name =~ /\A(?<base>.+)-file\z/ && $properties->{ $+{base} } ? $+{base} : undef;
}

my sub add_value ($param, $name, $value, $schema) {
    my $type = $schema ? $schema->{type} // '' : '';
    if ($type eq 'array') {
        push $param->{$name}->@*, $value;
        return;
    }
    raise_param_exc({ $name => 'option given twice' }) if exists $param->{$name};
    $value = PVE::JSONSchema::parse_boolean($value) // $value if $type eq 'boolean';
    $param->{$name} = $value;
    return;
}

my sub value_from_file ($name, $option, $path, $from_stdin) {
    raise_param_exc({ $option => 'only one value can come from standard input' })
        if $path eq '-' && $$from_stdin++;
    my $value = eval { PVE::CLI::ValueFile::read_value($name, $path) };
    raise_param_exc({ $option => $@ =~ s/\n\z//r }) if !defined $value;
    return $value;
}

sub parse ($properties, @words) {
    my $count = 0;
    for my $word (@words) {
        $count++;
        utf8::decode($word) or raise("argument $count is not valid UTF-8\n", code => 400);
    }
    my %known    = (%output_options, %$properties);
    my $declared = sub ($name) { return $known{$name} || file_parameter($name, $properties) };
    my ($param, $output, $from_stdin, @files) = ({}, {}, 0);
    my $total = @words;
    while (@words) {
        my $word  = shift @words;
        my $value = $word =~ s/\A(--?[A-Za-z][\w-]*)=(.*)\z/$1/as ? $2 : undef;
        my $name  = name_of($word)
            // raise('argument ' . ($total - @words) . " is not an option: options start with --\n",
            code => 400);
        my $base   = file_parameter($name, $properties);
        my $schema = $base ? { type => 'string' } : $known{$name};
        $value //= take_value($name, $schema, \@words, $declared);
        if ($base) {
            push @files, [$base, $name, $value];
        } else {
            add_value($properties->{$name} || !$known{$name} ? $param : $output,
                $name, $value, $schema);
        }
    }

    # nothing is read, and nobody asked, before the rest of the line is known to be good
    for my $file (@files) {
        my ($name, $option, $path) = @$file;
        add_value($param, $name, value_from_file(@$file, \$from_stdin), $properties->{$name});
    }
    PVE::JSONSchema::validate($output, { type => 'object', properties => \%output_options });
    return ($param, $output);
}

1;

__END__

=head1 NAME

PVE::CLI::Arguments - command line words to API parameters

=head1 SYNOPSIS

    my ($param, $output) = PVE::CLI::Arguments::parse($info->{parameters}{properties}, @ARGV);

=head1 FUNCTIONS

=head2 parse($properties, @words)

The parameters, and the options for the output (C<output-format>, C<noheader>, C<noborder>,
C<quiet>, C<human-readable>). Dies with a L<PVE::Exception> of code 400.

With a true C<$PVE::CLI::Arguments::value_files>, and where the schema has C<NAME> and no C<NAME-file>,
the option C<--NAME-file PATH> takes the value from a file, C<-> from standard input (see
L<PVE::CLI::ValueFile>).

=cut
