#!/usr/bin/perl

# PVE::Cluster on plain files: reading with a cache, replacing as a whole, locking.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/lib/fake";

use POSIX qw(mkfifo);
use PVE::Cluster;
use PVE::Notify::File;
use Test::More;
use Test::NotifyHost qw(host_folder put_file needs_root);
use Time::HiRes      qw(time);

my $dir    = host_folder();
my $config = "$dir/config";

my $parsed = 0;
PVE::Cluster::cfs_register_file(
    'user.cfg',
    sub ($name, $raw) { $parsed++; return { name => $name, raw => $raw } },
    sub ($name, $data) { return $data },
);

sub error_of ($code) {
    return eval { $code->(); 1 } ? '' : $@;
}

subtest 'a missing file is an undefined text' => sub {
    is_deeply PVE::Cluster::cfs_read_file('user.cfg'), { name => 'user.cfg', raw => undef };
};

subtest 'a file is parsed again when it has changed, and only then' => sub {
    put_file($dir, 'user.cfg', "one\n");
    is PVE::Cluster::cfs_read_file('user.cfg')->{raw}, "one\n", 'its content';
    my $before = $parsed;
    my $copy   = PVE::Cluster::cfs_read_file('user.cfg');
    is $parsed, $before, 'from the cache';
    $copy->{raw} = 'changed by the caller';
    is PVE::Cluster::cfs_read_file('user.cfg')->{raw}, "one\n", 'the cache is a copy';
    put_file($dir, 'user.cfg', "two\n");
    is PVE::Cluster::cfs_read_file('user.cfg')->{raw}, "two\n", 'same size, new content';
    unlink("$config/user.cfg");
    is PVE::Cluster::cfs_read_file('user.cfg')->{raw}, undef, 'removed';
};

subtest 'what is not a plain file of bounded size is refused' => sub {
    put_file($dir, 'other', "secret\n");
    symlink('other', "$config/user.cfg") or die;
    like error_of(sub { PVE::Cluster::cfs_read_file('user.cfg') }), qr/user\.cfg.*symbolic link/;
    unlink("$config/user.cfg");
    mkfifo("$config/user.cfg", oct('0600')) or die;
    like error_of(sub { PVE::Cluster::cfs_read_file('user.cfg') }), qr/not a regular file/, 'FIFO';
    unlink("$config/user.cfg");
    my $most = 1_048_552;    # so much of a file pmxcfs hands out
    put_file($dir, 'user.cfg', 'x' x $most);
    is length(PVE::Cluster::cfs_read_file('user.cfg')->{raw}), $most, 'as much is read';
    put_file($dir, 'user.cfg', 'x' x ($most + 1));
    like error_of(sub { PVE::Cluster::cfs_read_file('user.cfg') }),
        qr/user[.]cfg': refused, it has 1048553 bytes of at most 1048552/, 'more is refused';
    unlink("$config/user.cfg");
};

subtest 'only the files of a node are known' => sub {
    like error_of(sub {
        PVE::Cluster::cfs_register_file('x.cfg', sub { });
        }),
        qr/not added as observed file/;
    like error_of(sub { PVE::Cluster::cfs_read_file('x.cfg') }), qr/file 'x.cfg': unknown/;
    is error_of(sub {
        PVE::Cluster::cfs_register_file('user.cfg', sub { return 'another' });
        }),
        "file 'user.cfg' already registered\n", 'each once';
    isa_ok PVE::Cluster::cfs_read_file('user.cfg'), 'HASH', 'the first parser stays';
};

