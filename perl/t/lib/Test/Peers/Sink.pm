package Test::Peers::Sink;

# aiosmtpd as a mail server: takes every mail, except those to gone@..., into a Maildir. The port
# `clear` wants no login; `starttls` and `tls` do.

use v5.36;

use JSON::PP    qw(decode_json);
use Test::Peers qw(new_dir pki_dir root slurp start stop);

# Why it cannot be started here; an empty text if it can.
sub missing ($class) {
    return '' if system('/usr/bin/python3', '-c', 'import aiosmtpd') == 0;
    return 'aiosmtpd is not installed: make test installs it';
}

sub new ($class) {
    my $dir  = new_dir();
    my $self = bless {
        host     => 'localhost',
        dir      => $dir,
        login    => 'pve@example.org',
        password => 'p4sswOrd/+=',
    }, $class;
    my $peer =
        start("$dir/errors", '/usr/bin/python3', '-W', 'ignore', root() . '/perl/t/peers/sink.py',
        "$dir/mail", pki_dir(), $self->@{qw(login password)});
    my $ports = decode_json($peer->{line});
    $self->@{ keys %$ports } = values %$ports;
    $self->{peer} = $peer;
    return $self;
}

sub mails ($self) {
    return map { slurp($_) } glob("$self->{dir}/mail/new/*");
}

sub stop_it ($self) {
    return stop($self->{peer});
}

1;
