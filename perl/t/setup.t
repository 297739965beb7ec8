#!/usr/bin/perl

# `notify-host setup` on a fresh machine, on one that has something, and where it cannot work.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP qw(decode_json);
use English  qw(-no_match_vars);
use POSIX    ();
use Test::More;
use Test::NotifyHost qw(curl needs_root serve_host);
use Test::Peers      qw(new_dir root slurp stop write_private);
use Test::Pvesh      qw(host_dir);
use Test::Terminal   qw(on_terminal);

my $PASSWORD = 'corr3ct horse';

sub command (@args) {
    return command_in(root(), @args);
}

# of that copy of the project
sub command_in ($place, @args) {
    my $root    = root();
    my @folders = map { m{\A/} ? $_ : "$root/$_" } grep { !ref } @INC;
    my @include = map { '-I' . s{\A\Q$root\E/}{$place/}r } @folders;
    return ($^X, @include, "$place/perl/host/bin/notify-host", 'setup', @args);
}

# for users who may not look into the project's folder, as where root has cloned it at home
sub open_copy () {
    my $copy = new_dir();
    my ($root, %seen) = root();
    my @needed = grep { -e "$root/$_" && !$seen{$_}++ } 'perl/host/bin',
        map {s{\A\Q$root\E/}{}r} grep { !ref && m{\A(?:[^/]|\Q$root\E/)} } @INC;
    system('sh', '-ec', 'cd "$1"; copy=$2; shift 2; cp -r --parents "$@" "$copy/"',
        'sh', $root, "$copy", @needed) == 0
        or die "cp failed\n";
    system('chmod', '-R', 'a+rX', "$copy") == 0 or die "chmod failed\n";
    return $copy;
}

my $files = new_dir();

