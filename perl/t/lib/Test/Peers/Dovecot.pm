package Test::Peers::Dovecot;

# Dovecot as a submission server, which hands its mails on to another server. Passwords are checked
# against a fixed one, access tokens by introspection at the provider; it offers both to Postfix too.
# Its user is 'pve@example.org'.

use v5.36;

use parent 'Test::Peers::MailSystem';

use File::Path qw(make_path);

# Options: the port that mails go to, Test::Peers::OidcProvider if tokens shall be checked, and the
# mechanisms to offer.
sub new ($class, %option) {
    my $self = $class->prepare;
    $self->{password} = 'p4sswOrd/+=';
    $self->{login}    = 'pve@example.org';
    my $home = $self->{home};
    chown(0, 0, $self->{dir}) or die "$self->{dir}: $!\n";
    make_path("$self->{dir}/home", { mode => oct(777) });
    chmod(0777, "$self->{dir}/home") or die "home: $!\n";
    $self->put('tokens.conf', $option{provider} ? tokens($self, $option{provider}) : '');
    my $configure =
        sub { $self->put('dovecot.conf', settings($self, %option)) };
    return $self->launch(['starttls', 'tls'],
        $configure, '/usr/sbin/dovecot', '-F', '-c', "$home/dovecot.conf");
}

# Where Postfix asks whether a login is good.
sub sasl ($self) {
    return "$self->{home}/run/sasl";
}

sub tokens ($self, $provider) {

    # encoded for the Authorization header as RFC 6749 wants it, and then for the URL
    my $secret = $provider->{'client-secret'} =~ s/([^A-Za-z0-9_-])/sprintf '%%25%02X', ord $1/ger;
    my $introspection = $provider->{url}      =~ s{://}{://introspect:$secret\@}r;
    return <<"END";
introspection_url = $introspection/token/introspection
introspection_mode = post
tls_ca_cert_file = $self->{home}/ca.crt
username_attribute = email
username_format = %Lu
active_attribute = active
active_value = true
force_introspection = yes
scope = https://mail.google.com/
openid_configuration_url = $provider->{url}/.well-known/openid-configuration
timeout_msecs = 5000
END
}

sub settings ($self, %option) {
    my ($provider, $relay) = @option{qw(provider relay)};
    my $home   = $self->{home};
    my $tokens = $provider ? <<"END" : '';
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = $home/tokens.conf
}
END
    my $mechanisms = $option{mechanisms}
        // ($provider ? 'xoauth2 oauthbearer plain login' : 'plain login');
    return <<"END";
base_dir = $home/run
state_dir = $home/state
log_path = $home/log
instance_name = test
protocols = submission
listen = 127.0.0.1
hostname = localhost
first_valid_uid = 0
ssl = required
ssl_cert = <$home/server.crt
ssl_key = <$home/server.key
disable_plaintext_auth = yes
auth_mechanisms = $mechanisms
auth_failure_delay = 0
auth_cache_size = 0
auth_verbose = yes
$tokens
passdb {
  driver = static
  mechanisms = plain login
  args = password=$self->{password}
}
userdb {
  driver = static
  args = uid=dovecot gid=dovecot home=$home/home/%u
}
mail_location = maildir:$home/home/%u
submission_relay_host = 127.0.0.1
submission_relay_port = $relay
service submission-login {
  chroot =
  inet_listener submission {
    port = $self->{starttls}
  }
  inet_listener submissions {
    port = $self->{tls}
    ssl = yes
  }
}
service anvil {
  chroot =
  # else failed logins slow down the next ones
  unix_listener anvil-auth-penalty {
    mode = 0
  }
}
service stats {
  chroot =
}
service auth {
  unix_listener sasl {
    mode = 0666
  }
}
END
}

1;
