#!/usr/bin/perl

# The four files of the notification configuration, with the library: who writes what in which
# order, what a reader sees while that goes on or after it was cut short, and who may use what.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use POSIX ();
use PVE::Notify;
use Test::ConfigFiles qw(faults_below);
use Test::More;
use Test::Pvesh qw(host_dir);

my $dir = host_dir();
PVE::Cluster::set_dirs({ config => "$dir/config", run => "$dir/run" });
PVE::Notify::set_host({ kind => 'standalone', 'config-dir' => "$dir/config" });

my @FILES = qw(
    priv/notifications-ext.cfg notifications-ext.cfg notifications.cfg priv/notifications.cfg
);

my @logged;
require PVE::SafeSyslog;
{
    no warnings 'redefine';    ## no critic (TestingAndDebugging::ProhibitNoWarnings)
    *PVE::SafeSyslog::syslog = sub ($level, $format, @values) {
        push @logged, "$level " . sprintf $format, @values;
    };
}

my sub write_file ($name, $content) {
    PVE::Notify::File::replace_file("$dir/config/$name", $content, oct '0600');
    return;
}

my sub read_file ($name) {
    return (PVE::Notify::File::read_file("$dir/config/$name"))[0];
}

my sub files () {
    return grep { -e "$dir/config/$_" } @FILES;
}

my sub forget () {
    unlink map {"$dir/config/$_"} @FILES;
    @logged = ();
    return;
}

sub error_of ($code) {
    return eval { $code->(); 1 } ? undef : $@;
}

my $parent = $$;

my sub change ($code) {
    PVE::Notify::lock_config(sub {
        my $config = PVE::Notify::read_config();
        $code->($config);
        PVE::Notify::write_config($config);
    });
    is_deeply [faults_below("$dir/config")], [], 'what was written is as it should be'
        if $$ == $parent;
    return;
}

my @MAIL   = ('starttls', 'login', 'canary-1', ['a@example.org'], undef, 'pve@example.org');
my %OAUTH2 = (
    'auth-method'          => 'google-oauth2',
    'oauth2-client-id'     => 'id-1',
    'oauth2-client-secret' => 'canary-2',
);

subtest 'files of our own appear when there is something to say' => sub {
    forget();
    change(sub ($config) {
        $config->add_smtp_endpoint('mail', 'a.example.org', undef, @MAIL);
    });
    is_deeply [map { defined read_file($_) ? $_ : () } @FILES],
        ['notifications.cfg', 'priv/notifications.cfg'], 'PVE\'s two files';
    change(sub ($config) {
        $config->update_smtp_endpoint('mail', (undef) x 13, \%OAUTH2);
    });
    is_deeply [map { sprintf '%04o', (stat "$dir/config/$_")[2] & oct '7777' } @FILES],
        ['0600', '0640', '0640', '0600'], 'then all four, with their modes';
    like read_file('notifications-ext.cfg'), qr/\Asmtp: mail\n\tauth-method google-oauth2\n/,
        'ours';
    unlike read_file('notifications.cfg'), qr/oauth2/, 'nothing that PVE does not know in its own';
    is PVE::Notify::read_config()->get_smtp_endpoint('mail')->{'oauth2-client-id'}, 'id-1',
        'and they are read';
    change(sub ($config) {
        $config->delete_smtp_endpoint('mail');
    });
    is_deeply [files()], ['notifications.cfg', 'priv/notifications.cfg'], 'and go with the target';
};

my @PLAIN = (undef, 'starttls', 'login', 'canary-3', (undef) x 6);

subtest 'without OAuth2 target there is no file of ours' => sub {
    forget();
    change(sub ($config) {
        $config->add_smtp_endpoint('mail', 'a.example.org', undef, @MAIL);
        $config->add_gotify_endpoint('phone', 'https://a.example.org', 'canary-4');
    });
    change(sub ($config) {
        $config->update_smtp_endpoint('mail', 'b.example.org', @PLAIN);
        $config->update_gotify_endpoint('phone', 'https://b.example.org', 'canary-5');
    });
    is_deeply [files()], ['notifications.cfg', 'priv/notifications.cfg'],
        'also where a server and its secret change together';
    write_file($_, '') for @FILES[0, 1];
    change(sub ($config) {
        $config->add_matcher('m1');
    });
    is_deeply [files()], ['notifications.cfg', 'priv/notifications.cfg'],
        'empty ones of an earlier version go';
    write_file('notifications-ext.cfg', "smtp: mail\n\toauth2-refresh-before 60\n");
    change(sub ($config) {
        $config->add_matcher('m2');
    });
    is_deeply [files()], [@FILES[1 .. 3]], 'any other setting of ours needs a file';
    change(sub ($config) {
        $config->update_smtp_endpoint('mail', (undef) x 11, ['oauth2-refresh-before']);
    });
    is_deeply [files()], ['notifications.cfg', 'priv/notifications.cfg'], 'until it is gone';
};

