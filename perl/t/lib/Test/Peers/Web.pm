package Test::Peers::Web;

# Python's web server over TLS: takes what Gotify and webhook targets send, and tells of it.

use v5.36;

use JSON::PP    qw(decode_json);
use Test::Peers qw(first_line pki_dir root start stop);

sub new ($class) {
    my $peer = start(undef, '/usr/bin/python3', root() . '/perl/t/peers/web.py', pki_dir());
    return bless { peer => $peer, port => decode_json($peer->{line})->{port} }, $class;
}

sub url ($self) {
    return "https://localhost:$self->{port}";
}

# The next request: method, path, header fields, body.
sub request ($self) {
    my $line = first_line($self->{peer}{output}, 20) // die "no request has come\n";
    return decode_json($line)->@*;
}

sub stop_it ($self) {
    return stop($self->{peer});
}

1;
