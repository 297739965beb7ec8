package PVE::NotifyHost::Auth;

# Who sends a request: an API token in the header Authorization, or a ticket in the cookie
# PVEAuthCookie, with a CSRF token for everything that writes. And the login that gives a ticket
# for a password. What could be guessed is delayed, and no refusal says its reason. The
# login takes all parameters of a node's, since web pages and programs send them; nobody has a second
# factor here.

use v5.36;

use Mojo::IOLoop;
use Mojo::JSON qw(decode_json);
use Mojo::Promise;
use Mojo::Util qw(steady_time url_unescape);
use PVE::AccessControl;
use PVE::Cluster;
use PVE::Exception qw(raise);
use PVE::JSONSchema;
use PVE::Notify;
use PVE::NotifyHost::Capabilities;
use PVE::NotifyHost::Input;
use PVE::NotifyHost::LoginLimit;
use PVE::NotifyHost::Password;
use PVE::NotifyHost::Reply;
use PVE::NotifyHost::Rights;
use PVE::NotifyHost::UserConfig;
use PVE::Tools qw(split_list);

my $MAX_LATE_ANSWERS = 32;

PVE::JSONSchema::register_format(
    'pve-priv' => sub ($name) {
        return $name if PVE::NotifyHost::UserConfig::is_privilege($name);
        die "invalid privilege '$name'\n";
    },
);

my $LOGIN_SCHEMA = {
    type                 => 'object',
    additionalProperties => 0,
    properties           => {
        username => { type => 'string', maxLength => 64, description => 'Name, or name@realm.' },
        realm    => {
            type        => 'string',
            optional    => 1,
            maxLength   => 32,
            description => 'Realm of a name without one: pve (default) or pam.',
        },
        password => {
            type        => 'string',
            maxLength   => 512,
            description => 'The password, or a valid ticket of the same user to get a new one.',
        },
        path => {
            type        => 'string',
            optional    => 1,
            maxLength   => 512,
            pattern     => '/[A-Za-z0-9._/-]*',
            requires    => 'privs',
            description => 'Refuse the login unless the user has these privileges on this path.',
        },
        privs => {
            type        => 'string',
            optional    => 1,
            minLength   => 1,
            maxLength   => 2048,
            format      => 'pve-priv-list',
            requires    => 'path',
            description => 'Privileges for path, a list.',
        },
        otp => {
            type        => 'string',
            optional    => 1,
            maxLength   => 512,
            description => 'One-time password; ignored, as nobody has a second factor here.',
        },
        'tfa-challenge' => {
            type        => 'string',
            optional    => 1,
            maxLength   => 4096,
            description => 'The challenge that the password answers; none is ever given out here.',
        },
        'new-format' => {
            type        => 'boolean',
            optional    => 1,
            default     => 1,
            description => 'How a challenge is given out; without meaning here.',
        },
    },
};

my %SESSION = (
    username            => 'Name of the user, with the realm.',
    ticket              => 'Ticket for the cookie PVEAuthCookie; valid for two hours.',
    CSRFPreventionToken => 'Token for the header of this name, needed for all that is not GET.',
);

# The login as a method is registered. It is none of the tree, as its answer is a promise.
sub login_method () {
    return {
        name        => 'create_ticket',
        path        => 'access/ticket',
        method      => 'POST',
        description => 'Create or verify an authentication ticket.',
        permissions => { user => 'world' },
        parameters  => $LOGIN_SCHEMA,
        returns     => {
            type       => 'object',
            properties => {
                (map { $_ => { type => 'string', description => $SESSION{$_} } } keys %SESSION),
                cap => { type => 'object', description => 'Privileges of the user, by room.' },
                clustername => {
                    type        => 'string',
                    description => 'Name of the cluster.',
                    optional    => 1,
                },
            },
        },
    };
}

