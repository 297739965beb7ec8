#!/usr/bin/perl

# pve-notify-node purge-tokens on records that the library has made: what goes, what stays, and that
# nobody loses a record who is at work on it. And the folder of versions, which the library must leave
# alone.

use v5.36;

use Fcntl qw(LOCK_EX);
use FindBin;
use lib "$FindBin::Bin/../node/lib", "$FindBin::Bin/lib";

use IO::File ();
use POSIX    ();
use PVE::RS::Notify;
use Test::LeftOut qw(leave_out);
use Test::More;
use Test::Node     qw(new_node node_command node_path node_run put record_of system_of);
use Test::Peers    qw(root slurp);
use Test::Terminal qw(on_terminal);
use Time::HiRes    qw(sleep);

my %host;

sub dir_of_records () { return node_path('state/oauth2') }

# what the folder holds, with what is below it
sub kept ($dir = dir_of_records()) {
    return [map {s{\A\Q$dir\E/}{}r} sort grep { !-d || -l } glob "$dir/* $dir/.[a-z]* $dir/*/*"];
}

sub config () {
    return PVE::RS::Notify->parse_config('', '', '', '', { host => {%host} });
}

my %OAUTH2 = (
    'auth-method'          => 'google-oauth2',
    'oauth2-client-id'     => 'client',
    'oauth2-client-secret' => 'secret',
);

# a record as a consent makes it
sub consent (@names) {
    for my $name (@names) {
        my $config = config();
        $config->add_smtp(
            $name,               'mail.example.org',
            25,                  'tls',
            'ann@example.org',   undef,
            ['bob@example.org'], undef,
            'pve@example.org', (undef) x 3,
            { %OAUTH2, 'oauth2-refresh-token' => "token-of-$name" }
        );
        $config->apply_oauth2_changes('root@pam');
    }
    return;
}

sub new_cluster (@names) {
    new_node();
    mkdir node_path($_) or die "$_: $!\n" for qw(state run);
    %host = (
        kind         => 'standalone',
        'config-dir' => node_path('etc/pve'),
        'state-dir'  => node_path('state'),
        'run-dir'    => node_path('run'),
    );
    put('etc/pve/notifications-ext.cfg',
        join "\n", map {"smtp: $_\n\tauth-method google-oauth2\n"} @names);
    consent(@names);
    return;
}

sub system_here () {
    return system_of(host => {%host}, state => dir_of_records());
}

sub purge (@args) { return node_run(system_here(), 'purge-tokens', @args) }

subtest 'a record that the library does not find' => sub {
    new_cluster('mail');
    put('elsewhere/mail.json', '{}');
    my $system = system_of(host => {%host}, state => node_path('elsewhere'));
    my ($status, $out, $err) = node_run($system, 'purge-tokens', '--yes');
    is $status, 1, 'exit status';
    like $out, qr/^deleted: the tokens of 0 of 1 targets$/m,            'what was done';
    like $err, qr/not deleted: mail [(]its record is still there[)]; /, 'what was not';
};

subtest 'all is deleted' => sub {
    new_cluster(qw(mail nodes));
    put('state/oauth2/nodes/alpha',                record_of());
    put('state/oauth2/nodes/beta.tmp.12',          '{');
    put('state/oauth2/mail.json.corrupt-17000000', '{"refresh-token":"old"}');
    put('state/oauth2/mail.json.tmp-abcdef',       '{"refresh-token":"old"}');
    put('state/oauth2/lost.json.corrupt-17000000', '{"refresh-token":"old"}');
    put('state/oauth2/gone.json',                  '{"damaged":1');
    put('run/oauth2/mail.json',                    '{"access-token":"old"}');
    put('outside/file',                            'x');
    symlink node_path('outside'), dir_of_records() . '/link' or die;
    is scalar kept()->@*, 10, 'so much is there';
    my ($status, $out, $err) = purge('--yes');
    is $status, 0, 'exit status';
    is $out,
        "deleted: the tokens of 3 of 3 targets\n"
        . "now revoke the application's access at the provider too: copies stay valid until then\n",
        'what it says';
    is_deeply kept(), [], 'nothing is left';
    ok !-e dir_of_records(), 'not even the folder';
    is_deeply kept(node_path('run/oauth2')), [map {"$_.lock"} qw(gone mail nodes)],
        'no copy of this node either';
    is slurp(node_path('outside/file')), 'x', 'no link was followed';
    SKIP: {
        skip 'there is a log daemon', 1 if -S '/dev/log';
        like $err, qr/: info: pve-notify-node: OAuth2 tokens deleted [(]targets: 3[)]$/m, 'the log';
    }
    is_deeply [(purge('--yes'))[0, 1]], [0, "no tokens are stored\n"], 'again';
    consent('mail');
    is_deeply kept(), ['mail.json'], 'a new consent finds its place';
};

