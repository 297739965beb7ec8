#!/usr/bin/perl

# F-32 over the life of a token: the client secret, refresh tokens and access tokens of a target are
# looked for in all that is said while it is made, sends, is renewed, fails, and tells of it.

use v5.36;

use Data::Dumper ();
use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use PVE::Notify;
use PVE::SafeSyslog;
use Test::Canary qw(canary canaries_in canaries_below canaries_of_processes);
use Test::More;
use Test::NotifyHost qw(wait_until);
use Test::OAuth2Mail qw(code_parameters target_parameters);
use Test::Peers      qw(root slurp write_private);
use Test::Peers::Sandbox;
use Test::Way::Direct;

my $sandbox = Test::Peers::Sandbox->new;
my $smtp    = $sandbox->{smtp};
my $client  = $sandbox->client('google-oauth2');
my $way     = Test::Way::Direct->new;
my $dir     = $way->{dir};
my $json    = JSON::PP->new->canonical;
my $PATH    = '/cluster/notifications/endpoints/smtp';
write_private("$dir/config/oauth2-providers.json", $json->encode({ $sandbox->providers }));

# all that was said: answers, logs, mails, outputs of commands
my @said;
{
    no warnings 'redefine';    ## no critic (TestingAndDebugging::ProhibitNoWarnings)
    *PVE::SafeSyslog::syslog = sub ($level, $format, @values) {
        push @said, "$level " . sprintf $format, @values;
    };
}
local $SIG{__WARN__} = sub ($text) { push @said, $text };

canary('client-secret', $client->{'client-secret'});

sub call (@call) {
    my $answer = $way->call(@call);
    push @said, Data::Dumper::Dumper($answer);
    return $answer;
}

# a consent; its token is an answer that nobody else gets
sub refresh_token () {
    my $answer =
        $way->call('POST', '/cluster/notifications/smtp-oauth2-token', code_parameters($sandbox));
    state $number = 0;
    return canary('refresh-' . ++$number, $answer->{data});
}

# from here on the tokens of the record are looked for, too
sub watch () {
    my $record = $json->decode(slurp("$dir/state/oauth2/mail.json"));
    state %known;
    for my $name (qw(refresh-token previous-refresh-token access-token)) {
        my $token = $record->{$name} // next;
        canary("$name-" . keys %known, $token) if !$known{$token}++;
    }
    return scalar keys %known;
}

# as if the token had run out
sub expire () {
    unlink glob "$dir/run/oauth2/*.json";
    $sandbox->control('access-token-seconds' => 1);
    return;
}

sub notify () {
    my $delivery = PVE::Notify::info('test', { target => 'mail' }, {});
    push @said, Data::Dumper::Dumper($delivery);
    return $delivery->[0]{recipients}[0]{outcome};
}

# the daily run as a program
sub daily (@args) {
    my @include = map { '-I' . root() . "/$_" } qw(blib/lib blib/arch perl/host/lib);
    local $ENV{PVE_NOTIFY_HOST_DIR} = "$dir";
    my $pid = open(my $out, '-|') // die "fork: $!\n";
    if (!$pid) {
        open STDERR, '>&', \*STDOUT or POSIX::_exit(1);
        exec $^X, @include, root() . '/perl/host/bin/pveupdate', @args;
    }
    my $text = do { local $/ = undef; readline $out };
    close $out;
    push @said, $text;
    return $text;
}

subtest 'made, used and renewed' => sub {
    call('POST',   $PATH,                             target_parameters($sandbox, refresh_token()));
    call('POST',   '/cluster/notifications/matchers', { name => 'all', target => ['mail'] });
    call('DELETE', '/cluster/notifications/matchers/default-matcher', {});
    expire();
    is notify(), 'sent', 'sent';
    cmp_ok watch(), '>=', 2, 'there are tokens to look for';
    wait_until(5, sub { notify() eq 'sent' && watch() > 2 });
    cmp_ok watch(), '>=', 3, 'and those of a renewal';
    like daily('--verbose'), qr/^mail: ok/m, 'the daily run';
};

