package PVE::API2::Cluster::Notifications::MatcherFields;

# What matchers can ask for: the fields that notifications have, and the values known to occur.
# Suggestions for whoever writes a matcher; other fields and values work as well.

use v5.36;

use PVE::API2::Cluster::Notifications::Common qw(readers with_config);

my @fields = qw(type hostname job-id target);

my @types = (
    ['fencing',             'A node was fenced'],
    ['notification-target', 'A target of notifications stopped working'],
    ['package-updates',     'Packages can be updated'],
    ['replication',         'A replication job failed'],
    ['system-mail',         'A mail of the system was forwarded'],
    ['vzdump',              'A backup job ended'],
);

# These classes are there in a node's daemons. They find `index` at the call, so that `can` does not
# know it.
my sub jobs_of ($class) {
    return $class->can('register_method') ? $class->index({}) : [];
}

my sub value ($field, $value, $comment = undef) {
    return {
        field => $field,
        value => $value,
        length($comment // '') ? (comment => $comment) : ()
    };
}

# those that a failure may be told of
my sub targets () {
    return with_config(sub ($config) {
        my $status = $config->get_oauth2_status();
        return [grep { $status->{ $_->{name} } } $config->get_targets()->@*];
    });
}

my sub field_values ($param) {
    my @nodes = PVE::Cluster->can('get_nodelist') ? PVE::Cluster::get_nodelist()->@* : ();
    my @jobs  = map { jobs_of($_)->@* } qw(PVE::API2::Backup PVE::API2::ReplicationConfig);

    # suggestions come also from a configuration that is damaged
    my @targets = eval { targets()->@* };
    return [
        (map { value('type',     @$_) } @types),
        (map { value('hostname', $_) } @nodes),
        (map { value('job-id',   $_->@{qw(id comment)}) } @jobs),
        (map { value('target',   $_->@{qw(name comment)}) } @targets),
    ];
}

my $no_parameters = { additionalProperties => 0, properties => {} };

sub register ($class) {
    $class->register_method({
        name        => 'get_matcher_fields',
        path        => 'matcher-fields',
        method      => 'GET',
        description => 'List the fields that notifications have, for match-field of a matcher.',
        permissions => readers(),
        parameters  => $no_parameters,
        returns     => {
            type  => 'array',
            items => {
                type       => 'object',
                properties => { name => { description => 'Name of the field.', type => 'string' } },
            },
            links => [{ rel => 'child', href => '{name}' }],
        },
        code => sub ($param) {
            return [map { { name => $_ } } @fields];
        },
    });
    $class->register_method({
        name        => 'get_matcher_field_values',
        path        => 'matcher-field-values',
        method      => 'GET',
        protected   => 1,
        description => 'List known values of the fields of notifications.',
        permissions => readers(),
        parameters  => $no_parameters,
        returns     => {
            type  => 'array',
            items => {
                type       => 'object',
                properties => {
                    field   => { description => 'Name of the field.',  type => 'string' },
                    value   => { description => 'Value of the field.', type => 'string' },
                    comment => {
                        description => 'Meaning of the value.',
                        type        => 'string',
                        optional    => 1,
                    },
                },
            },
        },
        code => \&field_values,
    });
    return;
}

1;

__END__

=head1 NAME

PVE::API2::Cluster::Notifications::MatcherFields - fields and values for matchers

=head1 FUNCTIONS

=head2 register($class)

Registers C<get_matcher_fields> and C<get_matcher_field_values> in C<$class>.

=cut
