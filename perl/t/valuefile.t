#!/usr/bin/perl

# PVE::CLI::ValueFile: values from pipes that end late or never.

use v5.36;

use File::Temp;
use PVE::CLI::ValueFile;
use POSIX ();
use Test::More;

my $dir = File::Temp->newdir;

sub error_of ($code) {
    return eval { $code->(); 1 } ? undef : $@;
}

subtest 'a pipe is read to its end' => sub {
    my $pid = open my $out, '-|' // die "can't fork: $!\n";
    if (!$pid) {
        syswrite STDOUT, $_ for 'first ', "half\n";
        POSIX::_exit(0);
    }
    my $path = '/dev/fd/' . fileno $out;
    is PVE::CLI::ValueFile::read_value('secret', $path), 'first half', 'value';
    ok close $out, 'the writer ended well';
};

subtest 'a pipe that nobody writes to is given up' => sub {
    local $PVE::CLI::ValueFile::seconds{pipe} = 1;
    my $message = "nothing complete to read within 1 seconds\n";
    my $fifo    = "$dir/fifo";
    POSIX::mkfifo($fifo, oct '0600') or die "can't make '$fifo': $!\n";
    is error_of(sub { PVE::CLI::ValueFile::read_value('secret', $fifo) }), $message,
        'no writer at all';
    pipe my $reader, my $writer or die "no pipe: $!\n";
    syswrite $writer, 'half of it';
    my $path = '/dev/fd/' . fileno $reader;
    is error_of(sub { PVE::CLI::ValueFile::read_value('secret', $path) }), $message, 'no end';
    is alarm 0, 0, 'no alarm stays behind';
};

subtest 'an error does not hold the value' => sub {
    pipe my $reader, my $writer or die "no pipe: $!\n";
    syswrite $writer, "canary\xff";
    close $writer or die "can't close the pipe: $!\n";
    is error_of(sub { PVE::CLI::ValueFile::read_value('secret', '/dev/fd/' . fileno $reader) }),
        "the content is not valid UTF-8\n", 'message';
};

done_testing;
