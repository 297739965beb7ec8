#!/usr/bin/perl

# Guesses of passwords: who waits how long, who gives way, how much is kept, and how many guesses an hour
# there can be, which the documentation says. With a clock of the test's own; then at the real server.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/lib/fake";

use List::Util qw(max);
use POSIX      ();
use PVE::NotifyHost::Failures;
use PVE::NotifyHost::KnownGood;
use PVE::NotifyHost::LoginLimit;
use Test::More;
use Test::NotifyHost qw(curl host_folder put_file serve_host);
use Test::Peers      qw(root slurp);
use Time::HiRes      qw(time);

# Time that passes when the test says so, and what is due then.
package Test::Time {

    sub new ($class) { return bless({ now => 1000, timers => {}, count => 0 }, $class) }

    sub timer ($self, $seconds, $code) {
        my $id = ++$self->{count};
        $self->{timers}{$id} = [$self->{now} + $seconds, $id, $code];
        return $id;
    }

    sub remove ($self, $id) { delete($self->{timers}{$id}); return }

    sub pass ($self, $seconds) {
        my $end = $self->{now} + $seconds;
        while (1) {
            my $next;
            for my $timer (values($self->{timers}->%*)) {
                $next = $timer
                    if !$next
                    || $timer->[0] < $next->[0]
                    || $timer->[0] == $next->[0] && $timer->[1] < $next->[1];
            }
            last if !$next || $next->[0] > $end;
            $self->{now} = $next->[0];
            delete($self->{timers}{ $next->[1] });
            $next->[2]->();
        }
        $self->{now} = $end;
        return;
    }
}

my sub limit ($time, %opt) {
    return PVE::NotifyHost::LoginLimit->new(loop => $time, clock => sub { $time->{now} }, %opt);
}

# A try whose check takes 10 ms; the log has "TITLE OUTCOME AFTER_SECONDS".
my sub try_one ($time, $limit, $log, $title, $address, $account, $outcome) {
    my $start = $time->{now};
    my $tell =
        sub ($what) { push @$log, sprintf('%s %s %d', $title, $what, $time->{now} - $start) };
    return $limit->enter(
        $address, $account,
        go => sub ($done) {
            $tell->($outcome);
            $time->timer(0.01 => sub { $done->($outcome) });
        },
        refuse => sub ($seconds) { $tell->("refused, again in $seconds s:") },
    );
}

subtest 'the delay grows with failures, to a bound, and is forgotten' => sub {
    my $time     = Test::Time->new;
    my $failures = PVE::NotifyHost::Failures->new(max_delay => 10);
    my @delays;
    for (1 .. 6) {
        push @delays, $failures->delay('a', $time->{now});
        $failures->add('a', $time->{now});
    }
    is "@delays",                                                '0 1 2 4 8 10', 'delays';
    is $failures->free_at('a', $time->{now} + 4) - $time->{now}, 10, 'from the last failure on';
    is $failures->delay('a', $time->{now} + 600),                10, 'ten minutes later';
    is $failures->delay('a', $time->{now} + 601),                0,  'and then no more';
};

subtest 'who fails often is not driven out by many who fail once' => sub {
    my $failures = PVE::NotifyHost::Failures->new(max_entries => 100);
    $failures->add('attacked', 1) for 1 .. 5;
    $failures->add("name $_",  2) for 1 .. 10_000;
    is $failures->count('attacked', 3), 5, 'still counted';
    cmp_ok scalar(keys $failures->{table}->%*), '<=', 100, 'and the table is bounded';
};

subtest 'known good addresses are bounded, and only an owner drives out his own' => sub {
    my $good =
        PVE::NotifyHost::KnownGood->new(max_accounts => 3, max_addresses => 2, max_failures => 2);
    $good->add('joe', 'home', 1);
    $good->add('ann', "a$_",  $_) for 2 .. 50;
    ok $good->has('joe', 'home', 60), 'another account has its own places';
    is join(' ', sort keys $good->{table}{ann}->%*), 'a49 a50', 'the latest two of an account';
    ok !$good->has('ann', 'home', 60),     'good for the account alone';
    ok !$good->has('joe', 'home', 86_402), 'for a day';
    $good->add("user $_", 'x', 70 + $_) for 1 .. 10;
    is scalar(keys $good->{table}->%*), 3, 'accounts are bounded';
};

