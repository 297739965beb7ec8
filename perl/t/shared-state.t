#!/usr/bin/perl

# Root's commands and the server, an ordinary user, use the same files: whoever comes first, and whatever
# that user puts in root's way.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use English    qw(-no_match_vars);
use File::Find qw(find);
use JSON::PP   ();
use Test::More;
use Test::NotifyHost qw(curl host_folder log_of needs_root serve_host);
use Test::OAuth2Mail qw(age_record code_parameters target_parameters);
use Test::Peers      qw(new_dir root slurp stop write_private);
use Test::Peers::Sandbox;
use Test::Way::Direct;
use Time::HiRes qw(sleep);

needs_root();

my $UID      = 64_321;    # nobody has it, as in a container
my @NOBODY   = (getpwnam('nobody'))[2, 3];
my $PATH     = '/cluster/notifications/endpoints/smtp';
my $json     = JSON::PP->new->canonical;
my $sandbox  = Test::Peers::Sandbox->new;
my @header   = ('-H', 'Authorization: PVEAPIToken=admin@pve!test=s3cret');
my @programs = map { root() . "/perl/host/bin/$_" } qw(pvesh pveupdate);

# the server has to read the bundle of authorities
chmod oct('0755'), $ENV{SSL_CERT_FILE} =~ s{/[^/]+\z}{}r;
chmod oct('0644'), $ENV{SSL_CERT_FILE};

# A machine on which root has made all; given away only where @owner says to whom.
my sub machine (@owner) {
    my $dir = host_folder();
    chmod oct('0755'), "$dir";
    write_private("$dir/config/user.cfg", <<'END');
user:admin@pve:1:0:
token:admin@pve!test:0:0:
acl:1:/:admin@pve:Administrator:
END
    write_private("$dir/config/priv/token.cfg",        "admin\@pve!test s3cret\n");
    write_private("$dir/config/oauth2-providers.json", $json->encode({ $sandbox->providers }));
    return $dir if !@owner;
    system('chown', '-R', join(':', @owner), map {"$dir/$_"} qw(config state run)) == 0 or die;
    return $dir;
}

my sub perl_command (@args) {
    my @include = map {"-I$_"} grep { !ref } map { m{\A/} ? $_ : root() . "/$_" } @INC;
    return ($^X, @include, @args);
}

