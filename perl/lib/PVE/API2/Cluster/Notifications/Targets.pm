package PVE::API2::Cluster::Notifications::Targets;

# All endpoints of whichever kind as one list of targets, the test of one of them, and its examination.

use v5.36;

use PVE::API2::Cluster::Notifications::Common qw(
    readers with_config with_faults list_of name_property may_read_words
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

my sub text ($description) {
    return { description => $description, type => 'string' };
}

my sub checkup () {
    my @results = ('ok', 'warning', 'failed', 'not-tried');
    my %result  = (type => 'string', enum => \@results);
    return {
        target => text('Name of the target.'),
        type   => text('Type of the target: gotify, sendmail, smtp or webhook.'),
        result => { description => 'Worst result of the steps.', %result },
        steps  => {
            description => 'Steps in their order.',
            type        => 'array',
            items       => {
                type       => 'object',
                properties => {
                    step => text(
                        'Step: settings, token, names, connection, tls, greeting, login, sender, recipients, '
                            . 'request, proxy or program.'
                    ),
                    result       => { description => 'Result of the step.', %result },
                    milliseconds =>
                        { description => 'Duration in milliseconds.', type => 'integer' },
                    seen =>
                        { text('Result in words; with "failed" the cause.')->%*, optional => 1 },
                    fix     => { text('Fix, and who must apply it.')->%*, optional => 1 },
                    details => {
                        text('Words of the other side; only with Mapping.Modify.')->%*,
                        optional => 1
                    },
                },
            },
        },
        transcript => {
            description => 'Lines of the conversations.',
            type        => 'array',
            items       => { type => 'string' },
            optional    => 1,
        },
    };
}

my sub check ($param) {
    my $sees_all = may_read_words();
    return with_config(sub ($config) {
        my $checked =
            $config->check_target($param->{name}, $sees_all && $param->{transcript} ? 1 : 0);
        if (!$sees_all) {
            delete $_->{details} for $checked->{steps}->@*;
        }
        return $checked;
    });
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
        name        => 'check_target',
        path        => 'targets/{name}/check',
        method      => 'POST',
        protected   => 1,
        description =>
            'Examine a target step by step, even if it is disabled: settings, names, connections, TLS, '
            . 'login. Sends nothing; waits up to 25 seconds.',
        permissions => readers('Mapping.Use'),
        parameters  => {
            additionalProperties => 0,
            properties           => {
                name       => name_property(),
                transcript => {
                    description =>
                        'Whether to return the lines of the conversations, without secrets. '
                        . 'Only with Mapping.Modify.',
                    type     => 'boolean',
                    default  => 0,
                    optional => 1,
                },
            },
        },
        returns => { type => 'object', properties => checkup() },
        code    => \&check,
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

Registers C<get_all_targets>, C<check_target> and C<test_target> in C<$class>.

=cut
