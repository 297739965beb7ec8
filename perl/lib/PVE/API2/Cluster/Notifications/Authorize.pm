package PVE::API2::Cluster::Notifications::Authorize;

# The beginning of a consent, and what has come of one: the page that a person opens is made here, and what
# redeems its answer never leaves this machine.

use v5.36;

use PVE::API2::Cluster::Notifications::Application
    qw($EXPIRES $MAILBOX text_parameter application_parameters consent_parameters consent_of);
use PVE::API2::Cluster::Notifications::Common qw(auth_id endpoint_writers with_config);

my %begin = (consent_parameters(), application_parameters('redirect-uri'));
$begin{'redirect-uri'}->{description} =
      'Redirect URI that is registered in the application. Default: http://localhost:8006/, '
    . 'where nothing is: the user copies the address from the browser.';

my sub authorize ($param) {
    my $consent = consent_of($param);
    return with_config(sub ($config) {
        return $config->authorize_smtp_oauth2($consent, $param->{'redirect-uri'}, auth_id());
    });
}

my sub handle ($param) {
    return with_config(sub ($config) {
        return $config->get_smtp_oauth2_handle($param->{handle}, auth_id());
    });
}

my %redirect = (
    uri => {
        description => 'Redirect URI, as it must be registered in the application.',
        type        => 'string',
    },
    usable => {
        description => 'Whether the provider accepts it, as far as is known.',
        type        => 'boolean',
    },
    reason => {
        description => 'Reason why it is not usable.',
        type        => 'string',
        optional    => 1,
    },
);

my sub register_authorize ($class) {
    $class->register_method({
        name        => 'smtp_oauth2_authorize',
        path        => 'smtp-oauth2-authorize',
        method      => 'POST',
        protected   => 1,
        description =>
            'Start an OAuth2 consent for an SMTP target: create the address of the consent '
            . 'page. Does not contact the provider.',
        permissions => endpoint_writers(),
        parameters  => { additionalProperties => 0, properties => \%begin },
        returns     => {
            type       => 'object',
            properties => {
                url => {
                    description => 'Address of the consent page, to open in a browser.',
                    type        => 'string',
                },
                state => {
                    description => 'State for smtp-oauth2-token, valid for this user, once.',
                    type        => 'string',
                },
                expires         => $EXPIRES,
                'redirect-uri'  => $redirect{uri},
                'redirect-uris' => {
                    description => 'Redirect URIs to choose from.',
                    type        => 'array',
                    items       => { type => 'object', properties => \%redirect },
                },
                scopes => {
                    description => 'Scopes of the consent.',
                    type        => 'array',
                    items       => { type => 'string' },
                },
            },
        },
        code => \&authorize,
    });
    return;
}

my sub register_handle ($class) {
    $class->register_method({
        name        => 'smtp_oauth2_handle',
        path        => 'smtp-oauth2-handle',
        method      => 'POST',
        protected   => 1,
        description =>
            'Read who has consented to a handle from smtp-oauth2-token, and for which target. The '
            . 'handle stays valid.',
        permissions => endpoint_writers(),
        parameters  => {
            additionalProperties => 0,
            properties           => {
                handle => text_parameter('Handle from smtp-oauth2-token.', maxLength => 256),
            },
        },
        returns => {
            type       => 'object',
            properties => {
                expires => $EXPIRES,
                name    => {
                    description => 'SMTP target that it is for.',
                    type        => 'string',
                    optional    => 1,
                },
                mailbox => $MAILBOX,
                warning => {
                    description => 'Warning that the mailbox is not the user name of the target.',
                    type        => 'string',
                    optional    => 1,
                },
            },
        },
        code => \&handle,
    });
    return;
}

my sub cancel ($param) {
    return with_config(sub ($config) {
        return $config->cancel_smtp_oauth2($param->{value}, auth_id()) ? 1 : 0;
    });
}

my sub register_cancel ($class) {
    $class->register_method({
        name        => 'smtp_oauth2_cancel',
        path        => 'smtp-oauth2-cancel',
        method      => 'POST',
        protected   => 1,
        description =>
            'End a consent that was started, or a handle, before its time. Does not contact '
            . 'the provider.',
        permissions => endpoint_writers(),
        parameters  => {
            additionalProperties => 0,
            properties           => {
                value => text_parameter(
                    'State from smtp-oauth2-authorize, ID from smtp-oauth2-device, or handle.',
                    maxLength => 256,
                ),
            },
        },
        returns => {
            description => 'Whether there was one of this user.',
            type        => 'boolean',
        },
        code => \&cancel,
    });
    return;
}

sub register ($class) {
    register_authorize($class);
    register_cancel($class);
    register_handle($class);
    return;
}

1;

__END__

=head1 NAME

PVE::API2::Cluster::Notifications::Authorize - starts OAuth2 consents

=head1 SYNOPSIS

    PVE::API2::Cluster::Notifications::Authorize::register('PVE::API2::Cluster::Notifications');

=head1 METHODS

=head2 smtp_oauth2_authorize

C<POST /cluster/notifications/smtp-oauth2-authorize> returns the address of the consent page and the state with
which C<smtp-oauth2-token> redeems its answer. Errors: 400 for what the caller can fix, 429 where too many
consents are open.

=head2 smtp_oauth2_cancel

C<POST /cluster/notifications/smtp-oauth2-cancel> ends a consent or a handle of the caller, which gives its place free.

=head2 smtp_oauth2_handle

C<POST /cluster/notifications/smtp-oauth2-handle> returns whose consent a handle stands for.

=cut
