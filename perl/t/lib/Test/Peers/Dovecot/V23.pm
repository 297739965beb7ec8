package Test::Peers::Dovecot::V23;

# The settings that Dovecot 2.3 spells in its own way.

use v5.36;

sub head ($class) { return '' }

sub files ($class, $server, $provider) {
    return {} if !$provider;
    my $introspection = $server->introspection($provider);
    return { 'tokens.conf' => <<"END" };
introspection_url = $introspection
introspection_mode = post
tls_ca_cert_file = $server->{home}/ca.crt
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

sub rest ($class, $server, $provider) {
    my $home   = $server->{home};
    my $tokens = $provider ? <<"END" : '';
passdb {
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = $home/tokens.conf
}
END
    return <<"END";
ssl_cert = <$home/server.crt
ssl_key = <$home/server.key
disable_plaintext_auth = yes
$tokens
passdb {
  driver = static
  mechanisms = plain login
  args = password=$server->{password}
}
userdb {
  driver = static
  args = uid=dovecot gid=dovecot home=$home/home/%u
}
mail_location = maildir:$home/home/%u
END
}

1;
