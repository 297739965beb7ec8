package PVE::API2::Cluster::Notifications::Device;

# A consent on another device, for a machine whose administrator has no browser at hand.

use v5.36;

use PVE::API2::Cluster::Notifications::Application
    qw($EXPIRES $MAILBOX text_parameter consent_parameters consent_of);
use PVE::API2::Cluster::Notifications::Common
    qw(auth_id endpoint_writers with_config name_property);
use PVE::RESTEnvironment qw(log_warn);

my %secret = (
    'client-secret' => text_parameter(
        'Client secret of the application, if it has one. The one of a target is known.',
        optional => 1,
    ),
);

my %interval = (
    description => 'Seconds until the next smtp-oauth2-device-poll.',
    type        => 'integer',
    optional    => 1,
);

my sub begin ($param) {
    my $consent = consent_of($param);
    return with_config(sub ($config) {
        return $config->authorize_smtp_oauth2_device($consent, $param->{'client-secret'},
            auth_id());
    });
}

my sub poll ($param) {
    my $polled = with_config(sub ($config) {
        return $config->poll_smtp_oauth2_device($param->@{qw(id name client-secret)}, auth_id());
    });
    log_warn($polled->{warning}) if defined $polled->{warning};
    return { map { $_ => $polled->{$_} } grep { defined $polled->{$_} } keys %$polled };
}

my sub register_begin ($class) {
    $class->register_method({
        name        => 'smtp_oauth2_device',
        path        => 'smtp-oauth2-device',
        method      => 'POST',
        protected   => 1,
        description => 'Start an OAuth2 consent on another device (RFC 8628; Microsoft and '
            . 'custom-oauth2): request a code for it. Contacts the provider for up to 20 seconds.',
        permissions => endpoint_writers(),
        parameters  => {
            additionalProperties => 0,
            properties           => { consent_parameters(), %secret },
        },
        returns => {
            type       => 'object',
            properties => {
                id => {
                    description => 'ID for smtp-oauth2-device-poll, valid for this user.',
                    type        => 'string',
                },
                'user-code' => {
                    description => 'Code that the user enters at verification-uri.',
                    type        => 'string',
                },
                'verification-uri' => {
                    description => 'Address that the user opens on any device.',
                    type        => 'string',
                },
                'verification-uri-complete' => {
                    description => 'Address with the code in it.',
                    type        => 'string',
                    optional    => 1,
                },
                expires  => $EXPIRES,
                interval => \%interval,
            },
        },
        code => \&begin,
    });
    return;
}

my sub register_poll ($class) {
    $class->register_method({
        name        => 'smtp_oauth2_device_poll',
        path        => 'smtp-oauth2-device-poll',
        method      => 'POST',
        protected   => 1,
        description =>
            'Check whether the user has consented on the other device. Before the interval '
            . 'has passed the provider is not contacted.',
        permissions => endpoint_writers(),
        parameters  => {
            additionalProperties => 0,
            properties           => {
                id   => text_parameter('ID from smtp-oauth2-device.', maxLength => 256),
                name => name_property(
                    description => 'Target that the refresh token is stored for, the one that '
                        . 'smtp-oauth2-device was called with.',
                    optional => 1,
                ),
                %secret,
            },
        },
        returns => {
            type       => 'object',
            properties => {
                status => {
                    description => 'Whether the user has consented.',
                    type        => 'string',
                    enum        => ['pending', 'done'],
                },
                interval => \%interval,
                handle   => {
                    description => 'Handle for oauth2-refresh-token, valid for 10 minutes; none if '
                        . 'the refresh token was stored for the target.',
                    type     => 'string',
                    optional => 1,
                },
                mailbox => $MAILBOX,
                warning => {
                    description =>
                        'Warning that the mailbox is not the user name of the target; then '
                        . 'nothing was stored.',
                    type     => 'string',
                    optional => 1,
                },
            },
        },
        code => \&poll,
    });
    return;
}

sub register ($class) {
    register_begin($class);
    register_poll($class);
    return;
}

1;

__END__

=head1 NAME

PVE::API2::Cluster::Notifications::Device - OAuth2 consents on another device

=head1 SYNOPSIS

    PVE::API2::Cluster::Notifications::Device::register('PVE::API2::Cluster::Notifications');

=head1 METHODS

=head2 smtp_oauth2_device, smtp_oauth2_device_poll

C<POST /cluster/notifications/smtp-oauth2-device> returns the code that a person enters on another device,
C<POST /cluster/notifications/smtp-oauth2-device-poll> whether that was done. The provider's own device code
is never returned.

=cut