subtest 'the last OAuth2 target that becomes a plain one takes the files of ours along' => sub {
    forget();
    change(sub ($config) {
        $config->add_smtp_endpoint('mail', 'a.example.org', undef, @MAIL, (undef) x 3, \%OAUTH2);
    });
    is scalar files(), 4, 'all four files';
    change(sub ($config) {
        $config->update_smtp_endpoint('mail', 'b.example.org', @PLAIN, [sort keys %OAUTH2]);
    });
    is_deeply [files()], ['notifications.cfg', 'priv/notifications.cfg'], 'two are left';
    is PVE::Notify::read_config()->get_smtp_endpoint('mail')->{server}, 'b.example.org', 'changed';
};

subtest 'a change counts even if the last step of it fails' => sub {
    forget();
    change(sub ($config) {
        $config->add_smtp_endpoint('mail', 'a.example.org', undef, @MAIL, (undef) x 3, \%OAUTH2);
    });
    my @warned;
    {
        local $SIG{__WARN__} = sub ($text) { push @warned, $text };
        no warnings 'redefine';    ## no critic (TestingAndDebugging::ProhibitNoWarnings)
        my $remove = \&PVE::Notify::File::remove_file;
        local *PVE::Notify::File::remove_file = sub ($path) {
            die "file '$path': no\n" if $path =~ m{/priv/};
            return $remove->($path);
        };
        change(sub ($config) {
            $config->delete_smtp_endpoint('mail');
        });
    }
    is scalar @warned, 1, 'it is told';
    like $warned[0], qr{\Afile '\S+/priv/notifications-ext[.]cfg': no\n}, 'which file stays';
    ok !PVE::Notify::read_config()->is_torn, 'and does no harm';
    change(sub ($config) {
        $config->add_matcher('m1');
    });
    is_deeply [files()], ['notifications.cfg', 'priv/notifications.cfg'],
        'and goes with the next write';
};

subtest 'a reader during whose reading the files of ours go reads again' => sub {
    forget();
    change(sub ($config) {
        $config->add_smtp_endpoint('mail', 'a.example.org', undef, @MAIL, (undef) x 3, \%OAUTH2);
    });
    my %old = map { $_ => read_file($_) } @FILES;
    change(sub ($config) {
        $config->update_smtp_endpoint('mail', 'b.example.org', @PLAIN, [sort keys %OAUTH2]);
    });
    my $private = read_file('priv/notifications.cfg');

    # the writer's last two steps fall between the reader's second file and the third
    write_file($_, $old{$_}) for 'priv/notifications-ext.cfg', 'priv/notifications.cfg';
    my $reads = 0;
    my $read  = \&PVE::Notify::File::read_file;
    no warnings 'redefine';    ## no critic (TestingAndDebugging::ProhibitNoWarnings)
    local *PVE::Notify::File::read_file = sub ($path, @more) {
        if ($path =~ m{config/notifications-ext[.]cfg\z} && !$reads++) {
            write_file('priv/notifications.cfg', $private);
            unlink "$dir/config/priv/notifications-ext.cfg";
        }
        return $read->($path, @more);
    };
    my $config = PVE::Notify::read_config();
    is $reads, 2, 'all files, once more';
    my ($text, $secrets) = $config->write_config;
    like $text,    qr/server b[.]example[.]org/, 'the new server';
    like $secrets, qr/password canary-3/,        'with the new password';
};

# as by a version that put down no pending change, or after a restored backup of some files
subtest 'F-58: files of two states never join a secret with another host' => sub {
    for my $files (0 .. 4) {
        forget();
        change(sub ($config) {
            $config->add_smtp_endpoint('mail', 'a.example.org', undef, @MAIL, (undef) x 3,
                \%OAUTH2);
        });
        my %old = map { $_ => read_file($_) } @FILES;
        change(sub ($config) {
            $config->update_smtp_endpoint(
                'mail', 'b.example.org', undef, undef, undef, 'canary-3',
                (undef) x 8,
                { 'oauth2-client-secret' => 'canary-4', 'oauth2-client-id' => 'id-2' }
            );
        });
        write_file($_, $old{$_}) for @FILES[$files .. 3];
        my $text   = join "\n", map { read_file($_) } @FILES[2, 3];
        my $half   = $text =~ /a\.example\.org/ ? $text =~ /canary-3/ : $text =~ /canary-1/;
        my $config = PVE::Notify::read_config();
        my $torn   = $files > 0 && $files < 4;
        ok $config->is_torn, 'noticed' if $half;
        if ($config->is_torn) {
            ok $torn, 'only where the files really differ';
            like "@logged", qr/err .*mail.*only partly written.*set all its secrets again/s,
                'logged';
            like error_of(sub {
                change(sub ($c) {
                    $c->update_smtp_endpoint('mail', 'c.example.org');
                });
            })->{message}, qr/only partly written/, 'a change without the secrets is refused';
            change(sub ($c) {
                $c->update_smtp_endpoint(
                    'mail', (undef) x 4,
                    'canary-5',
                    (undef) x 8,
                    { 'oauth2-client-secret' => 'canary-6' }
                );
            });
            ok !PVE::Notify::read_config()->is_torn, 'mended by setting them';
        } else {
            ok !$half, 'whole: the old state or the new one';
        }
    }
};

