package Test::Pvesh;

# Runs the host's pvesh as a process of its own, on a folder of its own, and tells how it ended.

use v5.36;

use Exporter 'import';
use File::Basename qw(dirname);
use File::Temp;

our @EXPORT_OK = qw(host_dir pvesh pvesh_command node_pvesh);

my $SECONDS = 30;

sub host_dir () {
    state $dir = do {
        my $new = File::Temp::tempdir(CLEANUP => 1);
        mkdir "$new/$_->[0]", oct $_->[1]
            for ['config', '0750'], ['config/priv', '0700'], ['state', '0700'], ['run', '0750'];
        $new;
    };
    return $dir;
}

sub pvesh_command (@args) {
    my $bin = dirname(__FILE__) . '/../../../host/bin/pvesh';
    return ($^X, (map {"-I$_"} grep { !ref } @INC), $bin, @args);
}

my sub content ($path) {
    open my $fh, '<:encoding(UTF-8)', $path or die "can't open '$path': $!\n";
    local $/ = undef;
    my $content = readline $fh;
    close $fh or die "can't close '$path': $!\n";
    return $content;
}

# Options: stdin (text), stdout (a path instead of a capture), env (a hash)
sub pvesh ($option, @args) {
    return run($option, pvesh_command(@args));
}

# as a node's own pvesh has it, without what the host's program adds
sub node_pvesh ($option, @args) {
    my $program = <<'END';
use PVE::CLI::pvesh;
use PVE::NotifyHost::Setup;
PVE::NotifyHost::Setup->init();
exit PVE::CLI::pvesh->run(@ARGV);
END
    return run($option, $^X, (map {"-I$_"} grep { !ref } @INC), '-e', $program, '--', @args);
}

sub run ($option, @command) {
    my $dir   = host_dir();    # of the test, not of the child below
    my $files = File::Temp->newdir;
    my $stdin = "$files/in";
    open my $in, '>:raw', $stdin or die "can't open '$stdin': $!\n";
    print {$in} $option->{stdin} // '';
    close $in or die "can't close '$stdin': $!\n";
    my $pid = fork // die "can't fork: $!\n";

    if (!$pid) {
        local @ENV{ 'PVE_NOTIFY_HOST_DIR', keys $option->{env}->%* } =
            ($dir, values $option->{env}->%*);
        open STDIN,  '<', $stdin                            or die "no input: $!\n";
        open STDOUT, '>', $option->{stdout} // "$files/out" or die "no output: $!\n";
        open STDERR, '>', "$files/err"                      or die "no errors: $!\n";
        utf8::encode($_) for grep { utf8::is_utf8($_) } @command;
        exec @command or die "can't run pvesh: $!\n";
    }
    my $ended = eval {
        local $SIG{ALRM} = sub { die "pvesh did not end within $SECONDS seconds\n" };
        alarm $SECONDS;
        waitpid $pid, 0;
        alarm 0;
        1;
    };
    my ($status, $error) = ($?, $@);
    alarm 0;
    if (!$ended) {
        kill KILL => $pid;
        waitpid $pid, 0;
        die $error;
    }
    return {
        status => $status >> 8,
        signal => $status & 127,
        out    => $option->{stdout} ? '' : content("$files/out"),
        err    => content("$files/err"),
    };
}

1;
