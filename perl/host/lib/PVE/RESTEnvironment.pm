package PVE::RESTEnvironment;

# Who is calling, from where, in which language: what PVE::RPCEnvironment has besides permissions.

use v5.36;

use Exporter 'import';

use PVE::Cluster;

our @EXPORT_OK = qw(log_warn);

# what whoever calls should know although the call succeeds
sub log_warn ($message) {
    chomp $message;
    return print {*STDERR} "WARN: $message\n";
}

# Full rights belong to root, and to the owner of the files: he could write them anyway.
sub setup_default_cli_env ($class, $user = 'root@pam') {
    my $config = PVE::Cluster::dirs()->{config};
    my $owner  = (stat($config))[4];
    die "please run as root, or as the owner of '$config'\n"
        if $> != 0 && !(defined($owner) && $owner == $>);
    my $self = eval { $class->get } // $class->init('cli');
    $self->init_request;
    $self->set_language($ENV{LANG});
    $self->set_user($user);
    return $self;
}

sub set_language ($self, $language) { return $self->{language} = $language }

sub get_language ($self) { return $self->{language} }

sub set_user ($self, $user) { return $self->{user} = $user }

sub get_user ($self, $noerr = undef) {
    return $self->{user} if defined($self->{user}) || $noerr;
    die "user name not set\n";
}

sub set_client_ip ($self, $ip) { return $self->{client_ip} = $ip }

sub get_client_ip ($self) { return $self->{client_ip} }

1;

__END__

=head1 NAME

PVE::RESTEnvironment - who is calling, from where, in which language

=head1 FUNCTIONS

=head2 log_warn($message)

Prints C<WARN:> and the message to standard error: pvesh shows it, a daemon's goes to its journal.

=head1 METHODS

=head2 setup_default_cli_env($user)

Makes the environment of a command, for root@pam by default. Only root and the owner of the
configuration may have it.

=head2 set_user, get_user, set_language, get_language, set_client_ip, get_client_ip

C<get_user> dies where none is set, unless its argument is true.

=cut
