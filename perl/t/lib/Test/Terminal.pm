package Test::Terminal;

# Runs pvesh with a pseudo terminal as its input, where a test plays the person: waits for the
# question, types, and sees what the terminal showed and in which state it was left.

use v5.36;

use Exporter 'import';
use IO::File;
use POSIX       ();
use Test::Pvesh qw(host_dir);

our @EXPORT_OK = qw(on_terminal);

my $SECONDS    = 20;
my $TIOCSPTLCK = 0x40045431;
my $TIOCGPTN   = 0x80045430;

# our side, and the other one: an open end of our own keeps its settings after the child has left
my sub new_terminal () {
    my $master = IO::File->new('/dev/ptmx', 'r+') or return;
    my $unlock = pack 'i', 0;
    ioctl $master, $TIOCSPTLCK, $unlock or return;
    my $number = pack 'i', 0;
    ioctl $master, $TIOCGPTN, $number or return;
    my $name  = '/dev/pts/' . unpack 'i', $number;
    my $slave = IO::File->new($name, 'r+') or return;
    return ($master, $slave, $name);
}

# as the leader of a session a process gets the first terminal that it opens as its own
my sub run_on ($name, $dir, $command) {
    POSIX::setsid();
    open STDIN,  '<', $name       or die "no terminal: $!\n";
    open STDERR, '>', $name       or die "no terminal: $!\n";
    open STDOUT, '>', '/dev/null' or die "no output: $!\n";
    local $ENV{PVE_NOTIFY_HOST_DIR} = $dir;

    # a test run in the background of a shell may have been started with these ignored
    local @SIG{qw(INT QUIT)} = ('DEFAULT') x 2;
    exec @$command or die "can't run pvesh: $!\n";
}

# undef where there are no pseudo terminals; $type gets our side when a question has appeared
sub on_terminal ($command, $type) {
    my ($master, $slave, $name) = new_terminal();
    return if !$name;
    my $dir = host_dir();    # of the test, not of the child, which would leave it behind
    my $pid = fork // die "can't fork: $!\n";
    run_on($name, $dir, $command) if !$pid;
    $master->autoflush;
    my $seen = '';
    my $done = eval {
        local $SIG{ALRM} = sub { die "the terminal stayed silent\n" };
        alarm $SECONDS;
        sysread $master, $seen, 4096, length $seen while $seen !~ /: \z/;
        $type->($master);
        waitpid $pid, 0;
        alarm 0;
        1;
    };
    my ($status, $error) = ($?, $@);
    alarm 0;
    if (!$done) {
        kill KILL => $pid;
        waitpid $pid, 0;
        die $error;
    }
    $master->blocking(0);
    while (sysread $master, $seen, 4096, length $seen) { }
    my $settings = POSIX::Termios->new;
    $settings->getattr(fileno $slave);
    return {
        seen   => $seen,
        status => $status,
        echo   => $settings->getlflag & POSIX::ECHO() ? 1 : 0,
    };
}

1;
