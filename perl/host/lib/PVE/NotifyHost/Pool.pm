package PVE::NotifyHost::Pool;

# Runs calls in processes that are made ahead, so that one that blocks holds up nobody else. Bounded in
# number, in time, in what waits, and in what one user may have at once; a process that crashes or
# hangs costs its own caller a clear error and nothing more.

use v5.36;

use List::Util qw(first);
use Mojo::IOLoop;
use Mojo::IOLoop::Stream;
use Mojo::Util             qw(steady_time);
use POSIX                  qw(WNOHANG);
use PVE::NotifyHost::Frame qw(frame take_frame);
use PVE::NotifyHost::Worker;
use Scalar::Util qw(weaken);
use Socket       qw(AF_UNIX PF_UNSPEC SOCK_STREAM);

# seconds between two looks: whether a process that was killed has ended, and which ones nobody needs
my $REAP  = 0.05;
my $SWEEP = 5;

# serve: what a process does with a request
sub new ($class, %opt) {
    return bless(
        {
            max           => 4,    # processes
            warm          => 0,    # of them are kept while there is nothing to do
            max_of_user   => 4,    # of them serve one user
            max_queue     => 64,    # calls that wait
            queue_of_user => 64,    # of them are one user's
            deadline      => 30,    # seconds for a call, and for waiting
            idle          => 30,    # seconds after which a process is not needed any more
            keep          => [],    # descriptors
            workers       => {},    # pid => { stream, job, since }
            dying         => {},    # pid => 1
            queue         => [],
            busy          => {},    # user => calls that run
            waiting       => {},    # user => calls that wait
            %opt,
        },
        $class
    );
}

# Makes the processes that are kept, and from now on sees to it that they are there.
sub start ($self) {
    $self->{started} = 1;
    $self->add_worker while keys($self->{workers}->%*) < $self->{warm};
    return;
}

