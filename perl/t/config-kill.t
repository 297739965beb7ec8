#!/usr/bin/perl

# A writer of the configuration that is killed, at each of its steps and at random moments: what is on
# disk is the old state, the new one, or a change that is noticed and completed by the next reader.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use PVE::Notify;
use POSIX ();
use Test::More;
use Test::Pvesh qw(host_dir);
use Time::HiRes qw(sleep time);

my $KILLS = $ENV{SOAK} ? 10_000 : 200;

my $dir = host_dir();
PVE::Cluster::set_dirs({ config => "$dir/config", run => "$dir/run" });
PVE::Notify::set_host({ kind => 'standalone', 'config-dir' => "$dir/config" });

my @FILES = qw(
    priv/notifications-ext.cfg notifications-ext.cfg notifications.cfg priv/notifications.cfg
);
my $PENDING = 'priv/notifications-pending.cfg';

my @logged;
require PVE::SafeSyslog;
{
    no warnings 'redefine';    ## no critic (TestingAndDebugging::ProhibitNoWarnings)
    *PVE::SafeSyslog::syslog = sub ($level, $format, @values) {
        push @logged, "$level " . sprintf $format, @values;
    };
}

my sub content ($name) {
    return (PVE::Notify::File::read_file("$dir/config/$name"))[0] // '';
}

# what is on disk, but for records of writes, which are no configuration
my sub on_disk () {
    my %text = map { $_ => content($_) } @FILES;
    $text{ $FILES[0] } =~ s/^binding: .*?(?:\n\n|\z)//gms;
    $text{ $FILES[0] } =~ s/\n+\z/\n/;
    return join "\0", @text{@FILES};
}

my sub change ($code) {
    PVE::Notify::lock_config(sub {
        my $config = PVE::Notify::read_config();
        $code->($config);
        PVE::Notify::write_config($config);
    });
    return;
}

my sub forget () {
    unlink glob "$dir/config/*.cfg* $dir/config/priv/*";
    @logged = ();
    return;
}

my @REST   = (['a@example.org'], undef, 'pve@example.org');
my %OAUTH2 = ('auth-method' => 'google-oauth2');

my sub credentials ($tag) {
    return { 'oauth2-client-id' => "id-$tag", 'oauth2-client-secret' => "secret-$tag" };
}

# From one state to another, with a tag that tells one from another; all of them change several files.
my %change = (
    'a comment and a password' => sub ($config, $tag) {
        $config->update_smtp_endpoint('mail', undef, undef, undef, undef, "password-$tag",
            undef, undef, undef, undef, "comment $tag");
    },
    'a server and a password' => sub ($config, $tag) {
        $config->update_smtp_endpoint('mail', "$tag.example.org", undef, undef, undef,
            "password-$tag");
    },
    'a server and all secrets' => sub ($config, $tag) {
        $config->update_smtp_endpoint('oauth2', "$tag.example.org", undef, undef, undef,
            "password-$tag", (undef) x 8,
            credentials($tag));
    },
    'two targets' => sub ($config, $tag) {
        $config->update_gotify_endpoint('phone', "https://$tag.example.org", "token-$tag");
        $config->update_smtp_endpoint('mail', "$tag.example.org", undef, undef, undef,
            "password-$tag");
    },
    'a new target' => sub ($config, $tag) {
        $config->add_gotify_endpoint("phone-$tag", "https://$tag.example.org", "token-$tag");
    },
    'a target less, and its name again' => sub ($config, $tag) {
        $config->delete_gotify_endpoint('phone');
        $config->add_gotify_endpoint('phone', "https://$tag.example.org", "token-$tag");
    },
    'the last target of ours' => sub ($config, $tag) {
        $config->delete_smtp_endpoint('oauth2');
        $config->update_smtp_endpoint('mail', "$tag.example.org", undef, undef, undef,
            "password-$tag");
    },
);

my sub start_with ($what) {
    forget();
    change(sub ($config) {
        $config->add_smtp_endpoint('mail', 'a.example.org', undef, 'starttls', 'login',
            'password-a', @REST);
        $config->add_gotify_endpoint('phone', 'https://a.example.org', 'token-a');
        $config->add_smtp_endpoint(
            'oauth2', 'a.example.org', undef, 'starttls', 'login', 'password-a', @REST,
            (undef) x 3,
            { %OAUTH2, credentials('a')->%* }
        ) if $what =~ /all secrets|of ours/;
    });
    return on_disk();
}

