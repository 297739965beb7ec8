package PVE::NotifyHost::OpenAPI;

# The description of the HTTP API for programs (OpenAPI 3.1), made of the registered methods. It holds what
# every host of this version has, and nothing of this machine.

use v5.36;

use JSON::PP ();
use PVE::API2;
use PVE::Notify::Program;
use PVE::NotifyHost::Auth;
use PVE::NotifyHost::OpenAPI::Permissions qw(permission_text);
use PVE::NotifyHost::OpenAPI::Schema      qw(of_parameter of_answer);

my $ABOUT = <<'END';
The API of a notification host, with the paths of a Proxmox VE node. Each path is also there below
/api2/extjs, where an error is an answer with status 200 that has success, status, message and errors.
END

my %REFUSAL = (
    400 => 'A parameter or the request is not valid, or the target cannot be used like this.',
    401 => 'No login, or one that is not valid or has expired.',
    403 => 'The user lacks a permission.',
    404 => 'No such entry.',
    413 => 'The body is larger than 4 MiB, or that of a login than 8 KiB.',
    429 =>
        'Too many logins are waiting, and Retry-After tells how long; or too many consents are open.',
    500 => 'The call failed; a test of a target that does not work is such a call.',
    501 => 'No such method.',
    502 => 'The provider refused, or the connection to it failed.',
    503 => 'Too many calls at once.',
    504 => 'The provider gave no answer in time.',
);
my @ALWAYS = (400, 401, 403, 404, 413, 500, 501, 503);
my $NOTES  = '/cluster/notifications';
my %MORE   = (
    '/access/ticket'                      => [429],
    "$NOTES/smtp-oauth2-authorize"        => [429, 504],
    "$NOTES/smtp-oauth2-cancel"           => [504],
    "$NOTES/smtp-oauth2-device"           => [429, 502, 504],
    "$NOTES/smtp-oauth2-device-poll"      => [502, 504],
    "$NOTES/smtp-oauth2-discover"         => [502, 504],
    "$NOTES/smtp-oauth2-token"            => [502, 504],
    "$NOTES/endpoints/smtp/{name}/revoke" => [502, 504],
);

my $ERROR = {
    type       => 'object',
    required   => ['data', 'message'],
    properties => {
        data    => { type => 'null' },
        message => { type => 'string', description => 'Cause, fix and details.' },
        errors  => {
            type                 => 'object',
            description          => 'Parameters that are wrong, and why.',
            additionalProperties => { type => 'string' },
        },
    },
};

my $SECURITY = {
    ticket => {
        type        => 'apiKey',
        in          => 'cookie',
        name        => 'PVEAuthCookie',
        description => 'The ticket of POST /access/ticket.',
    },
    csrf => {
        type        => 'apiKey',
        in          => 'header',
        name        => 'CSRFPreventionToken',
        description => 'Needed with a ticket for all that is not GET.',
    },
    token => {
        type        => 'apiKey',
        in          => 'header',
        name        => 'Authorization',
        description => 'An API token: PVEAPIToken=USER@REALM!NAME=SECRET.',
    },
};

my sub json_content ($schema) {
    return { 'application/json' => { schema => $schema } };
}

my sub reference ($room, $name) {
    return { '$ref' => "#/components/$room/$name" };
}

# An index is called after its folder.
my sub operation_id ($path, $info) {
    return $info->{name} if $info->{name} ne 'index';
    return join '_', (grep {length} split m{/}, $path), 'index';
}

my sub security_of ($info) {
    return [] if ($info->{permissions}{user} // '') eq 'world';
    my %ticket = (ticket => [], $info->{method} eq 'GET' ? () : (csrf => []));
    return [\%ticket, ($info->{allowtoken} // 1) ? { token => [] } : ()];
}

my sub responses_of ($path, $info) {
    my $data = of_answer($info->{returns} // { type => 'null' });
    my %response =
        map { $_ => reference('responses', $_) } @ALWAYS, ($MORE{$path} // [])->@*;
    $response{200} = {
        description => 'The call succeeded.',
        content     => json_content(
            { type => 'object', required => ['data'], properties => { data => $data } }
        ),
    };
    return \%response;
}

# What is in the path is a part of it; the rest of a call that changes something is its body.
my sub input_of ($path, $info) {
    my %schema = $info->{parameters}->%*;
    my %rest   = ($schema{properties} // {})->%*;
    my @parameters;
    for my $name ($path =~ /\{([\w-]+)\}/g) {
        push @parameters,
            {
            name     => $name,
            in       => 'path',
            required => \1,
            schema   => of_parameter(delete $rest{$name})
            };
    }
    my $has_body = $info->{method} =~ /\A(?:POST|PUT)\z/ && %rest;
    if (!$has_body) {
        push @parameters, map { {
            name     => $_,
            in       => 'query',
            required => $rest{$_}{optional} ? \0 : \1,
            schema   => of_parameter($rest{$_}),
        } } sort keys %rest;
    }
    for my $parameter (@parameters) {
        my $text = delete $parameter->{schema}{description};
        $parameter->{description} = $text if defined $text;
    }
    my $body   = { of_parameter({ %schema, type => 'object', properties => \%rest })->%* };
    my $forced = $body->{required} ? \1 : \0;
    return (
        @parameters ? (parameters => \@parameters) : (),
        $has_body
        ? (
            requestBody => {
                required => $forced,
                content  => {
                    map { $_ => { schema => $body } } 'application/json',
                    'application/x-www-form-urlencoded'
                },
            }
            )
        : (),
    );
}

my sub operation_of ($path, $info) {
    return {
        operationId => operation_id($path, $info),
        description => "$info->{description}\n\nPermissions: "
            . permission_text($info->{permissions}) . '.',
        security  => security_of($info),
        responses => responses_of($path, $info),
        input_of($path, $info),
    };
}

sub document () {
    my %paths;
    for my $method (PVE::API2->all_methods,
        ['/access/ticket', PVE::NotifyHost::Auth::login_method()])
    {
        my ($path, $info) = @$method;
        $paths{$path}{ lc $info->{method} } = operation_of($path, $info);
    }
    return {
        openapi => '3.1.0',
        info    => {
            title       => 'Notification host',
            version     => $PVE::Notify::Program::VERSION,
            description => $ABOUT,
        },
        servers    => [{ url => '/api2/json' }],
        paths      => \%paths,
        components => {
            securitySchemes => $SECURITY,
            schemas         => { Error => $ERROR },
            responses       => {
                map {
                    $_ => {
                        description => $REFUSAL{$_},
                        content     => json_content(reference('schemas', 'Error')),
                    }
                } keys %REFUSAL
            },
        },
    };
}

sub json () {
    return JSON::PP->new->ascii->canonical->pretty->indent_length(1)->encode(document());
}

1;

__END__

=head1 NAME

PVE::NotifyHost::OpenAPI - the description of the HTTP API for programs

=head1 SYNOPSIS

    print PVE::NotifyHost::OpenAPI::json();

=head1 DESCRIPTION

C<document> is the description as data for L<JSON::PP>, C<json> its text, the same each time: OpenAPI 3.1 with
all paths below F</api2/json>, the parameters, answers, errors and permissions of each method. The host serves
it to its users as F</api2/openapi.json>, C<make openapi> writes it to F<build/openapi.json>.

=cut
