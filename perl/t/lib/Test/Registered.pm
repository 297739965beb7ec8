package Test::Registered;

# The methods that the API below /cluster/notifications registers, by name. To be used before the API
# is loaded: it looks on while that happens.

use v5.36;

use Exporter 'import';

use PVE::RESTHandler;

our @EXPORT_OK = qw(registered);

my %method;

BEGIN {
    no warnings 'redefine';    ## no critic (ProhibitNoWarnings) - only looks on
    my $register = \&PVE::RESTHandler::register_method;
    *PVE::RESTHandler::register_method = sub ($class, $info) {
        $method{ $info->{name} } = $info if $class eq 'PVE::API2::Cluster::Notifications';
        return $register->($class, $info);
    };
}

sub registered () {
    return {%method};
}

1;
