package PVE::API2::Cluster::Notifications::Targets;

# All endpoints of whichever kind as one list of targets, and the test of one of them.

use v5.36;

use PVE::API2::Cluster::Notifications::Common qw(
    readers with_config with_faults list_of name_property
);
use PVE::API2::Cluster::Notifications::Status qw(with_status list_properties);

my sub targets ($param) {
    return with_config(sub ($config) {
        my $targets = with_status($config->get_targets(), $config);
        return with_faults($targets, $config, sub ($type) { return $type ne 'matcher' });
    });
}

# what the log is told of a test that has failed: all, also what the caller is not
my sub logged_of ($error) {
    return ref $error eq 'HASH' && $error->{log} ? { log => $error->{log} } : undef;
}

sub register ($class) {
    $class->register_method({
        name        => 'get_all_targets',
        path        => 'targets',
        method      => 'GET',
        protected   => 1,
        description => 'List all notification targets.',
        permissions => readers('Mapping.Use'),
        parameters  => { additionalProperties => 0, properties => {} },
        returns     => list_of(
            'Target, also with the origin and warning of its endpoint. With OAuth2 it has what '
                . '/cluster/notifications/endpoints/smtp/{name}/status shows, each key after '
                . '"oauth2-" (but oauth2-status for condition, oauth2-error for last-error).',
            name => { description => 'Name of the target.', type => 'string' },
            type => {
                description =>
                    'Type of the target: gotify, sendmail, smtp or webhook; anything else '
                    . 'only for an entry with an error.',
                type => 'string',
            },
            list_properties(),
        ),
        code => \&targets,
    });
    $class->register_method({
        name        => 'test_target',
        path        => 'targets/{name}/test',
        method      => 'POST',
        protected   => 1,
        description =>
            'Send a test notification to a target, without regard to matchers and even if '
            . 'it is disabled. Waits up to 25 seconds for the outcome; the words of the other '
            . 'side are told only with Mapping.Modify.',
        permissions => readers('Mapping.Use'),
        parameters  => { additionalProperties => 0, properties => { name => name_property() } },
        returns     => { type                 => 'null' },
        code        => sub ($param) {
            return with_config(sub ($config) {
                my $delivery;
                my $has_arrived = eval { $delivery = $config->test_target($param->{name}); 1 };
                my $error       = $@;
                PVE::Notify::log_delivery($has_arrived ? $delivery : logged_of($error));
                die $error if !$has_arrived;
                return;
            });
        },
    });
    return;
}

1;

__END__

=head1 NAME

PVE::API2::Cluster::Notifications::Targets - /cluster/notifications/targets

=head1 FUNCTIONS

=head2 register($class)

Registers C<get_all_targets> and C<test_target> in C<$class>.

=cut
