#!/usr/bin/perl

# The daily run as the programs that are started: what they renew, say, log and return.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use PVE::Notify;
use Test::More;
use Test::OAuth2Mail qw(age_record code_parameters target_parameters);
use Test::Peers      qw(root slurp write_private);
use Test::Peers::Sandbox;
use Test::Way::Direct;

my $sandbox = Test::Peers::Sandbox->new;
my $client  = $sandbox->client('google-oauth2');
my $way     = Test::Way::Direct->new;
my $dir     = $way->{dir};
my $json    = JSON::PP->new->canonical;
my $PATH    = '/cluster/notifications/endpoints/smtp';
my $VERSION = slurp(root() . '/Cargo.toml') =~ /^version = "(.*)"$/m ? $1 : 'none';
my $RECORD  = "$dir/state/oauth2/mail.json";
write_private("$dir/config/oauth2-providers.json", $json->encode({ $sandbox->providers }));

sub call (@call) {
    my $answer = $way->call(@call);
    is $answer->{code}, 200, "$call[0] $call[1]" or diag $answer->{message};
    return $answer->{data};
}

sub refresh_token () {
    return call('POST', '/cluster/notifications/smtp-oauth2-token', code_parameters($sandbox));
}

sub record () {
    return $json->decode(slurp($RECORD));
}

# Runs a program of this machine: (exit status, output, what it says to standard error).
sub run_program ($program, @args) {
    local $ENV{PVE_NOTIFY_HOST_DIR} = "$dir";
    my @include = map { '-I' . root() . "/$_" } qw(blib/lib blib/arch perl/host/lib);

    # which kind of machine this is has to be said by whoever starts the node's program
    my @machine = ('-MPVE::NotifyHost::Setup', '-e', 'PVE::NotifyHost::Setup->init; do shift');
    my $path    = root() . "/perl/$program";
    my @command = $program =~ /\Ahost/ ? ($path, @args) : (@machine, $path, @args);
    my $pid     = open(my $out, '-|') // die "fork: $!\n";
    if (!$pid) {
        open STDERR, '>', "$dir/errors" or POSIX::_exit(1);
        exec $^X, @include, @command;
    }
    my $text = do { local $/ = undef; readline $out };
    close $out;
    return ($? >> 8, $text // '', slurp("$dir/errors"));
}

my @PROGRAMS = qw(bin/pve-notify-refresh host/bin/pveupdate);

call('POST', $PATH, target_parameters($sandbox, refresh_token()));
call('POST', '/cluster/notifications/targets/mail/test', {});

for my $program (@PROGRAMS) {
    subtest "$program renews what was idle for 20 hours" => sub {
        age_record($dir, 19);
        my $before = $sandbox->token_requests;
        is_deeply [run_program($program)], [0, '', ''], 'nothing is due after 19 hours';
        age_record($dir, 2);
        is call('GET', "$PATH/mail/status", {})->{condition}, 'due', 'status after 21 hours';
        my $old = record();
        my ($status, $text, $errors) = run_program($program, '--verbose');
        is $status, 0,                                                               'exit status';
        is $text, "mail: ok, refreshed\n1 refreshed, 0 not due, 0 with a problem\n", 'what it says';
        is $errors,                  '',          'no error';
        is $sandbox->token_requests, $before + 1, 'the provider was asked once';
        my $new = record();
        cmp_ok $new->{refreshed}, '>=', time - 60, 'the record says when';
        isnt $new->{'access-token'}, $old->{'access-token'}, 'with a new token';
        is $new->{changed}{by},      'upkeep',               'and on whose behalf';
        call('POST', '/cluster/notifications/targets/mail/test', {});
        is $sandbox->token_requests, $before + 1, 'which the next mail uses';
        is_deeply [run_program($program)], [0, '', ''], 'the next run has nothing to do';
    };

    subtest "$program, called wrongly" => sub {
        my ($status, $text, $errors) = run_program($program, '--help');
        is $status, 0, 'help: exit status';
        my ($name) = $program =~ m{([^/]+)\z};
        like $text, qr/\AUSAGE: $name .*^EXIT STATUS: 0/ms, 'help: on standard output';
        is_deeply [run_program($program, '--version')], [0, "$name (pve-rs-notify) $VERSION\n", ''],
            'version';
        for my $args (['--bogus'], ['mail'], ['--verbose', 'mail']) {
            ($status, $text, $errors) = run_program($program, @$args);
            is $status, 2,  "@$args: exit status";
            is $text,   '', "@$args: no output";
            like $errors, qr/^$name: .*(?:bogus|mail).*^USAGE: $name /ms, "@$args: why";
        }
    };
}

subtest 'a target that has stopped working is logged, and the status is 1' => sub {
    my $before = $sandbox->token_requests;
    age_record($dir, 21);
    $sandbox->control(revoke => \1);
    my ($status, $text, $errors) = run_program('host/bin/pveupdate');
    is $status, 1, 'exit status';
    like $text, qr/^mail: authorize-again - .*invalid_grant.*^0 refreshed, 0 not due, 1 with/ms,
        'what it says';

    # where no log daemon is, lines of the log go to standard error
    SKIP: {
        skip 'there is a log daemon', 1 if -S '/dev/log';
        like $errors, qr/^pve-notify: err: .*`?mail`?.*authorize/m, 'the log';
    }
    is $sandbox->token_requests, $before + 1, 'the provider was asked once';
    ($status) = run_program('bin/pve-notify-refresh');
    is $status,                  1,           'the next day too';
    is $sandbox->token_requests, $before + 1, 'without asking';
};

subtest 'an expired client secret is replaced without a new consent' => sub {
    call('PUT', "$PATH/mail", { 'oauth2-refresh-token' => refresh_token() });
    call('PUT', "$PATH/mail", { 'oauth2-client-secret' => 'expired' });
    age_record($dir, 21);
    my ($status, $text) = run_program('host/bin/pveupdate');
    is $status, 1, 'exit status';
    like $text, qr/^mail: misconfigured - .*client secret/m, 'what it says';
    my $grant = record()->{'refresh-token'};
    call('PUT', "$PATH/mail", { 'oauth2-client-secret' => $client->{'client-secret'} });
    is record()->{'refresh-token'}, $grant, 'the grant is the same';
    is_deeply [run_program('host/bin/pveupdate', '--verbose')],
        [0, "mail: ok, refreshed\n1 refreshed, 0 not due, 0 with a problem\n", ''],
        'the new secret is tried at once';
};

done_testing;
