package PVE::NotifyHost::PamHelper;

# Checks passwords of the machine's own users for a server that is not root: a small process that
# was forked before the server gave up root, and that can do nothing else. It answers one question
# at a time over a socket pair, no faster than one wrong password a second. Each answer repeats
# the question's random number, so that none is taken for that of somebody who gave up waiting.

use v5.36;

use IO::Handle ();
use POSIX      ();
use PVE::Cluster;
use PVE::Notify::File;
use PVE::NotifyHost::Lock ();
use Socket                qw(AF_UNIX SOCK_SEQPACKET PF_UNSPEC);

my $MAX_NAME        = 64;
my $MAX_PASSWORD    = 512;
my $CHECK_SECONDS   = 20;
my $WAIT_SECONDS    = 25;
my $FAILURE_SECONDS = 1;

# undef if this machine has no Authen::PAM. check: a function of name and password, for tests.
sub start ($class, $check = undef) {
    $check //= pam_check() // return;
    socketpair(my $server, my $helper, AF_UNIX, SOCK_SEQPACKET, PF_UNSPEC)
        or die "pam helper: no socket pair - $!\n";
    my $pid = fork() // die "pam helper: can't fork - $!\n";
    if ($pid == 0) {
        eval { serve($helper, $check); 1 } or warn "pam helper: $@";
        POSIX::_exit(0);
    }
    close($helper);
    return bless({ socket => $server, pid => $pid }, $class);
}

sub descriptor ($self) { return fileno($self->{socket}) }

# True if the password is right. Called in a worker process; the lock gives one question at a time.
sub check ($self, $name, $password) {
    utf8::encode($_) for $name, $password;
    return 0 if $name eq '' || length($name) > $MAX_NAME || length($password) > $MAX_PASSWORD;
    return 0 if "$name$password" =~ /\0/;
    my $lock =
        PVE::NotifyHost::Lock::take_lock(PVE::Cluster::dirs()->{run} . '/lock-pam', $WAIT_SECONDS);
    my $number = PVE::Notify::File::random_bytes(16);
    my $right;
    my $ask = sub {
        send($self->{socket}, pack('a16 n/a* n/a*', $number, $name, $password), 0);
        until (defined($right)) {
            my $answer = received($self->{socket}) // die "pam helper: is gone
";
            my ($of, $result) = unpack('a16 C', $answer);
            $right = $result if $of eq $number;
        }
    };
    PVE::NotifyHost::Lock::with_alarm($WAIT_SECONDS, "pam helper: gave no answer in time\n", $ask);
    close($lock);
    return $right == 1;
}

# ends the helper: it sees the end of the stream
sub stop ($self) {
    close($self->{socket});
    waitpid($self->{pid}, 0);
    return;
}

# Ends when the server and its last worker have closed their side, and not by a signal before.
sub serve ($socket, $check) {
    local $0                          = 'notify-host: pam helper';
    local @SIG{qw(INT TERM HUP PIPE)} = ('IGNORE') x 4;
    local $SIG{CHLD}                  = 'DEFAULT';
    close_all_but(0 .. 2, fileno($socket));
    chdir('/');
    while (defined(my $question = received($socket))) {
        my ($number, $name, $password) =
            length($question) < 20 ? () : eval { unpack('a16 n/a* n/a*', $question) };
        my $right = defined($password) && run_check($check, $name, $password);
        sleep($FAILURE_SECONDS) if !$right;
        send($socket, pack('a16 C', $number // '', $right ? 1 : 0), 0) // return;
    }
    return;
}

# undef at the end of the stream
sub received ($socket) {
    my $message = '';
    my $known   = recv($socket, $message, 1024, 0);
    return defined($known) && length($message) ? $message : undef;
}

# In a process of its own: a PAM module that hangs, crashes or leaks does so once. Modules start
# programs, which get the standard files and no others, not even those of whoever started the server.
sub run_check ($check, $name, $password) {
    my $pid = fork() // return 0;
    if ($pid == 0) {
        local $SIG{ALRM} = 'DEFAULT';
        alarm($CHECK_SECONDS);
        eval { close_all_but(0 .. 2); 1 } or POSIX::_exit(1);
        my $right = eval { $check->($name, $password) };
        POSIX::_exit($right ? 0 : 1);
    }
    waitpid($pid, 0);
    return $? == 0;
}

sub close_all_but (@keep) {
    my %keep = map { $_ => 1 } @keep;
    opendir(my $dir, '/proc/self/fd') or die "/proc/self/fd: can't open - $!\n";
    my @open = grep {/\A[0-9]+\z/} readdir($dir);
    closedir($dir);
    POSIX::close($_) for grep { !$keep{$_} } @open;
    return;
}

sub pam_check () {
    eval { require Authen::PAM; 1 } or return;
    return sub ($name, $password) {
        my $success = Authen::PAM::PAM_SUCCESS();
        my $secret  = Authen::PAM::PAM_PROMPT_ECHO_OFF();
        my $talk    = sub (@messages) {
            my @answers;
            while (my ($kind, $text) = splice(@messages, 0, 2)) {
                push @answers, $success, $kind == $secret ? $password : '';
            }
            return (@answers, $success);
        };
        my $pam = Authen::PAM->new('pve-notify-host', $name, $talk);
        return
               ref($pam)
            && $pam->pam_authenticate(0) == $success
            && $pam->pam_acct_mgmt(0) == $success;
    };
}

1;

__END__

=head1 NAME

PVE::NotifyHost::PamHelper - checks passwords of the machine's own users

=head1 SYNOPSIS

    my $helper = PVE::NotifyHost::PamHelper->start; # as root
    # give up root; then, in a worker process:
    $helper->check('joe', $password) or die "wrong password\n";

=head1 DESCRIPTION

The PAM service is C<pve-notify-host>; where the machine has no file of that name PAM uses
C<other>. Names have 64 bytes at most, passwords 512.

=cut
