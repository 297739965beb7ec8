package Test::Peers::Dovecot;

# Dovecot as a submission server, which hands its mails on to another server. Passwords are checked
# against a fixed one, access tokens by introspection at the provider; it offers both to Postfix too.
# Its user is 'pve@example.org'.

use v5.36;

use parent 'Test::Peers::MailSystem';

use File::Path qw(make_path);
use Test::Peers::Dovecot::V23;
use Test::Peers::Dovecot::V24;

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
    my $files = settings_class()->files($self, $option{provider});
    $self->put($_, $files->{$_}) for keys %$files;
    my $configure =
        sub { $self->put('dovecot.conf', settings($self, %option)) };
    return $self->launch(['starttls', 'tls'],
        $configure, '/usr/sbin/dovecot', '-F', '-c', "$home/dovecot.conf");
}

# Where Postfix asks whether a login is good.
sub sasl ($self) {
    return "$self->{home}/run/sasl";
}

# Where it asks the provider about a token. The login that may ask is encoded for the Authorization
# header as RFC 6749 wants it, and then for the URL.
sub introspection ($class, $provider) {
    my $secret = $provider->{'client-secret'} =~ s/([^A-Za-z0-9_-])/sprintf '%%25%02X', ord $1/ger;
    return ($provider->{url} =~ s{://}{://introspect:$secret\@}r) . '/token/introspection';
}

sub settings ($self, %option) {
    my $class      = settings_class();
    my $mechanisms = $option{mechanisms}
        // ($option{provider} ? 'xoauth2 oauthbearer plain login' : 'plain login');
    return $class->head . <<"END" . $class->rest($self, $option{provider});
base_dir = $self->{home}/run
state_dir = $self->{home}/state
log_path = $self->{home}/log
instance_name = test
protocols = submission
listen = 127.0.0.1
hostname = localhost
first_valid_uid = 0
ssl = required
auth_mechanisms = $mechanisms
auth_failure_delay = 0
auth_cache_size = 0
auth_verbose = yes
submission_relay_host = 127.0.0.1
submission_relay_port = $option{relay}
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

# what 2.3, of Debian 12, and 2.4, of Debian 13, spell differently
sub settings_class () {
    my $is_old = __PACKAGE__->version =~ /\A2[.]3[.]/;
    return $is_old ? 'Test::Peers::Dovecot::V23' : 'Test::Peers::Dovecot::V24';
}

1;
