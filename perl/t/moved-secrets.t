#!/usr/bin/perl

# A password, a token or a secret that somebody entered for one host is not shown to another by a user who
# may change targets but not the nodes; whoever may do both is asked nothing, as on a node.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Test::Peers qw(write_private);
use Test::Way::Direct;

my $PATH = '/cluster/notifications/endpoints';
my $way  = Test::Way::Direct->new;
write_private("$way->{dir}/config/user.cfg", <<'END');
user:joe@pve:1:0::::::
role:Editor:Mapping.Modify,Mapping.Use,Sys.AccessNetwork:
role:Owner:Sys.Modify,Sys.Audit:
acl:1:/mapping/notifications:joe@pve:Editor:
acl:1:/:joe@pve:Editor:
user:eve@pve:1:0::::::
acl:1:/mapping/notifications:eve@pve:Editor:
acl:1:/:eve@pve:Owner:
END

my %MAIL = (mailto => ['ann@example.org'], 'from-address' => 'pve@example.org');
my %MADE = (
    smtp => {
        server   => 'mail.example.org',
        port     => 465,
        username => 'pve',
        password => 'pass-canary',
        %MAIL,
    },
    gotify  => { server => 'https://push.example.org/', token => 'token-canary' },
    webhook => {
        url    => 'https://hook.example.org/a?key={{ secrets.key }}',
        method => 'post',
        secret => ['name=key,value=Y2FuYXJ5'],
    },
);
my %SECRET = (
    smtp    => { password => 'new' },
    gotify  => { token    => 'new' },
    webhook => { secret   => ['name=key,value=bmV3'] },
);

my $count = 0;

sub call ($user, @call) {
    my $answer = $way->call_as($user, @call);
    my $errors = join ',', sort keys(($answer->{errors} // {})->%*);
    return $answer->{code} == 200 ? 200 : "$answer->{code} $errors";
}

sub made ($kind) {
    my $name = 'target-' . ++$count;
    is call('root@pam', 'POST', "$PATH/$kind", { name => $name, $MADE{$kind}->%* }), 200, 'made';
    return "$PATH/$kind/$name";
}

# kind, what is changed, and whether the secret goes elsewhere
for my $row (
    [smtp    => { server => 'other.example.org' },                            1],
    [smtp    => { port   => 587, mode => 'starttls' },                        0],
    [smtp    => { server => 'MAIL.example.org.' },                            0],
    [smtp    => { mode   => 'insecure' },                                     0],
    [smtp    => { author => 'A node' },                                       0],
    [gotify  => { server => 'https://other.example.org/' },                   1],
    [gotify  => { server => 'http://push.example.org/' },                     1],
    [gotify  => { server => 'https://push.example.org:8443/sub' },            0],
    [webhook => { url    => 'https://other.example.org/{{ secrets.key }}' },  1],
    [webhook => { url    => 'http://hook.example.org/{{ secrets.key }}' },    1],
    [webhook => { url    => 'https://hook.example.org:1/{{ secrets.key }}' }, 0],
    )
{
    my ($kind, $change, $moves) = @$row;
    my $shown = join ' ', $kind, map {"$_ $change->{$_}"} sort keys %$change;
    subtest $shown => sub {
        my ($secret) = keys $SECRET{$kind}->%*;
        my $target   = made($kind);
        my $wanted   = $moves ? "400 $secret" : 200;
        is call('joe@pve', 'PUT', $target, $change), $wanted, 'by somebody who may change targets';
        my $message = $way->call_as('joe@pve', 'PUT', $target, $change)->{message} // '';
        like $message, qr/\A$secret: must be entered again/, 'which says so' if $moves;
        is call('joe@pve', 'PUT', $target, { %$change, $SECRET{$kind}->%* }), 200,
            'with the secret';
        is call('eve@pve', 'PUT', made($kind), $change), 200,
            'by somebody who may change the nodes';
        is call('root@pam', 'PUT', made($kind), $change), 200, 'by root';
    };
}

# what gets a client secret, or the token itself; a new client secret is no proof of anything
subtest 'endpoints of a login that stays what it is' => sub {
    my $TOKEN = 'https://login.example.org/token';
    my %login = (
        %MAIL,
        server                 => 'mail.example.org',
        username               => 'pve@example.org',
        'auth-method'          => 'custom-oauth2',
        'oauth2-client-id'     => 'app',
        'oauth2-client-secret' => 'client-canary',
        'oauth2-token-url'     => $TOKEN,
        'oauth2-authorize-url' => 'https://login.example.org/authorize',
        'oauth2-revoke-url'    => 'https://login.example.org/revoke',
    );
    my $made = sub () {
        my $name = 'target-' . ++$count;
        is call('root@pam', 'POST', "$PATH/smtp", { name => $name, %login }), 200, 'made';
        return "$PATH/smtp/$name";
    };
    for my $key (qw(oauth2-device-url oauth2-revoke-url)) {
        my $target = $made->();
        my %change = ($key => 'https://login.example.org/~joe/steal');
        is call('joe@pve', 'PUT', $target, {%change}), "400 $key", "$key: by somebody who may not";
        is call('joe@pve', 'PUT', $target, { %change, 'oauth2-client-secret' => 'new' }),
            "400 $key", "$key: with a secret of his own";
        is call('root@pam', 'PUT', $target, {%change}), 200, "$key: by root";
        is call('joe@pve',  'PUT', $target, { author => 'A node' }), 200, "$key: nothing of it";
        is call('joe@pve',  'PUT', $target, { delete => [$key] }),   200, "$key: taken away";
    }

    # what waits aside is there again with the settings that it was given for
    my $target = $made->();
    is call('joe@pve', 'PUT', $target, { 'oauth2-client-id' => 'other' }), 200, 'put aside';
    is call(
        'joe@pve',
        'PUT',
        $target,
        { 'oauth2-client-id' => 'app', 'oauth2-revoke-url' => 'https://login.example.org/~joe/x' }
        ),
        '400 oauth2-revoke-url', 'in two steps';
    is call('joe@pve', 'PUT', $made->(),
        { 'oauth2-revoke-url' => 'https://login.example.org:1/x' }),
        '400 oauth2-revoke-url', 'another port';
    is call('joe@pve', 'POST', "$PATH/smtp", { name => 'of-joe', %login }), 200,
        'a target of his own';
};

done_testing;
