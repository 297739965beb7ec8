package Test::Peers::Sandbox;

# The sandbox as a peer: gives codes of each provider, and misbehaves as a test orders.

use v5.36;

use HTTP::Tiny   ();
use JSON::PP     qw(decode_json encode_json);
use MIME::Base64 qw(decode_base64);
use Test::Peers  qw(new_dir sandbox_binary start stop trust write_private);

sub new ($class, @options) {
    my $dir = new_dir();
    my $peer =
        start(undef, sandbox_binary(), 'serve', '--stop-with-stdin', '--dir', "$dir/sandbox",
        @options);
    open(my $file, '<', "$dir/sandbox/sandbox.json") or die "sandbox.json: $!\n";
    my $self = decode_json(do { local $/ = undef; readline($file) });
    close($file);
    trust("$dir/sandbox/ca.crt");
    write_private("$dir/password", $self->{users}[0]{password});
    $self->{dir}  = $dir;
    $self->{peer} = $peer;
    return bless $self, $class;
}

sub dir ($self) {
    return "$self->{dir}/sandbox";
}

sub stop_it ($self) {
    return stop($self->{peer});
}

# The entries of oauth2-providers.json; 'strict-oauth2' can be put under another name.
sub providers ($self) {
    return $self->{providers}->%*;
}

sub client ($self, $provider) {
    my ($client) = grep { $_->{provider} eq $provider } $self->{clients}->@*;
    return $client // die "the sandbox has no client for '$provider'\n";
}

# The authorize URL of a client that wants to send mail for long; undef takes a parameter away.
sub authorize_url ($self, $provider, %parameters) {
    my $client = $self->client($provider);
    my %query  = (
        client_id     => $client->{'client-id'},
        response_type => 'code',
        redirect_uri  => $client->{'redirect-uris'}[0],
        scope         => join(' ', $self->{providers}{$provider}{scopes}->@*),
        state         => 'test',
        access_type   => 'offline',
        prompt        => 'consent',
        %parameters,
    );
    delete $query{$_} for grep { !defined $query{$_} } keys %query;
    my $url    = $self->{providers}{$provider}{'authorize-url'};
    my $tenant = $client->{'tenant-id'} // '';
    $url =~ s/\{tenant\}/$tenant/;
    return "$url?" . HTTP::Tiny->new->www_form_urlencode(\%query);
}

# The address that the browser is sent back to; the sandbox's own command plays the person.
sub consent ($self, $url) {
    my @command = (
        sandbox_binary(), 'consent',                '--dir',           $self->dir,
        '--login',        $self->{users}[0]{login}, '--password-file', "$self->{dir}/password",
        $url,
    );
    open(my $out, '-|', @command) or die "$command[0]: $!\n";
    my $redirect = readline($out) // '';
    close($out) or die "the consent failed\n";
    chomp($redirect);
    return $redirect;
}

sub code ($self, $provider, %parameters) {
    return code_of($self->consent($self->authorize_url($provider, %parameters)));
}

# The value of `code` in a redirect URL, after URL decoding.
sub code_of ($redirect) {
    my ($code) = $redirect =~ /[?&]code=([^&]+)/ or die "no code came back\n";
    return $code =~ s/%([0-9A-Fa-f]{2})/chr hex $1/ger;
}

my sub http ($self) {
    return HTTP::Tiny->new(
        proxy       => undef,
        https_proxy => undef,
        timeout     => 10,
        verify_SSL  => 1,
        SSL_options => { SSL_ca_file => $self->dir . '/ca.crt' },
    );
}

# The person enters the code of another device; decision: allow or deny.
sub enter_device_code ($self, $code, %more) {
    my %form = (
        user_code => $code,
        decision  => 'allow',
        $self->{users}[0]->%{qw(login password)},
        %more,
    );
    my $answer = http($self)->post_form("$self->{url}/device", \%form);
    die "the code was not taken: $answer->{content}\n" if $answer->{content} !~ />Done:/;
    return;
}

my sub asked ($self, $method, $path, %options) {
    $options{headers} = { Authorization => "Bearer $self->{'control-token'}" };
    my $answer = http($self)->request($method, "$self->{'control-url'}$path", \%options);
    die "order refused: $answer->{content}\n" if !$answer->{success};
    return decode_json($answer->{content});
}

# Gives an order, or none; returns the counters.
sub control ($self, %order) {
    return asked($self, 'POST', '', content => encode_json(\%order));
}

# The mails that were taken: hashes with from, to, login, raw (bytes) ...
sub mails ($self) {
    my $mails = asked($self, 'GET', '/mails');
    $_->{raw} = decode_base64($_->{raw}) for @$mails;
    return @$mails;
}

# The next token request meets this fault: fault('silence'), fault('answer', status => 500).
sub fault ($self, $kind, %details) {
    $self->control(faults => [{ kind => $kind, %details }]);
    return;
}

# How many requests the token endpoint has had.
sub token_requests ($self) {
    return $self->control->{requests}{token};
}

1;