subtest 'a right password is checked after a delay, never refused' => sub {
    my $time  = Test::Time->new;
    my $limit = limit($time);
    my @log;
    for (1 .. 30) {
        try_one($time, $limit, \@log, 'wrong', '192.0.2.1', 'joe@pve', 'wrong');
        $time->pass(30);
    }
    is_deeply [grep {/refused/} @log], [], 'no wrong one is refused';
    @log = ();
    try_one($time, $limit, \@log, 'wrong',     '192.0.2.1',   'joe@pve', 'wrong') for 1 .. 4;
    try_one($time, $limit, \@log, 'neighbour', '192.0.2.1',   'ann@pve', 'right');
    try_one($time, $limit, \@log, 'attacked',  '203.0.113.9', 'joe@pve', 'right');
    try_one($time, $limit, \@log, 'other',     '203.0.113.8', 'bob@pve', 'right');
    $time->pass(60);
    my %seen = map {/\A(\w+) right (\d+)/} @log;
    is $seen{other}, 0, 'another account from elsewhere: at once';
    cmp_ok $seen{neighbour} // 99, '<=', 10, 'another account from the noisy address: 10 s at most';
    cmp_ok $seen{attacked}  // 99, '<=', 30, 'the attacked account from elsewhere: 30 s at most';
    ok scalar(grep {/wrong refused/} @log), 'the noisy address gives up tries of its own';
};

subtest 'who is known good waits for nobody' => sub {
    my $time  = Test::Time->new;
    my $limit = limit($time);
    my @log;
    try_one($time, $limit, \@log, 'first', '192.0.2.1', 'joe@pve', 'right');
    $time->pass(1);
    for my $n (1 .. 300) {
        try_one($time, $limit, \@log, 'wrong', "198.51.100.$n", 'joe@pve', 'wrong');
        try_one($time, $limit, \@log, 'wrong', '192.0.2.1',     'ann@pve', 'wrong');
    }
    $time->pass(20);
    @log = ();
    try_one($time, $limit, \@log, 'good', '192.0.2.1', 'joe@pve', 'right') for 1 .. 10;
    $time->pass(0.5);
    is_deeply [grep {/good/} @log], [('good right 0') x 10], 'ten at once, from a noisy address';
    is $limit->{addresses}->count('192.0.2.1', $time->{now}) > 3, 1, 'which is noisy';

    # a neighbour behind the same address
    @log = ();
    for (1 .. 10) {
        try_one($time, $limit, \@log, 'guess', '192.0.2.1', 'joe@pve', 'wrong');
        $time->pass(0.02);
    }
    is scalar(@log), 10, 'ten wrong ones in a row are not delayed';
    ok !$limit->{good}->has('joe@pve', '192.0.2.1', $time->{now}),
        'then the address is as any other';
};

subtest 'parallel tries wait in turn, and what waits is bounded' => sub {
    my $time  = Test::Time->new;
    my $limit = limit($time);
    my @log;
    try_one($time, $limit, \@log, "n$_", '192.0.2.1', "user$_\@pve", 'right') for 1 .. 32;
    $time->pass(2);
    is_deeply \@log, [map {"n$_ right 0"} 1 .. 32], '32 right ones from one address';
    @log = ();
    try_one($time, $limit, \@log, "n$_", "2001:db8:1::$_", "name$_\@pve", 'wrong') for 1 .. 50;
    ok scalar(grep {/refused, again in [0-9]+ s/} @log) > 10, 'a network of IPv6 is one address';
    $time->pass(100);
    @log = ();

    for my $n (1 .. 1000) {
        try_one($time, $limit, \@log, 'x', '10.0.' . int($n / 250) . '.' . $n % 250,
            'joe@pve', 'wrong');
        cmp_ok scalar($limit->{waiting}->@*), '<=', 100, 'waiting' if $n % 250 == 0;
    }
    $time->pass(100);
    is scalar($limit->{waiting}->@*),      0, 'none is left';
    is scalar(keys $limit->{running}->%*), 0, 'none runs';
    is_deeply [values $time->{timers}->%*], [], 'no timer is left';
};

subtest 'accounts that do not exist are treated as those that do' => sub {
    my @seen;
    for my $account ('joe@pve', 'nobody@pve', "odd name\n") {
        my $time  = Test::Time->new;
        my $limit = limit($time);
        my @log;
        for my $n (1 .. 20) {
            try_one($time, $limit, \@log, 'x', "192.0.2.$n", $account, 'wrong');
            $time->pass(3);
        }
        $time->pass(100);
        push @seen, join(',', @log);
    }
    is $seen[1], $seen[0], 'unknown';
    is $seen[2], $seen[0], 'no name';
};