subtest 'no process shows a secret while the provider is silent' => sub {
    expire();
    wait_until(3, sub {0});
    my $before = $sandbox->token_requests;
    $sandbox->control(faults => [{ kind => 'silence' }]);
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        notify();
        POSIX::_exit(0);
    }
    ok wait_until(10, sub { $sandbox->token_requests > $before }), 'the provider is asked';
    is_deeply [canaries_of_processes()], [], 'command lines and environments';
    kill KILL => $pid;
    waitpid $pid, 0;
};

subtest 'refused by the provider, who repeats what it was sent, and by the mail server' => sub {
    for my $secret ($client->{'client-secret'}, refresh_token()) {
        call('PUT', "$PATH/mail", { 'oauth2-refresh-token' => $secret })
            if $secret ne $client->{'client-secret'};
        my $body = $json->encode(
            { error => 'invalid_client', error_description => "not this one: $secret, sorry" });
        $sandbox->fault(
            'answer',
            status  => 400,
            headers => [['Content-Type', 'application/json']],
            body    => $body
        );
        isnt notify(), 'sent', 'refused';
        like $said[-1], qr/\[secret\]/, 'it was there, and is masked';
    }
    call('PUT', "$PATH/mail", { 'oauth2-refresh-token' => refresh_token() });
    $sandbox->control(smtp =>
            { faults => [{ at => 'AUTH', kind => 'reply', text => '535 5.7.8 no', times => 9 }] });
    isnt notify(), 'sent', 'the server wants no token';
    watch();
    $sandbox->control(smtp => { clear => \1 });
};

subtest 'revoked, told over another target' => sub {
    call(
        'POST', $PATH,
        {
            name           => 'other',
            server         => $smtp->{host},
            port           => $smtp->{'port-clear'},
            mode           => 'insecure',
            mailto         => ['ben@example.org'],
            'from-address' => 'pve@example.org',
        }
    );
    call('PUT', '/cluster/notifications/matchers/all', { target => ['mail', 'other'] });
    $sandbox->control(revoke => \1);
    call('PUT', "$PATH/mail", { 'oauth2-refresh-token' => canary('refresh-bad', 'x' x 40) });
    notify();
    my @mails = map { $_->{raw} } $sandbox->mails;
    ok scalar(grep {/^Subject: Notification target mail on/m} @mails), 'the alert';
    push @said, @mails;
    like daily('--verbose'), qr/^mail: authorize-again - /m, 'the daily run';
};

subtest 'whatever can be asked for' => sub {
    for my $path (
        qw(targets endpoints/smtp endpoints/smtp/mail endpoints/smtp/mail/status matchers
        endpoints matcher-fields matcher-field-values)
        )
    {
        is call('GET', "/cluster/notifications/$path", {})->{code}, 200, $path;
    }
    my $config = PVE::Notify::read_config();
    push @said,
        Data::Dumper::Dumper($config, $config->get_smtp_endpoints, $config->get_oauth2_status);
};

subtest 'nothing of that has a secret' => sub {
    cmp_ok scalar @said, '>', 20, 'much was said';
    is_deeply [canaries_in($_)], [], 'no canary' or diag $_ for grep { canaries_in($_) } @said;
    is_deeply [canaries_in(join "\n", @said)], [], 'none in all of it';
};

subtest 'and in files only where it belongs, for its owner alone' => sub {
    my %in;
    $in{$_}++ for map {s/: [^:]+\z//r} canaries_below($dir);
    my @where = map {s{\Arun/oauth2/[0-9a-f]+[.]json\z}{run/oauth2/COPY}r} sort keys %in;
    is_deeply [grep { $_ ne 'run/oauth2/COPY' } @where],
        ['config/priv/notifications-ext.cfg', 'state/oauth2/mail.json'], 'places';
    my @kept = map { substr $_, 1 + length $dir } glob "$dir/{run,state}/oauth2/*";
    cmp_ok scalar @kept, '>=', 2, 'files of tokens';
    for my $path (keys %in, @kept) {
        is((stat "$dir/$path")[2] & oct '7777', oct '0600', $path);
    }
    for my $folder (qw(state/oauth2 run/oauth2 config/priv)) {
        is((stat "$dir/$folder")[2] & oct '7777', oct '0700', $folder);
    }
};

done_testing;
