package Test::Way::Direct;

# A way to the API: in this process, as a method of the API calls another one. The result is checked
# against the method's schema.

use v5.36;

use PVE::API2;
use PVE::NotifyHost::Setup;
use PVE::RPCEnvironment;
use Scalar::Util qw(blessed);
use Storable     qw(dclone);
use Test::Peers  qw(host_dir);

sub new ($class) {
    my $self = bless { dir => host_dir() }, $class;
    local $ENV{PVE_NOTIFY_HOST_DIR} = "$self->{dir}";
    PVE::NotifyHost::Setup->init(ensure_dirs => 1);
    PVE::RPCEnvironment->setup_default_cli_env;
    return $self;
}

# { code, data } or { code, message, errors }
sub call ($self, $verb, $path, $param) {
    my $uri_param = {};
    my ($class, $info) = PVE::API2->find_handler($verb, $path, $uri_param)
        or die "no $verb $path\n";
    my $all    = { dclone($param)->%*, %$uri_param };
    my $answer = eval {
        my $rpcenv = PVE::RPCEnvironment->get;
        $rpcenv->check_api2_permissions($info->{permissions}, $rpcenv->get_user, $all);
        my $verify_result = 1;
        return { code => 200, data => $class->handle($info, $all, $verify_result) };
    };
    return $answer if $answer;
    my $error = $@;
    return { code => 500, message => $error }
        if !blessed($error) || !$error->isa('PVE::Exception');
    return { code => $error->{code}, message => $error->{msg}, errors => $error->{errors} };
}

# the same by another user than root@pam
sub call_as ($self, $user, @call) {
    my $rpcenv = PVE::RPCEnvironment->get;
    $rpcenv->init_request;
    $rpcenv->set_user($user);
    my $answer = $self->call(@call);
    $rpcenv->init_request;
    $rpcenv->set_user('root@pam');
    return $answer;
}

1;
