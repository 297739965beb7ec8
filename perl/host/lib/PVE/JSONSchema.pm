package PVE::JSONSchema;

# Checks values against the schemas that API methods declare and says in PVE's words what is wrong,
# per parameter: nested objects as name/sub, members of arrays as name[0]. It knows the keys that
# the API uses and no more. A text that quotes a value quotes its first 64 characters only.

use v5.36;

use Exporter 'import';

use PVE::Exception;
use PVE::JSONSchema::Formats;
use PVE::NotifyHost::KnownSchema;
use PVE::NotifyHost::Schema;

our @EXPORT_OK = qw(get_standard_option register_standard_option);

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

sub validate ($value, $schema, $msg = "Parameter verification failed.\n", $code = 400) {
    PVE::NotifyHost::KnownSchema::check($schema);
    my $errors = PVE::NotifyHost::Schema::errors_of($value, $schema);
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
C<maxLength>, C<minimum>, C<maximum>, C<format>, C<properties>,
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