# { status, out, err }; uid: as whom, copy: of which copy, in: what standard input holds
sub setup ($dir, $option, @args) {
    write_private("$files/in", $option->{in} // '');
    my $pid = fork() // die "fork: $!\n";
    if (!$pid) {
        local $ENV{PVE_NOTIFY_HOST_DIR} = "$dir";
        open(STDIN,  '<', "$files/in")  or die "in: $!\n";
        open(STDOUT, '>', "$files/out") or die "out: $!\n";
        open(STDERR, '>', "$files/err") or die "err: $!\n";
        if ($option->{uid}) {
            my $groups = "$option->{uid} $option->{uid}";
            $EFFECTIVE_GROUP_ID = $groups;    ## no critic (RequireLocalizedPunctuationVars)
            POSIX::setgid($option->{uid}) or die "setgid: $!\n";
            POSIX::setuid($option->{uid}) or die "setuid: $!\n";
        }
        exec(command_in($option->{copy} // root(), @args)) or die "exec: $!\n";
    }
    waitpid($pid, 0);
    return { status => $? >> 8, out => slurp("$files/out"), err => slurp("$files/err") };
}

# of everything below a folder: path => mode and content
sub state_of ($dir) {
    my %state;
    my @todo = ("$dir");
    while (defined(my $path = shift(@todo))) {
        push @todo, grep { !m{/lock-[^/]+\z} } glob("$path/*");
        $state{$path} =
            sprintf('%04o ', (stat($path))[2] & oct('7777')) . (-f $path ? slurp($path) : '');
    }
    return \%state;
}

my @as            = $> == 0 ? ('--user', 'root') : ();
my $password_file = "$files/password";
write_private($password_file, "$PASSWORD\n");

subtest 'a fresh machine' => sub {
    my $dir    = new_dir();
    my $result = setup($dir, {}, @as, '--password-file', $password_file);
    is $result->{status},                0,       'exit status' or diag($result->{err});
    is $result->{out} =~ s/\Q$dir\E//gr, <<'END', 'says what it did';
folder /config: made
folder /config/priv: made
folder /state: made
folder /run: made
user.cfg: made, with examples
user.cfg: user 'admin@pve' added
user.cfg: role Administrator on / given to 'admin@pve'
priv/shadow.cfg: password of 'admin@pve' set
END
    my $state = state_of($dir);
    my %mode  = map { m{\A\Q$dir\E/(.*)} ? ($1 => substr($state->{$_}, 0, 4)) : () } keys %$state;
    is_deeply \%mode,
        {
        'config'                 => '0750',
        'config/priv'            => '0700',
        'config/priv/shadow.cfg' => '0600',
        'config/user.cfg'        => '0640',
        'run'                    => '0750',
        'state'                  => '0700',
        },
        'modes';
    like $state->{"$dir/config/user.cfg"}, qr/^#user:.*^user:admin\@pve:1:0:/ms, 'with examples';
    unlike join('', values %$state, $result->{out}), qr/$PASSWORD/, 'no password anywhere';

    my $server = serve_host($dir);
    my $answer = curl($server, '/api2/json/access/ticket', '-d', 'username=admin@pve', '-d',
        "password=$PASSWORD");
    is $answer->{status}, 200, 'he can log in';
    is decode_json($answer->{body})->{data}{cap}{mapping}{'Mapping.Modify'}, 1,
        'and may everything';
    stop($server);

    $state  = state_of($dir);
    $result = setup($dir, {}, @as);
    is $result->{status},                0,       'a second run';
    is $result->{out} =~ s/\Q$dir\E//gr, <<'END', 'says what is there, and asks for nothing';
folder /config: is there
folder /config/priv: is there
folder /state: is there
folder /run: is there
user.cfg: user 'admin@pve' is there
user.cfg: role Administrator on / is there
priv/shadow.cfg: password of 'admin@pve' is there, left as it is
END
    is_deeply state_of($dir), $state, 'and changes nothing';
    $result =
        setup($dir, { in => 'another p4ssword' }, @as, '--admin', 'ann', '--password-file', '-');
    like $result->{out}, qr/^user[.]cfg: user 'ann\@pve' added$/m, 'somebody else is added';
    my $users = slurp("$dir/config/user.cfg");
    like $users, qr/^user:$_\@pve:1:0:/m, $_ for qw(admin ann);
    is slurp("$dir/config/priv/shadow.cfg") =~ tr/\n//, 2, 'both have passwords';
};

# One waits for its password while the other does it all.
subtest 'two at once' => sub {
    my $dir = new_dir();
    setup($dir, {}, @as, '--admin', 'joe', '--password-file', $password_file);
    my $fast = new_dir();
    my $pipe = "$fast/pipe";
    POSIX::mkfifo($pipe, oct('0600')) or die "pipe: $!\n";
    my $pid = fork() // die "fork: $!\n";
    if (!$pid) {
        my $result = setup($dir, {}, @as, '--password-file', $pipe);
        write_private("$files/slow", "$result->{status} $result->{out}");
        POSIX::_exit(0);
    }
    alarm(60);
    open(my $end, '>', $pipe) or die "pipe: $!\n";    # there it waits by now
    alarm(0);
    my $slow = $files;
    $files = $fast;
    setup($dir, {}, @as, '--password-file', $password_file);
    $files = $slow;
    print {$end} "an0ther horse\n";
    close($end) or die "pipe: $!\n";
    waitpid($pid, 0);
    my @lines = slurp("$dir/config/priv/shadow.cfg") =~ /^admin:/mg;
    is scalar @lines, 1, 'one password';
    like slurp("$files/slow"), qr/\A0 .*password of 'admin\@pve' is there, left as it is$/ms,
        'the slow one says that it is not his';
};

subtest 'what is there stays' => sub {
    my $dir = new_dir();
    setup($dir, {}, @as, '--password-file', $password_file);
    my $mine = "user:joe\@pve:0:0::::::\nacl:1:/:joe\@pve:NoAccess:";    # no newline at the end
    write_private("$dir/config/user.cfg",        $mine);
    write_private("$dir/config/priv/shadow.cfg", 'ann:$6$x$y:');
    chmod(oct('0755'), "$dir/config");
    my $result = setup($dir, {}, @as, '--admin', 'joe@pve', '--password-file', $password_file);
    is $result->{status}, 0, 'exit status';
    like $result->{out}, qr/^user[.]cfg: user 'joe\@pve' is there, switched off$/m,
        'it tells of him';
    like $result->{out}, qr{^folder \Q$dir\E/config: corrected$}m,         'and of the folder';
    like $result->{err}, qr/another rule takes rights of 'joe\@pve' away/, 'warns of his rights';
    like $result->{err}, qr/'joe\@pve' is switched off/, 'and that he cannot log in';
    is slurp("$dir/config/user.cfg"), "$mine\nacl:1:/:joe\@pve:Administrator:\n", 'lines are added';
    like slurp("$dir/config/priv/shadow.cfg"), qr/\Aann:\$6\$x\$y:\njoe:\$6\$[^:]+:\n\z/,
        'passwords';
    is((stat("$dir/config"))[2] & oct('7777'), oct('0750'), 'mode');
};

subtest 'a user of the machine has no password here' => sub {
    my $dir    = new_dir();
    my $result = setup($dir, {}, @as, '--admin', 'nobody@pam');
    is $result->{status}, 0, 'exit status';
    like $result->{out}, qr/^priv\/shadow[.]cfg: nothing to do/m, 'told';
    ok !-e "$dir/config/priv/shadow.cfg", 'no file';
    $result = setup($dir, {}, @as, '--admin', 'root@pam');
    like $result->{out}, qr/^user[.]cfg: user 'root\@pam' may always do everything$/m, 'root';
    unlike slurp("$dir/config/user.cfg"), qr/^(?:user|acl).*root/m, 'needs no line';
};

subtest 'what cannot work' => sub {
    my $none  = "$files/none";
    my @cases = (

        # title, arguments, standard input, status, words
        ['no password',  [], '', 1, qr/no terminal to ask for a password: give it with --passw/],
        ['no such file', ['--password-file', $none], '',   1, qr/password: can't open '\Q$none\E'/],
        ['an empty one', ['--password-file', '-'],   "\n", 1, qr/password: is empty/],
        ['a short one',  ['--password-file', '-'], 'abc1234', 1, qr/password: has 7 char.*least 8/],
        ['a long one', ['--password-file', '-'], 'abcd' x 200, 1, qr/password: has 800 .*most 512/],
        ['two lines',  ['--password-file', '-'], "abcdefgh\nx", 1, qr/password: .*several lines/],
        ['one character', ['--password-file', '-'], 'a' x 10,   1, qr/password: is one char/],
        ['a ticket',  ['--password-file', '-'], 'PVE:abcdefg',  1, qr/password: begins with PVE:/],
        ['the name',  ['--password-file', '-'], 'Admin@PVE',    1, qr/password: is the name/],
        ['not UTF-8', ['--password-file', '-'], "abcdefgh\xff", 1, qr/not valid UTF-8/],
        [
            'a name with a comma',
            ['--admin', 'a,b'],
            '', 1, qr/--admin: 'a,b' has one of these in it/
        ],
        ['a name that begins a comment', ['--admin', '#a'], '', 1, qr/--admin: '#a' has one of/],
        ['a strange name', ['--admin', 'a b'], '', 1, qr/--admin: 'a b' is not a name/],
        [
            'a strange realm',
            ['--admin', 'ann@ldap'],
            '', 1, qr/realm 'ldap' is unknown.* pve and pam/
        ],
        ['nobody of the machine', ['--admin', 'no-such-one@pam'], '', 1, qr/no user 'no-such-one'/],
        ['a password in sight', ['--password', $PASSWORD], '', 2, qr/unknown option '--password'/],
        ['a word',              ['admin'], '', 2, qr/unexpected 'admin'\n/],
    );
    for my $case (@cases) {
        my ($title, $args, $in, $status, $words) = @$case;
        my $dir    = new_dir();
        my $result = setup($dir, { in => $in }, @as, @$args);
        is $result->{status}, $status, "$title: exit status";
        like $result->{err}, qr/^notify-host setup: /m, "$title: who says it";
        like $result->{err}, $words,                    "$title: what";
        is_deeply [glob("$dir/*")], [], "$title: nothing was made";
    }
    my $result = setup('/proc/none', {}, @as, '--password-file', $password_file);
    is $result->{status}, 1, 'a place where no folder can be';
    like $result->{err}, qr{folder '/proc/none/config': can't create}, 'is named';
};

subtest 'root, the owner, and others' => sub {
    needs_root();
    my $dir = new_dir();
    chmod(oct('0755'), $files, "$dir");    # the user must get there
    my ($uid, $gid) = (getpwnam('nobody'))[2, 3];
    my $result = setup($dir, {}, '--user', 'nobody', '--password-file', $password_file);
    is $result->{status}, 0, 'root makes it for somebody';
    for my $path (keys state_of($dir)->%*) {
        next if $path eq "$dir";
        is_deeply [(stat($path))[4, 5]], [$uid, $gid], $path =~ s/\A\Q$dir\E//r;
    }
    $result = setup($dir, {});
    is $result->{status}, 0, 'who is known by the folder from then on';
    $result = setup($dir, {}, '--user', 'daemon');
    like $result->{err}, qr{--user: '\Q$dir\E/config' belongs to another user}, 'and by no option';
    $result = setup(new_dir(), {}, '--user', 'no-such-user');
    like $result->{err}, qr/user 'no-such-user' does not exist/, 'an unknown user';

    my $copy = open_copy();
    $result = setup($dir, { uid => $uid, copy => $copy });
    is $result->{status}, 0, 'the owner may too' or diag($result->{err});
    $result = setup($dir, { uid => 1, copy => $copy });
    is $result->{status}, 1, 'others may not';
    like $result->{err}, qr/please run as root, or as the owner of '\Q$dir\E\/config'/,
        'and are told';
    $result = setup('', { uid => 1, copy => $copy });
    like $result->{err}, qr{as root, or as the owner of '/etc/pve-notify-host'},
        'nor at the packaged place';

    rename("$dir/state", "$dir/elsewhere") or die "rename: $!\n";
    symlink('/etc', "$dir/state")          or die "link: $!\n";
    $result = setup($dir, {});
    is $result->{status}, 1, 'a link in the place of a folder is not followed';
    is((stat('/etc'))[4], 0, 'nothing is given away');
};

# answers the questions of a terminal, one after the other
sub typed ($command, @lines) {
    my $result = on_terminal(
        $command,
        sub ($terminal) {
            while (defined(my $line = shift(@lines))) {
                print {$terminal} "$line\n";
                my $seen = '';
                sysread($terminal, $seen, 4096, length($seen)) || last
                    while @lines && $seen !~ /: \z/;
            }
        },
    );
    die "there are no pseudo terminals\n"            if !$result && $ENV{CI};
    plan(skip_all => 'SKIPPED: no pseudo terminals') if !$result;
    return $result;
}

subtest 'at a terminal it asks' => sub {
    my $dir   = host_dir();
    my @owner = $> == 0 ? ('--user', 'root') : ();
    isnt typed([command(@owner)], '', $PASSWORD, 'someth1ng else')->{status}, 0, 'two passwords';
    ok !-e "$dir/config/user.cfg", 'that differ make nothing';
    my $result = typed([command(@owner)], '', $PASSWORD, $PASSWORD);
    is $result->{status}, 0, 'twice the same';
    is $result->{echo},   1, 'the terminal is as before';
    unlike $result->{seen},             qr/horse/,              'it did not show the password';
    like slurp("$dir/config/user.cfg"), qr/^user:admin\@pve:/m, 'the name by default';
    $result = typed([command(@owner)], 'ann', $PASSWORD, $PASSWORD);
    like slurp("$dir/config/user.cfg"), qr/^user:ann\@pve:/m, 'or as typed';
};

done_testing();
