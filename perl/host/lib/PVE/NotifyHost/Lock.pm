package PVE::NotifyHost::Lock;

# Locks between processes, and time limits that nest.

use v5.36;

use Exporter qw(import);
use Fcntl    qw(:flock);
use PVE::Notify::File;
use Time::HiRes ();

our @EXPORT_OK = qw(take_lock with_alarm);

# The lock is the open descriptor: it vanishes with the process, however that ends.
sub take_lock ($path, $timeout) {
    my $fh = PVE::Notify::File::open_lock($path);
    return $fh if flock($fh, LOCK_EX | LOCK_NB);
    with_alarm(
        $timeout,
        "got lock request timeout\n",
        sub { flock($fh, LOCK_EX) or die "can't lock '$path' - $!\n" },
    );
    return $fh;
}

# Runs code with a time limit inside whatever time limit is already running.
# An outer time limit that ends first keeps its handler, and is not set again when it has fired.
sub with_alarm ($seconds, $message, $code) {
    my $start       = Time::HiRes::time();
    my $outer       = Time::HiRes::alarm(0);
    my $outer_first = $outer && $outer < $seconds;
    my ($done, $error, $rest);
    my $timed = eval {
        local $SIG{ALRM} = $outer_first ? $SIG{ALRM} // 'DEFAULT' : sub { die $message };
        Time::HiRes::alarm($outer_first ? $outer : $seconds);
        $done  = eval { $code->(); 1 };
        $error = $@;
        $rest  = Time::HiRes::alarm(0);
        1;
    };
    ($done, $error) = (0, $@) if !$timed;
    if ($outer_first) {
        Time::HiRes::alarm($rest) if $rest;
    } elsif ($outer) {
        my $left = $outer - (Time::HiRes::time() - $start);
        Time::HiRes::alarm($left > 0.001 ? $left : 0.001);
    }
    die $error if !$done;
    return;
}

1;

__END__

=head1 NAME

PVE::NotifyHost::Lock - locks between processes, and time limits

=head1 FUNCTIONS

=head2 take_lock($path, $seconds)

A handle that holds the lock of a file, which is made at need; closing it frees the lock. Dies with
"got lock request timeout" after so many seconds.

=head2 with_alarm($seconds, $message, $code)

Runs the code and dies with the message where it takes longer. A time limit of the caller that ends
first counts as if there were no other.

=cut
