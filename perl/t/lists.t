#!/usr/bin/perl

# The lists of targets, matchers and endpoints as text: name, kind, comment, state and what is wrong, in
# lines that fit a terminal. The rest is for programs.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP   qw(decode_json);
use List::Util qw(max);
use Test::More;
use Test::Peers      qw(host_dir);
use Test::Pvesh      qw(pvesh);
use Test::Registered qw(registered);
use PVE::API2;

my $TERMINAL = 100;
my $base     = '/cluster/notifications';
my $dir      = host_dir();

my sub call (@words) {
    my $ended = pvesh({ env => { PVE_NOTIFY_HOST_DIR => "$dir", LC_ALL => 'C' } }, @words);
    is $ended->{status}, 0, "@words[0, 1]" or diag($ended->{err});
    return $ended->{out};
}

my sub create ($path, %param) {
    return call('create', "$base/$path", map { ("--$_" => $param{$_}) } sort keys %param);
}

# the rows of a table, each a hash, by name
my sub rows ($text) {
    my ($header, @lines) = grep {/\A\|/} split /\n/, $text;
    my @names = split /\s*\|\s*/, $header =~ s/\A\|\s*//r;
    my @rows;
    for my $line (@lines) {
        my @cells = split /\s*\|\s*/, $line =~ s/\A\|\s*//r, -1;
        push @rows, { map { $names[$_] => $cells[$_] } 0 .. $#names };
    }
    my @sorted = sort { $a->{name} cmp $b->{name} } @rows;
    return \@sorted;
}

my sub list ($path) {
    my $text = call('get', "$base/$path");
    cmp_ok max(map {length} split /\n/, $text), '<=', $TERMINAL, "$path: fits" or diag($text);
    return rows($text);
}

my %mail = (
    server         => 'smtp.example.org',
    'from-address' => 'pve@example.org',
    mailto         => 'ann@example.org'
);

create('endpoints/smtp', %mail, name => 'relay', mode => 'starttls', comment => 'the relay');
create(
    'endpoints/smtp', %mail,
    name     => 'old',
    disable  => 1,
    mode     => 'insecure',
    port     => 2525,
    username => 'ann'
);
create('endpoints/gotify',  name => 'phone', server => 'https://gotify.example.org', token => 't');
create('endpoints/webhook', name => 'chat',  url => 'https://chat.example.org', method => 'post');
create('matchers', name => 'nightly', 'match-severity' => 'error', target => 'phone', disable => 1);

my $root_comment = q{Send mails to root@pam's email address};

my sub target ($name, $type, %more) {
    return { name => $name, type => $type, comment => '', disable => 'enabled', %more };
}

subtest 'targets' => sub {
    is_deeply list('targets'),
        [
        target('chat',         'webhook'),
        target('mail-to-root', 'sendmail', comment => $root_comment),
        target('old',          'smtp',     disable => 'disabled'),
        target('phone',        'gotify'),
        target('relay',        'smtp', comment => 'the relay'),
        ],
        'name, kind, comment and state';
};

subtest 'other lists' => sub {
    is_deeply list('endpoints/smtp'),
        [
        { name => 'old',   comment => '',          disable => 'disabled' },
        { name => 'relay', comment => 'the relay', disable => 'enabled' },
        ],
        'SMTP';
    is_deeply list('endpoints/sendmail'),
        [{ name => 'mail-to-root', comment => $root_comment, disable => 'enabled' }], 'sendmail';
    is_deeply list("endpoints/$_->[0]"), [{ name => $_->[1], disable => 'enabled' }], $_->[0]
        for ['gotify', 'phone'], ['webhook', 'chat'];
    is_deeply list('matchers'),
        [
        {
            name    => 'default-matcher',
            comment => 'Route all notifications to mail-to-root',
            disable => 'enabled'
        },
        { name => 'nightly', comment => '', disable => 'disabled' },
        ],
        'matchers';
};

subtest 'what is wrong, and how things stand with an OAuth2 login' => sub {
    create(
        'endpoints/smtp', %mail,
        name                   => 'oauth2',
        username               => 'pve@example.org',
        'auth-method'          => 'google-oauth2',
        'oauth2-client-id'     => 'id',
        'oauth2-client-secret' => 'secret'
    );
    open my $fh, '>>', "$dir/config/notifications.cfg" or die "can't open: $!\n";
    print {$fh} "\nsmtp: broken\n\tserver mail.example.org\n\tfrom-address a\@b.c\n\tport x\n";
    close $fh or die "can't write: $!\n";
    my %row = map { $_->{name} => $_ } rows(call('get', "$base/targets"))->@*;
    is $row{oauth2}{'oauth2-status'}, 'authorize-again', 'the login';
    like $row{oauth2}{'oauth2-error'}, qr/\S/, 'its problem';
    like $row{broken}{error}, qr/\Anotifications[.]cfg line \d+: port: must be a number/,
        'the error';
    is $row{broken}{disable}, 'disabled', 'that takes no part';
    is $row{relay}{$_}, '', "$_: nothing where all is well"
        for qw(oauth2-status oauth2-error error);
};

subtest 'other forms have everything' => sub {
    my %entry = map { $_->{name} => $_ }
        decode_json(call('get', "$base/endpoints/smtp", '--output-format', 'json'))->@*;
    is_deeply $entry{old},
        {
        name           => 'old',
        server         => 'smtp.example.org',
        mode           => 'insecure',
        port           => 2525,
        username       => 'ann',
        disable        => 1,
        mailto         => ['ann@example.org'],
        'from-address' => 'pve@example.org',
        origin         => 'user-created'
        },
        'JSON';
    my $targets = call('get', "$base/targets", '--output-format', 'yaml');
    like $targets, qr/^  oauth2-cure: \S.*\n(?:  .*\n)*  oauth2-status: /m, 'YAML';
};

# a node's own pvesh shows all that is declared, each as wide as its print_width at most
subtest 'the width on a node' => sub {
    my %width = (
        name            => length 'mail-to-root',
        type            => length 'sendmail',
        disable         => length 'disabled',
        comment         => length $root_comment,
        'oauth2-status' => 0,
    );
    my %method = registered()->%*;
    for my $name (grep { $method{$_}{returns}{items}{properties}{disable} } sort keys %method) {
        my $schema = $method{$name}{returns}{items}{properties};
        my $sum    = 1;
        for my $key (keys %$schema) {
            my $text = $width{$key}                 // 0;
            my $most = $schema->{$key}{print_width} // $text;
            $sum += 3 + max(length($key), $text < $most ? $text : $most);
        }
        cmp_ok $sum, '<=', $TERMINAL, $name;
    }
};

done_testing;
