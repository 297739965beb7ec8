package PVE::NotifyHost::Worker;

# A process of a pool: takes one request after the other from its socket and answers each. It ends with
# its server, when it is worn out, and when a request takes too long.

use v5.36;

use Mojo::IOLoop;
use Mojo::JSON qw(encode_json);
use POSIX      qw(WNOHANG);
use PVE::NotifyHost::Reply;
use PVE::NotifyHost::Frame qw(read_frame write_frame);

my $MAX_RESULT   = 4 * 1024 * 1024;
my $MAX_REQUESTS = 2000;
my $MAX_MEMORY   = 160;    # MiB
my $PAGES        = 1024 * 1024 / POSIX::sysconf(POSIX::_SC_PAGESIZE());

# serve: makes the data of an answer from a request; keep: descriptors that it needs
sub run ($socket, %opt) {
    setpgrp(0, 0);
    local @SIG{qw(INT TERM HUP CHLD PIPE ALRM)} = ('DEFAULT') x 6;

    # freeze: the objects of open connections must not be destroyed, they would close descriptors
    # whose numbers are in use again by then
    Mojo::IOLoop->singleton->reset({ freeze => 1 });
    blind_all_but(0 .. 2, fileno($socket), $opt{keep}->@*);
    for my $count (1 .. $MAX_REQUESTS) {
        my $request = read_frame($socket) // last;

        # ends the process even if the server is gone and nobody else does
        alarm($opt{deadline} + 5);
        my $result = answer($opt{serve}, $request);
        undef $request;
        my $last = $count == $MAX_REQUESTS || is_worn_out();
        write_frame($socket, { %$result, $last ? (last => 1) : () });
        alarm(0);
        last if $last;
    }
    return POSIX::_exit(0);
}

# The JSON text of the data, or what went wrong.
sub answer ($serve, $request) {
    my $json = eval { encode_json($serve->($request)) };
    return { error => PVE::NotifyHost::Reply::failure($@) } if !defined($json);
    return { json  => $json }                               if length($json) <= $MAX_RESULT;
    return { error => { status => 500, message => "the result is too large\n" } };
}

# What a method forgot to wait for still runs, or what was asked of it was large.
sub is_worn_out () {
    my $child;
    do { $child = waitpid(-1, WNOHANG) } while $child > 0;
    return $child == 0 || memory() > $MAX_MEMORY;
}

sub memory () {
    open(my $fh, '<', '/proc/self/statm') or return 0;
    my (undef, $pages) = split(/ /, readline($fh) // '');
    close($fh);
    return ($pages // 0) / $PAGES;
}

# What the server has open becomes /dev/null here. The numbers stay taken: perl counts the users of each,
# and would never close a file that got the number of one that was closed behind its back.
sub blind_all_but (@keep) {
    my %keep = map { $_ => 1 } @keep;
    my $null = POSIX::open('/dev/null', POSIX::O_RDWR()) // die "/dev/null: can't open - $!\n";
    opendir(my $dir, '/proc/self/fd') or die "/proc/self/fd: can't open - $!\n";
    my @open = grep {/\A[0-9]+\z/} readdir($dir);
    closedir($dir);
    POSIX::dup2($null, $_) // die "can't close descriptor $_: $!\n"
        for grep { !$keep{$_} && $_ != $null } @open;
    return;
}

1;

__END__

=head1 NAME

PVE::NotifyHost::Worker - a process of a PVE::NotifyHost::Pool

=head1 DESCRIPTION

C<run> does not return. An answer is a hash: C<json>, or C<error> (C<status>, C<message>, C<errors>); with
C<last> the process ends after it: after 2,000 requests, above 160 MiB, or where a method has left a
process behind.

=cut
