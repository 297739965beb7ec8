package PVE::API2::Cluster::Notifications::Entries;

# Makes the five methods of one kind of entry - list, create, read, change, delete - from a table of
# its parameters. The library takes most kinds by position: the order of the table is that order.

use v5.36;

use PVE::API2::Cluster::Notifications::Common
    qw(readers writers with_config change_config with_errors list_of of_a_file name_property origin_property
    error_property);
use PVE::JSONSchema qw(get_standard_option);

# Proxmox VE's 9.2 keys come first, in its order; `extra` has those it does not know.
my sub properties_of ($kind) {
    return { $kind->{keys}->@*, ($kind->{extra} // [])->@* };
}

my sub names_of ($pairs) {
    return @$pairs[grep { $_ % 2 == 0 } 0 .. $#$pairs];
}

my sub answer_properties ($kind) {
    my %properties = (properties_of($kind)->%*, name => name_property());
    delete @properties{ ($kind->{secrets} // [])->@* };
    return {
        (map { $_ => of_a_file($properties{$_}) } keys %properties),
        origin => origin_property(),
        error  => error_property(),
    };
}

my sub parameters_of (%properties) {
    return { additionalProperties => 0, properties => \%properties };
}

# The library takes 0 and 1; clients also send the other words that a boolean may be.
my sub settings ($kind, $param) {
    my $properties = properties_of($kind);
    my %given      = map { $_ => $param->{$_} } grep { defined $param->{$_} } keys %$properties;
    for my $key (grep { $properties->{$_}{type} eq 'boolean' } keys %given) {
        $given{$key} = PVE::JSONSchema::parse_boolean($given{$key}) ? 1 : 0;
    }
    return \%given;
}

my sub by_position ($kind, $given) {
    return $given->@{ names_of($kind->{keys}) };
}

# the one trailing hash, for a kind that has keys of ours
my sub extra ($kind, $given) {
    my $extra = $kind->{extra} or return;
    return { map { $_ => $given->{$_} } grep { defined $given->{$_} } names_of($extra) };
}

my sub list ($class, $kind) {
    my $get = "get_$kind->{stem}s";
    $class->register_method({
        name        => $get,
        path        => $kind->{path},
        method      => 'GET',
        protected   => 1,
        description => "List the $kind->{plural}.",
        permissions => readers(($kind->{list_privileges} // [])->@*),
        parameters  => parameters_of(),
        returns     => list_of(
            "Entry with all that /cluster/notifications/$kind->{path}/{name} shows except the "
                . 'digest. Only the properties below are shown as text.',
            ($kind->{list_properties} // {})->%*,
        ),
        code => sub ($param) {
            return with_config(sub ($config) {
                my $complete = $kind->{complete_list} // \&with_errors;
                return $complete->($config->$get(), $config);
            });
        },
    });
    return;
}

my sub get ($class, $kind) {
    my $get = "get_$kind->{stem}";
    $class->register_method({
        name        => $get,
        path        => "$kind->{path}/{name}",
        method      => 'GET',
        protected   => 1,
        description => "Read $kind->{singular}, without its secrets.",
        permissions => readers(),
        parameters  => parameters_of(name => name_property()),
        returns     => {
            type       => 'object',
            properties => {
                answer_properties($kind)->%*,
                digest => get_standard_option('pve-config-digest'),
            },
        },
        code => sub ($param) {
            return with_config(sub ($config) {
                my ($entry) = with_errors([$config->$get($param->{name})], $config)->@*;
                return { %$entry, digest => $config->digest() };
            });
        },
    });
    return;
}

my sub create ($class, $kind) {
    my ($add, $delete) = map {"${_}_$kind->{stem}"} qw(add delete);
    $class->register_method({
        name        => "create_$kind->{stem}",
        path        => $kind->{path},
        method      => 'POST',
        protected   => 1,
        description => "Create $kind->{singular}.",
        permissions => $kind->{writers},
        parameters  => parameters_of(
            properties_of($kind)->%*, name => name_property(maxLength => 32),
        ),
        returns => { type => 'null' },
        code    => sub ($param) {
            my ($name, $given) = ($param->{name}, settings($kind, $param));
            my @arguments =
                $kind->{as_hash}
                ? { %$given, name => $name }
                : ($name, by_position($kind, $given), extra($kind, $given));
            return change_config(
                sub ($config) { $config->$add(@arguments) },
                sub ($config) { $config->$delete($name) },
            );
        },
    });
    return;
}

# A form shows an error beside the fields that it names, else as a message: a parameter that was not sent may
# be no field of this form, and then nobody would see anything.
my sub of_what_was_sent ($error, $param) {
    return $error if ref $error ne 'HASH' || !$error->{errors};
    my $errors = $error->{errors};
    my %sent   = map { $_ => $errors->{$_} } grep { exists $param->{$_} } keys %$errors;
    my %rest   = map { $_ => $error->{$_} } grep  { $_ ne 'errors' } keys %$error;
    return { %rest, %sent ? (errors => \%sent) : () };
}

my sub update ($class, $kind) {
    my $update     = "update_$kind->{stem}";
    my $properties = properties_of($kind);
    my %optional   = map { $_ => { $properties->{$_}->%*, optional => 1 } } keys %$properties;
    $class->register_method({
        name        => $update,
        path        => "$kind->{path}/{name}",
        method      => 'PUT',
        protected   => 1,
        description =>
            "Change $kind->{singular}: settings named in 'delete' are removed, then those "
            . 'given are set. Other settings stay unchanged.',
        permissions => $kind->{writers},
        parameters  => parameters_of(
            %optional,
            name   => name_property(),
            digest => get_standard_option('pve-config-digest'),
            delete => {
                description => 'Names of settings to reset to their default.',
                type        => 'array',
                items       => { type => 'string', format => 'pve-configid' },
                optional    => 1,
            },
        ),
        returns => { type => 'null' },
        code    => sub ($param) {
            my $given     = settings($kind, $param);
            my @settings  = $kind->{as_hash} ? $given : by_position($kind, $given);
            my @arguments = ($param->{name}, @settings, $param->@{qw(delete digest)});
            return change_config(sub ($config) {
                return if eval { $config->$update(@arguments, extra($kind, $given)); 1 };
                die of_what_was_sent($@, $param);
            });
        },
    });
    return;
}

my sub remove ($class, $kind) {
    my $delete = "delete_$kind->{stem}";
    $class->register_method({
        name        => $delete,
        path        => "$kind->{path}/{name}",
        method      => 'DELETE',
        protected   => 1,
        description => "Delete $kind->{singular}; a built-in one is reset instead.",
        permissions => writers(),
        parameters  => parameters_of(name => name_property()),
        returns     => { type => 'null' },
        code        => sub ($param) {
            return change_config(sub ($config) {
                $config->$delete($param->{name});
            });
        },
    });
    return;
}

sub register ($class, $kind) {
    $_->($class, $kind) for \&list, \&create, \&get, \&update, \&remove;
    return;
}

1;

__END__

=head1 NAME

PVE::API2::Cluster::Notifications::Entries - the methods of one kind of entry

=head1 FUNCTIONS

=head2 register($class, $kind)

Registers five methods in C<$class>. C<$kind> has:

=over

=item C<path>, C<stem>, C<singular>, C<plural>

Where the entries are, the middle of the method names (C<smtp_endpoint>), and what to call them.

=item C<keys>, C<extra>, C<secrets>

Lists of name and schema: the settings in the order of the library's arguments, and those that go
into its trailing hash; then the names of those that are never returned.

=item C<as_hash>

True if the library takes all settings in one hash.

=item C<writers>, C<list_privileges>

The permissions to create and change; more privileges that let somebody see the list.

=item C<list_properties>, C<complete_list>

What the text of the list shows beside name, state and error, and a function that adds it; C<with_errors> without one.

=back

=cut