# Calls `done` with { json } or { error }, now or later. Calls by nobody have no bound of their own.
sub call ($self, $request, $user, $done) {
    my $job = { request => $request, user => $user, done => $done };
    return $self->begin($job) if $self->may_begin($job);
    my $waits = $user && $self->{waiting}{$user};
    return $done->(busy())
        if $self->{queue}->@* >= $self->{max_queue}
        || ($waits // 0) >= $self->{queue_of_user};
    $self->{waiting}{$user}++ if $user;
    push $self->{queue}->@*, $job;
    $job->{timer} = Mojo::IOLoop->timer($self->{deadline} => sub { $self->give_up($job) });
    return;
}

sub running ($self) {
    return scalar(grep { $_->{job} } values($self->{workers}->%*));
}

sub busy () {
    return { error => { status => 503, message => "the server is busy, try again later\n" } };
}

sub may_begin ($self, $job) {
    my $user = $job->{user};
    return if $user && ($self->{busy}{$user} // 0) >= $self->{max_of_user};
    return $self->running < $self->{max};
}

sub begin ($self, $job) {
    my $worker = (first { !$_->{job} } values($self->{workers}->%*)) // eval { $self->add_worker };
    return $job->{done}->({ error => { status => 500, message => "can't make a process: $@" } })
        if !$worker;
    my $frame = eval { frame($job->{request}) }
        // return $job->{done}->({ error => { status => 413, message => "the request is $@" } });
    delete($job->{request});
    $self->{busy}{ $job->{user} }++ if $job->{user};
    $worker->{job} = $job;
    weaken($self);
    $job->{timer} = Mojo::IOLoop->timer(
        $self->{deadline} => sub {
            my $why = "the request took more than $self->{deadline} s and was stopped\n";
            $self->lose_worker($worker, 504, $why);
        },
    );
    $worker->{stream}->write($frame);
    return;
}

# The next one whose user has not too many running.
sub begin_next ($self) {
    while (defined(my $job = first { $self->may_begin($_) } $self->{queue}->@*)) {
        $self->unqueue($job);
        $self->begin($job);
    }
    return;
}

sub unqueue ($self, $job) {
    Mojo::IOLoop->remove(delete($job->{timer}));
    $self->{queue} = [grep { $_ != $job } $self->{queue}->@*];
    count_down($self->{waiting}, $job->{user});
    return;
}

sub give_up ($self, $job) {
    $self->unqueue($job);
    return $job->{done}->(busy());
}

sub count_down ($table, $user) {
    delete($table->{$user}) if $user && --$table->{$user} <= 0;
    return;
}

sub add_worker ($self) {
    socketpair(my $ours, my $theirs, AF_UNIX, SOCK_STREAM, PF_UNSPEC) or die "$!\n";
    my $pid = fork() // die "$!\n";
    if ($pid == 0) {
        eval {
            PVE::NotifyHost::Worker::run($theirs,
                map { $_ => $self->{$_} } qw(serve keep deadline));
            1;
        } or warn $@;
        POSIX::_exit(1);
    }
    close($theirs);
    setpgrp($pid, $pid);    # the child does so as well: one of both is first
    my $stream = Mojo::IOLoop::Stream->new($ours)->timeout(0);
    my $worker = $self->{workers}{$pid} =
        { pid => $pid, stream => $stream, since => steady_time() };
    my $buffer = '';
    my $server = $$;
    weaken($self);
    weaken(my $weak = $worker);
    $stream->on(
        read => sub ($, $bytes) {
            $buffer .= $bytes;
            my $result = eval { take_frame(\$buffer) };
            return $self->lose_worker($weak)   if $@;
            $self->take_result($weak, $result) if $result;
        },
    );
    $stream->on(close => sub { $self->lose_worker($weak) if $self && $weak && $$ == $server });
    Mojo::IOLoop->stream($stream);
    $self->{sweeper} //= Mojo::IOLoop->recurring($SWEEP => sub { $self->sweep if $self });
    return $worker;
}

sub take_result ($self, $worker, $result) {
    my $job = delete($worker->{job}) // return $self->lose_worker($worker);
    $worker->{since} = steady_time();
    $self->end_worker($worker->{pid}) if $result->{last};
    $self->finish($job, $result);
    return $self->begin_next;
}

sub finish ($self, $job, $result) {
    Mojo::IOLoop->remove(delete($job->{timer}));
    count_down($self->{busy}, $job->{user});
    return $job->{done}->($result);
}

# One that has ended, or must.
sub lose_worker (
    $self, $worker,
    $status = 500,
    $message = "the process that served the request ended without a result\n"
    )
{
    my $job = delete($worker->{job});
    $self->end_worker($worker->{pid});
    $self->finish($job, { error => { status => $status, message => $message } }) if $job;
    return $self->begin_next;
}

# with everything that it has started
sub end_worker ($self, $pid) {
    my $worker = delete($self->{workers}{$pid}) // return;
    $worker->{stream}->unsubscribe('close')->close;
    kill(KILL => -$pid) || kill(KILL => $pid);
    $self->{dying}{$pid} = 1;
    return $self->reap($pid);
}

# One that waits for a disk ends only with that: the server does not wait with it.
sub reap ($self, $pid) {
    return delete($self->{dying}{$pid}) if waitpid($pid, WNOHANG) != 0;
    weaken($self);
    Mojo::IOLoop->timer($REAP => sub { $self->reap($pid) if $self });
    return;
}

sub sweep ($self) {
    my $until = steady_time() - $self->{idle};
    my @idle  = grep { !$_->{job} && $_->{since} < $until } values($self->{workers}->%*);
    my $more  = keys($self->{workers}->%*) - $self->{warm};
    $self->end_worker($_->{pid}) for splice(@idle, 0, $more > 0 ? $more : 0);
    $self->start if $self->{started};
    return;
}

# kills all; used when the server ends
sub stop ($self) {
    $self->{queue} = [];
    Mojo::IOLoop->remove(delete($self->{sweeper})) if $self->{sweeper};
    $self->end_worker($_) for keys($self->{workers}->%*);
    waitpid($_, 0) for keys($self->{dying}->%*);
    $self->{dying} = {};
    return;
}

1;

__END__

=head1 NAME

PVE::NotifyHost::Pool - a bounded number of processes for what may block

=head1 SYNOPSIS

    my $pool = PVE::NotifyHost::Pool->new(serve => sub ($request) { long_call($request) });
    $pool->call({ name => 'x' }, 'joe@pve', sub ($result) { warn $result->{error}{message} });

=head1 DESCRIPTION

At most C<max> processes run, at most C<max_queue> calls wait, and of both at most C<max_of_user> and
C<queue_of_user> are those of one user; more are refused with 503. A call that takes more than
C<deadline> seconds, waiting aside, is killed: 504. A process that ends without a result is a 500.
The result is JSON text, 4 MiB at most.

C<warm> processes stand ready; what more were needed end after C<idle> seconds without a call.

=cut
