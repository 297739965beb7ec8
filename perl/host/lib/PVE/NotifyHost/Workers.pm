package PVE::NotifyHost::Workers;

# Runs what may block in processes of its own, so that a provider that needs 20 s holds up nobody
# else. Bounded in number, in time and in the size of what comes back; a process that crashes or
# hangs costs its own caller a clear error and nothing more.

use v5.36;

use Mojo::IOLoop;
use Mojo::IOLoop::Stream;
use Mojo::JSON qw(decode_json encode_json);
use Mojo::Promise;
use POSIX ();
use PVE::NotifyHost::Reply;
use Scalar::Util qw(weaken);

my $MAX_RESULT = 4 * 1024 * 1024;

sub new ($class, %opt) {
    return
        bless({ max => 8, max_queue => 64, deadline => 30, running => {}, queue => [], %opt },
        $class);
}

# A promise of what the code returns, rejected with { status, message, errors }. The descriptors in
# keep stay open in the process, all others are closed there.
sub run ($self, $code, %opt) {
    my $promise = Mojo::Promise->new;
    my $job     = { code => $code, promise => $promise, keep => $opt{keep} // [] };
    if (keys(%{ $self->{running} }) < $self->{max}) {
        $self->start($job);
    } elsif (@{ $self->{queue} } < $self->{max_queue}) {
        push @{ $self->{queue} }, $job;
        $job->{timer} = Mojo::IOLoop->timer($self->{deadline} => sub { $self->give_up($job) });
    } else {
        $promise->reject(failure(503, "the server is busy, try again later\n"));
    }
    return $promise;
}

sub running ($self) { return scalar(keys(%{ $self->{running} })) }

# kills all; used when the server ends
sub stop ($self) {
    $self->{queue} = [];
    kill_group($_) for keys %{ $self->{running} };
    waitpid($_, 0) for keys %{ $self->{running} };
    $self->{running} = {};
    return;
}

sub give_up ($self, $job) {
    $self->{queue} = [grep { $_ != $job } @{ $self->{queue} }];
    $job->{promise}->reject(failure(503, "the server is busy, try again later\n"));
    return;
}

sub next_job ($self) {
    my $job = shift(@{ $self->{queue} }) or return;
    Mojo::IOLoop->remove($job->{timer});
    return $self->start($job);
}

sub start ($self, $job) {
    pipe(my $reader, my $writer) or return $job->{promise}->reject(failure(500, "no pipe: $!\n"));
    my $pid = fork() // return $job->{promise}->reject(failure(500, "can't fork: $!\n"));
    if ($pid == 0) {
        eval { $self->child($job, $writer); 1 } or warn $@;
        POSIX::_exit(1);
    }
    close($writer);
    setpgrp($pid, $pid);    # the child does so as well, whoever comes first
    $self->{running}{$pid} = 1;
    $self->watch($job, $pid, $reader);
    return;
}

sub child ($self, $job, $writer) {
    setpgrp(0, 0);
    local @SIG{qw(INT TERM HUP CHLD PIPE ALRM)} = ('DEFAULT') x 6;

    # ends the process even if the server is gone and nobody else does
    alarm($self->{deadline} + 5);

    # freeze: the objects of open connections must not be destroyed, they would close descriptors
    # whose numbers are in use again by then
    Mojo::IOLoop->singleton->reset({ freeze => 1 });
    close_all_but(0 .. 2, fileno($writer), @{ $job->{keep} });

    my $result = eval { { data => scalar($job->{code}->()) } };
    $result = { error => PVE::NotifyHost::Reply::failure($@) } if !$result;
    my $text = encode_json($result);
    $text = encode_json({ error => failure(500, "the result is too large\n") })
        if length($text) > $MAX_RESULT;
    my $offset = 0;
    while ($offset < length($text)) {
        $offset += syswrite($writer, $text, length($text) - $offset, $offset) // die "pipe: $!\n";
    }
    POSIX::_exit(0);
    return;
}

sub watch ($self, $job, $pid, $reader) {
    weaken($self);
    my $stream = Mojo::IOLoop::Stream->new($reader)->timeout(0);
    my ($text, $late) = ('', 0);
    my $timer = Mojo::IOLoop->timer(
        $self->{deadline} => sub {
            $late = 1;
            kill_group($pid);
        },
    );
    my $server = $$;
    $stream->on(read => sub ($, $bytes) { $text .= $bytes if length($text) <= $MAX_RESULT });
    $stream->on(
        close => sub {
            return if $$ != $server || !$self || !delete($self->{running}{$pid});
            Mojo::IOLoop->remove($timer);
            kill_group($pid);
            waitpid($pid, 0);
            my $result = eval { decode_json($text) };
            if (!$result) {
                my $error =
                    $late
                    ? failure(504,
                    "the request took more than $self->{deadline} s and was stopped\n")
                    : failure(500, "the process that served the request ended without a result\n");
                $result = { error => $error };
            }
            $self->next_job;
            return $job->{promise}->reject($result->{error}) if $result->{error};
            return $job->{promise}->resolve($result->{data});
        },
    );
    Mojo::IOLoop->stream($stream);
    return;
}

sub failure ($status, $message) { return { status => $status, message => $message } }

sub kill_group ($pid) { return kill(KILL => -$pid) || kill(KILL => $pid) }

sub close_all_but (@keep) {
    my %keep = map { $_ => 1 } @keep;
    opendir(my $dir, '/proc/self/fd') or die "/proc/self/fd: can't open - $!\n";
    my @open = grep {/\A[0-9]+\z/} readdir($dir);
    closedir($dir);
    POSIX::close($_) for grep { !$keep{$_} } @open;
    return;
}

1;

__END__

=head1 NAME

PVE::NotifyHost::Workers - a bounded number of processes for what may block

=head1 SYNOPSIS

    my $workers = PVE::NotifyHost::Workers->new(max => 8, deadline => 30);
    $workers->run(sub { long_call() })->then(
        sub ($data) { ... },
        sub ($failure) { warn $failure->{message} },
    );

=head1 DESCRIPTION

At most C<max> processes run, at most C<max_queue> calls wait; more are refused with 503. A call
that takes more than C<deadline> seconds, waiting aside, is killed: 504. A process that ends
without a result is a 500. Data and errors travel as JSON, 4 MiB at most.

=cut
