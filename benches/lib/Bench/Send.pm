package Bench::Send;

# Notifications through Perl to the sandbox's mail server: one target against Python's smtplib with
# the same bytes, many targets against one, and what many cost in memory.

use v5.36;

use IPC::Open2 qw(open2);

use Bench          qw(median now record);
use Bench::Machine qw(empty_config);
use Test::Peers    qw(host_dir new_dir root slurp write_private);

my $ROUNDS    = 40;    # by turns
my $PER_ROUND = 10;
my $MANY      = 20;    # targets at once
my $DELAY_MS  = 50;    # of each reply, where the server is far away

my @DATA = ('info', 'test', { target => 'mail' }, {});

# so many targets at the server, and one matcher that has all of them
my sub config ($sandbox, $dir, $mode, $count) {
    my $config = empty_config($dir);
    my $port   = $mode eq 'insecure' ? 'port-clear'   : "port-$mode";
    my @login  = $mode eq 'insecure' ? (undef, undef) : $sandbox->{users}[0]->@{qw(login password)};
    my @names  = map {"target-$_"} 1 .. $count;
    $config->add_smtp_endpoint($_, 'localhost', $sandbox->{smtp}{$port},
        $mode, @login, ['ann@example.org'], undef, 'pve@example.org')
        for @names;
    $config->add_matcher('all', \@names);
    return $config;
}

my sub send_to ($config, $count) {
    my $start   = now();
    my $targets = $config->send(@DATA)->{targets};
    my $time    = now() - $start;
    my @sent    = grep { $_->{recipients}[0]{outcome} eq 'sent' } @$targets;
    die "bench: only " . @sent . " of $count mails were sent\n" if @sent != $count;
    return $time;
}

# Median of the ratios within a round: what else the machine does meanwhile slows both.
my sub compare ($rounds, $ours, $baseline) {
    my (@ratios, @ours, @baseline);
    for my $round (0 .. $rounds) {
        my ($one, $other) = (median($ours->()), median($baseline->()));
        next if $round == 0;
        push @ratios,   $one / $other;
        push @ours,     1e3 * $one;
        push @baseline, 1e3 * $other;
    }
    return (median(@ratios), median(@ours), median(@baseline));
}

my sub repeated ($config, $count, $turns) {
    return map { send_to($config, $count) } 1 .. $turns;
}

# One target, and Python's smtplib with the bytes of that mail.
my sub against_python ($sandbox, $one) {
    my $files = new_dir();
    $sandbox->control(smtp => { clear => \1 });
    send_to($one, 1);
    my ($mail) = $sandbox->mails;
    write_private("$files/mail", $mail->{raw});
    my $pid =
        open2(my $answers, my $orders, '/usr/bin/python3', root() . '/benches/mail_by_smtplib.py',
        "$files/mail", $sandbox->{smtp}{'port-clear'});
    my $by_python = sub {
        print {$orders} $PER_ROUND, "\n";
        return split ' ', readline($answers) // die "bench: smtplib failed\n";
    };
    my ($ratio, $ours, $other) =
        compare($ROUNDS, sub { repeated($one, 1, $PER_ROUND) }, $by_python);
    record("mail to 1 SMTP target / Python's smtplib", $ratio, 'ratio', 1, 1.5);
    printf "  (medians: %.2f ms and %.2f ms)\n", $ours, $other;
    close($orders);
    waitpid($pid, 0);
    return;
}

# How much the largest size of a process grows by a first mail to many targets over TLS, with all the
# certificates that Debian trusts; a process that has only loaded library and configuration is idle.
my sub memory ($sandbox, $dir) {
    my $files = new_dir();
    write_private("$files/trusted.pem",
        slurp('/etc/ssl/certs/ca-certificates.crt') . slurp($sandbox->dir . '/ca.crt'));
    my $pid = open(my $out, '-|') // die "bench: fork: $!\n";
    if (!$pid) {
        local $ENV{SSL_CERT_FILE} = "$files/trusted.pem";
        exec $^X, '-Iblib/lib', '-Iblib/arch', '-Ibenches/lib', '-Iperl/t/lib', '-MBench::Send',
            '-e', 'Bench::Send::growth(@ARGV)', "$dir", $sandbox->{smtp}{'port-starttls'},
            $sandbox->{users}[0]->@{qw(login password)};
    }
    my $kilobytes = readline $out;
    close($out) or die "bench: the program failed\n";
    record("peak RSS of mails to $MANY targets, over idle", $kilobytes / 1e3, 'MB', undef, 8);
    return;
}

# What the process above does: prints by how many kB it has grown at most.
sub growth ($dir, $port, $login, $password) {
    my $sandbox = {
        users => [{ login => $login, password => $password }],
        smtp  => { 'port-starttls' => $port }
    };
    my $config = config($sandbox, $dir, 'starttls', $MANY);
    my $size   = sub ($key) {
        return slurp('/proc/self/status') =~ /^$key:\s+(\d+) kB/m ? $1 : die "bench: no $key\n";
    };
    my $idle = $size->('VmRSS');
    open(my $peak, '>', '/proc/self/clear_refs') or die "bench: clear_refs: $!\n";
    print {$peak} "5\n";    # forgets the peak so far
    close($peak) or die "bench: clear_refs: $!\n";
    send_to($config, $MANY);
    say $size->('VmHWM') - $idle;
    return;
}

sub run ($sandbox) {
    my $dir = host_dir();
    my ($one, $many) = map { config($sandbox, $dir, 'insecure', $_) } 1, $MANY;
    against_python($sandbox, $one);

    my ($ratio, $ours, $other) =
        compare($ROUNDS, sub { repeated($many, $MANY, 3) }, sub { repeated($one, 1, $PER_ROUND) });
    record("mails to $MANY SMTP targets / to 1", $ratio, 'ratio', 1, 6);
    printf "  (medians: %.2f ms and %.2f ms)\n", $ours, $other;

    $sandbox->control(smtp => { 'delay-ms' => $DELAY_MS });
    ($ratio, $ours, $other) =
        compare(5, sub { repeated($many, $MANY, 1) }, sub { repeated($one, 1, 1) });
    record("the same with $DELAY_MS ms a reply", $ratio, 'ratio', 1, 1.3);
    printf "  (medians: %.0f ms and %.0f ms)\n", $ours, $other;
    $sandbox->control(smtp => { clear => \1 });

    memory($sandbox, $dir);
    return;
}

1;
