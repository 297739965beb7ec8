package Test::Peers;

# Starts and stops the independent servers that tests talk to, and makes what they need: a folder
# that vanishes, a certificate authority, and a configuration folder for the standalone host.

use v5.36;

use Cwd            qw(abs_path);
use Exporter       qw(import);
use File::Basename qw(dirname);
use File::Path     qw(make_path);
use File::Temp     ();
use JSON::PP       ();
use POSIX          qw(WNOHANG);
use Time::HiRes    qw(sleep time);

our @EXPORT_OK = qw(
    root sandbox_binary new_dir slurp write_private write_owned host_dir trust pki_dir start stop wait_for
    first_line exit_on_signals
);

my $owner = $$;
my %running;

sub root () {
    state $root = abs_path(dirname(__FILE__) . '/../../../..');
    return $root;
}

sub sandbox_binary () {
    my $binary = $ENV{SANDBOX}
        // ($ENV{CARGO_TARGET_DIR} // root() . '/target') . '/release/sandbox';
    die "sandbox binary '$binary' is missing: make builds it, SANDBOX can name another\n"
        if !-x $binary;
    return $binary;
}

sub new_dir () {
    return File::Temp->newdir('notify-test-XXXXXX', TMPDIR => 1);
}

# The bytes of a file; none if it cannot be read.
sub slurp ($path) {
    open(my $file, '<:raw', $path) or return '';
    my $bytes = do { local $/ = undef; readline($file) };
    close($file);
    return $bytes // '';
}

sub write_private ($path, $content) {
    open(my $file, '>', $path) or die "$path: $!\n";
    chmod(0600, $file)         or die "$path: $!\n";
    print {$file} $content     or die "$path: $!\n";
    close($file)               or die "$path: $!\n";
    return;
}

# The same for the owner of the folder.
sub write_owned ($path, $content) {
    my @owner = (stat dirname($path))[4, 5];
    write_private($path, $content);
    chown @owner, $path or die "$path: $!\n";
    return;
}

# A folder of the standalone host whose provider file has the given entries; the object removes it.
sub host_dir (%providers) {
    my $dir = new_dir();
    make_path("$dir/config", "$dir/state", "$dir/run", "$dir/config/priv", { mode => oct(700) });
    symlink(root() . '/templates', "$dir/templates") or die "$dir/templates: $!\n";
    my $json = JSON::PP->new->canonical->pretty->encode(\%providers);
    write_private("$dir/config/oauth2-providers.json", $json);
    return $dir;
}

# Adds certificate authorities to the bundle that SSL_CERT_FILE names in this process.
sub trust (@files) {
    state $dir = new_dir();
    for my $file (@files) {
        open(my $in,  '<',  $file)             or die "$file: $!\n";
        open(my $out, '>>', "$dir/bundle.pem") or die "$dir/bundle.pem: $!\n";
        print {$out} readline($in);
        close($out) or die "$dir/bundle.pem: $!\n";
        close($in);
    }
    $ENV{SSL_CERT_FILE} = "$dir/bundle.pem";    ## no critic (RequireLocalizedPunctuationVars)
    return "$dir/bundle.pem";
}

# A folder with ca.crt, server.crt and server.key for peers that make none; trusted from here on.
sub pki_dir () {
    state $dir = do {
        my $new = new_dir();
        system(sandbox_binary(), 'pki', '--dir', "$new/pki") == 0
            or die "the certificates could not be made\n";
        trust("$new/pki/ca.crt");
        $new;
    };
    return "$dir/pki";
}

# Starts a server and waits for its first line, at most 20 s. Its standard input stays open for as
# long as this process lives; its standard error goes to the file `log`, if one is named.
sub start ($log, @command) {
    pipe(my $input,  my $hold) or die "pipe: $!\n";
    pipe(my $output, my $out)  or die "pipe: $!\n";
    my $pid = fork() // die "fork: $!\n";
    if (!$pid) {
        open(STDERR, '>',  $log) or POSIX::_exit(127) if defined $log;
        open(STDIN,  '<&', $input) && open(STDOUT, '>&', $out) && exec { $command[0] } @command;
        warn "$command[0]: $!\n";
        POSIX::_exit(127);
    }
    close($input);
    close($out);
    my $peer = { pid => $pid, hold => $hold, output => $output };
    $running{$pid} = $peer;
    $peer->{line} = first_line($output, 20) // do {
        stop($peer);
        die "$command[0] did not become ready\n";
    };
    return $peer;
}

# Waits for the end of what start() started; its status.
sub wait_for ($peer) {
    waitpid($peer->{pid}, 0);
    delete $running{ $peer->{pid} };
    return $?;
}

# An exit runs the END below and removes temporary folders; a bare signal would do neither.
sub exit_on_signals ($message) {
    my %number = (HUP => 1, INT => 2, TERM => 15);
    for my $signal (keys %number) {
        ## no critic (RequireLocalizedPunctuationVars) - until the end of the program
        $SIG{$signal} = sub ($name) {
            print STDERR "\n$message\n";
            exit 128 + $number{$name};
        };
    }
    return;
}

# The next line of a server, at most so many seconds later; undef if none comes.
sub first_line ($handle, $seconds) {
    my ($line, $end) = ('', time + $seconds);
    while ($line !~ /\n/ && time < $end) {
        vec(my $ready = '', fileno($handle), 1) = 1;
        next if select($ready, undef, undef, $end - time) <= 0;
        sysread($handle, $line, 65536, length($line)) or return;
    }
    return $line =~ /^(.*?)\n/ ? $1 : undef;
}

# Stops what start() started: asks, then insists.
sub stop ($peer) {
    my $pid = $peer->{pid};
    return if $$ != $owner || !delete $running{$pid};
    close($peer->{hold});
    kill('TERM', $pid);
    my $end = time + 5;
    while (waitpid($pid, WNOHANG) == 0) {
        kill('KILL', $pid) if time > $end;
        sleep(0.01);
    }
    close($peer->{output});
    return;
}

END {
    my $status = $?;
    stop($_) for values %running;
    $? = $status;    ## no critic (RequireLocalizedPunctuationVars) - that of the test
}

1;