# the same state once more, without writing it entry by entry
my %saved;

my sub save ($what) {
    $saved{$what} = { map { $_ => content($_) } @FILES };
    return;
}

my sub restore ($what) {
    forget();
    for my $name (grep { $saved{$what}{$_} ne '' } @FILES) {
        open my $fh, '>', "$dir/config/$name" or die "$name: $!\n";
        chmod oct('0600'), $fh;
        print {$fh} $saved{$what}{$name} or die "$name: $!\n";
        close $fh                        or die "$name: $!\n";
    }
    return on_disk();
}

my sub in_child ($code) {
    my $pid = fork // die "fork: $!\n";
    return $pid if $pid;
    eval { $code->(); 1 } or print {*STDERR} ref $@ ? $@->{message} : $@;
    return POSIX::_exit(1);
}

# The steps of a writer: before each of them it is killed once.
my sub killed_at ($step, $code) {
    my $pid = in_child(sub {
        my $done = 0;
        no warnings 'redefine';    ## no critic (TestingAndDebugging::ProhibitNoWarnings)
        for my $name (qw(replace_file remove_file write_new sync_folder_of)) {
            my $real = PVE::Notify::File->can($name);
            no strict 'refs';    ## no critic (TestingAndDebugging::ProhibitNoStrict)
            *{"PVE::Notify::File::$name"} = sub (@args) {
                kill KILL => $$ if $done++ == $step;
                return $real->(@args);
            };
        }
        change($code);
        POSIX::_exit(0);
    });
    waitpid $pid, 0;
    return ($? & 127) == 9;
}

# What is there after a kill. Returns old, new or noticed; anything else is a fault.
my sub verdict ($old, $new) {
    my $now     = on_disk();
    my $pending = -e "$dir/config/$PENDING";
    my $found   = $now eq $old ? 'old' : $now eq $new ? 'new' : $pending ? 'noticed' : 'torn';
    my $config  = PVE::Notify::read_config();
    return "$found, then torn" if $config->is_torn;
    my $after = on_disk();
    return "$found, then mixed"       if $after ne $old && $after ne $new;
    return "$found, then lost"        if $pending       && $after ne $new;
    return "$found, and not finished" if -e "$dir/config/$PENDING";
    my @shown = $config->write_config;
    return "$found, and read otherwise"
        if $shown[0] ne content($FILES[2]) || $shown[1] ne content($FILES[3]);
    return "$found, but logged: @logged" if @logged;
    return $found;
}

# old and new of each change, as a writer that is not killed makes them
my %new;
for my $what (sort keys %change) {
    start_with($what);
    save($what);
    change(sub ($config) {
        $change{$what}->($config, 'b');
    });
    $new{$what} = on_disk();
}

subtest 'at each step' => sub {
    for my $what (sort keys %change) {
        my %count;
        for my $step (0 .. 200) {
            my $old    = restore($what);
            my $killed = killed_at($step, sub ($config) { $change{$what}->($config, 'b') });
            $count{ verdict($old, $new{$what}) }++;
            last if !$killed;
        }
        is_deeply [sort keys %count], [qw(new noticed old)], "$what: nothing else";
        note "$what: ", join ', ', map {"$count{$_} $_"} sort keys %count;
    }
};

# The reader that completes it may be killed too.
subtest 'at each step, and then at each step of the next reader' => sub {
    my $what   = 'a server and a password';
    my $change = sub ($config) { $change{$what}->($config, 'b') };
    my %count;
    for my $step (0 .. 200) {
        my $killed;
        for my $next (0 .. 200) {
            my $old = restore($what);
            $killed = killed_at($step, $change);
            my $again = killed_at($next, sub ($config) { POSIX::_exit(0) });
            $count{ verdict($old, $new{$what}) }++;
            last if !$again;
        }
        last if !$killed;
    }
    is_deeply [sort keys %count], [qw(new noticed old)], 'nothing else';
};

