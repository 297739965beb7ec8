package PVE::CLI::ValueFile;

# Reads the value of a parameter from a file, a pipe or standard input, so that a secret shows
# neither in the process list nor in a shell's history. A terminal is asked without echo. Every way
# has a bound and a deadline.

use v5.36;

use Fcntl qw(O_NOCTTY O_RDONLY);

my $MAX_BYTES = 65536;
our %seconds = (pipe => 60, terminal => 300);

my sub before_deadline ($seconds, $code) {
    my $result = eval {
        local $SIG{ALRM} = sub { die "nothing complete to read within $seconds seconds\n" };
        alarm $seconds;
        my $read = $code->();
        alarm 0;
        $read;
    };
    my $error = $@;
    alarm 0;
    die $error if !defined $result;
    return $result;
}

my sub read_all ($fh) {
    my $content = '';
    while (1) {
        my $count = sysread $fh, $content, $MAX_BYTES + 1 - length $content, length $content;
        die "reading failed: $!\n"         if !defined $count;
        last                               if $count == 0;
        die "more than $MAX_BYTES bytes\n" if length $content > $MAX_BYTES;
    }
    return $content;
}

# Waits in short rounds: a signal that comes just before a blocking read would only count after it.
my sub read_line () {
    my $wanted = '';
    vec($wanted, fileno STDIN, 1) = 1;
    my $ready = 0;
    while ($ready < 1) {
        $ready = select my $readable = $wanted, undef, undef, 0.2;
    }
    return readline(STDIN) // die "no input\n";
}

# Whatever ends the question, the terminal echoes again afterwards; a signal then has its usual effect.
my sub prompt ($name) {
    my $fd       = fileno STDIN;
    my $terminal = POSIX::Termios->new;
    $terminal->getattr($fd);
    my $flags     = $terminal->getlflag;
    my $set_flags = sub ($new) {
        $terminal->setlflag($new);
        $terminal->setattr($fd, POSIX::TCSANOW());
    };
    my $signal;
    my $line = eval {
        local @SIG{qw(INT TERM HUP)} = (sub ($received) {
            $signal = $received;
            die "interrupted\n";
        }) x 3;
        $set_flags->($flags & ~POSIX::ECHO());
        print STDERR "$name: ";
        STDERR->flush;
        before_deadline($seconds{terminal}, \&read_line);
    };
    my $error = $@;
    $set_flags->($flags);
    print STDERR "\n";
    kill $signal => $$ if $signal;
    die $error                         if !defined $line;
    die "more than $MAX_BYTES bytes\n" if length $line > $MAX_BYTES;
    return $line;
}

# dies with one line that does not hold the value
sub read_value ($name, $path) {
    my $value;
    require POSIX;
    if ($path ne '-') {
        $value = before_deadline(
            $seconds{pipe},
            sub {
                sysopen my $fh, $path, O_RDONLY | O_NOCTTY or die "can't open '$path': $!\n";
                die "can't read '$path': it is a directory\n" if -d $fh;
                return read_all($fh);
            },
        );
    } elsif (POSIX::isatty(\*STDIN)) {
        $value = prompt($name);
    } else {
        $value = before_deadline($seconds{pipe}, sub { return read_all(\*STDIN) });
    }
    die "the content is not valid UTF-8\n" if !utf8::decode($value);
    return $value =~ s/\A\x{feff}|\r?\n\z//gr;
}

1;

__END__

=head1 NAME

PVE::CLI::ValueFile - reads a parameter's value from a file or standard input

=head1 FUNCTIONS

=head2 read_value($name, $path)

The content of C<$path> as text, without a byte order mark and without one newline at its end; C<-> is standard input, where a
terminal is asked for C<$name> without echo. At most 64 KiB of UTF-8, within 60 seconds (300 at a
terminal). Dies with one line.

=cut
