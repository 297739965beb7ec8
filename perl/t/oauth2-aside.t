#!/usr/bin/perl

# Stored credentials are never sent to a new place: each setting that says where they go or for whom
# they were given puts the client secret and the grant aside, unless new ones come in the same call. They
# are there again when the settings go back.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use Test::More;
use Test::Peers qw(slurp);
use Test::Way::Direct;

my $PATH = '/cluster/notifications/endpoints/smtp';
my $way  = Test::Way::Direct->new;
my $dir  = $way->{dir};

my %COMMON = (
    server             => 'mail.example.org',
    port               => 587,
    mode               => 'starttls',
    username           => 'ann@example.org',
    mailto             => ['bob@example.org'],
    'from-address'     => 'pve@example.org',
    'oauth2-client-id' => 'first',
);
my %BASE = (
    custom => {
        'auth-method'          => 'custom-oauth2',
        'oauth2-token-url'     => 'https://login.example.org/token',
        'oauth2-authorize-url' => 'https://login.example.org/authorize',
        'oauth2-scopes'        => 'mail',
    },
    microsoft => {
        'auth-method'      => 'microsoft-oauth2',
        'oauth2-tenant-id' => 'example.org',
    },
);

# the settings that a grant is given for: the base of the target, key, new value
my @PLACES = (
    [custom    => 'server',           'other.example.org'],
    [custom    => 'auth-method',      'google-oauth2'],
    [custom    => 'oauth2-token-url', 'https://other.example.org/token'],
    [custom    => 'oauth2-client-id', 'second'],
    [custom    => 'username',         'ben@example.org'],
    [microsoft => 'oauth2-tenant-id', 'other.example.org'],
    [microsoft => 'oauth2-cloud',     'us-gov'],
);

# those that have nothing to do with it
my @OTHERS = (
    [custom => 'port',         2525],
    [custom => 'mode',         'tls'],
    [custom => 'server',       'MAIL.example.org'],
    [custom => 'comment',      'about'],
    [custom => 'author',       'A node'],
    [custom => 'from-address', 'node@example.org'],
    [custom => 'mailto',       ['ann@example.org']],
    [custom => 'disable',      1],
);

my $count = 0;
my @warned;

# what it says to standard error is kept
sub ok_call (@call) {
    my $answer = do {
        local *STDERR;
        open(STDERR, '>', "$dir/stderr") or die "stderr: $!\n";
        my $given = $way->call(@call);
        close(STDERR);
        $given;
    };
    my $said = slurp("$dir/stderr");
    push @warned, split /^/m, $said;
    is $answer->{code}, 200, "$call[0] $call[1]" or diag $answer->{message};
    return $answer->{data};
}

# a new target with a client secret and a grant; its name
sub target ($base) {
    my $name = 'mail-' . ++$count;
    ok_call(
        'POST', $PATH,
        {
            name => $name,
            %COMMON,
            $BASE{$base}->%*,
            'oauth2-client-secret' => "old-secret-$name",
            'oauth2-refresh-token' => "old-token-$name",
        }
    );
    is condition($name), 'untested', 'it has what it needs';
    return $name;
}

sub condition ($name) {
    return ok_call('GET', "$PATH/$name/status", {})->{condition};
}

sub secrets () {
    return slurp("$dir/config/priv/notifications-ext.cfg");
}

sub record ($name) {
    return JSON::PP->new->utf8->decode(slurp("$dir/state/oauth2/$name.json"));
}

for my $row (@PLACES) {
    my ($base, $key, $value) = @$row;
    subtest "$key puts client secret and grant aside" => sub {
        my $name = target($base);
        like secrets(), qr/\toauth2-client-secret old-secret-$name$/m, 'the secret is there';
        @warned = ();
        ok_call('PUT', "$PATH/$name", { $key => $value });
        unlike secrets(), qr/\toauth2-client-secret old-secret-$name/, 'the secret is not used';
        is scalar @warned, 1, 'a warning';
        like $warned[0], qr/\AWARN: target '$name': oauth2-client-secret: is missing/, 'its text';
        my $status = ok_call('GET', "$PATH/$name/status", {});
        is $status->{condition}, 'misconfigured', 'which the status says';
        ok abs($status->{'last-error-at'} - time) < 60, 'since when';
        like $status->{'last-error'},
            qr/; set $key back, or set oauth2-client-secret again; $key is /,
            'what has changed, and what to do';
        my $before = { %COMMON, $BASE{$base}->%* }->{$key};
        ok_call('PUT', "$PATH/$name", defined $before ? { $key => $before } : { delete => [$key] });
        is condition($name), 'untested', 'the settings go back, and both are there again';
        like secrets(), qr/\toauth2-client-secret old-secret-$name$/m, 'the secret';
        ok_call('PUT', "$PATH/$name", { $key => $value });
        my $secret = "other-secret-$name";
        ok_call('PUT', "$PATH/$name", { 'oauth2-client-secret' => $secret });
        is condition($name),                 'authorize-again', 'the grant is not used either';
        is record($name)->{'refresh-token'}, "old-token-$name", 'but kept';
    };
    subtest "$key with new credentials in the same call" => sub {
        my $name = target($base);
        ok_call(
            'PUT',
            "$PATH/$name",
            {
                $key                   => $value,
                'oauth2-client-secret' => "new-secret-$name",
                'oauth2-refresh-token' => "new-token-$name",
            }
        );
        like secrets(), qr/new-secret-$name$/m, 'the new secret';
        is condition($name),                 'untested',        'status';
        is record($name)->{'refresh-token'}, "new-token-$name", 'the new grant';
    };
}

for my $row (@OTHERS) {
    my ($base, $key, $value) = @$row;
    subtest "$key leaves both alone" => sub {
        my $name = target($base);
        ok_call('PUT', "$PATH/$name", { $key => $value });
        like secrets(), qr/old-secret-$name$/m, 'the secret';
        is condition($name), 'untested', 'the grant';
    };
}

subtest 'a client secret is replaced without a new consent' => sub {
    my $name   = target('microsoft');
    my $before = record($name);
    ok_call('PUT', "$PATH/$name", { 'oauth2-client-secret' => "new-secret-$name" });
    like secrets(), qr/new-secret-$name$/m, 'the new one is there';
    is condition($name), 'untested', 'status';
    is_deeply record($name), $before, 'nothing has happened to the grant';
};

done_testing;
