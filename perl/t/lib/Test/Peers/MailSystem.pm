package Test::Peers::MailSystem;

# Mail servers that others wrote, in a system of their own: tools/mail-servers unpacks it, and root
# starts them with it as their root folder. This class is what they share: a folder there for each
# server, free ports, and waiting until a server greets. All ends with the test, even if that is killed.

use v5.36;

use File::Copy       qw(copy);
use File::Temp       ();
use IO::Socket::INET ();
use Test::NotifyHost qw(wait_until);
use Test::Peers      qw(pki_dir root slurp start stop);

# Why the servers cannot be started here; an empty text if they can.
sub missing ($class) {
    return 'only root can start mail servers in a folder of their own' if $> != 0;
    return 'the mail servers are not unpacked: make test does that'
        if !-e system_dir() . '/../.complete';
    my $version = $class->version;
    return '' if $version =~ /\A2[.][34][.]/;
    return "the settings are for Dovecot 2.3 and 2.4, this is $version";
}

# What Dovecot there calls its version.
sub version ($class) {
    return qx{chroot \Q${\ system_dir() }\E /usr/sbin/dovecot --version};
}

sub system_dir () {
    return ($ENV{MAIL_SERVERS} // root() . '/build/mail-servers') . '/root';
}

# A new server with its folder. Inside of its system that is $self->{home}, outside $self->{dir};
# certificates are in it.
sub prepare ($class) {
    my $dir = File::Temp->newdir('XXXXXXXX', DIR => system_dir() . '/srv');
    chmod(0755, "$dir") or die "$dir: $!\n";
    for my $file (qw(ca.crt server.crt server.key)) {
        copy(pki_dir() . "/$file", "$dir/$file") or die "$dir/$file: $!\n";
    }
    my ($home) = "$dir" =~ m{(/srv/[^/]+)\z};
    return bless { host => 'localhost', dir => $dir, home => $home }, $class;
}

sub put ($self, $name, $content) {
    open(my $file, '>', "$self->{dir}/$name") or die "$name: $!\n";
    print {$file} $content;
    close($file) or die "$name: $!\n";
    return;
}

sub free_ports ($count) {
    my @sockets =
        map { IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1') // die "socket: $@\n" }
        1 .. $count;
    return map { $_->sockport } @sockets;
}

# Starts the command once its ports greet. Another process may have taken a port meanwhile: then all
# is tried again with others. `$configure` writes the files for the ports that it is given.
sub launch ($self, $names, $configure, @command) {
    for (1 .. 5) {
        $self->@{@$names} = free_ports(scalar @$names);
        $configure->();
        $self->{peer} = start(
            "$self->{dir}/errors", '/bin/sh', '-c', 'echo started; exec "$@"',
            'sh',                  qw(setsid setpriv --pdeathsig TERM chroot),
            system_dir(),          @command
        );
        return $self if !grep { !$self->greets($self->{$_}, /tls\z/ && !/starttls/) } @$names;
        stop(delete $self->{peer});
    }
    die "$command[0] did not become ready:\n" . $self->log;
}

sub greets ($self, $port, $is_tls) {
    return wait_until(
        10,
        sub {
            my $socket = IO::Socket::INET->new(PeerAddr => '127.0.0.1', PeerPort => $port)
                or return 0;
            return 1 if $is_tls;
            $socket->timeout(5);
            return (readline($socket) // '') =~ /^220 /;
        }
    );
}

sub log ($self) {    ## no critic (ProhibitBuiltinHomonyms)
    return join '', map { slurp("$self->{dir}/$_") } qw(errors log);
}

# The mails of a Maildir below the server's folder.
sub maildir ($self, $name) {
    return map { slurp($_) } glob("$self->{dir}/$name/new/*");
}

sub stop_it ($self) {
    return stop(delete $self->{peer});
}

1;
