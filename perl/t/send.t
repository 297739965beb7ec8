#!/usr/bin/perl

# Sending from Perl: outcomes and log lines, children of a fork, signals while the library waits.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Socket::INET ();
use POSIX            ();
use PVE::Notify;
use PVE::SafeSyslog;
use Test::More;
use Test::Peers qw(host_dir root);
use Test::Peers::Sandbox;
use Time::HiRes qw(alarm time);

my $SOAK     = $ENV{SOAK};
my $CHILDREN = $SOAK ? 1000 : 20;

my $sandbox = Test::Peers::Sandbox->new;
my $smtp    = $sandbox->{smtp};
my $user    = $sandbox->{users}[0];
my $dir     = host_dir();
PVE::Cluster::set_dirs({ config => "$dir/config", run => "$dir/run" });
PVE::Notify::set_host({
    kind               => 'standalone',
    'config-dir'       => "$dir/config",
    'vendor-templates' => root() . '/templates',
});

my @logged;
{
    no warnings 'redefine';    ## no critic (TestingAndDebugging::ProhibitNoWarnings)
    *PVE::SafeSyslog::syslog = sub ($level, $format, @values) {
        push @logged, "$level " . sprintf $format, @values;
    };
}

my %DATA = (hostname => 'pve', target => 'mail');

# the targets given, and one matcher that has all of them
sub config (%target) {
    my $config = PVE::RS::Notify->parse_config(
        '', '', '', '',
        {
            host => {
                kind               => 'standalone',
                'config-dir'       => "$dir/config",
                'vendor-templates' => root() . '/templates',
            }
        }
    );
    $config->delete_matcher('default-matcher');
    for my $name (sort keys %target) {
        my ($port, $mode, $login, $password, @to) = $target{$name}->@*;
        $config->add_smtp_endpoint($name, $smtp->{host}, $port, $mode, $login, $password,
            @to ? \@to : ['ann@example.org'],
            undef, 'pve@example.org');
    }
    $config->add_matcher('all', [sort keys %target]);
    @logged = ();
    $sandbox->control(smtp => { clear => \1 });
    return $config;
}

sub outcomes ($targets) {
    my %outcome;
    for my $target (@$targets) {
        $outcome{"$target->{target} $_->{recipient}"} = $_->{outcome} for $target->{recipients}->@*;
    }
    return \%outcome;
}

my @good = ($smtp->{'port-starttls'}, 'starttls', $user->@{qw(login password)});
my @tls  = ($smtp->{'port-tls'},      'tls',      $user->@{qw(login password)});

subtest 'every target gets it, and the caller learns what became of it' => sub {
    my $config = config(
        starttls => \@good,
        tls      => \@tls,
        wrong    => [@good[0 .. 2], 'canary-password'],
        two      => [@good, 'full@example.org', 'ben@example.org'],
    );
    $sandbox->control(smtp =>
            { faults => [{ at => 'RCPT TO:<full@', kind => 'reply', text => '550 5.1.1 nobody' }] }
    );
    my $targets = PVE::Notify::error('test', \%DATA, { type => 'test' }, $config);
    is_deeply outcomes($targets),
        {
        'starttls ann@example.org' => 'sent',
        'tls ann@example.org'      => 'sent',
        'wrong ann@example.org'    => 'refused',
        'two full@example.org'     => 'refused',
        'two ben@example.org'      => 'sent',
        },
        'outcomes';
    is_deeply [sort map { join ' ', $_->{to}->@* } $sandbox->mails],
        ['ann@example.org', 'ann@example.org', 'ben@example.org'], 'what the server has';
    is scalar(grep {/\Aerr could not notify via target `(?:two|wrong)`/} @logged), 2,
        'what did not arrive is logged';
    is scalar @logged, 2, 'and nothing else';
    unlike "@logged", qr/canary/,                              'without secrets';
    like $_->{raw},   qr/^Auto-Submitted: auto-generated\r$/m, 'header' for $sandbox->mails;
};

subtest 'a password without TLS goes out only where the admin said so, with a warning' => sub {
    my $config = config(clear => [$smtp->{'port-clear'}, 'insecure', $user->@{qw(login password)}]);
    is_deeply outcomes(PVE::Notify::info('test', \%DATA, {}, $config)),
        { 'clear ann@example.org' => 'sent' }, 'sent';
    like "@logged", qr/\Awarning target `clear`: .*without TLS|\Awarning .*insecure/, 'warned';
};

