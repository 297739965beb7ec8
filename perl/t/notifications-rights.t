#!/usr/bin/perl

# F-57: what somebody sees and can do over HTTP who may only look, or nothing at all.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use Test::More;
use Test::Peers                qw(new_dir write_owned write_private);
use Test::Notifications::Steps qw(canaries steps);
use Test::Way::Curl;

my $base   = '/cluster/notifications';
my $files  = new_dir();
my $way    = Test::Way::Curl->new('form', "$files/log");
my $config = "$way->{dir}/config";
my $json   = JSON::PP->new->canonical->allow_nonref->allow_blessed;

my sub content ($path) {
    open my $fh, '<:raw', $path or die "can't open '$path': $!\n";
    my $content = do { local $/ = undef; readline $fh };
    close $fh;
    return $content;
}

my sub append ($name, $text) {
    my $path = "$config/$name";
    return write_owned($path, content($path) . $text);
}

append('user.cfg', <<'END');
user:auditor@pve:1:0:
user:none@pve:1:0:
token:auditor@pve!try:0:0:
token:none@pve!try:0:0:
role:Looker:Mapping.Audit,Sys.Audit:
acl:1:/:auditor@pve:Looker:
END
append('priv/token.cfg', "auditor\@pve!try secret-of-auditor\nnone\@pve!try secret-of-none\n");
for my $name (qw(auditor none)) {
    write_private("$files/$name", "Authorization: PVEAPIToken=$name\@pve!try=secret-of-$name\n");
}

# the first entry of each kind, as the administrator makes it
my @calls = grep { $_->[1] eq 'POST' } map {@$_} grep {ref} steps();
my %made;
for my $call (@calls) {
    my (undef, $verb, $path, $param, @expected) = @$call;
    next if @expected > 1 || $made{$path} || $param->{target} || $path =~ m{\Atargets/};
    is $way->call($verb, "$base/$path", $param)->{code}, 200, "$param->{name} is made";
    $made{$path} = $param;
}
is scalar keys %made, 5, 'one of each kind';

my $canaries = join '|', map {quotemeta} canaries();
my %private  = map { $_ => content("$config/$_") } 'priv/notifications.cfg',
    'priv/notifications-ext.cfg';
like join('', values %private), qr/$canaries/, 'there are secrets';
my $public = content("$config/notifications.cfg");

my @lists   = sort keys %made;
my @entries = map {"$_/$made{$_}{name}"} @lists;
my ($mail)  = grep {m{/smtp/}} @entries;
my @reads   = map { ['GET', $_] } @lists, @entries, "$mail/status", 'targets', 'matcher-fields',
    'matcher-field-values';
my @writes = (
    (map { ['POST',   $_, { $made{$_}->%*, name => 'other' }] } @lists),
    (map { ['PUT',    $_, { comment             => 'x' }] } @entries),
    (map { ['DELETE', $_] } @entries),
);

subtest 'who may look sees no secret, and changes nothing' => sub {
    local $way->{authorization} = "$files/auditor";
    for my $call (@reads) {
        my $answer = $way->call($call->[0], "$base/$call->[1]", {});
        is $answer->{code}, 200, "@$call" or return;
        unlike $json->encode($answer), qr/$canaries/, "@$call: no secret";
    }
    for my $call (@writes) {
        is $way->call($call->[0], "$base/$call->[1]", $call->[2] // {})->{code}, 403,
            "@$call[0, 1]";
    }
};

subtest 'who may nothing sees the indexes' => sub {
    local $way->{authorization} = "$files/none";
    is $way->call('GET', $base,             {})->{code}, 200, 'GET index' or return;
    is $way->call('GET', "$base/endpoints", {})->{code}, 200, 'GET endpoints';
    for my $call (@reads, @writes, ['POST', 'targets/mail-to-root/test']) {
        is $way->call($call->[0], "$base/$call->[1]", $call->[2] // {})->{code}, 403,
            "@$call[0, 1]";
    }
};

subtest 'nobody sees nothing' => sub {
    write_private("$files/nobody", "X-Nobody: 1\n");
    local $way->{authorization} = "$files/nobody";
    is $way->call('GET', "$base$_", {})->{code}, 401, "GET $_" for '', '/targets', '/matchers';
};

is content("$config/notifications.cfg"), $public,      'the configuration is as it was';
is content("$config/$_"),                $private{$_}, "so is $_" for sort keys %private;
unlike content("$files/log"), qr/$canaries|secret-of/, 'the log of the server has no secret';

done_testing;