subtest "$KILLS times at random" => sub {
    my @changes = sort keys %change;
    restore($changes[0]);
    my $start = time;
    waitpid in_child(sub {
        change(sub ($config) {
            $change{ $changes[0] }->($config, 'b');
        });
        }),
        0;
    my $takes = time - $start;
    my %count;
    srand 7;
    for my $round (1 .. $KILLS) {
        my $what = $changes[$round % @changes];
        my $old  = restore($what);
        pipe my $ready, my $tell or die "pipe: $!\n";
        my $pid = in_child(sub {
            syswrite $tell, "\n";
            change(sub ($config) {
                $change{$what}->($config, 'b');
            });
            POSIX::_exit(0);
        });
        close $tell;
        sysread $ready, my $line, 1;
        sleep rand $takes;
        kill KILL => $pid;
        waitpid $pid, 0;
        my $verdict = verdict($old, $new{$what});
        $count{$verdict}++;
    }
    is_deeply [grep { !/\A(?:old|new|noticed)\z/ } sort keys %count], [], 'old, new or noticed';
    cmp_ok $count{noticed} // 0, '>', 0, 'some were noticed and completed';
    diag "$KILLS kills: ", join ', ', map {"$count{$_} $_"} sort keys %count;
};

subtest 'what is left goes with the next write' => sub {
    my $what = 'a server and a password';
    restore($what);
    killed_at(2, sub ($config) { $change{$what}->($config, 'b') });
    change(sub ($config) {
        $config->add_matcher('m1');
    });
    is_deeply [grep {/[.]tmp[.]|pending/} glob "$dir/config/* $dir/config/priv/*"], [], 'all of it';
};

# Somebody edits a file before anybody of us reads: what he wrote stays, and no secret meets another host.
subtest 'edited by hand after the kill' => sub {
    for my $what ('a server and a password', 'a server and all secrets', 'two targets') {
        my $name = $what =~ /all/ ? 'oauth2' : 'mail';
        my %count;
        for my $step (0 .. 200) {
            restore($what);
            my $killed  = killed_at($step, sub ($config) { $change{$what}->($config, 'b') });
            my $pending = -e "$dir/config/$PENDING";
            my $by_hand = content('notifications.cfg') . "\nmatcher: by-hand\n\tcomment x\n";
            PVE::Notify::File::replace_file("$dir/config/notifications.cfg", $by_hand, oct '0640');
            my $config = PVE::Notify::read_config();
            my ($public, $private) =
                map { content($_) } qw(notifications.cfg priv/notifications.cfg);
            my ($server)   = $public  =~ /^smtp: $name\n(?:\t.*\n)*?\tserver (\w)\./m;
            my ($password) = $private =~ /^smtp: $name\n(?:\t.*\n)*?\tpassword password-(\w)/m;
            my $usable     = eval { $config->get_smtp_endpoint($name); 1 } && !$config->is_torn;
            $count{'edit lost'}++     if $public !~ /by-hand/;
            $count{mixed}++           if $usable  && $server ne $password;
            $count{untold}++          if $pending && !grep {/cut short/} @logged;
            $count{told}++            if $pending;
            $count{blocked}++         if $config->is_torn;
            $count{'still pending'}++ if -e "$dir/config/$PENDING";
            last                      if !$killed;
        }
        is_deeply [sort keys %count], [qw(blocked told)],
            "$what: nothing lost, nothing mixed, all told";
    }
};

subtest 'without a kill an edit is nobody\'s business' => sub {
    for my $what (sort keys %change) {
        for my $name (@FILES) {
            restore($what);
            change(sub ($config) {
                $change{$what}->($config, 'b');
            });
            my $text = content($name);
            next if $text eq '' || $name =~ /ext/;
            my $edited = $text =~ s/password-b/password-x/r;
            $edited .= "\n" if $edited eq $text;
            PVE::Notify::File::replace_file("$dir/config/$name", $edited, oct '0600');
            my $config = PVE::Notify::read_config();
            is_deeply [$config->is_torn ? 'torn' : (), @logged], [], "$what: $name";
            is content($name), $edited, 'and stays';
        }
    }
};

subtest 'who may not write sees the change as if it were complete' => sub {
    my $what = 'a comment and a password';
    for my $step (0 .. 200) {
        restore($what);
        my $killed  = killed_at($step, sub ($config) { $change{$what}->($config, 'b') });
        my $pending = -e "$dir/config/$PENDING";
        my @warned;
        local $SIG{__WARN__} = sub ($text) { push @warned, $text };
        no warnings 'redefine';    ## no critic (TestingAndDebugging::ProhibitNoWarnings)
        local *PVE::Notify::Main::lock_config = sub (@) { die "no lock\n" };
        my ($public, $private) = PVE::Notify::read_config()->write_config;
        is_deeply [$public =~ /comment b/ ? 1 : 0, $private =~ /password-b/ ? 1 : 0],
            [$pending || !$killed ? (1, 1) : (0, 0)], "step $step"
            if $pending || !$killed;
        last if !$killed;
    }
};

done_testing;
