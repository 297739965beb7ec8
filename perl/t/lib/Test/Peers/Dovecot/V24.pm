package Test::Peers::Dovecot::V24;

# The settings that Dovecot 2.4 spells in its own way.

use v5.36;

# it wants these first
sub head ($class) {
    return <<'END';
dovecot_config_version = 2.4.0
dovecot_storage_version = 2.4.0
END
}

sub files ($class, $server, $provider) { return {} }

sub rest ($class, $server, $provider) {
    my $home   = $server->{home};
    my $tokens = $provider ? tokens($server, $provider) : '';
    return <<"END";
ssl_server_cert_file = $home/server.crt
ssl_server_key_file = $home/server.key
auth_allow_cleartext = no
$tokens
passdb static {
  mechanisms_filter = plain login
  password = $server->{password}
}
userdb static {
  fields {
    uid = dovecot
    gid = dovecot
    home = $home/home/%{user}
  }
}
mail_driver = maildir
mail_path = $home/home/%{user}
END
}

sub tokens ($server, $provider) {
    my $introspection = $server->introspection($provider);
    return <<"END";
oauth2 {
  introspection_url = $introspection
  introspection_mode = post
  username_attribute = email
  username_validation_format = %{user | lower}
  active_attribute = active
  active_value = true
  force_introspection = yes
  scope = https://mail.google.com/
  openid_configuration_url = $provider->{url}/.well-known/openid-configuration
}
passdb oauth2 {
  mechanisms_filter = xoauth2 oauthbearer
}
# whom the provider's certificate comes from
ssl_client_ca_file = $server->{home}/ca.crt
END
}

1;