# How many passwords are checked in that time for somebody with so many addresses, who uses them in turn
# and always has so many tries waiting: more would only take places from one another. A refused one comes
# again when it is told to.
my sub guesses_in ($seconds, $addresses, $waiting, $account) {
    my $time    = Test::Time->new;
    my $limit   = limit($time);
    my $guesses = 0;
    my $number  = 0;
    my $attack;
    $attack = sub (@) {
        $number = ($number + 1) % $addresses;
        $limit->enter(
            "10.0.0.$number",
            $account->(),
            go => sub ($done) {
                $guesses++;
                $time->timer(
                    0.01 => sub {
                        $done->('wrong');
                        $attack->();
                    }
                );
            },
            refuse => sub ($again) { $time->timer($again => $attack) },
        );
        return;
    };
    $attack->() for 1 .. $waiting;
    $time->pass($seconds);
    undef $attack;
    return $guesses;
}

subtest 'guesses an hour, as the documentation says' => sub {
    my $text = slurp(root() . '/docs/operations.md');
    my ($one, $all) = $text =~ m{
        ^\|\ one\ address\ \|\ ([0-9,]+)\ \|\n
        \|\ 1,000\ addresses,\ one\ account\ \|\ ([0-9,]+)\ \|$
    }mx or return fail('no table of guesses');
    tr/,//d for $one, $all;
    my $number    = 0;
    my $same      = guesses_in(3600, 1,    8,   sub { return 'joe@pve' });
    my $different = guesses_in(3600, 1,    8,   sub { return 'name' . $number++ });
    my $many      = guesses_in(600,  1000, 100, sub { return 'joe@pve' });
    diag("an hour: $same of one account, $different of others; 1,000 addresses, 10 minutes: $many");
    cmp_ok max($same, $different), '<=', $one,       'one address';
    cmp_ok max($same, $different), '>=', $one * 0.9, 'no fewer';
    cmp_ok $many * 6,              '<=', $all,       '1,000 addresses';
    cmp_ok $many * 6,              '>=', $all * 0.9, 'no fewer';
};

subtest 'at the real server' => sub {
    my $dir = host_folder();
    put_file($dir, 'user.cfg', join('', map {"user:$_\@pve:1:0:\n"} qw(joe ann)));
    put_file($dir, 'priv/shadow.cfg',
        join('', map { "$_:" . crypt('passw0rd', '$5$saltsalt$') . ":\n" } qw(joe ann)));
    my $host  = serve_host($dir);
    my $login = sub ($address, $user, $password) {
        return curl($host, '/api2/json/access/ticket', '--interface', $address, '-d',
            "username=$user&password=$password");
    };
    is $login->('127.0.0.3', 'joe', 'passw0rd')->{status}, 200, 'joe logs in from home';

    # two addresses guess, four at a time
    my @noise = map {
        my $n   = $_;
        my $pid = fork() // die;
        if (!$pid) {
            $login->('127.0.0.' . (1 + $n % 2), 'joe', 'wrong') for 1 .. 4;
            POSIX::_exit(0);
        }
        $pid;
    } 1 .. 8;
    sleep(3);
    my $start = time();
    is $login->('127.0.0.3', 'joe', 'passw0rd')->{status}, 200, 'from home again';
    cmp_ok time() - $start, '<', 3, 'without a delay';
    $start = time();
    is $login->('127.0.0.1', 'ann', 'passw0rd')->{status}, 200, 'ann, from a noisy address';
    cmp_ok time() - $start, '<', 15, 'after the delay of the address';
    $start = time();
    is $login->('127.0.0.4', 'joe', 'passw0rd')->{status}, 200, 'joe, from elsewhere';
    cmp_ok time() - $start, '<', 35, 'after the delay of the account';
    kill(KILL => @noise);
    waitpid($_, 0) for @noise;

    my $pid = fork() // die;
    if (!$pid) {
        POSIX::_exit($login->('127.0.0.5', 'joe', 'passw0rd')->{status} == 429 ? 0 : 1);
    }
    sleep(1);
    $start = time();
    kill(TERM => $host->{pid});
    waitpid($host->{pid}, 0);
    cmp_ok time() - $start, '<', 6, 'the end of the server does not wait for those who wait';
    waitpid($pid, 0);
    is $?, 0, 'who are told to come again';
};

done_testing();
