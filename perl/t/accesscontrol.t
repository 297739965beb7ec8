#!/usr/bin/perl

# PVE::AccessControl: users, passwords, API tokens, access rules, tickets.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/lib/fake";

use PVE::AccessControl;
use PVE::NotifyHost::Administrators;
use PVE::NotifyHost::Rights;
use PVE::NotifyHost::Ticket;
use PVE::NotifyHost::UserConfig;
use Test::More;
use Test::NotifyHost qw(host_folder put_file);

my $dir = host_folder();
my $now = time();

sub error_of ($code) {
    return eval { $code->(); 1 } ? undef : $@;
}

sub refused ($title, $reason, $code) {
    my $error = error_of($code);
    is ref($error) && "$error", "401 authentication failure\n", "$title: what the client sees";
    like $error->{reason}, $reason, "$title: what the log sees";
    return;
}

sub parse ($text) {
    my @warnings;
    local $SIG{__WARN__} = sub ($text) { push @warnings, $text };
    my $cfg = PVE::NotifyHost::UserConfig::parse_user_cfg('user.cfg', $text);
    return wantarray ? ($cfg, @warnings) : $cfg;
}

# the privileges of the form Mapping.*, which are enough to tell the given roles apart
sub mapping ($cfg, $id, $path) {
    my $privs = PVE::NotifyHost::Rights::permissions($cfg, $id, $path);
    return join(' ', map {s/Mapping\.//r} sort grep {/\AMapping/} keys %$privs);
}

subtest 'user.cfg is read, and broken lines are skipped with a warning' => sub {
    my ($cfg, @warnings) = parse(<<'END');
# comment
user:joe@pve:1:0:Joe:Doe:joe@example.org:a%3ab:
user:old@pve:1:1000:
user:off@pve:0:0:
user:broken:1:0:
user:late@pve:1:soon:
group:admins:joe@pve,old@pve:
role:Mine:Mapping.Use,No.Such:
role:Administrator:Mapping.Use:
token:joe@pve!cron:0:0:
token:joe@pve:0:0:
acl:1:/:joe@pve:Mine:
acl:2:/:joe@pve:Mine:
acl:1:no/path:joe@pve:Mine:
acl:1:/::
something:else
secret-line-canary
pool:x:::
END
    is_deeply [sort keys $cfg->{users}->%*], [qw(joe@pve off@pve old@pve root@pam)], 'users';
    is_deeply $cfg->{users}{'old@pve'}, { enable    => 1, expire    => 1000 }, 'enabled, expiry';
    is_deeply $cfg->{groups}{admins},   { 'joe@pve' => 1, 'old@pve' => 1 },    'group';
    is_deeply $cfg->{roles}{Mine}, { 'Mapping.Use' => 1 }, 'role without the unknown privilege';
    is_deeply [keys $cfg->{tokens}->%*], ['joe@pve!cron'], 'token';
    is scalar(@warnings), 10, 'warnings';
    unlike "@warnings", qr/canary/,                               'no content in them';
    like $warnings[0],  qr/\Auser\.cfg: line 5 skipped: user id/, 'line and reason';
};

subtest 'root@pam is there and may do all, unless a line switches it off' => sub {
    my $soon = time() + 1000;
    my %case = (
        ''                        => [1, 'Audit Modify Use'],
        "user:joe\@pve:1:0:"      => [1, 'Audit Modify Use'],
        'user:root@pam:1:0:'      => [1, 'Audit Modify Use'],
        'user:root@pam:1::'       => [1, 'Audit Modify Use'],
        "user:root\@pam:1:$soon:" => [1, 'Audit Modify Use'],
        'user:root@pam:0:0:'      => [0, 'Audit Modify Use'],
        'user:root@pam::0:'       => [0, 'Audit Modify Use'],
        'user:root@pam:1:1:'      => [0, 'Audit Modify Use'],
    );
    for my $line (sort keys %case) {
        my $cfg     = parse("$line\nacl:1:/:root\@pam:NoAccess:\n");
        my $enabled = eval { PVE::AccessControl::check_user_enabled($cfg, 'root@pam'); 1 } // 0;
        is_deeply [$enabled, mapping($cfg, 'root@pam', '/x')], $case{$line}, $line;
    }
};

subtest 'who can log in and may do everything' => sub {
    my $off   = "user:root\@pam:0:0:\n";
    my $ann   = "user:ann\@pve:1:0:\n";
    my $all   = "acl:1:/:ann\@pve:Administrator:\n";
    my @cases = (
        ['nothing said',           '',                               [],      'root@pam'],
        ['root is off',            $off,                             [],      ''],
        ['root has expired',       "user:root\@pam:1:1:\n",          [],      ''],
        ['another administrator',  "$off$ann$all",                   ['ann'], 'ann@pve'],
        ['both',                   "$ann$all",                       ['ann'], 'ann@pve root@pam'],
        ['one without a password', "$off$ann$all",                   [],      ''],
        ['one who is off',         "${off}user:ann\@pve:0:0:\n$all", ['ann'], ''],
        ['one who has expired',    "${off}user:ann\@pve:1:1:\n$all", ['ann'], ''],
        ['one with less',          "$off${ann}acl:1:/:ann\@pve:PVEAdmin:\n",       ['ann'], ''],
        ['one elsewhere',          "$off${ann}acl:1:/x:ann\@pve:Administrator:\n", ['ann'], ''],
        [
            'one by a group', "$off${ann}group:g:ann\@pve:\nacl:1:/:\@g:Administrator:\n",
            ['ann'],          'ann@pve'
        ],
        [
            'a user of the machine',
            "${off}user:bob\@pam:1:0:\nacl:1:/:bob\@pam:Administrator:\n",
            [], 'bob@pam'
        ],
    );
    for my $case (@cases) {
        my ($what, $text, $names, $expect) = @$case;
        my @found = PVE::NotifyHost::Administrators::administrators(parse($text),
            { map { $_ => 'x' } @$names });
        is "@found", $expect, $what;
    }
};

subtest 'the given roles' => sub {
    my %expect = (
        Administrator   => 'Audit Modify Use',
        PVEAdmin        => 'Audit Use',
        PVEAuditor      => 'Audit',
        PVEMappingAdmin => 'Audit Modify Use',
        PVEMappingUser  => 'Audit Use',
        PVESysAdmin     => '',
        NoAccess        => '',
        Unknown         => '',
    );
    for my $role (sort keys %expect) {
        my $cfg = parse("user:joe\@pve:1:0:\nacl:1:/:joe\@pve:$role:\n");
        is mapping($cfg, 'joe@pve', '/'), $expect{$role}, $role;
    }
    my $admin =
        PVE::NotifyHost::Rights::permissions(parse('acl:1:/:joe@pve:PVEAdmin:'), 'joe@pve', '/');
    is_deeply [grep { $admin->{$_} }
            qw(Sys.Modify Sys.AccessNetwork Sys.PowerMgmt Sys.Incoming Realm.Allocate)],
        [], 'PVEAdmin lacks these';
    ok $admin->{'Sys.Audit'}, 'and has Sys.Audit';
};

subtest 'rules are inherited down the path' => sub {
    my @cases = (

        # title, rules, path, expected
        ['from above',                        ['1:/:joe@pve:PVEMappingUser'],  '/a/b', 'Audit Use'],
        ['not without propagate',             ['0:/:joe@pve:PVEMappingUser'],  '/a',   ''],
        ['at its own path without propagate', ['0:/a:joe@pve:PVEMappingUser'], '/a',   'Audit Use'],
        ['not beside it',                     ['1:/a:joe@pve:PVEMappingUser'], '/ab',  ''],
        ['not above it',                      ['1:/a:joe@pve:PVEMappingUser'], '/',    ''],
        [
            'replaced further down', ['1:/:joe@pve:PVEMappingAdmin', '1:/a:joe@pve:PVEAuditor'],
            '/a/b',                  'Audit',
        ],
        [
            'kept where the entry below does not propagate',
            ['1:/:joe@pve:PVEMappingAdmin', '0:/a:joe@pve:PVEAuditor'],
            '/a/b', 'Audit Modify Use',
        ],
        ['NoAccess wipes', ['1:/:joe@pve:PVEMappingAdmin', '1:/a:joe@pve:NoAccess'], '/a', ''],
        ['by a group',     ['1:/:@team:PVEAuditor'],                                 '/a', 'Audit'],
        [
            'several groups add up',
            ['1:/:@team,@crew:PVEAuditor', '1:/:@crew:PVEMappingUser'],
            '/', 'Audit Use'
        ],
        [
            'the user comes before his groups',
            ['1:/:@team:PVEMappingAdmin', '1:/:joe@pve:PVEAuditor'],
            '/', 'Audit',
        ],
        [
            'a group further down replaces the user further up',
            ['1:/:joe@pve:PVEMappingAdmin', '1:/a:@team:PVEAuditor'],
            '/a', 'Audit',
        ],
        ['another user has none', ['1:/:ann@pve:Administrator'],   '/',    ''],
        ['slashes do not matter', ['1:/a//b/:joe@pve:PVEAuditor'], '/a/b', 'Audit'],
    );
    for my $case (@cases) {
        my ($title, $rules, $path, $expect) = @$case;
        my $cfg = parse(
            join("\n", 'group:team:joe@pve:', 'group:crew:joe@pve:', map {"acl:$_:"} @$rules));
        is mapping($cfg, 'joe@pve', $path), $expect, $title;
    }
};

subtest 'API tokens have their own rights cut with the user\'s, or the user\'s' => sub {
    my $cfg = parse(<<'END');
user:joe@pve:1:0:
token:joe@pve!own:0:1:
token:joe@pve!all:0:0:
token:root@pam!own:0:1:
token:root@pam!all:0:0:
acl:1:/:joe@pve:PVEMappingUser:
acl:1:/:joe@pve!own:PVEMappingAdmin:
acl:1:/a:joe@pve!own:PVEAuditor:
acl:1:/a:joe@pve!all:NoAccess:
acl:1:/:root@pam!own:PVEAuditor:
END
    is mapping($cfg, 'joe@pve!own', '/'),  'Audit Use', 'no more than the user';
    is mapping($cfg, 'joe@pve!own', '/a'), 'Audit',     'no more than its own rules';
    is mapping($cfg, 'joe@pve!all', '/a'), 'Audit Use', 'without separation its rules do not count';
    is mapping($cfg, 'root@pam!own', '/'), 'Audit',            'root with separation';
    is mapping($cfg, 'root@pam!all', '/'), 'Audit Modify Use', 'root without';
    is mapping($cfg, 'joe@pve!none', '/'), '',                 'a token that is not listed';
};

put_file($dir, 'user.cfg', <<"END");
user:joe\@pve:1:0:
user:ann\@pve:1:@{[$now + 1000]}:
user:off\@pve:0:0:
user:old\@pve:1:@{[$now - 1]}:
user:ghost\@pve:1:0:
token:joe\@pve!good:0:1:
token:joe\@pve!old:@{[$now - 1]}:1:
token:off\@pve!good:0:1:
token:joe\@pve!nosecret:0:1:
END
put_file($dir, 'priv/token.cfg', <<'END');
joe@pve!good s3cret-1
joe@pve!old s3cret-2
off@pve!good s3cret-3
joe@pve!unlisted s3cret-4
END
put_file(
    $dir,
    'priv/shadow.cfg',
    join('',
        map {"$_\n"} 'joe:' . crypt('passw0rd', '$5$saltsalt$') . ':',
        'ann:' . crypt("p\xc3\xa4ss", '$6$saltsalt$') . ':',
        'off:' . crypt('passw0rd',    '$5$saltsalt$') . ':',
        'old:' . crypt('passw0rd',    '$y$j9T$saltsalt$') . ':',
        'unlisted:' . crypt('passw0rd', '$5$saltsalt$') . ':',
        'ghost:*:',
        'locked:!$5$saltsalt$x:')
);

subtest 'passwords' => sub {
    my $login = \&PVE::AccessControl::authenticate_user;
    is $login->('joe@pve', 'passw0rd'),  'joe@pve', 'right';
    is $login->('joe',     'passw0rd'),  'joe@pve', 'realm pve is the default';
    is $login->('ann@pve', "p\x{e4}ss"), 'ann@pve', 'not ASCII';
    refused('wrong',           qr/wrong password/,   sub { $login->('joe@pve',      'password') });
    refused('empty',           qr/wrong password/,   sub { $login->('joe@pve',      '') });
    refused('unknown',         qr/no such user/,     sub { $login->('nobody@pve',   'passw0rd') });
    refused('locked',          qr/wrong password/,   sub { $login->('ghost@pve',    '*') });
    refused('disabled',        qr/disabled/,         sub { $login->('off@pve',      'passw0rd') });
    refused('expired',         qr/expired/,          sub { $login->('old@pve',      'passw0rd') });
    refused('not in user.cfg', qr/not in user\.cfg/, sub { $login->('unlisted@pve', 'passw0rd') });
    refused('other realm',     qr/no such realm/,    sub { $login->('joe@ldap',     'passw0rd') });
    refused('bad form',        qr/no valid form/,    sub { $login->("joe:x\n\@pve", 'passw0rd') });
    my $error = error_of(sub { $login->('joe@pam', 'passw0rd') });
    is $error->{code}, 501, 'realm pam without its helper';
    like $error->{msg}, qr/realm 'pam' is not available/, 'says what it needs';
};

subtest 'API tokens' => sub {
    my $verify = \&PVE::AccessControl::verify_token;
    is $verify->('joe@pve!good', 's3cret-1'), 'joe@pve!good', 'right';
    refused('wrong secret', qr/wrong secret/, sub { $verify->('joe@pve!good',     's3cret-2') });
    refused('empty secret', qr/wrong secret/, sub { $verify->('joe@pve!nosecret', '') });
    refused('the dummy',    qr/wrong secret/, sub { $verify->('joe@pve!nosecret', 'x') });
    refused('expired', qr/the token has expired/, sub { $verify->('joe@pve!old', 's3cret-2') });
    refused('of a disabled user', qr/disabled/,   sub { $verify->('off@pve!good', 's3cret-3') });
    refused('not in user.cfg', qr/no such token/,
        sub { $verify->('joe@pve!unlisted', 's3cret-4') });
    refused('bad form', qr/no valid form/, sub { $verify->('joe', 's3cret-1') });
};

subtest 'tickets' => sub {
    my $ticket = PVE::AccessControl::assemble_ticket('joe@pve');
    like $ticket, qr/\APVE:joe\@pve:[0-9A-F]{8}::[\w-]{43}\z/, 'form';
    is PVE::AccessControl::verify_ticket($ticket), 'joe@pve', 'good';
    my $bad = sub ($title, $text) {
        refused($title, qr/forged or has expired/,
            sub { PVE::AccessControl::verify_ticket($text) });
        return;
    };
    $bad->('another user',  $ticket =~ s/joe/ann/r);
    $bad->('a later time',  $ticket =~ s/:([0-9A-F]{8}):/sprintf(':%08X:', hex($1) + 1)/er);
    $bad->('one character', $ticket =~ s/(.)\z/$1 eq 'A' ? 'B' : 'A'/er);
    $bad->('shorter',       substr($ticket, 0, -1));
    $bad->('a newline',     "$ticket\n");
    $bad->('empty',         '');
    $bad->('long',          $ticket . 'A' x 10_000);
    $bad->('a CSRF token',  PVE::AccessControl::assemble_csrf_prevention_token('joe@pve'));
    my $off = PVE::AccessControl::assemble_ticket('off@pve');
    refused('disabled user', qr/disabled/, sub { PVE::AccessControl::verify_ticket($off) });
};

subtest 'tickets and CSRF tokens live for two hours' => sub {
    for my $case ([-7000, 1], [-7201, 0], [200, 1], [400, 0]) {
        my ($age, $good) = @$case;
        no warnings qw(redefine);    ## no critic (ProhibitNoWarnings)
        my $made = sprintf('%08X', time() + $age);
        local *PVE::NotifyHost::Ticket::hex_time = sub { return $made };
        is !!PVE::NotifyHost::Ticket->user_of(PVE::NotifyHost::Ticket->ticket('joe@pve')), !!$good,
            "ticket, $age s";
        my $csrf = PVE::NotifyHost::Ticket->csrf_token('joe@pve');
        is !!PVE::NotifyHost::Ticket->csrf_token_is_good('joe@pve', $csrf), !!$good, "CSRF, $age s";
    }
};

subtest 'CSRF tokens' => sub {
    my $token = PVE::AccessControl::assemble_csrf_prevention_token('joe@pve');
    like $token, qr/\A[0-9A-F]{8}:[\w-]{43}\z/, 'form';
    my $verify = \&PVE::AccessControl::verify_csrf_prevention_token;
    ok $verify->('joe@pve', $token), 'good';
    for my $case (
        ['of another user', 'ann@pve', $token],
        ['missing',         'joe@pve', undef],
        ['changed',         'joe@pve', $token =~ s/(.)\z/$1 eq 'A' ? 'B' : 'A'/er]
        )
    {
        my ($title, $user, $text) = @$case;
        is error_of(sub { $verify->($user, $text) }) . '',
            "401 Permission denied - invalid csrf token\n", $title;
    }
};

subtest 'the key is made once and is nobody else\'s' => sub {
    my $key = "$dir/config/priv/authkey.key";
    is((stat($key))[2] & oct('7777'), oct('0600'), 'mode');
    unlink($key);
    my @pids;
    pipe(my $in, my $out) or die;
    for (1 .. 8) {
        my $pid = fork() // die;
        if (!$pid) {
            syswrite($out, unpack('H*', PVE::NotifyHost::Ticket::auth_key()) . "\n");
            POSIX::_exit(0);
        }
        push @pids, $pid;
    }
    close($out);
    my %keys = map { $_ => 1 } readline($in);
    waitpid($_, 0) for @pids;
    is scalar(keys %keys), 1, 'eight processes at once get the same key';
    my @left = glob("$key.*");
    is "@left", '', 'and leave nothing else';
    chmod(oct('0640'), $key);
    like error_of(sub { PVE::NotifyHost::Ticket->ticket('joe@pve') }), qr/others can read/,
        'readable';
    put_file($dir, 'priv/authkey.key', "short\n");
    like error_of(sub { PVE::NotifyHost::Ticket->ticket('joe@pve') }), qr/not a key of 64/,
        'broken';
    unlink($key);
};

subtest 'a changed file counts at once' => sub {
    my $ticket = PVE::AccessControl::assemble_ticket('joe@pve');
    is PVE::AccessControl::verify_ticket($ticket), 'joe@pve', 'before';
    put_file($dir, 'user.cfg', "user:joe\@pve:0:0:\n");
    refused('disabled meanwhile', qr/disabled/, sub { PVE::AccessControl::verify_ticket($ticket) });
};

done_testing();