# as a backup that mails to an address of its own does: in memory, with names that no file may have
subtest 'a configuration that is never written sends whatever its names are' => sub {
    my $config = config(good => \@good);
    my $name   = 'mail to <ann@example.org>';
    $config->delete_matcher($_->{name}) for $config->get_matchers->@*;
    $config->add_smtp_endpoint($name, $smtp->{host}, @good[0 .. 3],
        ['ann@example.org'], undef, 'pve@example.org');
    $config->add_matcher('<all@>', [$name]);
    is_deeply outcomes(PVE::Notify::error('test', \%DATA, {}, $config)),
        { "$name ann\@example.org" => 'sent' }, 'sent';
    is_deeply \@logged, [], 'nothing to complain about';
};

subtest 'a test says why it failed' => sub {
    my $config = config(good => \@good, wrong => [@good[0 .. 2], 'canary-password']);
    is_deeply outcomes(PVE::Notify::log_delivery($config->test_target('good'))),
        { 'good ann@example.org' => 'sent' }, 'sent';
    ok !eval { $config->test_target('wrong'); 1 }, 'refused';
    is $@->{code}, 500, 'code';
    like $@->{message},
        qr/\ACould not test target: could not notify via endpoint\(s\): wrong: .*535/, 'reason';
    unlike $@->{message}, qr/canary/, 'without the password';
    ok !eval { $config->test_target('nobody'); 1 }, 'a target that does not exist';
    is_deeply $@, { code => 404, message => q{endpoint 'nobody' does not exist} }, 'is told';
};

sub open_files () {
    opendir my $fds, '/proc/self/fd' or die "fd: $!\n";
    return scalar(my @all = readdir $fds);
}

# A server that takes a connection, waits so long and closes it; ends by itself.
sub silent ($seconds) {
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5)
        or die "no listener: $!\n";
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        alarm 60;
        while (my $client = $listener->accept) { sleep $seconds; close $client }
        POSIX::_exit(0);
    }
    return ($pid, $listener->sockport);
}

subtest 'F-40: an alarm that goes off while the library waits runs when the call has ended' => sub {
    my ($pid, $port) = silent(1);
    my $config = config(silent => [$port, 'insecure', undef, undef]);
    my $files  = open_files();
    my ($targets, $ended);
    my $start = time;
    my $done  = eval {
        local $SIG{ALRM} = sub { die "handler\n" };
        alarm 0.3;
        $targets = $config->send('info', 'test', \%DATA, {})->{targets};
        $ended   = time;
        1;
    };
    my $error = $@;
    alarm 0;
    kill KILL => $pid;
    waitpid $pid, 0;
    ok !$done, 'the handler died';
    is $error, "handler\n", 'with its own words';
    cmp_ok time - $start, '>=', 1, 'after the server had ended the call';
    is open_files(), $files, 'no file is left open';
    is_deeply outcomes(PVE::Notify::info('test', \%DATA, {}, config(good => \@good))),
        { 'good ann@example.org' => 'sent' }, 'and the next call works';
};

subtest 'F-46: children of a fork send, each mail with an ID of its own' => sub {
    my $config = config(good => \@good);
    $config->send('info', 'test', \%DATA, {});
    my ($failed, @running) = (0);
    my $reap = sub { waitpid shift @running, 0; $failed++ if $? };
    for (1 .. $CHILDREN) {
        my $pid = fork // die "fork: $!\n";
        if (!$pid) {
            my $targets = $config->send('info', 'test', \%DATA, {})->{targets};
            POSIX::_exit($targets->[0]{recipients}[0]{outcome} eq 'sent' ? 0 : 1);
        }
        push @running, $pid;
        $reap->() if @running >= 10;
    }
    $reap->() while @running;
    is $failed, 0, 'all were sent';
    my @ids = map { $_->{raw} =~ /^Message-ID: (\S+)\r$/mi } $sandbox->mails;
    my %ids = map { $_ => 1 } @ids;
    is scalar @ids,      $CHILDREN + 1, 'so many mails';
    is scalar keys %ids, $CHILDREN + 1, 'so many IDs';
};

subtest 'values of fields and data may be what Perl has' => sub {
    my $config = config(good => \@good);
    $config->update_matcher('all', undef, undef, ['exact:job-id=7']);
    my $targets =
        $config->send('info', 'test', undef, { 'job-id' => 7, other => undef })->{targets};
    is_deeply outcomes($targets), { 'good ann@example.org' => 'sent' }, 'a number matches';
    ok !eval { $config->send('loud', 'test', {}, {}); 1 }, 'a severity that is none';
    like $@, qr/severity.*loud/, 'is named';
};

done_testing;
