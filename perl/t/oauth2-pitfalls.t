#!/usr/bin/perl

# What is known to hurt with other tools: a target that is broken and can't be edited any more, a grant
# that goes only together with its client, settings that stay behind when this product goes.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use PVE::Notify;
use Test::More;
use Test::Peers qw(slurp write_private);
use Test::Way::Direct;

my $PATH = '/cluster/notifications/endpoints/smtp';
my $way  = Test::Way::Direct->new;
my $dir  = $way->{dir};

my %MAIL = (
    name                   => 'mail',
    server                 => 'mail.example.org',
    mode                   => 'tls',
    username               => 'ann@example.org',
    mailto                 => ['bob@example.org'],
    'from-address'         => 'pve@example.org',
    'auth-method'          => 'custom-oauth2',
    'oauth2-client-id'     => 'client',
    'oauth2-client-secret' => 'secret-1',
    'oauth2-refresh-token' => 'token-1',
    'oauth2-token-url'     => 'https://login.example.org/token',
    'oauth2-authorize-url' => 'https://login.example.org/authorize',
    'oauth2-scopes'        => 'mail',
);

sub call (@call) {
    my $answer = $way->call(@call);
    is $answer->{code}, 200, "$call[0] $call[1]" or diag $answer->{message};
    return $answer->{data};
}

sub condition () {
    return call('GET', "$PATH/mail/status", {})->{condition};
}

# Takes lines of a file away, or changes them.
sub edit ($file, $code) {
    my $text = slurp("$dir/config/$file");
    local $_ = $text;
    $code->();
    isnt $_, $text, "$file is changed";
    write_private("$dir/config/$file", $_);
    return;
}

call('POST', $PATH, {%MAIL});

subtest 'a broken target can still be edited' => sub {
    my %break = (
        'no client secret' => sub {
            edit('priv/notifications-ext.cfg', sub {s/^\toauth2-client-secret .*\n//m});
        },
        'no token URL' => sub {
            edit('notifications-ext.cfg', sub {s/^\toauth2-token-url .*\n//m});
        },
        'a token URL that is none' => sub {
            edit('notifications-ext.cfg', sub {s/^\toauth2-token-url \K.*/nonsense/m});
        },
        'no login' => sub {
            edit('notifications.cfg', sub {s/^\tusername .*\n//m});
        },
        'an unreadable record' =>
            sub { write_private("$dir/state/oauth2/mail.json", '{"version": 1, ') },
    );
    for my $title (sort keys %break) {
        subtest $title => sub {
            $break{$title}->();
            isnt condition(), 'ok', 'it does not work';
            call('PUT', "$PATH/mail", { comment => "about $title" });
            is call('GET', "$PATH/mail", {})->{comment}, "about $title", 'the comment has changed';
            call('GET', '/cluster/notifications/targets', {});
            my %new = %MAIL;
            delete $new{name};
            call('PUT', "$PATH/mail", \%new);
            is condition(), 'untested', 'it is mended by new settings';
        };
    }
    edit('priv/notifications-ext.cfg', sub {s/^\toauth2-client-secret .*\n//m});
    call('DELETE', "$PATH/mail", {});
    is_deeply [glob "$dir/state/oauth2/mail.json*"], [], 'it can be deleted, with all its records';
    call('POST', $PATH, {%MAIL});
};

subtest 'the grant alone is taken away and given again' => sub {
    is condition(), 'untested', 'before';
    call('PUT', "$PATH/mail", { delete => ['oauth2-refresh-token'] });
    is condition(), 'authorize-again', 'without it';
    like slurp("$dir/config/priv/notifications-ext.cfg"), qr/secret-1/, 'the client secret stays';
    call('PUT', "$PATH/mail", { 'oauth2-refresh-token' => 'token-2' });
    is condition(), 'untested', 'with another one';
};

subtest 'when the files of ours are removed the others stay valid' => sub {
    call('POST', '/cluster/notifications/matchers', { name => 'all', target => ['mail'] });
    my @files = map {"$dir/config/$_"} qw(notifications-ext.cfg priv/notifications-ext.cfg);
    is unlink(@files), 2, 'both were there';
    is_deeply PVE::Notify::read_config()->get_faults, [], 'nothing is wrong with the others';
    my $target = call('GET', "$PATH/mail", {});
    is_deeply [grep {/oauth2|auth-method/} keys %$target], [], 'the target has no key of ours';
    is $target->{server}, $MAIL{server}, 'but all of the others';
    call('PUT', "$PATH/mail", { comment => 'plain' });
    is_deeply [grep {-e} @files], [], 'and no such file comes back';
};

done_testing;
