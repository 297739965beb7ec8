package Bench::Config;

# The configuration object with many entries. A bound is twice what is aimed at on a quiet machine;
# the baseline is what was measured of Proxmox VE's own library on a machine of the same kind.

use v5.36;

use File::Temp ();
use Storable   qw(dclone);

use Bench qw(in_turns now median record);

my @SIZES  = (10, 100, 1000, 5000);
my $ROUNDS = 20;
my $CALLS  = 20_000;

# Entries of all kinds with all that an admin would set.
sub files ($count) {
    my ($public, $private) = ('', '');
    for my $n (1 .. $count) {
        my $kind = (qw(gotify sendmail smtp webhook))[$n % 4];
        my $more = {
            gotify   => "\tserver https://gotify$n.example.org\n",
            sendmail =>
                "\tauthor Node $n\n\tfrom-address pve$n\@example.org\n\tmailto a$n\@example.org\n"
                . "\tmailto-user root\@pam\n",
            smtp => "\tfrom-address pve$n\@example.org\n\tmailto a$n\@example.org\n"
                . "\tmailto b$n\@example.org\n\tmode starttls\n\tport 587\n"
                . "\tserver mail$n.example.org\n\tusername pve$n\n",
            webhook => "\tbody eyJ0ZXh0IjoidGVzdCJ9\n\theader name=X-N,value=dmFsdWU=\n"
                . "\tmethod post\n\turl https://hook$n.example.org/\n",
        }->{$kind};
        $public .=
              "$kind: target-$n\n\tcomment target number $n\n$more\n"
            . "matcher: matcher-$n\n\tcomment matcher number $n\n\tmatch-calendar mon..fri 8-16:30\n"
            . "\tmatch-field regex:hostname=^node[0-9]+-$n\$\n\tmatch-field exact:type=vzdump\n"
            . "\tmatch-severity warning,error\n\tmode all\n\ttarget target-$n\n\n";
        $private .= {
            gotify   => "gotify: target-$n\n\ttoken token-$n\n\n",
            sendmail => '',
            smtp     => "smtp: target-$n\n\tpassword password-$n\n\n",
            webhook  => "webhook: target-$n\n\tsecret name=token,value=c2VjcmV0\n\n",
        }->{$kind};
    }
    return ($public, $private);
}

# aim in ms (only at the largest size) and what Proxmox VE's own library takes there
my %AIM = (
    parse_config => [25, 36],
    get_targets  => [4,  9.0],
    get_matchers => [25, 90],
    write_config => [15, 52],
);

sub calls () {
    require PVE::RS::Notify;
    printf "  %-16s %10s %10s %10s %10s %10s  (medians, ms)\n", 'entries of each',
        qw(parse targets matchers write dclone);
    my %time;
    for my $size (@SIZES) {
        my @raw    = files($size);
        my $config = PVE::RS::Notify->parse_config(@raw);
        die "bench: faulty entries\n" if $config->get_faults->@*;
        my %of = in_turns(
            $ROUNDS,
            parse_config => sub { PVE::RS::Notify->parse_config(@raw) },
            get_targets  => sub { $config->get_targets },
            get_matchers => sub { $config->get_matchers },
            write_config => sub { my @texts = $config->write_config },
            dclone       => sub { dclone($config) },
        );
        %time = map { $_ => 1e3 * $of{$_}{time} } keys %of;
        printf "  %-16d %10.3g %10.3g %10.3g %10.3g %10.3g\n", $size,
            @time{qw(parse_config get_targets get_matchers write_config dclone)};
    }
    for my $call (sort keys %AIM) {
        my ($aim, $baseline) = $AIM{$call}->@*;
        record("$call, $SIZES[-1] endpoints + matchers", $time{$call}, 'ms', $baseline, 2 * $aim);
    }
    return;
}

sub digest () {
    my $config = PVE::RS::Notify->parse_config('', '');
    my %of     = in_turns($ROUNDS, digest => sub { $config->digest for 1 .. $CALLS });
    record('digest()', $of{digest}{time} / $CALLS * 1e9, 'ns', 315, 2 * 250);
    return;
}

# Of a process that has parsed the largest configuration and nothing else.
sub memory () {
    my $files = File::Temp->newdir;
    my @names = map {"$files/$_"} qw(public private);
    my @raw   = files($SIZES[-1]);
    for my $at (0, 1) {
        open(my $out, '>', $names[$at]) or die "bench: $names[$at]: $!\n";
        print {$out} $raw[$at];
        close($out) or die "bench: $names[$at]: $!\n";
    }
    my $program = <<'END';
        use v5.36;
        use PVE::RS::Notify;
        sub content ($name) { open my $in, '<', $name or die "$name: $!"; local $/; readline $in }
        my $config = PVE::RS::Notify->parse_config(map { content($_) } @ARGV);
        open my $status, '<', '/proc/self/status' or die "status: $!";
        say +(map { /^VmRSS:\s+(\d+) kB/ } readline $status);
END
    open(my $out, '-|', $^X, '-Iblib/lib', '-Iblib/arch', '-e', $program, @names)
        or die "bench: perl: $!\n";
    my $kilobytes = readline $out;
    close($out) or die "bench: the program failed\n";
    record("RSS with $SIZES[-1] endpoints + matchers", $kilobytes / 1e3, 'MB', 38.6, 38.6);
    return;
}

# The whole command, on a host with its builtin entries.
sub pvesh ($dir) {
    local $ENV{PVE_NOTIFY_HOST_DIR} = $dir;
    my @command = (
        $^X,               '-Iblib/lib', '-Iblib/arch', '-Iperl/host/lib', 'perl/host/bin/pvesh',
        'get',             '/cluster/notifications/targets',
        '--output-format', 'json'
    );
    my @times;
    for my $round (0 .. $ROUNDS) {
        my $start = now();
        open(my $out, '-|', @command) or die "bench: pvesh: $!\n";
        my $answer = readline $out;
        close($out) or die "bench: pvesh failed\n";
        die "bench: pvesh: $answer\n" if $answer !~ /mail-to-root/;
        push @times, 1e3 * (now() - $start) if $round > 0;
    }
    record('pvesh get /cluster/notifications/targets', median(@times), 'ms', undef, 2 * 150);
    return;
}

1;
