package Test::Packages::Node;

# A stand-in for a node of Proxmox VE in a Debian 13: its own files as a package, /etc/pve as a plain
# folder, a target with a password and one with OAuth2 at the sandbox.

use v5.36;

use JSON::PP      ();
use Sys::Hostname qw(hostname);
use Test::More;
use Test::Packages::StandIn qw(pve_manager);
use Test::Packages::System;
use Test::Peers qw(root slurp);

my $RECORDS = '/etc/pve/priv/notification-oauth2';

# $debs: our packages for this Debian
sub new ($class, $sandbox, $debs, $name, @more) {
    my $system = Test::Packages::System->new('trixie', $name);
    my $self   = bless { system => $system, sandbox => $sandbox }, $class;
    $system->offer(pve_manager('9.2.11'), @$debs, @more);
    my $made = $system->sh('apt-get -q -y --no-install-recommends install pve-manager=9.2.11');
    die "pve-manager: $made->{text}\n" if $made->{status};
    $self->make_files;
    return $self;
}

sub system_of ($self) { return $self->{system} }
sub records   ($self) { return $RECORDS }

sub make_files ($self) {
    my ($system, $sandbox) = $self->@{qw(system sandbox)};
    my ($smtp,   $user)    = ($sandbox->{smtp}, $sandbox->{users}[0]);
    my $node = hostname() =~ s/[.].*//sr;
    $system->put('/etc/pve/notifications.cfg', <<"END", oct '0640');
smtp: mail
	from-address pve\@example.org
	mailto ann\@example.org
	mode insecure
	port $smtp->{'port-starttls'}
	server $smtp->{host}
	username $user->{login}

matcher: default-matcher
	mode all
	target mail

END
    $system->put(
        '/etc/pve/priv/notifications.cfg',
        "smtp: mail\n\tpassword $user->{password}\n\n",
        oct '0600'
    );
    $system->put('/soak/program.pl', slurp(root() . '/perl/t/node/program.pl'));
    $system->put("/usr/local/share/ca-certificates/sandbox.crt", slurp($sandbox->dir . "/ca.crt"));
    my $made =
        $system->sh("mkdir -p /etc/pve/priv/lock /etc/pve/nodes/$node; "
            . "ln -s nodes/$node /etc/pve/local; chgrp -R www-data /etc/pve; "
            . 'chmod 2700 /etc/pve/priv /etc/pve/priv/lock; chmod 2755 /etc/pve; chmod 755 /soak');
    die "/etc/pve: $made->{text}\n" if $made->{status};
    return;
}

# what a daemon of the node finds
sub look ($self, $first) {
    my $run   = $self->{system}->run('perl', '-T', '/soak/program.pl', '-', $first, '');
    my $found = eval { JSON::PP::decode_json($run->{out}) };
    return $found // { failed => "status $run->{status}: $run->{text}" };
}

# Whoever is in charge, what a daemon loads is whole and a mail goes out; $logged is in the one line of
# the log, undef for none.
sub serves ($self, $title, $notify, $api, $logged = undef) {
    return subtest $title => sub {
        for my $first (qw(api notify)) {
            my $before = () = $self->{sandbox}->mails;
            my $found  = $self->look($first);
            is $found->{failed}, undef, "$first: loads" or next;
            is_deeply $found->{missing}, [], "$first: all methods";
            is $found->{sent},                       1,              "$first: the mail goes out";
            is scalar(() = $self->{sandbox}->mails), $before + 1,    "$first: it arrives";
            is "$found->{notify} $found->{api}",     "$notify $api", "$first: who is in charge";
            is_deeply $found->{warnings}, [], "$first: no warning";
            my @log = grep {/pve-notify-oauth2/} $found->{log}->@*;
            is scalar @log, defined $logged ? 1 : 0, "$first: lines in the log"
                or diag explain \@log;
            like $log[0] // '', qr/\Aerr .*$logged/, "$first: what it says" if defined $logged;
        }
    };
}

# pve-notify-node with its exit status
sub tells ($self, $title, $status, $text, @args) {
    my $run = $self->{system}->run('pve-notify-node', @args);
    return subtest $title => sub {
        is $run->{status}, $status, 'exit status' or diag $run->{text};
        like $run->{text},   $text,                  'what it says';
        unlike $run->{text}, qr/ at \S+ line [0-9]/, 'no trace of perl';
    };
}

sub pvesh ($self, @words) {
    my $run = $self->{system}->run('pvesh', @words, '--output-format', 'json');
    return $run->{text} if $run->{status};
    return JSON::PP->new->allow_nonref->decode($run->{out} =~ /\S/ ? $run->{out} : 'null');
}

sub exchange ($self) {
    my $sandbox  = $self->{sandbox};
    my $client   = $sandbox->client('google-oauth2');
    my $provider = { $sandbox->providers }->{'google-oauth2'};
    return $self->pvesh(
        'create', '/cluster/notifications/smtp-oauth2-token',
        '--auth-method'        => 'custom-oauth2',
        '--client-id'          => $client->{'client-id'},
        '--client-secret'      => $client->{'client-secret'},
        '--authorization-code' => $sandbox->code('google-oauth2'),
        '--redirect-uri'       => $client->{'redirect-uris'}[0],
        '--token-url'          => $provider->{'token-url'},
        '--scopes'             => join(' ', $provider->{scopes}->@*),
    );
}

# the answer to the creation of target 'oauth'
sub create_target ($self, $token) {
    my $sandbox  = $self->{sandbox};
    my $client   = $sandbox->client('google-oauth2');
    my $provider = { $sandbox->providers }->{'google-oauth2'};
    my ($smtp, $login) = ($sandbox->{smtp}, $sandbox->{users}[0]{login});
    return $self->pvesh(
        'create', '/cluster/notifications/endpoints/smtp',
        '--name'                 => 'oauth',
        '--server'               => $smtp->{host},
        '--port'                 => $smtp->{'port-starttls'},
        '--mode'                 => 'starttls',
        '--username'             => $login,
        '--from-address'         => $login,
        '--mailto'               => 'ben@example.org',
        '--auth-method'          => 'custom-oauth2',
        '--oauth2-client-id'     => $client->{'client-id'},
        '--oauth2-client-secret' => $client->{'client-secret'},
        '--oauth2-token-url'     => $provider->{'token-url'},
        '--oauth2-authorize-url' => $provider->{'authorize-url'},
        '--oauth2-scopes'        => join(' ', $provider->{scopes}->@*),
        '--oauth2-refresh-token' => $token,
    );
}

# The OAuth2 target works with what is kept of it.
sub sends_by_oauth2 ($self, $title) {
    return subtest $title => sub {
        my $condition = sub () {
            my $status = $self->pvesh('get', '/cluster/notifications/endpoints/smtp/oauth/status');
            return ref $status ? $status->{condition} : $status;
        };
        like $condition->(), qr/\A(?:untested|ok)\z/, 'its condition';
        my $answer = $self->pvesh('create', '/cluster/notifications/targets/oauth/test');
        is $answer,        undef, 'a test mail goes out';
        is $condition->(), 'ok',  'its condition then';
        my $mail = ($self->{sandbox}->mails)[-1];
        is $mail->{mechanism}, 'XOAUTH2', 'the login';
        is_deeply $mail->{to}, ['ben@example.org'], 'to whom';
    };
}

# the records, and what says whether anybody has touched them
sub fingerprint ($self) {
    return $self->{system}->sh("cd $RECORDS && find . -type f | sort | xargs sha256sum; "
            . 'cd /etc/pve && sha256sum *.cfg priv/*.cfg')->{text};
}

1;