subtest 'somebody else is at work on a record' => sub {
    new_cluster('mail');
    pipe my $in, my $out or die "pipe: $!\n";
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        ## no critic (RequireBriefOpen) - it is what holds the lock
        open my $lock, '>>', node_path('run/oauth2/mail.lock') or POSIX::_exit(1);
        flock $lock, LOCK_EX or POSIX::_exit(2);
        syswrite $out, "held\n";
        sleep 1.5;
        POSIX::_exit(slurp(dir_of_records() . '/mail.json') =~ /token-of-mail/ ? 0 : 3);
    }
    is readline($in), "held\n", 'it has the lock';
    is((purge('--yes'))[0], 0, 'purge has waited');
    waitpid $pid, 0;
    is $? >> 8, 0, 'the record was there until the end';
    is_deeply kept(), [], 'and is gone then';
};

# the program on a terminal; what happens between question and answer is up to the caller
sub on_question ($answer, $meanwhile = sub { }) {
    my @command = node_command({ host => \%host, state => dir_of_records() }, 'purge-tokens');
    my $result  = on_terminal(
        \@command,
        sub ($terminal) {
            $meanwhile->();
            print {$terminal} "$answer\n";
        }
    );
    leave_out('there are no pseudo terminals') if !$result;
    return ($result->{status} >> 8, $result->{seen} =~ s/\r//gr);
}

subtest 'the question' => sub {
    new_cluster(qw(mail more));
    put('etc/pve/notifications-ext.cfg',
        "smtp: mail\n\tauth-method google-oauth2\n\nsmtp: none\n\tauth-method google-oauth2\n\n"
            . "smtp: more\n\tauth-method microsoft-oauth2\n\toauth2-grant-type client-credentials\n"
    );
    my $before = kept();
    my ($status, $seen) = on_question('n');
    is $status, 1, 'no: exit status';
    like $seen,
        qr/\A1 target must be authorized again: 'mail'\nDelete the tokens of the cluster \(2\)[?] \(y\/N\): /,
        'it names those a person has authorized';
    is_deeply kept(), $before, 'no: nothing is deleted';
    my $null   = IO::File->new('/dev/null', 'r');
    my $system = system_of(host => {%host}, state => dir_of_records(), input => $null);
    ($status, undef, $seen) = node_run($system, 'purge-tokens');
    is $status, 2, 'no terminal: exit status';
    like $seen, qr/needs a terminal; add --yes$/, 'no terminal: why';
    is_deeply kept(), $before, 'no terminal: nothing is deleted';
    ($status) = on_question('y', sub { consent('new') });
    is $status, 0, 'yes: exit status';
    is_deeply kept(), ['new.json'], 'yes: all is gone but a consent that came after the question';
};

subtest 'what goes wrong' => sub {
    new_cluster('mail');
    unlink node_path('etc/pve/local');
    my ($status, $out, $err) = purge('--yes');
    is_deeply [$status, $out], [1, ''], 'not mounted: exit status';
    like $err, qr{'/etc/pve' is not mounted; systemctl start pve-cluster}, 'not mounted: why';
    is_deeply kept(), ['mail.json'], 'not mounted: nothing is deleted';
    symlink 'nodes/alpha', node_path('etc/pve/local') or die;
    rename node_path('run'), node_path('was') or die;
    put('run', 'a file');
    ($status, $out, $err) = purge('--yes');
    is $status, 1, 'no lock: exit status';
    like $out, qr/\Adeleted: the tokens of 0 of 1 targets$/m, 'no lock: the count';
    like $err, qr/^pve-notify-node: not deleted: mail \(.*\); check the quorum/m, 'no lock: which';
    is_deeply kept(), ['mail.json'], 'no lock: nothing is deleted';
    my @command = grep { !m{/blib/} }
        node_command({ host => \%host, state => dir_of_records() }, 'purge-tokens', '--yes');
    my $pid = fork // die "fork: $!\n";

    if (!$pid) {
        delete local $ENV{PERL5LIB};
        open STDERR, '>', node_path('err') or POSIX::_exit(99);
        exec @command;
    }
    waitpid $pid, 0;
    is $? >> 8, 1, 'no library: exit status';
    like slurp(node_path('err')),
        qr{\Apve-notify-node: the library cannot be loaded: .*; rm -r '/.*/oauth2'\n\z},
        'no library: why';
};

subtest 'the library leaves the folder of versions alone' => sub {
    new_cluster('gone');
    put('state/oauth2/nodes/alpha',      record_of());
    put('state/oauth2/nodes/alpha.json', record_of());
    unlink glob node_path('run/oauth2/*');
    my $run = config()->refresh_oauth2_state();
    is_deeply $run->{log}, [], 'nothing to complain of';
    is_deeply kept(node_path('run/oauth2')), ['gone.lock'],
        'a record without target is looked at, the folder is not';
    is_deeply kept(), [qw(gone.json nodes/alpha nodes/alpha.json)], 'all is there';
    consent('nodes');
    is_deeply kept(), [qw(gone.json nodes.json nodes/alpha nodes/alpha.json)],
        'beside a target of that name';
    my $config = config();
    $config->add_smtp('nodes', 'mail.example.org', 25, 'tls', undef, undef, ['bob@example.org'],
        undef, 'pve@example.org');
    $config->apply_oauth2_changes('root@pam');
    is_deeply kept(), [qw(gone.json nodes/alpha nodes/alpha.json)], 'which can go without it';
};

done_testing;