sub user_of ($app, $tx, $verb) {
    my $headers = $tx->req->headers;
    my ($token, $secret) = ($headers->authorization // '') =~ /\APVEAPIToken=([^=]+)=(\S+)\z/;
    return user_of_token($app, $tx, $token, $secret) if defined($token);

    my $cookie = $tx->req->cookie('PVEAuthCookie') or raise("No ticket\n", code => 401);
    my $user   = PVE::AccessControl::verify_ticket(url_unescape($cookie->value));
    PVE::AccessControl::verify_csrf_prevention_token($user, $headers->header('CSRFPreventionToken'))
        if $verb ne 'GET';
    return $user;
}

# Right ones are never late, so what protects a token is the length of its secret.
sub user_of_token ($app, $tx, $token, $secret) {
    my $user = eval { PVE::AccessControl::verify_token($token, $secret) };
    return $user if defined($user);
    my $error = $@;
    $error->{delay} = delay_of_wrong_token($app, $tx->remote_address // '')
        if ref($error) && ($error->{code} // 0) == 401;
    die $error;
}

# Each late answer keeps a connection: where many do, the next is not late.
sub delay_of_wrong_token ($app, $remote) {
    my $address = PVE::NotifyHost::LoginLimit::network_of($remote);
    $app->token_failures->add($address, steady_time());
    return 0 if ($app->{late_answers} // 0) >= $MAX_LATE_ANSWERS;
    my $delay = $app->token_failures->delay($address, steady_time());
    $app->{late_answers}++;
    Mojo::IOLoop->timer($delay => sub { $app->{late_answers}-- });
    return $delay;
}

# A promise of the JSON text of the answer.
sub login ($c, $format) {
    my $request = PVE::NotifyHost::Input::of($c->req);
    my $param   = PVE::NotifyHost::Input::parameters($request, $LOGIN_SCHEMA->{properties});
    PVE::JSONSchema::validate($param, $LOGIN_SCHEMA);
    my ($name, $realm) = @$param{qw(username realm)};
    $name .= "\@$realm" if defined($realm) && $name !~ /\@/;

    # crypt(3) and PAM may well take a second
    my $app   = $c->app;
    my $prove = sub {
        my $promise = Mojo::Promise->new;
        $app->login_pool->call(
            { name => $name, param => $param, format => $format },
            undef,
            sub ($result) {
                return $promise->reject($result->{error}) if $result->{error};
                $c->stash(user => decode_json($result->{json})->{data}{username});
                return $promise->resolve($result->{json});
            },
        );
        return $promise;
    };
    return is_own_ticket($name, $param->{password}) ? $prove->() : in_turn($c, $name, $prove);
}

# in a process of the pool for logins
sub session ($request) {
    my $session = session_of(prove_user($request->@{qw(name param)}));
    return PVE::NotifyHost::Reply::success($request->{format}, $session);
}

sub is_own_ticket ($name, $password) {
    return $password =~ /\APVE:/ && defined(eval { prove_password($name, $password) });
}

sub in_turn ($c, $name, $prove) {
    my $promise = Mojo::Promise->new;
    my $account = eval { PVE::NotifyHost::Password::full_id($name) } // $name;
    my $limit   = $c->app->login_limit;
    my $try     = $limit->enter(
        $c->tx->remote_address // '',
        $account,
        go => sub ($done) {
            $prove->()->then(
                sub ($json) {
                    $done->('right');
                    $promise->resolve($json);
                    return;
                },
                sub ($failure) {
                    $done->($failure->{status} == 401 ? 'wrong' : 'other');
                    $promise->reject($failure);
                    return;
                },
            );
        },
        refuse => sub ($seconds) {
            $c->res->headers->header('Retry-After' => $seconds);
            my $message = "too many logins are waiting, try again in $seconds s\n";
            $promise->reject({ status => 429, message => $message });
        },
    );
    $c->tx->on(
        finish => sub {
            $limit->leave($try);
            $promise->reject({ status => 499, message => "the client has gone\n" });
        },
    );
    return $promise;
}

sub prove_user ($name, $param) {
    PVE::NotifyHost::Password::refuse('it answers a challenge that nobody has given')
        if length($param->{'tfa-challenge'} // '');
    my $user = prove_password($name, $param->{password});
    return $user if !defined($param->{path});
    my $cfg        = PVE::Cluster::cfs_read_file('user.cfg');
    my $path       = PVE::AccessControl::normalize_path($param->{path});
    my $privileges = PVE::NotifyHost::Rights::permissions($cfg, $user, $path);
    for my $wanted (split_list($param->{privs})) {
        PVE::NotifyHost::Password::refuse("the user lacks $wanted on $path")
            if !$privileges->{$wanted};
    }
    return $user;
}

sub prove_password ($name, $password) {
    return PVE::AccessControl::authenticate_user($name, $password) if $password !~ /\APVE:/;
    my $user = PVE::AccessControl::verify_ticket($password);
    PVE::NotifyHost::Password::refuse('the ticket is that of another user')
        if $user ne PVE::NotifyHost::Password::full_id($name);
    return $user;
}

sub session_of ($user) {
    my $cluster = PVE::Notify::cluster_name();
    return {
        username            => $user,
        ticket              => PVE::AccessControl::assemble_ticket($user),
        CSRFPreventionToken => PVE::AccessControl::assemble_csrf_prevention_token($user),
        cap                 => PVE::NotifyHost::Capabilities::of_user($user),
        defined($cluster) ? (clustername => $cluster) : (),
    };
}

1;

__END__

=head1 NAME

PVE::NotifyHost::Auth - who sends a request, and the login

=head1 DESCRIPTION

C<user_of($app, $tx, $verb)> returns the id of the user or token, or dies with a L<PVE::Exception> of code
401; C<login($c)> serves C<POST /access/ticket>: a promise of C<username>, C<ticket>,
C<CSRFPreventionToken>, C<cap> (see L<PVE::NotifyHost::Capabilities>) and, in a cluster,
C<clustername>.

C<login_method()> describes that login as an API method.

With C<path> and C<privs> a user who lacks one of the privileges is refused as one with a wrong
password is. A one-time password is ignored; the answer to a challenge (C<tfa-challenge>) is refused,
as no challenge is ever given out.

=cut
