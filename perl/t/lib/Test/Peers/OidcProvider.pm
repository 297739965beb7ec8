package Test::Peers::OidcProvider;

# oidc-provider as a peer, and a person who logs in and consents there.

use v5.36;

use HTTP::Tiny  ();
use JSON::PP    qw(decode_json);
use Test::Peers qw(pki_dir root start stop);

# Whether it is installed; make puts it into build/node.
sub folder ($class) {
    my $node = $ENV{NODE_PEERS} // root() . '/build/node';
    return -e "$node/node_modules/oidc-provider/package.json" ? $node : undef;
}

# Options: access-token-seconds; keys: clients RS256, PS256 and ES256, which have private keys in place of a secret.
sub new ($class, %option) {
    my $node = $class->folder // die "oidc-provider is not installed: make test installs it\n";

    # its advice to use a newer Node is no concern of a test
    local $ENV{NODE_NO_WARNINGS} = 1;
    local $ENV{AT_TTL}           = $option{'access-token-seconds'} // 3600;
    local $ENV{CLIENT_KEYS}      = $option{keys} ? 1 : '';
    my $peer = start(undef, 'node', root() . '/perl/t/peers/op.mjs', $node, pki_dir());
    my $self = decode_json($peer->{line});
    return bless { %$self, peer => $peer }, $class;
}

sub stop_it ($self) {
    return stop($self->{peer});
}

# An entry of oauth2-providers.json.
sub provider ($self, $client_auth) {
    return {
        'authorize-url' => "$self->{url}/auth",
        'token-url'     => "$self->{url}/token",
        scopes          => ['https://mail.google.com/', 'offline_access'],
        'client-auth'   => $client_auth,
        tenant          => 'none',
    };
}

my sub http () {
    return HTTP::Tiny->new(
        proxy        => undef,
        https_proxy  => undef,
        timeout      => 10,
        max_redirect => 0,
        verify_SSL   => 1,
        SSL_options  => { SSL_ca_file => pki_dir() . '/ca.crt' },
    );
}

# Takes a refresh token of a client with a secret back, and with it the grant.
sub revoke ($self, $client_id, $refresh_token) {
    my $answer = http()->post_form(
        "$self->{url}/token/revocation",
        {
            token           => $refresh_token,
            token_type_hint => 'refresh_token',
            client_id       => $client_id,
            client_secret   => $self->{'client-secret'},
        }
    );
    die "revocation refused: $answer->{content}\n" if !$answer->{success};
    return;
}

# What a person sends with a page: its hidden fields, and what it asks for.
my sub filled ($html, %asked) {
    my %form;
    for my $input ($html =~ /<input[^>]*>/g) {
        my ($name)  = $input =~ /name="([^"]+)"/ or next;
        my ($value) = $input =~ /value="([^"]*)"/;
        $form{$name} = $value // '';
    }
    delete $form{abort};
    for my $name (grep { exists $form{$_} } keys %asked) {
        $form{$name} = $asked{$name};
    }
    return \%form;
}

# Opens a page as a person who logs in and consents; where the browser ends outside of the provider, or the
# last page. user_code: of another device.
sub visit ($self, $url, %asked) {
    my ($http, %cookies, $form) = (http());
    %asked = (login => 'person', password => 'any', %asked);
    for (1 .. 16) {
        my %request = (headers => { Cookie => join('; ', map {"$_=$cookies{$_}"} keys %cookies) });
        my $answer = $form ? $http->post_form($url, $form, \%request) : $http->get($url, \%request);
        undef $form;
        for my $cookie (map { ref ? @$_ : $_ } $answer->{headers}{'set-cookie'} // ()) {
            my ($name, $value) = $cookie =~ /^([^=]+)=([^;]*)/ or next;
            length($value) ? $cookies{$name} = $value : delete $cookies{$name};
        }
        if (my $location = $answer->{headers}{location}) {
            $url = $location =~ m{^/} ? "$self->{url}$location" : $location;
            next if $url =~ m{^\Q$self->{url}\E/};
            return $url;
        }
        my ($action) = $answer->{content} =~ /action="([^"]+)"/ or return $answer->{content};
        $form = filled($answer->{content}, %asked);
        $url  = $action =~ m{^/} ? "$self->{url}$action" : $action;
    }
    die "login and consent go round in circles\n";
}

# A code, after login and consent of the account `person`.
sub code ($self, $client_id, %parameters) {
    my $url = "$self->{url}/auth?"
        . http()->www_form_urlencode({
        client_id     => $client_id,
        response_type => 'code',
        redirect_uri  => $self->{'redirect-uri'},
        scope         => 'openid offline_access https://mail.google.com/',
        prompt        => 'consent',
        state         => 'test',
        %parameters,
        });
    my ($code) = $self->visit($url) =~ /[?&]code=([^&]+)/ or die "no code came back\n";
    return $code;
}

1;