subtest 'F-58: what a writer leaves that is killed before the rename goes with the next write' =>
    sub {
    for my $file (@FILES) {
        forget();
        my $pid = fork // die "fork: $!\n";
        if (!$pid) {
            no warnings 'redefine';    ## no critic (TestingAndDebugging::ProhibitNoWarnings)
            my $write_new = \&PVE::Notify::File::write_new;
            local *PVE::Notify::File::write_new = sub ($path, @more) {
                $write_new->($path, @more);
                kill KILL => $$ if $path =~ m{config/\Q$file\E[.]tmp[.]};
            };
            change(sub ($config) {
                $config->add_smtp_endpoint('mail', 'a.example.org', undef, @MAIL, (undef) x 3,
                    \%OAUTH2);
            });
            POSIX::_exit(1);
        }
        waitpid $pid, 0;
        is $? & 127, 9, "$file: killed" or next;
        my $left = "$dir/config/$file.tmp.$pid";
        ok -s $left, 'a file is left';
        write_file("$file.tmp", 'another');
        change(sub ($config) {
            $config->add_matcher('m1');
        });
        ok !-e $left, 'and goes with the next write';
        is read_file("$file.tmp"), 'another', 'but what has another name stays';
        unlink "$dir/config/$file.tmp";
    }
    };

subtest 'what does not fit into a file is refused before any file is written' => sub {
    forget();
    my $error = error_of(sub {
        change(sub ($config) {
            $config->add_smtp('mail', 'a.example.org', 25, @MAIL, (undef) x 3, \%OAUTH2);
            $config->add_sendmail("s$_", ['a@b.c'], undef, undef, "\x{f6}" x 2000) for 1 .. 263;
        });
    });
    like $error,
        qr{\Afile '\S+/notifications[.]cfg': refused, it would have [0-9]{7} bytes of at most 1048552},
        'told';
    is_deeply [grep { -e "$dir/config/$_" } @FILES], [], 'no file';
};

subtest 'what is written can be read again, to the last byte' => sub {
    my $most = 1_048_552;    # so much of a file pmxcfs hands out
    my $path = "$dir/config/notifications-ext.cfg";
    my $size = qr/refused, it would have 1048553 bytes of at most 1048552/;
    like error_of(sub { PVE::Notify::File::check_size($path, 'x' x ($most + 1)) }),
        qr/\Afile '\Q$path\E': $size/, 'one more is refused when all is checked';
    like error_of(sub { write_file('notifications-ext.cfg', 'x' x ($most + 1)) }), $size,
        'and when it is written';
    ok !-e $path, 'then there is no file';
    write_file('notifications-ext.cfg', 'x' x $most);
    is length read_file('notifications-ext.cfg'), $most, 'as many are read';
    open my $fh, '>>', $path or die "$path: $!\n";
    print {$fh} 'x';
    close $fh or die "$path: $!\n";
    like error_of(sub { read_file('notifications-ext.cfg') }),
        qr/\Afile '\Q$path\E': refused, it has 1048553 bytes of at most 1048552/, 'one more is not';
    forget();
};

