package PVE::NotifyHost;

# The HTTP API as a Mojolicious application: every request comes through dispatch below, and goes to
# the API or to the one plain page. None of the framework's files, templates, sessions or routes is
# in use, so that nothing is served that is not named here.

use Mojo::Base 'Mojolicious', -signatures;
use v5.36;

use Mojo::Util qw(steady_time);
use PVE::NotifyHost::Arrival;
use PVE::NotifyHost::Auth;
use PVE::NotifyHost::Call;
use PVE::NotifyHost::Failures;
use PVE::NotifyHost::LoginLimit;
use PVE::NotifyHost::OpenAPI;
use PVE::NotifyHost::Pool;
use PVE::NotifyHost::Reply;
use PVE::NotifyHost::Routes;
use PVE::NotifyHost::StrictRequest;

has api_class         => 'PVE::API2';
has login_descriptors => sub { [] };
has login_limit       => sub { PVE::NotifyHost::LoginLimit->new };
has token_failures    => sub { PVE::NotifyHost::Failures->new };
has pool              => sub ($self) {
    return PVE::NotifyHost::Pool->new(
        serve         => $self->serve_call,
        warm          => 2,
        max_of_user   => 4,
        max_queue     => 512,
        queue_of_user => 256,
    );
};

# Apart from the calls, so that those can never keep the users out.
has login_pool => sub ($self) {
    return PVE::NotifyHost::Pool->new(
        serve     => \&PVE::NotifyHost::Auth::session,
        keep      => $self->login_descriptors,
        max_queue => 16,
    );
};

# Each may wait for half a minute: more processes, and none of them kept.
has network_pool => sub ($self) {
    return PVE::NotifyHost::Pool->new(
        serve         => $self->serve_call,
        max           => 16,
        max_of_user   => 8,
        max_queue     => 128,
        queue_of_user => 32,
    );
};

my $PAGE = <<'END';
<!DOCTYPE html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Notification host</title>
<h1>Notification host</h1>
<p>This machine sends notifications by mail, with OAuth2 where a provider asks for it.
Its API has the paths of a Proxmox VE node: <code>/api2/json</code>.</p>
</html>
END

my $DESCRIPTION;    # made when it is first asked for

my %HEADERS = (
    'Cache-Control'           => 'no-store',
    'Content-Security-Policy' => "default-src 'none'; frame-ancestors 'none'",
    'Referrer-Policy'         => 'no-referrer',
    'Server'                  => 'pve-notify-host',
    'X-Content-Type-Options'  => 'nosniff',
    'X-Frame-Options'         => 'DENY',
);

sub startup ($self) {
    $self->mode('production');
    $self->max_request_size($PVE::NotifyHost::Admission::MAX_BODY + 64 * 1024);
    $self->log->level('info')->format(\&log_line);
    $self->hook(
        after_build_tx => sub ($tx, $app) {
            PVE::NotifyHost::StrictRequest::of($tx);
            PVE::NotifyHost::Arrival::watch($app, $tx);
        },
    );
    return;
}

# what a process does with a call
sub serve_call ($self) {
    my $class = $self->api_class;
    return sub ($request) { return PVE::NotifyHost::Call::run($class, $request) };
}

sub dispatch ($self, $c) {
    my $headers = $c->res->headers;
    $headers->header($_ => $HEADERS{$_}) for keys %HEADERS;
    $self->log_when_finished($c);
    return if eval { $self->serve($c); 1 };
    my $failure = PVE::NotifyHost::Reply::failure($@);
    $self->log->error("internal error: $failure->{message}") if $failure->{status} == 500;
    return PVE::NotifyHost::Reply::error($c, 'json', $failure);
}

sub serve ($self, $c) {
    my $req   = $c->req;
    my $error = $req->error;
    return refuse($c, refusal_of($error->{message})) if $error && !$error->{refusal};
    return refuse($c, 400, "there are no WebSockets here\n") if $c->tx->is_websocket;

    my $admission = PVE::NotifyHost::Arrival::admission($self, $c->tx);
    my $failure   = $error ? $error->{refusal} : $admission->{failure};
    $c->stash(user => $admission->{user});
    return PVE::NotifyHost::Routes::refuse($c, $admission->{format} // 'json', $failure)
        if $failure;
    my $page = $admission->{page} // return PVE::NotifyHost::Routes::serve($c, $admission);
    if ($page eq 'OPTIONS') {
        $c->res->headers->allow('GET, HEAD, POST, PUT, DELETE, OPTIONS');
        return $c->rendered(204);
    }
    return PVE::NotifyHost::Reply::send_text($c, 200,
        $DESCRIPTION //= PVE::NotifyHost::OpenAPI::json())
        if $page eq 'description';
    $c->res->headers->content_type('text/html;charset=UTF-8');
    $c->res->body($PAGE);
    return $c->rendered(200);
}

# The framework has one kind of error for limits: "Maximum ... exceeded".
sub refusal_of ($message) {
    return (400, 'the request is not valid HTTP' . $message =~ s/\ABad request//r . "\n")
        if $message !~ /\AMaximum/;
    return (414, "the address is too long\n") if $message =~ /start-line/;
    return (431, "the header is too large\n") if $message =~ /header/;
    return (413, "the request is too large\n");
}

sub refuse ($c, $status, $message) {
    return PVE::NotifyHost::Reply::error($c, 'json', { status => $status, message => $message });
}

# Neither query nor body nor any header: each may hold a secret.
sub log_when_finished ($self, $c) {
    my $start = steady_time();
    my $tx    = $c->tx;
    my ($address, $method) = ($tx->remote_address // '-', $tx->req->method);
    my $path = $tx->req->url->path->to_abs_string;    # as sent, percent-encoded
    my $stash = $c->stash;
    $tx->on(
        finish => sub ($tx, @) {
            my $user   = $stash->{user} // '-';
            my $status = $tx->res->code // '-';
            my $ms     = int(1000 * (steady_time() - $start));
            my $why    = defined($stash->{reason})            ? " ($stash->{reason})" : '';
            my $level  = $status =~ /\A(?:401|403|429|5..)\z/ ? 'warn'                : 'info';
            $self->log->$level("$address $user \"$method $path\" $status $ms ms$why");
        },
    );
    return;
}

sub log_line ($time, $level, @lines) {
    my $text = join(' ', @lines);
    $text =~ s/\s+\z//;
    $text =~ s/[\x00-\x1f\x7f]/?/g;
    utf8::encode($text);
    my ($s, $m, $h, $day, $month, $year) = gmtime($time);
    return sprintf(
        "%04d-%02d-%02dT%02d:%02d:%02dZ %s: %s\n",
        $year + 1900,
        $month + 1, $day, $h, $m, $s, $level, substr($text, 0, 1000),
    );
}

1;

__END__

=head1 NAME

PVE::NotifyHost - the HTTP API of a notification host that is not a PVE node

=head1 DESCRIPTION

Paths: F</api2/json/...> and F</api2/extjs/...> as on a node, F</api2/openapi.json> (see
L<PVE::NotifyHost::OpenAPI>) and F</>. C<api_class> is the root of the API (a L<PVE::RESTHandler>),
C<pool> runs calls and C<network_pool> those that wait for other machines (L<PVE::NotifyHost::Pool>),
C<login_pool> the logins, C<login_limit> slows down who
guesses passwords (L<PVE::NotifyHost::LoginLimit>), C<token_failures> counts wrong tokens
(L<PVE::NotifyHost::Failures>), and C<login_descriptors> are the file descriptors that a login needs.

=cut
