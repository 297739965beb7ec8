#!/usr/bin/perl

# An entry that is ignored is logged once for each state of the files, whichever processes read them:
# here each is a pvesh of its own, without a log daemon, so that the line goes to standard error.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use POSIX ();
use PVE::Notify;
use Test::More;
use Test::Peers qw(write_private);
use Test::Pvesh qw(host_dir pvesh pvesh_command);

my $dir    = host_dir();
my $FILE   = "$dir/config/notifications.cfg";
my $GOOD   = "sendmail: good\n\tmailto ann\@example.org\n\n";
my $BAD    = $GOOD . "smtp: bad\n\tserver a.example.org\n\tfrom-address b\@example.org\n\tport z\n";
my $LINE   = qr/ignoring smtp 'bad' [(]notifications[.]cfg line 7[)]: port: must be a number/;
my $NOBODY = 65_534;

my sub lines ($text) {
    return scalar(my @all = $text =~ /err: ignoring /g);
}

my sub read_once () {
    my $result = pvesh({}, 'get', '/cluster/notifications/endpoints/sendmail');
    is $result->{status}, 0, 'the call succeeds' or diag $result->{err};
    return $result->{err};
}

# without rights of root: what such a process writes to its standard error
my sub read_as_other () {
    pipe my $from, my $to or die "pipe: $!\n";
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        POSIX::setgid($NOBODY) if !$>;
        POSIX::setuid($NOBODY) if !$>;
        open STDERR, '>&', $to or POSIX::_exit(9);
        PVE::Cluster::set_dirs({ config => "$dir/config", run => "$dir/run" });
        PVE::Notify::set_host({
            kind         => 'standalone',
            'config-dir' => "$dir/config",
            'run-dir'    => "$dir/run"
        });
        my $done = eval { PVE::Notify::read_config(); 1 } or warn $@;
        POSIX::_exit($done ? 0 : 1);
    }
    close $to;
    my $text = join '', readline $from;
    waitpid $pid, 0;
    is $?, 0, 'it reads the files' or diag $text;
    return $text;
}

subtest 'the first of several processes logs it' => sub {
    write_private($FILE, $BAD);
    like read_once(), $LINE, 'which entry, where and why';
    is lines(read_once()), 0, 'no other' for 1 .. 2;
    my ($marker, @more) = glob "$dir/run/ignored-entries.*";
    ok $marker && !@more, 'one marker';
    is -s $marker, 0, 'with nothing in it';
};

subtest 'with taint checks too' => sub {
    unlink glob "$dir/run/*";
    my ($perl, @command) = pvesh_command('get', '/cluster/notifications/endpoints/sendmail');
    my @err = map { Test::Pvesh::run({}, $perl, '-T', @command)->{err} } 1 .. 2;
    is_deeply [map { lines($_) } @err], [1, 0], 'once' or diag @err;
};

subtest 'another state of the files is logged, and the same after it was gone' => sub {
    write_private($FILE, $BAD =~ s/\t(port z)/\tcomment x\n\t$1/r);
    is lines(read_once()), 1, 'another line';
    is lines(read_once()), 0, 'once';
    write_private($FILE, $GOOD);
    is read_once(), '', 'no fault, no line';
    is_deeply [glob "$dir/run/ignored-entries.*"], [], 'and no marker';
    write_private($FILE, $BAD);
    is lines(read_once()), 1, 'it came back';
};

subtest 'of processes at the same time one logs it' => sub {
    write_private($FILE, $GOOD);
    read_once();
    write_private($FILE, $BAD);
    my @running = map {
        pipe my $from, my $to or die "pipe: $!\n";
        my $pid = fork // die "fork: $!\n";
        if (!$pid) {
            my $result = pvesh({}, 'get', '/cluster/notifications/endpoints/sendmail');
            syswrite $to, "$result->{status} " . lines($result->{err});
            POSIX::_exit(0);
        }
        close $to;
        [$pid, $from];
    } 1 .. 6;
    my @said = map { my $line = readline $_->[1]; waitpid $_->[0], 0; $line } @running;
    is_deeply [sort @said], [('0 0') x 5, '0 1'], 'all succeed';
};

subtest 'without a run folder it is made; where there can be none each call logs' => sub {
    unlink glob "$dir/run/*";
    rename "$dir/run", "$dir/run.away" or die "rename: $!\n";
    is lines(read_once()), 1, 'missing';
    is lines(read_once()), 0, 'then made';
    ok !(grep { !unlink } glob "$dir/run/*") && rmdir "$dir/run", 'nothing else is in it';
    mkdir "$dir/elsewhere", oct '0700' or die "mkdir: $!\n";
    symlink 'elsewhere', "$dir/run" or die "symlink: $!\n";
    is lines(read_once()), 1, 'a symbolic link is not followed' for 1 .. 2;
    is_deeply [glob "$dir/elsewhere/*"], [], 'nothing in it';
    unlink "$dir/run";
    rename "$dir/run.away", "$dir/run" or die "rename: $!\n";
};

subtest 'a process without the rights to write logs, and does not fail' => sub {
    my @all = ($dir, "$dir/config", "$dir/config/priv", $FILE);
    if (!$>) { chown $NOBODY, $NOBODY, $_ or die "chown: $!\n" for @all }
    chmod oct '0500', "$dir/run";
    is lines(read_as_other()), 1, 'each of them' for 1 .. 2;
    if (!$>) { chown $NOBODY, $NOBODY, "$dir/run" or die "chown: $!\n" }
    chmod oct '0700', "$dir/run";
    is lines(read_as_other()), 1, 'with the rights the first';
    is lines(read_as_other()), 0, 'and no other';
    is lines(read_once()),     0, 'nor one of another user';
    write_private($FILE, $BAD =~ s/\t(port z)/\tcomment x\n\t$1/r);
    if (!$>) { chown $NOBODY, $NOBODY, $FILE or die "chown: $!\n" }
    is lines(read_once()),     1, 'what one user logs';
    is lines(read_as_other()), 0, 'no other does';
};

done_testing;
