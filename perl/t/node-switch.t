#!/usr/bin/perl

# pve-notify-node off and on: the flag, the daemons, and who is asked before.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/../node/lib", "$FindBin::Bin/lib";

use IO::File      ();
use Test::LeftOut qw(leave_out);
use Test::More;
use Test::Node     qw(calls new_node node_command node_path node_run put system_of);
use Test::Terminal qw(on_terminal);

my $FLAG    = 'var/lib/pve-notify-oauth2/off';
my $TARGETS = "smtp: mail\n\tauth-method google-oauth2\n\nsmtp: plain\n\tauth-method plain\n\n"
    . "webhook: hook\n\tauth-method google-oauth2\n\nsmtp: app\n\tauth-method microsoft-oauth2\n";

sub is_off () { return -e node_path($FLAG) ? 1 : 0 }

# the program on a terminal, where somebody types an answer
sub with_answer ($answer, @args) {
    my @command = node_command({}, @args);
    my $result  = on_terminal(\@command, sub ($terminal) { print {$terminal} "$answer\n" });
    leave_out('there are no pseudo terminals') if !$result;
    return ($result->{status} >> 8, $result->{seen} =~ s/\r//gr);
}

subtest 'off and on' => sub {
    new_node();
    my ($status, $out, $err) = node_run(system_of(), 'off');
    is_deeply [$status, $err], [0, ''], 'off: no target, no question';
    is $out, "off: the vendor's modules are in charge\nreloaded pvedaemon\nreloaded pvestatd\n",
        'says what it did';
    is_deeply calls(), ['reload-or-restart pvedaemon', 'reload-or-restart pvestatd'],
        'only those that run';
    is sprintf('%04o', (stat node_path($FLAG))[2] & oct '7777'), '0644',
        'all daemons can see the flag';
    ok is_off(), 'it is there';
    is((node_run(system_of(), 'off'))[0], 0, 'again');
    is scalar calls()->@*, 2, 'reloads again';
    ($status, $out, $err) = node_run(system_of(), 'on');
    is_deeply [$status, $err], [0, ''], 'on';
    is $out, "reloaded pvedaemon\nreloaded pvestatd\non: our modules are in charge\n",
        'says what it did';
    is_deeply calls(), ['reload-or-restart pvedaemon', 'reload-or-restart pvestatd'], 'the same';
    ok !is_off(), 'the flag is gone';
    is((node_run(system_of(), 'on'))[0], 0, 'again');
};

subtest 'a new node has no folder for the flag' => sub {
    new_node();
    unlink node_path('var/lib/pve-notify-oauth2/last-run');
    rmdir node_path('var/lib/pve-notify-oauth2') or die;
    umask oct '0077';
    is((node_run(system_of(), 'off'))[0], 0, 'off');
    is sprintf('%04o', (stat node_path('var/lib/pve-notify-oauth2'))[2] & oct '7777'), '0755',
        'others may look into it';
};

subtest 'targets that would stop working' => sub {
    new_node();
    put('etc/pve/notifications-ext.cfg', $TARGETS);
    my ($status, $out, $err) = node_run(system_of(input => IO::File->new('/dev/null', 'r')), 'off');
    is $status, 2, 'without a terminal';
    is $err, "OAuth2 targets that stop working: 'app', 'mail'\n"
        . "pve-notify-node: confirmation needs a terminal; add --yes\n", 'they are named';
    ok !is_off(), 'nothing has changed';
    is_deeply calls(), [], 'nothing was reloaded';
    is((node_run(system_of(), 'off', '--yes'))[0], 0, 'with --yes');
    ok is_off(), 'it is off';
};

subtest 'the answer of a person' => sub {
    for my $case (['n', 1, 0], ['', 1, 0], ['yesterday', 1, 0], ['y', 0, 1], ['YES', 0, 1]) {
        my ($answer, $wanted, $off) = @$case;
        new_node();
        put('etc/pve/notifications-ext.cfg', $TARGETS);
        my ($status, $seen) = with_answer($answer, 'off');
        is $status,  $wanted, "'$answer': exit status";
        is is_off(), $off,    "'$answer': the flag";
        like $seen, qr{'app', 'mail'\nHand over to the vendor's modules[?] \(y/N\): },
            "'$answer': the question";
    }
    put($FLAG, '');
    unlink node_path($FLAG);
    put('lib/PVE/API2/Cluster/Notifications.pm', "# smtp_oauth2_token\n1;\n");
    my (undef, $said) = with_answer('n', 'off');
    like $said, qr/may need a new authorization: 'app', 'mail'/, 'a vendor who has it';
};

subtest 'what goes wrong' => sub {
    new_node();
    put('stuck',  "pvedaemon\n");
    put('active', "pvedaemon\npvestatd\npve-ha-crm\npve-ha-lrm\n");
    my ($status, $out, $err) = node_run(system_of(), 'off');
    is $status, 1, 'a daemon that cannot be reloaded';
    is $err, "pve-notify-node: pvedaemon was not reloaded; systemctl reload-or-restart pvedaemon\n",
        'is named';
    like $out,
        qr/^reloaded pvestatd\nnot reloaded: pve-ha-crm; at a quiet moment: systemctl restart pve-ha-crm\nnot reloaded: pve-ha-lrm; /m,
        'the others are told of too';
    put('verdict.json', { ours => 0, reason => 'library 0.0.9 does not fit', level => 'err' });
    unlink node_path('stuck');
    ($status, $out, $err) = node_run(system_of(), 'on');
    is $status, 1, 'modules that do not fit';
    like $err,
        qr/\Apve-notify-node: the vendor's modules stay in charge: library 0[.]0[.]9 does not fit; /,
        'why';
    ok !is_off(), 'the flag is gone though';
    new_node();
    put('arch/PVE/API2/Cluster/Notifications/Entries.pm', "die qq{no such format\\n};\n");
    ($status, $out, $err) = node_run(system_of(), 'on');
    is $status, 1, 'an API that does not fit';
    like $err, qr/the vendor's modules stay in charge: no such format; /, 'why';
    new_node();
    mkdir node_path($FLAG) or die;
    ($status, $out, $err) = node_run(system_of(), 'on');
    is $status, 1, 'a flag that cannot be deleted';
    like $err, qr{'/.*/off' cannot be deleted: .*; rm }, 'is named';
    is_deeply calls(), [], 'nothing was reloaded';
    ($status, $out, $err) = node_run(system_of(), 'off');
    is $status, 1, 'or be written';
    like $err, qr{\Apve-notify-node: file '/.*/off': can't replace - }, 'is named';
    put('etc/pve/notifications.cfg', '');
    unlink node_path('etc/pve/notifications.cfg');
    symlink '/dev/zero', node_path('etc/pve/notifications.cfg') or die;
    rmdir node_path($FLAG);
    ($status, $out, $err) = node_run(system_of(), 'off');
    like $err, qr/refused, it is a symbolic link/, 'targets that cannot be read';
    ok !is_off(), 'are not cut off unasked';
};

subtest 'not root' => sub {
    new_node();
    my ($status, $out, $err) = node_run(system_of(owner => $> + 1), 'off');
    is_deeply [$status, $out], [1, ''], 'exit status';
    is $err, "pve-notify-node: needs root; use sudo or log in as root\n", 'why';
};

done_testing;
