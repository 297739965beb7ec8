#!/usr/bin/perl

# F-17: a process that takes a record's lock first and the configuration's then, the other way round
# than calls of the API do. No call holds the configuration while it waits for a record, so both end.

use v5.36;

use Fcntl qw(LOCK_EX LOCK_NB);
use FindBin;
use lib "$FindBin::Bin/lib";

use POSIX ();
use PVE::Notify;
use Test::More;
use Test::NotifyHost qw(wait_until);
use Test::Peers      qw(slurp);
use Test::Way::Direct;
use Time::HiRes qw(time);

my $PATH = '/cluster/notifications/endpoints/smtp';
my $way  = Test::Way::Direct->new;
my $dir  = $way->{dir};

sub call (@call) {
    my $answer = $way->call(@call);
    is $answer->{code}, 200, "$call[0] $call[1]" or diag $answer->{message};
    return $answer->{data};
}

# Holds the record's lock, and takes the configuration's when the call has written it; its status.
sub reversed ($is_written) {
    pipe my $in, my $out or die "pipe: $!\n";
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        ## no critic (RequireBriefOpen) - it is what holds the lock
        open my $lock, '>>', "$dir/run/oauth2/mail.lock" or POSIX::_exit(1);
        flock $lock, LOCK_EX | LOCK_NB or POSIX::_exit(2);
        syswrite $out, "held\n";
        wait_until(10, $is_written) or POSIX::_exit(3);
        eval {
            PVE::Notify::lock_config(sub { PVE::Notify::read_config() });
        } or POSIX::_exit(4);
        POSIX::_exit(0);
    }
    close $out;
    is readline($in), "held\n", 'another process has the record';
    return sub {
        waitpid $pid, 0;
        return $? >> 8;
    };
}

my %MAIL = (
    name                   => 'mail',
    server                 => 'mail.example.org',
    mode                   => 'tls',
    username               => 'ann@example.org',
    mailto                 => ['bob@example.org'],
    'from-address'         => 'pve@example.org',
    'auth-method'          => 'google-oauth2',
    'oauth2-client-id'     => 'client',
    'oauth2-client-secret' => 'secret',
    'oauth2-refresh-token' => 'token-1',
);

call('POST', $PATH, {%MAIL});
my @CALLS = (
    ['a new consent',  'PUT', { comment => 'first', 'oauth2-refresh-token' => 'token-2' }, 'first'],
    ['another server', 'PUT', { server  => 'other.example.org' }, 'other.example.org'],
    ['deleted',        'DELETE', {}, undef],
);
for my $case (@CALLS) {
    my ($title, $verb, $param, $wanted) = @$case;
    subtest $title => sub {
        my $written = sub {
            my $text = slurp("$dir/config/notifications.cfg");
            return defined $wanted ? $text =~ /\Q$wanted\E/ : $text !~ /^smtp: mail$/m;
        };
        my $started = time;
        my $ended   = reversed($written);
        call($verb, "$PATH/mail", $param);
        is $ended->(), 0, 'the other process had both locks';
        cmp_ok time - $started, '<', 9, 'nobody has waited for a lock in vain';
    };
}
is_deeply [glob "$dir/state/oauth2/*"], [], 'the changes have come to their end';

done_testing;
