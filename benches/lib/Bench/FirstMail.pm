package Bench::FirstMail;

# The first mail of a process: a perl that loads the library and sends one, as a backup's worker does. What TLS adds
# is compared with what OpenSSL alone takes from its own start to the greeting of the same server.

use v5.36;

use Bench          qw(median now record);
use Bench::Machine qw(empty_config);
use Test::Peers    qw(host_dir new_dir slurp write_private);

my $ROUNDS = 60;    # by turns

# What a process does: prints how many milliseconds its one mail took.
sub send_one ($dir, $port, $mode, $login, $password) {
    my $config = empty_config($dir);
    $config->add_smtp_endpoint(
        'mail', 'localhost', $port,               $mode,
        $login, $password,   ['ann@example.org'], undef,
        'pve@example.org'
    );
    $config->add_matcher('all', ['mail']);
    my $start   = now();
    my $targets = $config->send('info', 'test', { target => 'mail' }, {})->{targets};
    my $time    = 1e3 * (now() - $start);
    die "bench: the mail was not sent\n" if $targets->[0]{recipients}[0]{outcome} ne 'sent';
    say $time;
    return;
}

my sub said_by (@command) {
    open(my $out, '-|', @command) or die "bench: $command[0]: $!\n";
    my $time = readline($out);
    close($out) or die "bench: @command failed\n";
    return 0 + $time;
}

sub run ($sandbox, $target) {
    my ($dir, $authorities) = (host_dir(), new_dir());
    write_private("$authorities/ca.pem", slurp($sandbox->dir . '/ca.crt'));
    system('openssl', 'rehash', $authorities) == 0 or die "bench: openssl rehash failed\n";
    local %ENV = (%ENV, SSL_CERT_DIR => $authorities);
    delete $ENV{SSL_CERT_FILE};

    my @perl = ($^X, '-Iblib/lib', '-Iblib/arch', '-Ibenches/lib', '-Iperl/t/lib');
    push @perl, '-MBench::FirstMail', '-e', 'Bench::FirstMail::send_one(@ARGV)', "$dir";
    my %port  = ($sandbox->{smtp}->%{qw(port-tls port-clear)});
    my @login = $sandbox->{users}[0]->@{qw(login password)};
    my %by    = (
        clear => [@perl, $port{'port-clear'}, 'insecure', @login],
        tls   => [@perl, $port{'port-tls'},   'tls',      @login],
        bare  => ["$target/release/examples/bare_handshake", $port{'port-tls'}, "$authorities"],
    );
    my (%times, @ratios);

    for my $round (0 .. $ROUNDS) {
        my %time = map { $_ => said_by($by{$_}->@*) } sort keys %by;
        next if $round == 0;    # warm-up
        push $times{$_}->@*, $time{$_} for keys %time;
        push @ratios, ($time{tls} - $time{clear}) / $time{bare};
    }
    my ($clear, $tls, $bare) = map { median($times{$_}->@*) } qw(clear tls bare);
    record('TLS of a first mail / OpenSSL alone', median(@ratios), 'ratio', 1, 1.2);
    printf "  (medians: %.2f ms with TLS, %.2f ms without, %.2f ms OpenSSL)\n", $tls, $clear, $bare;
    return;
}

1;