# (exit status, output and errors)
my sub as_root ($dir, @args) {
    local $ENV{PVE_NOTIFY_HOST_DIR} = "$dir";
    my $pid = open(my $out, '-|') // die "fork: $!\n";
    if (!$pid) {
        open STDERR, '>&', \*STDOUT or die "dup: $!\n";
        exec perl_command(@args);
    }
    my $text = do { local $/ = undef; readline $out };
    close $out;
    return ($? >> 8, $text // '');
}

my sub pvesh ($dir, @args) { return as_root($dir, $programs[0], @args) }

# a script of root's that uses the library and stays root
my sub script ($dir, $code) {
    return as_root($dir, '-MPVE::NotifyHost::Setup', '-MPVE::Notify',
        '-e', "PVE::NotifyHost::Setup->init; $code");
}

my sub target (%more) {
    state $way = Test::Way::Direct->new;
    write_private("$way->{dir}/config/oauth2-providers.json",
        $json->encode({ $sandbox->providers }));
    my $answer =
        $way->call('POST', '/cluster/notifications/smtp-oauth2-token', code_parameters($sandbox));
    return { target_parameters($sandbox, $answer->{data} // die $answer->{message})->%*, %more };
}

my sub words ($param) {
    return map {
        my $name = $_;
        map { ("--$name", $_) } ref $param->{$name} ? $param->{$name}->@* : $param->{$name}
        }
        sort keys %$param;
}

my sub form ($param) {
    my @words = words($param);
    my @form;
    while (my ($name, $value) = splice @words, 0, 2) {
        push @form, '--data-urlencode', ($name =~ s/\A--//r) . "=$value";
    }
    return @form;
}

# what is below the folders and not that user's
my sub of_others ($dir, $uid) {
    my @paths;
    find(
        sub {
            push @paths, $File::Find::name =~ s/\A\Q$dir\E//r if (lstat)[4] != $uid;
        },
        map {"$dir/$_"} qw(config state run),
    );
    return [sort @paths];
}

my sub condition ($server) {
    my $answer = curl($server, "/api2/json$PATH/mail/status", @header);
    return $answer->{status} == 200
        ? $json->decode($answer->{body})->{data}{condition}
        : $answer->{body};
}

my sub tested ($server) {
    my $answer =
        curl($server, '/api2/json/cluster/notifications/targets/mail/test', @header, '-X', 'POST');
    return "$answer->{status} $answer->{body}";
}

for my $case (['nobody', @NOBODY], ['a user without a name', $UID, $UID]) {
    my ($who, $uid, $gid) = @$case;

    subtest "the server first, then root: $who" => sub {
        my $dir    = machine($uid, $gid);
        my $server = serve_host($dir, args => []);
        my $made   = curl($server, "/api2/json$PATH", @header, form(target()));
        is $made->{status}, 200, 'a target over HTTP' or diag $made->{body}, log_of($server);
        my ($status, $text) = pvesh($dir, 'get', "$PATH/mail/status", '--output-format', 'json');
        like $text, qr/"condition":"untested"/, 'root looks at it';
        ($status, $text) = pvesh($dir, 'create', '/cluster/notifications/targets/mail/test');
        is "$status$text", '0', 'root sends with it';
        age_record($dir, 21);
        ($status, $text) = as_root($dir, $programs[1], '--verbose');
        is $text, "mail: ok, refreshed\n1 refreshed, 0 not due, 0 with a problem\n",
            "root's daily run renews it";
        age_record($dir, 21);
        ($status, $text) =
            script($dir,
            'print $_->{error} // $_->{refreshed} for PVE::Notify::refresh_oauth2_state->@*');
        is $text, '1', 'and a script that stays root';
        is_deeply of_others($dir, $uid), [], "all is the server's";
        is condition($server), 'ok',                'as the server sees';
        is tested($server),    '200 {"data":null}', 'and sends';
        stop($server);
    };

    subtest "root first, then the server: $who" => sub {
        my $dir = machine($uid, $gid);
        unlink glob "$dir/run/*";
        rmdir "$dir/state" or die;
        my ($status, $text) = pvesh($dir, 'create', $PATH, words(target()));
        is "$status$text", '0', 'a target of root';
        my $server = serve_host($dir, args => []);
        is condition($server), 'untested',          'over HTTP';
        is tested($server),    '200 {"data":null}', 'it sends';
        is_deeply of_others($dir, $uid), [], "all is the server's";
        stop($server);
    };
}

subtest 'root has made all, and the server becomes somebody later' => sub {
    my $dir = machine();
    my ($status, $text) = pvesh($dir, 'create', $PATH, words(target()));
    is "$status$text", '0', 'a target of root';
    is((stat "$dir/state/oauth2/mail.json")[4], 0, 'whose record is root\'s');
    pvesh($dir, 'create', '/cluster/notifications/targets/mail/test');
    my $server = serve_host($dir, args => ['--user', 'nobody']);
    is_deeply of_others($dir, $NOBODY[0]), [], 'the start has handed all over';
    is condition($server), 'ok',                'the target lives';
    is tested($server),    '200 {"data":null}', 'it sends';
    stop($server);
};

subtest 'records of root in the folders of somebody' => sub {
    my $dir = machine(@NOBODY);
    my ($status, $text) = pvesh($dir, 'create', $PATH, words(target()));
    is "$status$text", '0', 'a target';
    system('chown', '-R', '0:0', "$dir/state/oauth2", "$dir/run/oauth2") == 0 or die;
    ($status, $text) = pvesh($dir, 'get', "$PATH/mail/status", '--output-format', 'json');
    like $text, qr/"condition":"untested"/, 'any command of root hands them over';
    is_deeply of_others($dir, $NOBODY[0]), [], 'all of them';
};

# What an ordinary user may put in root's way, and what of it must stay as it is.
subtest 'nothing foreign is given away or overwritten' => sub {
    my $foreign = new_dir();
    my $state   = sub {
        my %state;
        find(sub { $state{$File::Find::name} = join ' ', (lstat)[2, 4, 5], -f _ ? slurp($_) : '' },
            "$foreign");
        return \%state;
    };
    mkdir "$foreign/$_" or die for qw(priv oauth2 smtp);
    write_private("$foreign/$_", "root's")
        for map { ($_, map {"$_/$_[0]"} ()) }
        qw(notifications.cfg priv/notifications.cfg priv/token.cfg
        user.cfg oauth2/mail.json oauth2/mail.lock lock-file-notifications_cfg);
    my $before = $state->();
    my %attack = (
        'priv is a link'   => sub ($dir) { move_and_link("$dir/config/priv",  "$foreign/priv") },
        'state is a link'  => sub ($dir) { move_and_link("$dir/state",        "$foreign") },
        'oauth2 is a link' => sub ($dir) { move_and_link("$dir/state/oauth2", "$foreign/oauth2") },
        'run is a link'    => sub ($dir) { move_and_link("$dir/run",          "$foreign") },
        'a lock is a link' => sub ($dir) {
            move_and_link("$dir/run/lock-file-notifications_cfg",
                "$foreign/lock-file-notifications_cfg");
        },
        'a lock is a new name' => sub ($dir) {
            unlink "$dir/run/lock-file-notifications_cfg";
            link "$foreign/lock-file-notifications_cfg", "$dir/run/lock-file-notifications_cfg"
                or die "link: $!\n";
        },
        'a record is a new name' => sub ($dir) {
            unlink "$dir/state/oauth2/mail.json";
            link "$foreign/oauth2/mail.json", "$dir/state/oauth2/mail.json" or die "link: $!\n";
        },
        'the configuration is a new name' => sub ($dir) {
            unlink "$dir/config/notifications.cfg";
            link "$foreign/notifications.cfg", "$dir/config/notifications.cfg" or die "link: $!\n";
        },
    );
    for my $name (sort keys %attack) {
        my $dir = machine(@NOBODY);
        pvesh($dir, 'create', $PATH, words(target()));
        $attack{$name}->($dir);
        for my $call (
            ['set',    "$PATH/mail", '--comment', 'x', '--password', 'y'],
            ['create', '/cluster/notifications/targets/mail/test'],
            ['delete', "$PATH/mail"],
            )
        {
            pvesh($dir, @$call);
        }
        script($dir,
                  'eval { PVE::Notify::lock_config(sub { PVE::Notify::write_config('
                . 'PVE::Notify::read_config()) }) }; eval { PVE::Notify::refresh_oauth2_state() }');
        as_root($dir, $programs[1]);
        is_deeply $state->(), $before, $name;
        unlink grep { -f && (stat)[3] > 1 } glob "$dir/{run,config,state/oauth2}/*";
    }
};

sub move_and_link ($path, $to) {
    rename $path, "$path.old" if -e $path;
    symlink $to, $path or die "link: $!\n";
    return;
}

subtest 'killed at any moment, root leaves nothing in the way of the server' => sub {
    my $dir = machine(@NOBODY);
    local $ENV{PVE_NOTIFY_HOST_DIR} = "$dir";
    my @words   = words(target());
    my $foreign = 0;
    for my $round (1 .. 12) {
        my $pid = fork // die "fork: $!\n";
        if (!$pid) {
            open STDERR, '>', '/dev/null' or die;
            exec perl_command($programs[0], 'create', $PATH, @words);
        }
        sleep 0.1 + $round * 0.02;
        kill 'KILL', $pid;
        waitpid $pid, 0;
        $foreign += of_others($dir, $NOBODY[0])->@*;
        pvesh($dir, 'delete', "$PATH/mail");
    }
    is $foreign, 0, 'no file of root';
    my $server = serve_host($dir, args => []);
    my $made   = curl($server, "/api2/json$PATH", @header, form(target()));
    is $made->{status},    200,        'the server makes the target' or diag $made->{body};
    is condition($server), 'untested', 'with its grant';
    stop($server);
};

subtest 'no target without the grant that came with it' => sub {
    my $dir      = machine(@NOBODY);
    my %param    = target()->%*;
    my $server   = serve_host($dir, args => []);
    my %obstacle = (
        'a file in the place of the folder'   => sub { write_private("$dir/state/oauth2", '') },
        'a folder in the place of the record' => sub {
            mkdir "$dir/state/oauth2" or die;
            chown @NOBODY, "$dir/state/oauth2";
            mkdir "$dir/state/oauth2/mail.json" or die;
        },
        'no right to write' => sub {
            mkdir "$dir/state/oauth2", oct '0700' or die;
            chown 1, 1, "$dir/state/oauth2";
        },
    );
    for my $name (sort keys %obstacle) {
        system 'rm', '-rf', "$dir/state/oauth2";
        $obstacle{$name}->();
        my $made = curl($server, "/api2/json$PATH", @header, form(\%param));
        is $made->{status}, 500, "$name: an error over HTTP" or diag $made->{body};
        unlike $made->{body}, qr/(?<!cannot )(?:delete|remove)/i,
            'that does not tell to delete anything';
        my ($status, $text) = pvesh($dir, 'create', $PATH, words(\%param));
        isnt $status, 0, 'and of pvesh' or diag $text;
        is curl($server, "/api2/json$PATH/mail", @header)->{status}, 404, 'no target';
        unlike slurp("$dir/config/$_"), qr/: mail$/m, "nothing in $_"
            for qw(notifications.cfg notifications-ext.cfg priv/notifications.cfg
            priv/notifications-ext.cfg);
    }
    system 'rm', '-rf', "$dir/state/oauth2";
    is curl($server, "/api2/json$PATH", @header, form(\%param))->{status}, 200,
        'and later it can be made';
    stop($server);
};

done_testing();
