package Bench::Large;

# What a large mail costs in CPU: a backup's with its log, over sendmail, by this process alone - the program
# that takes it is none of ours, reads nothing and ends.

use v5.36;

use Time::HiRes qw(clock_gettime CLOCK_PROCESS_CPUTIME_ID);

use Bench          qw(median record);
use Bench::Machine qw(empty_config);
use Test::Peers    qw(host_dir);

my $ROUNDS = 60;
my $SIZE   = 960_000;    # of the log, in bytes
my $BOUND  = 12;    # ms

my sub backup () {
    my $line =
        "INFO:  %3d%% (%d.%d GiB of 32.0 GiB) in %ds, read: 512.3 MiB/s, write: 498.1 MiB/s\n";
    my $log = '';
    for (my $n = 0; length($log) < $SIZE; $n++) {
        $log .= sprintf($line, $n % 100, $n % 32, $n % 10, $n);
    }
    return {
        hostname      => 'pve',
        'status-text' => 'backup successful',
        'total-time'  => 61,
        logs          => $log
    };
}

sub run () {
    my $dir    = host_dir();
    my $config = empty_config($dir, sendmail => '/bin/true');
    $config->add_sendmail_endpoint('local', ['root@example.org'], undef, 'pve@example.org');
    $config->add_matcher('all', ['local']);
    my $data = backup();
    my @times;

    for my $round (0 .. $ROUNDS) {
        my $start   = clock_gettime(CLOCK_PROCESS_CPUTIME_ID);
        my $targets = $config->send('info', 'vzdump', $data, {})->{targets};
        my $time    = clock_gettime(CLOCK_PROCESS_CPUTIME_ID) - $start;
        my $outcome = $targets->[0]{recipients}[0]{outcome};
        die "bench: the large mail was $outcome\n" if $outcome ne 'sent';
        push @times, 1e3 * $time if $round > 0;
    }
    record('CPU of a mail with a log of 960 kB', median(@times), 'ms', undef, $BOUND);
    return;
}

1;
