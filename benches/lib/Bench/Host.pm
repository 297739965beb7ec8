package Bench::Host;

# The API over HTTPS on a host of its own: reads of the list of 20 targets by 50 clients, and writes by ten,
# against the same calls through the API's classes in this process. wrk is the client, on the same cores.

use v5.36;

use Bench       qw(median now record);
use Storable    qw(dclone);
use Test::Peers qw(new_dir slurp write_owned write_private);
use Test::Peers::NotifyHost;
use Test::Way::Direct;

my $SECONDS = 8;
my $TARGETS = 20;
my $ROUNDS  = 300;
my $API     = '/api2/json/cluster/notifications';

# the numbers of one run of wrk, in ms; an answer that is no success ends the benchmark
sub load_of ($host, $clients, $script) {
    my $dir = new_dir();
    write_private("$dir/calls.lua", $script);
    my ($header) = slurp("$host->{dir}/authorization") =~ /(.*)/;
    open(my $in, '-|', 'wrk', '-t', 1, '-c', $clients, '-d', "${SECONDS}s", '--latency',
        '--timeout', '30s', '-s', "$dir/calls.lua", '-H', $header, $host->{url})
        or die "wrk: $!\n";
    my $said = join '', readline($in);
    close($in) or die "wrk: $said\n";
    die "bench: not every call went well:\n$said" if $said =~ /Non-2xx|Socket errors/;
    my ($rate) = $said =~ m{Requests/sec:\s+([0-9.]+)} or die "wrk: $said\n";
    my ($p99, $unit) = $said =~ /^\s+99%\s+([0-9.]+)(us|ms|s)$/m or die "wrk: $said\n";
    return (1000 / $rate, $p99 * { us => 0.001, ms => 1, s => 1000 }->{$unit});
}

sub in_process ($way, @call) {
    my @times;
    for (1 .. $ROUNDS) {
        my $start  = now();
        my $answer = $way->call(@call);
        push @times, 1e3 * (now() - $start);
        die "bench: $answer->{message}" if $answer->{code} != 200;
    }
    return median(@times);
}

sub run () {
    my $log  = new_dir();
    my $host = Test::Peers::NotifyHost->new({}, "$log/log");
    my $way  = Test::Way::Direct->new;
    for my $number (1 .. $TARGETS - 1) {
        my %target = (server => 'https://push.example.org', token => 'x', name => "t$number");
        my $made = $way->call('POST', '/cluster/notifications/endpoints/gotify', dclone(\%target));
        die "bench: $made->{message}" if $made->{code} != 200;
    }
    for my $name ('notifications.cfg', 'priv/notifications.cfg') {
        write_owned("$host->{dir}/config/$name", slurp("$way->{dir}/config/$name"));
    }

    my ($read, $late) = load_of($host, 50, qq{wrk.path = "$API/targets"\n});
    my $read_here = in_process($way, 'GET', '/cluster/notifications/targets', {});
    record('read of 20 targets by HTTPS, 50 clients', $read, 'ms', $read_here, 3.3);
    record('the slowest of a hundred (p99)',          $late, 'ms', $read_here, 200);

    my ($write) = load_of($host, 10, <<~"END");
        local number = 0
        wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
        request = function()
            number = number + 1
            local path = "$API/endpoints/gotify/t" .. (number % 19 + 1)
            return wrk.format("PUT", path, nil, "comment=c" .. number)
        end
        END
    my $write_here =
        in_process($way, 'PUT', '/cluster/notifications/endpoints/gotify/t1', { comment => 'c' });
    record('change of a target by HTTPS, 10 clients', $write, 'ms', $write_here, 10);
    $host->stop_it;
    return;
}

1;
