#!/usr/bin/perl

# F-47: daemons that load the library once, fork workers that send, reload them and stop them in the
# middle of a mail: every mail that was reported is there, and nothing stays behind.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use File::Temp     ();
use HTTP::Tiny     ();
use IO::Handle     ();
use IO::Socket::IP ();
use POSIX          ();
use PVE::Notify;
use Test::More;
use Test::Peers qw(host_dir root);
use Test::Peers::Sandbox;
use Time::HiRes qw(sleep time);

my ($RELOADS, $REPLACED) = $ENV{SOAK} ? (1000, 100) : (20, 3);

my $sandbox = Test::Peers::Sandbox->new;
my $smtp    = $sandbox->{smtp};
my $dir     = host_dir();
PVE::Cluster::set_dirs({ config => "$dir/config", run => "$dir/run" });

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
$config->update_matcher('default-matcher', ['mail-to-root'], undef, undef, undef, undef, undef,
    undef, 1);
$config->add_smtp_endpoint(
    'mail',              $smtp->{host}, $smtp->{'port-starttls'},
    'starttls',          $sandbox->{users}[0]->@{qw(login password)},
    ['ann@example.org'], undef, 'pve@example.org'
);
$config->add_matcher('all', ['mail']);

sub outcome () {
    my $targets = PVE::Notify::info('test', { target => 'mail' }, {}, $config);
    return $targets->[0]{recipients}[0]{outcome};
}

sub entries ($path) {
    opendir my $handle, $path or die "$path: $!\n";
    return scalar(my @all = grep {/\A\d+\z/} readdir $handle);
}

sub children () {
    open my $fh, '<', "/proc/self/task/$$/children" or die "children: $!\n";
    my $line = readline($fh) // '';
    close $fh;
    return scalar(my @all = split ' ', $line);
}

# The outcomes that a worker reports, one a line, until it has ended; calls back after the first.
sub work ($after_first) {
    pipe my $in, my $out or die "pipe: $!\n";
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        my $stop = 0;
        local $SIG{TERM} = sub { $stop = 1 };
        $out->autoflush(1);
        say {$out} outcome() while !$stop;
        POSIX::_exit(0);
    }
    close $out;
    my @outcomes = scalar readline $in;
    $after_first->($pid);
    push @outcomes, readline $in;
    waitpid $pid, 0;
    is $?, 0, 'the worker ended in order' if $?;
    chomp @outcomes;
    return @outcomes;
}

subtest 'a plain daemon whose workers are reloaded' => sub {
    $sandbox->control(smtp => { clear => \1 });
    is outcome(), 'sent', 'the parent sends';
    my $notes = File::Temp->new;
    print {$notes} "written once\n";    # not flushed: each child has it in its buffer
    my ($files, $children, $sent) = (entries('/proc/self/fd'), children(), 1);
    my %seen;
    for (1 .. $RELOADS) {
        my @outcomes = work(sub ($pid) {
            kill TERM => $pid;
        });
        $seen{$_}++ for @outcomes;
        $sent += @outcomes;
    }
    is_deeply [keys %seen], ['sent'],
        'each call has ended with its mail, also the last of a worker';
    is outcome(),                           'sent',    'the parent still sends';
    is scalar(my @mails = $sandbox->mails), $sent + 1, 'what was reported has arrived, once';
    my %ids = map { $_->{raw} =~ /^(Message-ID: \S+)\r$/mi ? ($1 => 1) : () } @mails;
    is scalar keys %ids, $sent + 1, 'each with an ID of its own';
    is_deeply [entries('/proc/self/fd'), entries('/proc/self/task'), children()],
        [$files, 1, $children], 'no file, thread or child is left';
    close $notes;
    is -s "$notes", length "written once\n", 'no child has written what was the parent\'s';
};

subtest 'a worker that is told to stop in the middle of a mail ends it' => sub {
    $sandbox->control(smtp =>
            { clear => \1, faults => [{ at => 'DOT', kind => 'delay', ms => 1500, times => 2 }] });
    my $told;
    my @outcomes = work(sub ($pid) {
        sleep 0.5;    # within the second mail
        kill TERM => $pid;
        $told = time;
    });
    cmp_ok time - $told, '>', 0.3, 'the mail went on';
    is_deeply \@outcomes, ['sent', 'sent'], 'both are reported';
    is scalar(my @mails = $sandbox->mails), 2, 'and there';
};

# A prefork server with two workers whose only answer is an outcome.
sub prefork ($port) {
    my $pid = fork // die "fork: $!\n";
    return $pid if $pid;
    local @ENV{qw(MOJO_MODE MOJO_LOG_LEVEL)} = ('production', 'fatal');
    require Mojolicious;
    require Mojo::Server::Prefork;
    my $app = Mojolicious->new;
    $app->routes->get('/')->to(cb => sub ($c) { $c->render(text => outcome()) });
    my $server = Mojo::Server::Prefork->new(
        app      => $app,
        listen   => ["http://127.0.0.1:$port"],
        workers  => 2,
        silent   => 1,
        pid_file => "$dir/prefork.pid",
    );
    $server->run;
    return POSIX::_exit(0);
}

sub free_port () {
    my $socket = IO::Socket::IP->new(LocalHost => '127.0.0.1', Listen => 1)
        or die "no listener: $!\n";
    return $socket->sockport;
}

# Asks until there is a worker.
sub ask ($port) {
    my $until = time + 20;
    while (time < $until) {
        my $answer = HTTP::Tiny->new(timeout => 20)->get("http://127.0.0.1:$port/");
        return $answer->{content} if $answer->{status} == 200;
        sleep 0.05;
    }
    return 'no answer';
}

sub workers_of ($pid) {
    open my $fh, '<', "/proc/$pid/task/$pid/children" or return;
    my $line = readline($fh) // '';
    close $fh;
    return split ' ', $line;
}

# Until the server has other workers than these, all of them alive.
sub replaced ($pid, @old) {
    my %is_old = map { $_ => 1 } @old;
    my $until  = time + 20;
    while (time < $until) {
        my @now = workers_of($pid);
        return 1 if @now == 2 && !grep { $is_old{$_} } @now;
        sleep 0.05;
    }
    return 0;
}

subtest 'Mojo prefork: workers are replaced, and one in the middle of a mail finishes' => sub {
    $sandbox->control(smtp => { clear => \1 });
    my $port   = free_port();
    my $server = prefork($port);
    is ask($port), 'sent', 'a worker sends';
    my $sent = 1;
    for (1 .. $REPLACED) {
        my @old = workers_of($server);
        kill QUIT => @old;
        ok replaced($server, @old), 'replaced';
        is ask($port), 'sent', 'the next ones send';
        $sent++;
    }
    $sandbox->control(smtp => { faults => [{ at => 'DOT', kind => 'delay', ms => 2000 }] });
    my $stopper = fork // die "fork: $!\n";
    if (!$stopper) {
        sleep 1;
        kill QUIT => $server;
        POSIX::_exit(0);
    }
    is ask($port), 'sent', 'the answer comes although the server stops';
    my @workers = workers_of($server);
    waitpid $_, 0 for $stopper, $server;
    is $?,                                     0,         'the server ended in order';
    is scalar(grep { kill 0 => $_ } @workers), 0,         'with its workers';
    is scalar(my @mails = $sandbox->mails),    $sent + 1, 'what was answered has arrived, once';
};

done_testing;
