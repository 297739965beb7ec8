package PVE::NotifyHost::Call;

# Runs an API call whose caller is known: which method, with which parameters, may he - and then the
# method itself. What it gets and gives is plain data, so that it can run in another process.

use v5.36;

use PVE::Exception qw(raise_param_exc);
use PVE::NotifyHost::Input;
use PVE::NotifyHost::Reply;
use PVE::RPCEnvironment;

# request: verb, path, user, client_ip, format, and what Input wants; the whole of an answer
sub run ($api_class, $request) {
    my ($verb, $path, $user) = $request->@{qw(verb path user)};
    my $uri_param = {};
    my ($handler, $info) = $api_class->find_handler($verb, $path, $uri_param);
    my $rpcenv = PVE::RPCEnvironment::get();
    $rpcenv->init_request;
    $rpcenv->set_user($user);
    $rpcenv->set_client_ip($request->{client_ip});
    my $param = parameters($request, $info, $uri_param);
    $rpcenv->check_api2_permissions($info->{permissions}, $user, $param);
    return PVE::NotifyHost::Reply::success($request->{format}, $handler->handle($info, $param));
}

sub parameters ($request, $info, $uri_param) {
    my $properties = ($info->{parameters} // {})->{properties} // {};
    my $param      = PVE::NotifyHost::Input::parameters($request, $properties);
    my %twice =
        map { $_ => 'duplicate parameter (already defined in URI)' }
        grep { exists($param->{$_}) } keys %$uri_param;
    raise_param_exc(\%twice) if %twice;
    return { %$param, %$uri_param };
}

1;

__END__

=head1 NAME

PVE::NotifyHost::Call - runs an API call whose caller is known

=cut
