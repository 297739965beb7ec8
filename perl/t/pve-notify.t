#!/usr/bin/perl

# The program pve-notify, as a person and as a script use it: on the host's files, beside the host's own pvesh,
# with what the same calls of the API answer.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use IPC::Open3   ();
use JSON::PP     ();
use POSIX        ();
use Symbol       qw(gensym);
use Test::Canary qw(canaries_below);
use Test::More;
use Test::NotifyHost qw(wait_until);
use Test::OAuth2Mail qw(relay_parameters);
use Test::Peers      qw(new_dir root slurp write_owned);
use Test::Peers::Sandbox;
use Test::Terminal qw(on_terminal);
use Test::Way::Pvesh;

my $program = $ENV{PVE_NOTIFY} // root() . '/target/release/pve-notify';
my $sandbox = Test::Peers::Sandbox->new('--redirect-uri', 'http://localhost:8006/');
my $json    = JSON::PP->new->canonical;
my $way     = Test::Way::Pvesh->new;
my $dir     = $way->{dir};
my $LOGIN   = $sandbox->{users}[0]{login};
my $SMTP    = '/cluster/notifications/endpoints/smtp';
write_owned("$dir/config/oauth2-providers.json", $json->encode({ $sandbox->providers }));

my %said;    # all that was printed

my sub start (@command) {
    my $self = { err => gensym };
    $self->{pid} = IPC::Open3::open3(@$self{qw(in out err)}, @command);
    return $self;
}

# Starts it; { pid, in, out, err }.
sub begin (@args) { return start($program, '--host-dir', $dir, @args) }

# The same as on a node, whose /etc/pve is this folder.
sub begin_on_node ($etc_pve, @args) {
    my $mounts = <<'END';
cp -a /etc "$1" && mkdir "$1/etc/pve" && mount --bind "$1/etc" /etc && mount --bind "$2" /etc/pve
mount -t tmpfs none /run && shift 2 && exec "$@"
END
    my $alone   = root() . '/tools/private-mounts';
    my $scratch = new_dir();
    my $self = start($alone, 'sh', '-euc', $mounts, 'sh', "$scratch", "$etc_pve", $program, @args);
    $self->{scratch} = $scratch;
    return $self;
}

# Reads a line of JSON.
sub event ($self) {
    my $line = readline($self->{out}) // return;
    $said{$line} = 1;
    return $json->decode($line);
}