subtest 'writing replaces the file and leaves nothing else' => sub {
    for my $umask (0, oct('0077')) {
        my $old = umask($umask);
        PVE::Cluster::cfs_write_file('user.cfg', "gr\x{fc}n \x{263a}\n", 1);
        umask($old);
        is((stat("$config/user.cfg"))[2] & oct('7777'), oct('0640'), "mode, umask $umask");
    }
    is PVE::Cluster::cfs_read_file('user.cfg')->{raw}, "gr\xc3\xbcn \xe2\x98\xba\n", 'UTF-8 bytes';
    like error_of(sub { PVE::Cluster::cfs_write_file('user.cfg', "\x{263a}") }),
        qr/wide characters/;
    like error_of(sub { PVE::Cluster::cfs_write_file('user.cfg', 'x' x 2_000_000) }),
        qr/2000000 bytes of at most 1048552/;
    is PVE::Cluster::cfs_read_file('user.cfg')->{raw}, "gr\xc3\xbcn \xe2\x98\xba\n",
        'still the old';
    my @left = glob("$config/*.tmp*");
    is "@left", '', 'no temporary file';
};

subtest 'a write that fails leaves the old content' => sub {
    my $pid = fork() // die;
    if (!$pid) {
        exec(
            'sh', '-c', 'ulimit -f 1; exec "$@"',
            'sh', $^X, (map {"-I$_"} grep { !ref } @INC),
            '-e', <<'END', "$dir");
            $SIG{XFSZ} = 'IGNORE';
            require PVE::Notify::File;
            exit(eval { PVE::Notify::File::replace_file("$ARGV[0]/config/user.cfg", 'x' x 9000, 0640); 1 } ? 0
                : $@ =~ /user\.cfg.*can't write - File too large/ ? 7 : 1);
END
    }
    waitpid($pid, 0);
    is $? >> 8, 7, 'the error names file and reason';
    like PVE::Cluster::cfs_read_file('user.cfg')->{raw}, qr/\Agr/, 'old content';
    is_deeply [glob("$config/*.tmp*")], [], 'no temporary file';
};

subtest 'the result and the errors of locked code pass unchanged' => sub {
    is PVE::Cluster::cfs_lock_file('user.cfg', undef, sub ($x) { return $x + 1 }, 41), 42, 'result';
    is $@, '', 'no error';
    is PVE::Cluster::cfs_lock_file('user.cfg', undef, sub { die { code => 400 } }), undef,
        'no result';
    is_deeply $@, { code => 400 }, 'a hash';
    PVE::Cluster::cfs_lock_file('user.cfg', undef, sub { die "text\n" });
    is $@, "text\n", 'a text';
    PVE::Cluster::cfs_lock_file('nope.cfg', undef, sub { fail 'must not run' });
    like $@, qr/\Acfs-lock 'file-nope_cfg' error: file 'nope\.cfg': unknown\n/, 'of the locking';
};

subtest 'a lock that is held by another process' => sub {
    pipe(my $ready, my $tell) or die;
    my $pid = fork() // die;
    if (!$pid) {
        close($ready);
        PVE::Cluster::cfs_lock_file(
            'user.cfg',
            undef,
            sub {
                close($tell);
                sleep 30;
            },
        );
        POSIX::_exit(0);
    }
    close($tell);
    sysread($ready, my $nothing, 1);
    my $start = time();
    PVE::Cluster::cfs_lock_file('user.cfg', 1, sub { fail 'must not run' });
    is $@, "cfs-lock 'file-user_cfg' error: got lock request timeout\n", 'is waited for';
    my $waited = time() - $start;
    cmp_ok $waited, '>=', 1,  'until the deadline';
    cmp_ok $waited, '<',  30, 'and not until its holder ends';
    kill(KILL => $pid);
    waitpid($pid, 0);
    is PVE::Cluster::cfs_lock_file('user.cfg', 1, sub { return 'mine' }), 'mine',
        'is free as soon as its holder is killed';
};

subtest 'locks nest' => sub {
    my $inner = sub {
        return PVE::Cluster::cfs_lock_file('priv/notifications.cfg', 1, sub { return 'both' });
    };
    is PVE::Cluster::cfs_lock_file('notifications.cfg', 1, $inner), 'both';
};

subtest 'a time limit inside another one' => sub {
    my $fired = 0;
    local $SIG{ALRM} = sub { $fired++; die "outer\n" };
    alarm(2);
    PVE::NotifyHost::Lock::with_alarm(30, "inner\n", sub {1});
    my $error = error_of(sub { sleep 10 });
    like $error, qr/outer/, 'the outer one goes on';
    alarm(1);
    like error_of(sub {
        PVE::NotifyHost::Lock::with_alarm(30, "inner\n", sub { sleep 5 });
        }),
        qr/outer/,
        'the outer one ends the inner code';
    is alarm(0), 0, 'and is over';
    is $fired,   2, 'each has fired once';
    like error_of(sub {
        PVE::NotifyHost::Lock::with_alarm(0.2, "inner\n", sub { sleep 5 });
        }),
        qr/inner/;
};

subtest 'datacenter.cfg' => sub {
    put_file($dir, 'datacenter.cfg', <<'END');
# comment
http_proxy: http://proxy.example.org:3128
notify: package-updates=always,fencing=never
END
    my $cfg = PVE::Cluster::cfs_read_file('datacenter.cfg');
    is $cfg->{http_proxy}, 'http://proxy.example.org:3128';
    is_deeply $cfg->{notify}, { 'package-updates' => 'always', fencing => 'never' };
};

subtest 'closed standard handles are never given to a file' => sub {
    my $program = <<'END';
        require PVE::NotifyHost::Setup;
        PVE::NotifyHost::Setup->init(ensure_dirs => 1);
        PVE::Notify::File::replace_file("$ARGV[0]/config/datacenter.cfg", "a: b\n", 0640);
        open(my $fh, '>>', "$ARGV[0]/config/datacenter.cfg") or die;
        print STDOUT "to nowhere\n"; print STDERR "to nowhere\n";
        exit(fileno($fh) > 2 ? 0 : 1);
END
    local $ENV{PVE_NOTIFY_HOST_DIR} = "$dir";
    my @perl = ($^X, (map {"-I$_"} grep { !ref } @INC), '-e', $program, "$dir");
    is system('sh', '-c', 'exec "$@" <&- >&- 2>&-', 'sh', @perl), 0, 'descriptors 0 to 2 stay free';
    is_deeply PVE::Cluster::cfs_read_file('datacenter.cfg'), { a => 'b' }, 'the file is clean';
};

subtest 'what root makes belongs to the owner of its folder' => sub {
    needs_root();
    my $nobody = getpwnam('nobody');
    chown($nobody, -1, $config) or die;
    PVE::Cluster::cfs_write_file('user.cfg', "x\n");
    is((stat("$config/user.cfg"))[4], $nobody, 'a file');
    chown(0,       -1, $config)    or die;
    chown($nobody, -1, "$dir/run") or die;
    unlink(glob("$dir/run/lock-*"));
    PVE::Cluster::cfs_lock_file('user.cfg', 1, sub { });
    is((stat("$dir/run/lock-file-user_cfg"))[4], $nobody, 'a lock');
    chown($nobody, -1, $config) or die;
    rmdir("$dir/state")         or die;
    local $ENV{PVE_NOTIFY_HOST_DIR} = "$dir";
    PVE::NotifyHost::Setup->init(ensure_dirs => 1);
    is((stat("$dir/state"))[4], $nobody, 'a folder beside that of the configuration');
};

subtest 'the host in a checkout has its templates' => sub {
    local $ENV{PVE_NOTIFY_HOST_DIR} = host_folder();
    unlink "$ENV{PVE_NOTIFY_HOST_DIR}/templates";
    my $templates = PVE::NotifyHost::Setup->dirs->{templates};
    like $templates, qr{\A/.*/templates\z}, 'by a path that a daemon can use';
    ok -f "$templates/test-subject.txt.hbs", 'and they are there';
};

done_testing();