subtest 'a reader that comes between two files waits for the writer' => sub {
    forget();
    change(sub ($config) {
        $config->add_smtp_endpoint('mail', 'a.example.org', undef, @MAIL, (undef) x 3, \%OAUTH2);
    });
    pipe my $ready, my $tell or die "no pipe: $!\n";
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        no warnings 'redefine';    ## no critic (TestingAndDebugging::ProhibitNoWarnings)
        my $replace = \&PVE::Notify::File::replace_file;
        local *PVE::Notify::File::replace_file = sub (@args) {
            if ($args[0] =~ m{priv/notifications\.cfg\z}) {
                syswrite $tell, "\n";
                sleep 1;
            }
            return $replace->(@args);
        };
        change(sub ($config) {
            $config->update_smtp_endpoint(
                'mail', 'b.example.org', undef, undef, undef, 'canary-3',
                (undef) x 8,
                { 'oauth2-client-secret' => 'canary-4' }
            );
        });
        POSIX::_exit(0);
    }
    close $tell;
    is sysread($ready, my $line, 1), 1, 'the writer is before its last file';
    my $config = PVE::Notify::read_config();
    ok !$config->is_torn, 'it sees no half of a write';
    is $config->get_smtp_endpoint('mail')->{server}, 'b.example.org', 'but the new state';
    is_deeply \@logged, [], 'and logs nothing';
    waitpid $pid, 0;
    is $?, 0, 'the writer ended well';
};

subtest 'a faulty entry is logged once for each state of the files' => sub {
    forget();
    write_file('notifications.cfg', "smtp: mail\n\tserver x\n\tfrom-address y\n\tport z\n");
    PVE::Notify::read_config() for 1 .. 3;
    is_deeply \@logged,
        [     q{err ignoring smtp 'mail' (notifications.cfg line 4): }
            . 'port: must be a number from 0 to 65535'
        ], 'where and why';
    write_file('notifications.cfg', '');
    PVE::Notify::read_config();
    write_file('notifications.cfg', "smtp: mail\n\tserver x\n\tfrom-address y\n\tport z\n");
    PVE::Notify::read_config();
    is scalar @logged, 2, 'again when it comes back';
    forget();
    write_file('notifications.cfg',      "pa\e[31mger: a\ab\n");
    write_file('priv/notifications.cfg', "canary: canary\n");
    PVE::Notify::read_config();
    is_deeply \@logged,
        [
        q{err ignoring pa [31mger 'a b' (notifications.cfg line 1): unknown }
            . q{section type 'pa [31mger'; fix it in the file},
        'err ignoring entry (priv/notifications.cfg line 1): unknown section type; '
            . 'fix it in the file',
        ],
        'no control character, and no name that may be a secret';
};

subtest 'PVE::Notify sends with the configuration it is given, whoever made it' => sub {
    my @calls;
    my $foreign = bless {}, 'Foreign';
    no warnings 'once';    ## no critic (TestingAndDebugging::ProhibitNoWarnings)
    *Foreign::send = sub ($self, @args) { push @calls, \@args; return };
    is_deeply PVE::Notify::info('test', { a => 1 }, { type => 'x' }, $foreign), [],
        'an empty return is borne, as no outcome';
    PVE::Notify::notify('unknown', 'test', {}, {}, $foreign);
    PVE::Notify->can($_)->('test', {}, {}, $foreign) for qw(notice warning error);
    is_deeply $calls[0], ['info', 'test', { a => 1 }, { type => 'x' }], 'severity comes first';
    is_deeply [map { $_->[0] } @calls], [qw(info unknown notice warning error)], 'all severities';
};

subtest 'common data of templates' => sub {
    my $data = PVE::Notify::common_template_data();
    is $data->{hostname}, PVE::INotify::nodename(), 'hostname';
    like $data->{fqdn}, qr/\A\Q$data->{hostname}\E(?:\.|\z)/i, 'full name';
    ok !exists $data->{'cluster-name'}, 'no cluster';
    write_file('corosync.conf', "totem {\n  cluster_name: north\n  version: 2\n}\n");
    is PVE::Notify::common_template_data()->{'cluster-name'}, 'north', 'cluster';
};

subtest 'who uses a matcher needs rights for its targets, on either path' => sub {
    forget();
    change(sub ($config) {
        $config->add_matcher('mine', ['mail-to-root']);
    });
    my @asked;
    my $rpcenv = bless {}, 'Env';
    my %may;
    no warnings 'once';    ## no critic (TestingAndDebugging::ProhibitNoWarnings)
    *Env::get_user = sub { return 'ann@pve' };
    *Env::check    = sub ($self, $user, $path, $privileges, $noerr = 0) {
        push @asked, $path;
        return 1          if $may{$path};
        die "403 $path\n" if !$noerr;
        return 0;
    };
    %may = map { $_ => 1 } '/mapping/notifications/mine', '/mapping/notification/mail-to-root';
    is error_of(sub { PVE::Notify::check_may_use_target('mine', $rpcenv) }), undef, 'allowed';
    delete $may{'/mapping/notification/mail-to-root'};
    is error_of(sub { PVE::Notify::check_may_use_target('mine', $rpcenv) }),
        "403 /mapping/notifications/mail-to-root\n", 'the path of today is named';
};

done_testing;
