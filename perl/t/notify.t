#!/usr/bin/perl

# PVE::Notify: files in, files out, locks, and errors that pass through, with the library faked.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/lib/fake";

use POSIX ();
use PVE::Notify;
use Test::More;
use Test::Pvesh qw(host_dir);

my $dir = host_dir();

sub error_of ($code) {
    return eval { $code->(); 1 } ? undef : $@;
}

sub write_file ($name, $content) {
    open my $fh, '>:raw', "$dir/config/$name" or die "can't open '$name': $!\n";
    print {$fh} $content;
    return close $fh || die "can't write '$name': $!\n";
}

sub read_file ($name) {
    open my $fh, '<:raw', "$dir/config/$name" or die "can't open '$name': $!\n";
    local $/ = undef;
    my $content = readline $fh;
    close $fh or die "can't close '$name': $!\n";
    return $content;
}

PVE::Cluster::set_dirs({ config => "$dir/config", run => "$dir/run" });

subtest 'a process is on a PVE node unless its entry point says otherwise' => sub {
    is_deeply PVE::Notify::read_config()->args,
        ['', '', '', '', { host => { kind => 'pve' } }],
        'kind of host, and missing files are empty';
    like error_of(sub { PVE::Notify::set_host({ kind => 'other' }) }), qr/\Akind of host must be/,
        'other kinds are refused';
    like error_of(sub { PVE::Notify::set_host({ kind => 'standalone' }) }),
        qr/needs its 'config-dir'/,
        'a standalone host needs its folder';
    is PVE::Notify::read_config()->args->[4]{host}{kind}, 'pve', 'a refused call changes nothing';
    my $host = { kind => 'standalone', 'config-dir' => "$dir/config" };
    PVE::Notify::set_host($host);
    is_deeply PVE::Notify::read_config()->args->[4], { host => $host }, 'standalone';
};

subtest 'the files reach the library as they are' => sub {
    my ($public, $private) = ("sendmail: a\n\tcomment \xc3\xa4\n", "smtp: b\n\tpassword p\n");
    write_file('notifications.cfg',      $public);
    write_file('priv/notifications.cfg', $private);
    my $args = PVE::Notify::read_config()->args;
    is $args->[0], $public,  'public';
    is $args->[1], $private, 'private';
};

subtest 'both files are written, as UTF-8' => sub {
    PVE::Notify::lock_config(sub { PVE::Notify::write_config(PVE::Notify::read_config()) });
    is read_file('notifications.cfg'),      "public \xc3\xa4\xe2\x98\xba\n", 'public';
    is read_file('priv/notifications.cfg'), "private\n",                     'private';
    is((stat "$dir/config/priv/notifications.cfg")[2] & oct '7777', oct '0600', 'mode');
};

subtest 'the lock gives back what the code gives' => sub {
    is PVE::Notify::lock_config(sub { return 'result' }),            'result', 'result';
    is PVE::Notify::lock_config(sub {return}),                       undef,    'nothing';
    is PVE::Notify::lock_config(sub { local $@ = 'old'; return 1 }), 1,        'whatever is in $@';
    my $thrown = { code => 404, message => 'x' };
    is error_of(sub {
        PVE::Notify::lock_config(sub { die $thrown });
        }),
        $thrown, 'a thrown hash is the same';
    is error_of(sub {
        PVE::Notify::lock_config(sub { die "text\n" });
        }),
        "text\n", 'a text is unchanged';
    is PVE::Notify::lock_config(sub { return 'again' }), 'again', 'the locks are free afterwards';
};

# runs code while another process is inside $holder->($code)
sub while_held ($holder, $code) {
    pipe my $ready, my $tell or die "no pipe: $!\n";
    pipe my $wait,  my $end  or die "no pipe: $!\n";
    my $pid = fork // die "can't fork: $!\n";
    if (!$pid) {
        close $end;
        $holder->(sub (@) { syswrite $tell, "\n"; sysread $wait, my $line, 1 });
        POSIX::_exit(0);
    }
    close $tell;
    is sysread($ready, my $line, 1), 1, 'the other process has the lock';
    $code->();
    close $end;
    return waitpid $pid, 0;
}

subtest 'a held lock is waited for, then told' => sub {
    my $called  = 0;
    my $refused = sub {
        like error_of(sub {
            PVE::Notify::lock_config(sub { $called = 1 }, 1);
            }),
            qr/\Acfs-lock '[^']+' error: got lock request timeout\n\z/, 'timeout';
    };
    while_held(sub ($code) { PVE::Notify::lock_config($code) }, $refused);
    is PVE::Notify::lock_config(sub { return 'free' }, 1), 'free', 'free when the holder has left';
    for my $file ('notifications.cfg', 'priv/notifications.cfg') {
        while_held(sub ($code) { PVE::Cluster::cfs_lock_file($file, undef, $code) }, $refused);
    }
    is $called, 0, 'the code did not run, whichever of the files was locked';
};

subtest 'more arguments than there are parameters are ignored' => sub {
    my @calls;
    my $foreign = bless {}, 'Foreign';
    no warnings 'once';    ## no critic (TestingAndDebugging::ProhibitNoWarnings)
    *Foreign::send = sub ($self, @args) { push @calls, \@args; return };
    my @args = ('test', { a => 1 }, { type => 'x' }, $foreign, 'more', undef);
    PVE::Notify::notify('error', @args);
    PVE::Notify->can($_)->(@args) for qw(info notice warning error);
    is_deeply \@calls, [map { [$_, @args[0 .. 2]] } qw(error info notice warning error)], 'sending';
    @calls = ();
    PVE::Notify::error('test', undef, undef, $foreign);
    is_deeply \@calls, [['error', 'test', undef, undef]], 'undef is handed on';

    is ref PVE::Notify::read_config('more'), 'PVE::RS::Notify', 'read_config';
    is PVE::Notify::lock_config(
        sub (@args) {
            PVE::Notify::write_config(PVE::Notify::read_config(), 'more');
            return scalar @args;
        },
        undef,
        'more'
        ),
        0, 'lock_config, whose code gets none, and write_config';
    is PVE::Notify::lock_config(sub { return 'soon' }, 5), 'soon', 'with a time';
    *PVE::RS::Notify::fqdn                    = sub { return 'pve.example.org' };
    *PVE::RS::Notify::get_referenced_entities = sub ($self, $name) { return [$name] };
    *Env::get_user                            = sub ($self) { return 'ann@pve' };
    *Env::check                               = sub ($self, @what) { return 1 };
    ok PVE::Notify::common_template_data('more')->{hostname}, 'common_template_data';
    is error_of(sub {
        PVE::Notify::check_may_use_target('mail', bless({}, 'Env'), 'more');
        }),
        undef, 'check_may_use_target';
};

subtest 'little is loaded' => sub {
    my @inc = map {"-I$_"} grep { !ref } @INC;
    my $program =
        'use PVE::Notify; print join " ", grep { m{Mojo|RPCEnvironment|AccessControl|IO/Socket} } %INC';
    open my $out, '-|', $^X, @inc, '-e', $program or die "can't run perl: $!\n";
    is readline $out, undef, 'no web framework, no users, no sockets';
    ok close $out, 'perl ends well';
};

done_testing;