# Waits for its end: { status, out, err, events }.
sub end ($self) {
    close $self->{in};
    my $rest = '';
    $rest .= $_ while defined($_ = readline $self->{out});
    my $err = do { local $/ = undef; readline($self->{err}) // '' };
    waitpid $self->{pid}, 0;
    $said{"$rest$err"} = 1;
    return {
        status => $? >> 8 || ($? & 127) + ($? & 127 ? 128 : 0),
        out    => $rest,
        err    => $err,
    };
}

sub run (@args) { return end(begin(@args)) }

sub events ($ended) {
    return map { $json->decode($_) } split /\n/, $ended->{out};
}

sub target ($provider, %more) {
    my $client = $sandbox->client("$provider-oauth2");
    my $answer = $way->call(
        'POST', $SMTP,
        relay_parameters(
            $sandbox,
            name                   => $provider,
            'auth-method'          => "$provider-oauth2",
            'oauth2-client-id'     => $client->{'client-id'},
            'oauth2-client-secret' => $client->{'client-secret'},
            $provider eq 'microsoft' ? ('oauth2-tenant-id' => $client->{'tenant-id'}) : (),
            %more,
        ),
    );
    return $answer->{code};
}

sub condition ($name) {
    return $way->call('GET', "$SMTP/$name/status", {})->{data}{condition};
}

subtest 'nothing is there yet' => sub {
    my $ended = run('status');
    is $ended->{status}, 0,                                 'all is well';
    is $ended->{out},    "no target logs in with OAuth2\n", 'and said so';
    $ended = run('status', 'mail');
    is $ended->{status}, 3, 'a target that is not there';
    like $ended->{err}, qr/\Apve-notify: .*'mail'/, 'is named';
};

subtest 'a target is authorized by what a person pastes' => sub {
    is target('google'), 200, 'made';
    my $ended = run('status', 'google');
    is $ended->{status}, 3, 'it needs attention';
    like $ended->{out}, qr/^google: authorize-again\n.*  fix: .*[(]pve-notify authorize google[)]/s,
        'which is said with the command';

    # it is the only one
    my $run   = begin('authorize', '--paste', '--json', '--test');
    my $begun = event($run);
    is $begun->{event}, 'consent', 'first the page';
    my $url = $sandbox->consent($begun->{url});
    like $url, qr{\Ahttp://localhost:8006/[?]code=}, 'which leads nowhere';
    print { $run->{in} } "$url\n";
    $ended = end($run);
    is $ended->{status}, 0, 'done' or diag $ended->{err};
    my @events = events($ended);
    is_deeply [map { $_->{event} } @events], ['authorized', 'test'], 'then the end';
    is_deeply [@{ $events[0] }{qw(name status mailbox)}], ['google', 'stored', $LOGIN],
        'of the consent';
    is scalar($sandbox->mails), 1,    'a mail has gone out';
    is condition('google'),     'ok', 'pvesh sees the same';
    is run('status')->{status}, 0,    'all is well';

    # the same status as from the API
    my ($status) = events(run('status', 'google', '--json'));
    is_deeply $status, $way->call('GET', "$SMTP/google/status", {})->{data}, 'the same status';
};

subtest 'the doctor' => sub {
    my $before = scalar(my @mails = $sandbox->mails);
    my $ended  = run('doctor', 'google', '--transcript');
    is $ended->{status}, 0, 'nothing has failed' or diag $ended->{out};
    my @steps = $ended->{out} =~ /^  ([a-z]+) +ok /mg;
    is_deeply \@steps,
        [qw(settings token names connection tls greeting login sender recipients)], 'each step';
    like $ended->{out}, qr/^  localhost:[0-9]+ > EHLO /m, 'what was said';
    is_deeply [grep { length > 80 && !/^  localhost:/ } split /\n/, $ended->{out}], [],
        '80 columns';
    my ($checkup) = events(run('doctor', 'google', '--json'));
    my $same = $way->call('POST', '/cluster/notifications/targets/google/check', {})->{data};
    delete $_->{milliseconds} for map { $_->{steps}->@* } $checkup, $same;
    is_deeply $checkup, $same, 'the same as from the API';
    is run('doctor', 'none')->{status},  3,       'a target that is not there';
    is scalar(@mails = $sandbox->mails), $before, 'nothing was sent';
};

subtest 'what a person reads' => sub {
    my $run   = begin('authorize', 'google', '--paste');
    my $shown = '';
    $shown .= readline $run->{out} while $shown !~ m{^https://}m;
    my ($url) = $shown =~ m{^(https://\S+)$}m;
    print { $run->{in} } $sandbox->consent($url), "\n";
    my $ended = end($run);
    is $ended->{status}, 0, 'done';
    like $ended->{out}, qr/^'google' is authorized by \Q$LOGIN\E$/m,           'who has consented';
    like $ended->{out}, qr/^test it: pvesh create /m,                          'what comes next';
    like $ended->{err}, qr/\APaste the address .*: \([0-9]+ characters\)\n\z/, 'the question';
    is_deeply [grep { length > 80 && !/^https:/ } split /\n/, "$shown$ended->{out}"], [],
        '80 columns';
};

subtest 'what goes wrong says what to do, and leaves nothing behind' => sub {
    my @cases = (
        [
            'declined', 'http://localhost:8006/?error=access_denied',
            3,          qr/consent was declined.*\nfix: /
        ],
        ['no code',     'http://localhost:8006/?x=1',       3, qr/address without code/],
        ['a dead code', 'http://localhost:8006/?code=none', 3, qr/invalid: used before.*\nfix: /s],
        ['nothing',     '',                                 3, qr/no address was entered/],
    );
    for my $case (@cases) {
        my ($title, $answer, $status, $words) = @$case;
        my $run = begin('authorize', 'google', '--paste');
        print { $run->{in} } "$answer\n";
        my $ended = end($run);
        is $ended->{status}, $status, "$title: exit status";
        like $ended->{err},   $words,                   "$title: words";
        unlike $ended->{err}, qr/code=|access_denied&/, "$title: nothing is quoted";
        is_deeply [glob "$dir/state/oauth2/pending/*"], [], "$title: nothing is open";
    }
    my $ended = run('authorize', 'google');
    is $ended->{status}, 2, 'no terminal';
    like $ended->{err}, qr/fix: add --paste/, 'and what to do';
    is target('google', name => 'second'), 200, 'a second one';
    is target('google', name => 'third'),  200, 'a third one';
    $ended = run('authorize', '--paste');
    is $ended->{status}, 2, 'which one';
    like $ended->{err}, qr/'second', 'third'\nfix: name one of them/, 'is asked';
    $way->call('DELETE', "$SMTP/$_", {}) for qw(second third);
    $ended = run('authorize', 'none', '--paste', '--json');
    my ($error) = events($ended);
    is_deeply [$ended->{status}, $error->{error}{code}], [3, 404], 'no such target, as JSON';
    is run('nonsense')->{status}, 2, 'a wrong command line';
};

subtest 'another mailbox is stored on demand only' => sub {
    is target('microsoft', name => 'shared', username => 'shared@example.org'), 200, 'made';
    for my $case ([4, 'other-mailbox', 'authorize-again'],
        [0, 'stored', 'untested', '--any-mailbox'])
    {
        my ($status, $word, $condition, @more) = @$case;
        my $run   = begin('authorize', 'shared', '--paste', '--json', @more);
        my $begun = event($run);
        print { $run->{in} } $sandbox->consent($begun->{url}), "\n";
        my $ended  = end($run);
        my @events = events($ended);
        is $ended->{status}, $status, 'exit status';
        like $events[0]{text}, qr/has consented, but username is/, 'the warning';
        is $events[1]{status},  $word,      'what was done';
        is condition('shared'), $condition, 'condition';
    }
};

subtest 'a code for another device' => sub {
    is target('microsoft'), 200, 'made';
    my $run   = begin('authorize', 'microsoft', '--device', '--json');
    my $begun = event($run);
    is_deeply [sort keys %$begun],
        [qw(event expires user-code verification-uri verification-uri-complete)],
        'what a person needs';
    $sandbox->enter_device_code($begun->{'user-code'});
    my $ended = end($run);
    is $ended->{status}, 0, 'done' or diag $ended->{err};
    is((events($ended))[0]{mailbox}, $LOGIN, 'the mailbox');
    is condition('microsoft'), 'untested', 'there is a grant';

    $run = begin('authorize', 'microsoft', '--device');
    my $shown = '';
    $shown .= readline $run->{out} while $shown !~ /└/;
    my ($code) = $shown =~ /│\s+(\S(?: \S)+)\s+│/;
    $sandbox->enter_device_code($code =~ s/ //gr, decision => 'deny');
    $ended = end($run);
    is $ended->{status}, 3, 'declined';
    like $ended->{err}, qr/consent was declined on the other device\nfix: /, 'and said so';

    is run('authorize', 'google', '--device')->{status}, 3, 'Google has none';
};

subtest 'cancelled' => sub {
    for my $way (['--paste'], ['--device']) {
        my $run   = begin('authorize', 'microsoft', @$way, '--json');
        my $begun = event($run);
        is scalar(my @open = glob "$dir/state/oauth2/pending/*"), 1, 'one is open';
        kill INT => $run->{pid};
        my $ended = end($run);
        is $ended->{status}, 130, "@$way: exit status";
        is_deeply [glob "$dir/state/oauth2/pending/*"], [], "@$way: nothing is open";
    }
};

subtest 'at a terminal' => sub {
    my @command = ($program, '--host-dir', $dir, 'authorize', 'google');
    my $long    = 'cAnArY' x 1000;
    for my $case (
        ['Ctrl-C',                    "cAnA\x03",               130, qr/pve-notify: cancelled/],
        ['end of input',              "\x04",                   3,   qr/no address was entered/],
        ['a line that is taken back', "x\x15cAnArY\n",          3,   qr/[(]6 characters[)]/],
        ['what a terminal adds',      "\e[200~cAnArY\e[201~\n", 3,   qr/[(]6 characters[)]/],
        [
            'an address without code', "?cAnArY=1\n\x04",
            3,                         qr/without code.*Paste the address.*no address/s
        ],
        ['more than a terminal keeps',   "$long\n",       3, qr/[(]6000 characters[)]/],
        ['a mistake that is taken back', "cAnArYx\x7f\n", 3, qr/[(]6 characters[)]/],
        )
    {
        my ($title, $typed, $status, $seen) = @$case;
        my $ended = on_terminal([@command], sub ($terminal) { print {$terminal} $typed });
        if (!$ended) {
            die "this machine has no pseudo terminals\n" if $ENV{CI};
            plan skip_all => 'SKIPPED: this machine has no pseudo terminals';
        }
        is $ended->{status} >> 8, $status, "$title: exit status" or diag $ended->{seen};
        like $ended->{seen},   $seen,    "$title: said";
        unlike $ended->{seen}, qr/cAnA/, "$title: what is typed is not shown";
        is $ended->{echo}, 1, "$title: the terminal shows what is typed again";
        is_deeply [glob "$dir/state/oauth2/pending/*"], [], "$title: nothing is open";
    }
};

subtest 'refreshed and taken back' => sub {
    my $ended = run('refresh', '--json');
    is $ended->{status}, 0, 'refreshed';
    is_deeply [sort map { $_->{target} } events($ended)], [qw(google microsoft shared)],
        'all of them';
    $ended = run('revoke', 'google');
    is $ended->{status}, 2, 'nobody can be asked';
    like $ended->{err}, qr/fix: add --yes/, 'and what to do';
    is condition('google'), 'untested', 'nothing has happened';
    $ended = run('revoke', 'google', '--yes', '--json');
    is_deeply [events($ended)],
        [{ event => 'revoked', name => 'google', 'at-provider' => JSON::PP::true }],
        'revoked';
    is condition('google'), 'authorize-again', 'pvesh sees the same';
    $ended = run('revoke', 'microsoft', '--yes');
    is $ended->{status}, 0, 'Microsoft';
    like $ended->{err}, qr/My Apps/, 'what is left to do';
};

subtest 'on a node' => sub {
    if (system(root() . '/tools/private-mounts true 2>/dev/null') != 0) {
        die "this machine allows no namespaces\n" if $ENV{CI};
        plan skip_all => 'SKIPPED: this machine allows no namespaces';
    }
    my $run    = $sandbox->{providers}{'strict-oauth2'};
    my $client = $sandbox->client('strict-oauth2');
    my $made   = $way->call(
        'POST', $SMTP,
        relay_parameters(
            $sandbox,
            name                   => 'node',
            'auth-method'          => 'custom-oauth2',
            'oauth2-client-auth'   => 'post',
            'oauth2-client-id'     => $client->{'client-id'},
            'oauth2-client-secret' => $client->{'client-secret'},
            'oauth2-scopes'        => join(' ', $run->{scopes}->@*),
            map { ("oauth2-$_" => $run->{$_}) } qw(authorize-url token-url),
        ),
    );
    is $made->{code}, 200, 'made' or diag $made->{message};
    my $node = new_dir();
    mkdir "$node/priv" or die "$node/priv: $!\n";
    write_owned("$node/$_", slurp("$dir/config/$_"))
        for map { ($_, "priv/$_") } qw(notifications.cfg notifications-ext.cfg);

    $run = begin_on_node($node, 'authorize', 'node', '--paste', '--json');
    my $begun = event($run) // {};
    is $begun->{event}, 'consent', 'begun' or diag $json->encode($begun);
    is scalar(my @open = glob "$node/priv/notification-oauth2/pending/*"), 1,
        'what waits is the cluster\'s';
    print { $run->{in} } $sandbox->consent($begun->{url}), "\n";
    my $ended = end($run);
    is $ended->{status}, 0, 'done' or diag $ended->{err};
    my $record = $json->decode(slurp("$node/priv/notification-oauth2/node.json"));
    ok length $record->{'refresh-token'}, 'so is the token';
    is_deeply [glob "$node/priv/lock/*"], [], 'no lock is left';
    my ($status) = events(end(begin_on_node($node, 'status', 'node', '--json')));
    is $status->{condition}, 'untested', 'status';
    $ended = end(begin_on_node("$node/priv", 'status'));
    is $ended->{out}, "no target logs in with OAuth2\n", 'a node without any';

    write_owned("$node/priv/notifications-pending.cfg", 'cut short');
    $ended = end(begin_on_node($node, 'status'));
    is $ended->{status}, 1, 'a change that was cut short';
    like $ended->{err}, qr/was cut short\nfix: complete it: pvesh get/, 'is not read over';
    $way->call('DELETE', "$SMTP/node", {});
};

subtest 'a code of a script becomes a token' => sub {
    my $client = $sandbox->client('google-oauth2');
    write_owned("$dir/$_->[0]", $_->[1])
        for ['secret', "$client->{'client-secret'}\n"], ['code', $sandbox->code('google-oauth2')];
    my @args = (
        'exchange',                    '--auth-method',
        'google-oauth2',               '--client-id',
        $client->{'client-id'},        '--redirect-uri',
        $client->{'redirect-uris'}[0], '--client-secret-file',
        "$dir/secret",                 '--authorization-code-file',
        "$dir/code"
    );
    my $ended = run(@args);
    is $ended->{status}, 0, 'done' or diag $ended->{err};
    like $ended->{out}, qr/\A[A-Za-z0-9_-]{64}\n\z/, 'the token';
    delete $said{$_} for grep {/\Q$ended->{out}\E/} keys %said;
    is run(@args)->{status}, 3, 'once';
};

subtest 'no secret was said' => sub {
    my $all = join '', keys %said;
    for my $name (qw(microsoft shared)) {
        my $record = $json->decode(slurp("$dir/state/oauth2/$name.json"));
        for my $key (grep {/token\z/} sort keys %$record) {
            is index($all, $record->{$key}), -1, "$name: $key";
        }
    }
    is index($all, $sandbox->client("$_-oauth2")->{'client-secret'}), -1, "$_: client secret"
        for qw(google microsoft);
    unlike $all, qr/code=|pve-oauth2-handle:|device_code|verifier=/, 'no code, handle or verifier';
};

done_testing;
