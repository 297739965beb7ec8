package PVE::NotifyHost::Daemon;

# The life of the server process: gives up root, makes sure that it is the only one, opens the TLS
# listener, says where it listens, and on a signal lets running requests end before it leaves.

use v5.36;

use Fcntl qw(:flock);
use Mojo::IOLoop;
use Mojo::Server::Daemon;
use PVE::API2;
use PVE::AccessControl;
use PVE::NotifyHost;
use PVE::NotifyHost::Administrators;
use PVE::NotifyHost::Certificate;
use PVE::Notify::File;
use PVE::NotifyHost::Listener;
use PVE::NotifyHost::PamHelper;
use PVE::NotifyHost::Password;
use PVE::NotifyHost::Privileges;
use PVE::NotifyHost::Setup;
use PVE::NotifyHost::Ticket;
use PVE::RPCEnvironment;
use Socket qw(SHUT_RDWR);

my $GRACE_SECONDS = 30;

# All modules of ours are loaded by now: an ordinary user may not be able to read their folder.
# listen: address; port: 0 is any free one; user: whom to become if started as root
sub run ($class, %opt) {
    die "--user: only root can become another user\n" if $> != 0 && defined($opt{user});
    my $user = $> == 0 ? PVE::NotifyHost::Privileges::wanted_user($opt{user}) : undef;
    my $dirs = PVE::NotifyHost::Setup->init(ensure_dirs => 1, owner => $user);
    my $pam  = $user && PVE::NotifyHost::PamHelper->start;
    PVE::NotifyHost::Privileges::become($user) if $user;

    my $self = bless({ dirs => $dirs, pam => $pam, %opt }, $class);
    $self->{lock} = $self->claim;
    PVE::RPCEnvironment->init('pub');
    $self->{app} = PVE::NotifyHost->new;
    if ($pam) {
        PVE::NotifyHost::Password::set_pam_check(
            sub ($name, $password) { $pam->check($name, $password) });
        $self->{app}->login_descriptors([$pam->descriptor]);
    }
    $self->open_listener;
    local @SIG{qw(INT TERM)} = (sub { $self->end }) x 2;
    local $SIG{HUP} = 'IGNORE';
    $self->look_for_administrators;
    $self->{app}->pool->start;
    $self->announce;
    Mojo::IOLoop->start;
    return $self->leave;
}

# The lock holds as long as the process lives; the number in the file is for people.
sub claim ($self) {
    my $path = "$self->{dirs}{run}/notify-host.pid";
    my $fh   = PVE::Notify::File::open_lock($path);
    if (!flock($fh, LOCK_EX | LOCK_NB)) {
        sysread($fh, my $pid, 16);
        die 'already running' . (($pid // '') =~ /\A([0-9]+)\n/ ? " (process $1)\n" : "\n");
    }
    truncate($fh, 0);
    syswrite($fh, "$$\n") // die "file '$path': can't write - $!\n";
    return $fh;
}

sub open_listener ($self) {
    my $config = $self->{dirs}{config};
    my @names  = grep { !/\A(?:0\.0\.0\.0|::)\z/ } $self->{listen};
    my $pem    = PVE::NotifyHost::Certificate->ensure($config, @names);
    my $host   = $self->{listen} =~ /:/ ? "[$self->{listen}]" : $self->{listen};
    $self->{daemon} = Mojo::Server::Daemon->new(
        app    => $self->{app},
        silent => 1,
        listen => ["http://$host" . ($self->{port} ? ":$self->{port}" : '')],
    );
    my $tls = PVE::NotifyHost::Certificate->context($pem);
    $self->{listener} = PVE::NotifyHost::Listener->new(tls => $tls);
    eval { $self->{listener}->attach($self->{daemon}); 1 }
        or die "address $host, port $self->{port}: can't listen - $!\n";
    $self->{url} = "https://$host:" . $self->{daemon}->ports->[0];
    return;
}

# The server starts all the same: tokens and other users may be all that is needed.
sub look_for_administrators ($self) {
    my $text = eval { PVE::NotifyHost::Administrators::warning() } // $@;
    warn $text if length($text);
    return;
}

sub announce ($self) {
    PVE::Notify::File::replace_file("$self->{dirs}{run}/address", "$self->{url}\n", oct('0644'));
    STDOUT->autoflush(1);
    say "listening at $self->{url}";
    return;
}

# The first signal is a request, the second an order.
sub end ($self) {
    return Mojo::IOLoop->stop if $self->{ending}++;
    my ($daemon, $listener) = @$self{qw(daemon listener)};
    my @sockets = map { Mojo::IOLoop->acceptor($_)->handle } @{ $daemon->acceptors };
    $daemon->stop;
    $self->{app}->login_limit->stop;
    CORE::shutdown($_, SHUT_RDWR) for @sockets;    # what comes now is refused, not kept waiting
    Mojo::IOLoop->timer($GRACE_SECONDS => sub { Mojo::IOLoop->stop });
    Mojo::IOLoop->recurring(
        0.05 => sub {
            $listener->close_idle;
            $listener->forget_closed;
            Mojo::IOLoop->stop if !$listener->count && !grep { $_->running } $self->pools;
        },
    );
    return;
}

sub leave ($self) {
    $_->stop for $self->pools;
    unlink("$self->{dirs}{run}/address");
    $self->{pam}->stop if $self->{pam};
    return 0;
}

sub pools ($self) {
    return map { $self->{app}->$_ } qw(pool network_pool login_pool);
}

1;

__END__

=head1 NAME

PVE::NotifyHost::Daemon - the server process of the notification host

=head1 SYNOPSIS

    exit PVE::NotifyHost::Daemon->run(listen => '127.0.0.1', port => 8006);

=head1 DESCRIPTION

In the folder for run-time files F<notify-host.pid> holds the process id, under a lock, and
F<address> the URL while the server listens. SIGTERM and SIGINT end it: no new connections, 30 s
for running requests, a second signal ends at once.

=cut
