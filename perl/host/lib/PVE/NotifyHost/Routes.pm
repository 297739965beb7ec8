package PVE::NotifyHost::Routes;

# One API call: who is it, which method, may he, with which parameters - in this order, so that
# somebody without rights learns nothing about the rest - and then the method itself: protected
# ones in a process of their own, the others, which only look at local data, right here.

use v5.36;

use Encode ();
use Mojo::Promise;
use PVE::API2::Cluster::Notifications::Message qw(with_plain_first_line);
use PVE::NotifyHost::Auth;
use PVE::NotifyHost::Input;
use PVE::NotifyHost::Reply;
use PVE::Exception qw(raise raise_param_exc);
use PVE::RPCEnvironment;

my %VERB = map { $_ => $_ } qw(GET POST PUT DELETE);
$VERB{HEAD} = 'GET';

# The decoded parts, or undef if one could mean something else to somebody else. Empty ones are skipped,
# as on a node, whose web pages ask for /api2/json//cluster.
sub path_parts ($req) {
    my @parts = grep {length} split(m{/}, $req->url->path->to_abs_string);
    for my $part (@parts) {
        return if $part =~ /%(?![0-9A-Fa-f]{2})/;
        $part =~ s/%([0-9A-Fa-f]{2})/chr(hex($1))/ge;
        $part = eval { Encode::decode('UTF-8', $part, Encode::FB_CROAK) } // return;
        return if $part =~ m{[/\\\x00-\x1f\x7f]|\A\.{1,2}\z};
    }
    return \@parts;
}

sub serve ($c, $format, $parts) {
    my $promise = eval { call($c, $parts) } // Mojo::Promise->reject($@);
    $c->render_later;
    my $tx = $c->tx;    # the controller alone would not keep it
    $promise->then(
        sub ($data) { return PVE::NotifyHost::Reply::success($c, $format, $data) },
        sub ($error) { return refuse($c, $format, PVE::NotifyHost::Reply::failure($error)) },
    )->catch(
        sub ($error) {
            $c->app->log->error("reply: $error");
            my $failure = { status => 500, message => "the answer cannot be sent\n" };
            return PVE::NotifyHost::Reply::error($c, $format, $failure);
        },
    )->finally(sub { undef $tx });
    return;
}

sub refuse ($c, $format, $failure) {
    $c->stash(reason => $failure->{reason} // $failure->{message} =~ s/\n.*//sr);
    my $answer = sub (@) { return PVE::NotifyHost::Reply::error($c, $format, $failure) };
    return $answer->() if !$failure->{delay};
    return Mojo::Promise->timer($failure->{delay})->then($answer);
}

# A promise of the data.
sub call ($c, $parts) {
    my $req  = $c->req;
    my $path = '/' . join('/', @$parts);
    my $verb = $VERB{ $req->method } // not_implemented($req->method, $path);
    return PVE::NotifyHost::Auth::login($c) if $verb eq 'POST' && $path eq '/access/ticket';

    my $uri_param = {};
    my ($handler, $info) = $c->app->api_class->find_handler($verb, $path, $uri_param);
    my $permissions = $info && $info->{permissions};
    my $user;
    if (!$permissions || ($permissions->{user} // '') ne 'world') {
        $user = PVE::NotifyHost::Auth::user_of($c, $verb);
        $c->stash(user => $user);
    }
    not_implemented($verb, $path) if !$info;
    raise("this method cannot be called with an API token\n", code => 403)
        if !($info->{allowtoken} // 1) && ($user // '') =~ /!/;

    my $rpcenv = PVE::RPCEnvironment::get();
    $rpcenv->init_request;
    $rpcenv->set_user($user);
    $rpcenv->set_client_ip($c->tx->remote_address);
    my $param = parameters($req, $info, $uri_param);
    $rpcenv->check_api2_permissions($permissions, $user, $param);
    my $run = sub { return $handler->handle($info, $param) };
    return $info->{protected} ? $c->app->workers->run($run) : Mojo::Promise->resolve($run->());
}

sub parameters ($req, $info, $uri_param) {
    my $param =
        PVE::NotifyHost::Input::parameters($req, ($info->{parameters} // {})->{properties} // {});
    my %twice =
        map { $_ => 'duplicate parameter (already defined in URI)' }
        grep { exists($param->{$_}) } keys %$uri_param;
    raise_param_exc(\%twice) if %twice;
    return { %$param, %$uri_param };
}

sub not_implemented ($method, $path) {
    my $message = with_plain_first_line("Method '$method $path' not implemented\n");
    return raise($message, code => 501);
}

1;

__END__

=head1 NAME

PVE::NotifyHost::Routes - finds, checks and runs the method of an API call

=cut
