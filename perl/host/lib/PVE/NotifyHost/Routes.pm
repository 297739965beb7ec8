package PVE::NotifyHost::Routes;

# An API call whose header was let in: the login, what can be answered at once, and all else in other
# processes - calls that wait for the network apart, so that they hold up only those of their kind.

use v5.36;

use Mojo::IOLoop;
use Mojo::Promise;
use PVE::NotifyHost::Auth;
use PVE::NotifyHost::Input;
use PVE::NotifyHost::Reply;
use PVE::NotifyHost::Worker;

# method of a class that asks other machines
my %NETWORK = map { $_ => 1 }
    qw(test_target check_target smtp_oauth2_token smtp_oauth2_device smtp_oauth2_device_poll smtp_oauth2_discover revoke_smtp_endpoint);

sub serve ($c, $admission) {
    $c->render_later;
    my $format  = $admission->{format};
    my $tx      = $c->tx;    # the controller alone would not keep it
    my $respond = sub ($result) {
        my $said = eval {
            $result->{error}
                ? refuse($c, $format, $result->{error})
                : PVE::NotifyHost::Reply::send_text($c, 200, $result->{json});
            1;
        };
        broken($c, $format, $@) if !$said;
        undef $tx;
        return;
    };
    return $admission->{login}
        ? serve_login($c, $format, $respond)
        : serve_call($c, $admission, $respond);
}

sub serve_login ($c, $format, $respond) {
    my $promise = eval { PVE::NotifyHost::Auth::login($c, $format) } // Mojo::Promise->reject($@);
    $promise->then(
        sub ($json) { return $respond->({ json => $json }) },
        sub ($error) { return $respond->({ error => PVE::NotifyHost::Reply::failure($error) }) },
    );
    return;
}

sub serve_call ($c, $admission, $respond) {
    my ($app, $info, $user) = ($c->app, $admission->@{qw(info user)});
    my $request = {
        PVE::NotifyHost::Input::of($c->req)->%*,
        client_ip => $c->tx->remote_address,
        map { $_ => $admission->{$_} } qw(verb path user format),
    };
    return $respond->(PVE::NotifyHost::Worker::answer($app->serve_call, $request))
        if $admission->{verb} eq 'GET' && !$info->{protected};
    my $pool = $NETWORK{ $info->{name} // '' } ? $app->network_pool : $app->pool;
    return $pool->call($request, ($user // '') =~ s/!.*//sr, $respond);
}

sub refuse ($c, $format, $failure) {
    $c->stash(reason => $failure->{reason} // $failure->{message} =~ s/\n.*//sr);
    my $answer = sub (@) { return PVE::NotifyHost::Reply::error($c, $format, $failure) };
    return $answer->() if !$failure->{delay};
    $c->render_later;
    my $tx = $c->tx;
    return Mojo::IOLoop->timer($failure->{delay} => sub { $answer->(); undef $tx });
}

sub broken ($c, $format, $error) {
    $c->app->log->error("reply: $error");
    my $failure = { status => 500, message => "the answer cannot be sent\n" };
    return PVE::NotifyHost::Reply::error($c, $format, $failure);
}

1;

__END__

=head1 NAME

PVE::NotifyHost::Routes - runs an API call whose header was let in

=cut
