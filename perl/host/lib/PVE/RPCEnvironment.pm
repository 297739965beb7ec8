package PVE::RPCEnvironment;

# Who is calling, and may he: the one object that API methods ask for the current user and for
# permissions. The texts of refusals are those of a node.

use v5.36;

use PVE::AccessControl;
use PVE::Cluster;
use PVE::Exception          qw(raise_perm_exc);
use PVE::NotifyHost::Rights ();

use parent 'PVE::RESTEnvironment';

my $instance;

sub init ($class, $type) {
    die "already initialized\n"                 if $instance;
    die "unknown type of environment '$type'\n" if $type !~ /\A(?:cli|pub|priv|ha)\z/;
    return $instance = bless({ type => $type, permissions => {} }, $class);
}

sub get ($class = undef) { return $instance // die "not initialized\n" }

# What was worked out for one request holds for that request alone.
sub init_request ($self, %params) {
    delete @$self{qw(user_cfg user client_ip)};
    $self->{permissions} = {};
    return;
}

# { privilege => 1 } of a user or API token at a path
sub permissions ($self, $user, $path) {
    $self->{user_cfg} //= PVE::Cluster::cfs_read_file('user.cfg');
    return $self->{permissions}{$user}{$path} //=
        PVE::NotifyHost::Rights::permissions($self->{user_cfg}, $user, $path);
}

sub check ($self, $user, $path, $privs, $noerr = undef) {
    $path = PVE::AccessControl::normalize_path($path);
    my $perm = $self->permissions($user, $path);
    for my $priv (@$privs) {
        next   if $perm->{$priv};
        return if $noerr;
        raise_perm_exc("$path, $priv");
    }
    return 1;
}

sub check_any ($self, $user, $path, $privs, $noerr = undef) {
    $path = PVE::AccessControl::normalize_path($path);
    my $perm = $self->permissions($user, $path);
    return 1 if grep { $perm->{$_} } @$privs;
    return   if $noerr;
    return raise_perm_exc("$path, " . join('|', @$privs));
}

sub check_api2_permissions ($self, $perm, $user, $param) {
    my $who = $perm ? $perm->{user} // '' : '';
    return 1                           if $who eq 'world';
    raise_perm_exc('user != null')     if !defined($user) || $user eq '';
    return 1                           if $user eq 'root@pam';
    raise_perm_exc('user != root@pam') if !$perm;
    return 1                           if $who eq 'all';
    return 1 if $perm->{check} && $self->exec_api2_perm_check($perm->{check}, $user, $param);
    return raise_perm_exc();
}

sub exec_api2_perm_check ($self, $check, $user, $param, $noerr = undef) {
    my ($test, @rest) = @$check;
    if ($test eq 'and') {
        for my $sub (@rest) {
            $self->exec_api2_perm_check($sub, $user, $param, $noerr) or return;
        }
        return 1;
    }
    if ($test eq 'or') {
        return 1 if grep { $self->exec_api2_perm_check($_, $user, $param, 1) } @rest;
        return $noerr ? undef : raise_perm_exc();
    }
    if ($test eq 'perm') {
        my ($template, $privs, %opt) = @rest;
        my $required = $opt{require_param};
        if (defined($required) && !defined($param->{$required})) {
            return $noerr ? undef : raise_perm_exc();
        }
        my $path = $template =~ s/\{([^}]*)\}/$param->{$1} \/\/ die "no parameter '$1'\n"/ger;
        return $opt{any}
            ? $self->check_any($user, $path, $privs, $noerr)
            : $self->check($user, $path, $privs, $noerr);
    }
    die "unknown permission test '$test'\n";
}

1;

__END__

=head1 NAME

PVE::RPCEnvironment - the current user and his permissions

=head1 SYNOPSIS

    my $rpcenv = PVE::RPCEnvironment->init('cli');
    $rpcenv->init_request;
    $rpcenv->set_user('joe@pve');
    $rpcenv->check('joe@pve', '/mapping/notifications', ['Mapping.Modify']);
    $rpcenv->check_api2_permissions($info->{permissions}, 'joe@pve', $param);

=head1 DESCRIPTION

C<check> wants all the privileges, C<check_any> one of them; both die with a L<PVE::Exception> of
code 403, or return false where the last argument is true. C<check_api2_permissions> takes the
C<permissions> entry of an API method: C<user> is C<all> (anybody logged in) or C<world>, C<check>
is a tree of C<and>, C<or> and C<perm> with the options C<any> and C<require_param>; a method
without the entry is for root@pam alone.

C<setup_default_cli_env> makes the environment of a command: user root@pam.

=cut
