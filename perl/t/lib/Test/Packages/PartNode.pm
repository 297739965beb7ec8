package Test::Packages::PartNode;

# The package on a node: over versions of the node's own files that fit and that do not, handed over and
# taken back, removed, purged and installed again.

use v5.36;

use Test::More;
use Test::Packages::Built   qw(packages package_of this_debian);
use Test::Packages::Node    ();
use Test::Packages::StandIn qw(pve_manager);
use Test::Peers::Sandbox;

my $API     = 'PVE/API2/Cluster/Notifications.pm';
my $PACKAGE = 'pve-notify-oauth2';

my sub is_done ($run, $title) {
    is $run->{status}, 0, $title or diag $run->{text};
    return;
}

my sub files_stay ($node) {
    my $system = $node->system_of;
    is $system->run('dpkg', '-V', 'pve-manager')->{text}, '', 'no file of the node is changed';
    unlike $system->run('dpkg-divert', '--list')->{text}, qr/PVE/, 'nor diverted';
    my @files = split /\n/, $system->run('dpkg', '-L', $PACKAGE, 'libpve-rs-notify-perl')->{out};
    is_deeply [grep {m{/share/perl5/}} @files], [], 'no module of ours beside those of the node';
    is_deeply [grep { m{/share/pve-manager/.*/[^/]+[.]} && !m{/notification-target-[^/]+\z} }
            @files],
        [], 'no template of the node';
    ok + (grep {m{/share/pve-manager/.*/notification-target-}} @files), 'templates of ours';
    return;
}

my sub fresh ($node) {
    my $system = $node->system_of;
    $node->serves('before us', 'vendor', 'vendor');
    is_done($system->install($PACKAGE), 'apt installs it over pve-manager 9.2.11');
    $node->serves('ours are in charge', 'ours', 'ours');
    like $system->content('/var/log/triggered'), qr/^pve-api-updates$/m, 'the trigger has fired';
    like $system->run('pve-notify', 'status')->{text}, qr/^no target logs in|^\w+: /,
        'the command line finds the files of the node';
    files_stay($node);
    is_done($system->run('update-ca-certificates'), 'the sandbox is trusted');
    $node->tells('a new node', 1,
        qr{PVE::Notify +ours, /usr/lib/.*needs attention \(1\):\n.*daily run has not run}s);
    is_done($system->run('pve-notify-refresh'), 'the daily run');
    $node->tells('after the daily run', 0, qr/all is well\n\z/);
    like $system->sh('cat /usr/lib/systemd/system/pve-daily-update.service.d/*')->{out},
        qr{^ExecStartPre=-/usr/bin/pve-notify-refresh$}m, 'the daily run of the node has it';
    return;
}

my sub journey ($node) {
    my $system = $node->system_of;
    my $token  = $node->exchange;
    like $token, qr/\A\S{20,}\z/, 'the exchange gives a refresh token';
    is $node->create_target($token), undef, 'a target is created';
    $node->sends_by_oauth2('OAuth2 on the node');
    my $run = $system->run('pve-notify-refresh', '--verbose');
    is_done($run, 'the daily run');
    like $run->{out}, qr/^oauth: ok/m, 'knows the target';
    $node->tells('with the target', 0, qr/OAuth2 targets:\n  ok  1\n.*all is well/s);
    is $system->sh('find /etc/pve/priv/notification-oauth2 -perm /077')->{text}, '',
        'its record is for root alone';
    return;
}

my sub install_stand_in ($node, $version, $change) {
    my $system = $node->system_of;
    $system->offer(pve_manager($version, $change));
    is_done($system->install("pve-manager=$version"), "the node gets pve-manager $version");
    return;
}

my sub append ($file, $text) {
    return sub ($perl5) {
        Test::Packages::StandIn::edit("$perl5/$file", sub {s/^1;$/$text\n1;/m});
        return;
    };
}

my sub unfit ($node) {
    my $lacks = 'PVE::JSONSchema has no parse_boolean';
    install_stand_in($node, '9.9',
        append('PVE/JSONSchema.pm', 'delete $PVE::JSONSchema::{parse_boolean};'));
    $node->serves('what no longer fits', 'ours', 'vendor', qr/the node's own.*$lacks/);
    $node->tells('what no longer fits',
        1, qr/the vendor's modules are in charge: .*$lacks.*fix: upgrade $PACKAGE/s);
    is $node->system_of->run('dpkg', '-V', $PACKAGE)->{text}, '', 'our files are as installed';
    return;
}

my sub with_feature ($node) {
    my $system = $node->system_of;
    my $hide   = sub ($from, $to) {
        is_done($system->sh("cd /etc/pve; mv notifications-ext.cfg$from notifications-ext.cfg$to"),
            $to ? 'no OAuth2 target' : 'an OAuth2 target');
    };
    install_stand_in($node, '9.10',
        append($API, q{add(smtp_oauth2_token => POST => 'smtp-oauth2-token');}));
    $hide->('', '.aside');
    $node->serves('a node that can do it itself', 'vendor', 'vendor');
    $hide->('.aside', '');
    $node->serves('one with OAuth2 targets of ours', 'ours', 'ours');
    like $system->run('pve-notify-refresh')->{text}, qr/"pve-notify-node off" hands over/,
        'the daily run says how to hand over';
    $node->tells('asks before', 2, qr/may need a new authorization: 'oauth'/, 'off');
    $node->tells('hands over', 0, qr/the vendor's modules are in charge/, 'off', '--yes');
    $node->serves('handed over', 'vendor', 'vendor');
    $node->tells('handed over', 0, qr/switched off by pve-notify-node/);
    $node->tells('takes back', 0, qr/our modules are in charge/, 'on');
    $node->serves('taken back', 'ours', 'ours');
    $node->sends_by_oauth2('after that');
    is_done($system->apt('--allow-downgrades', 'install', 'pve-manager=9.2.11'), 'back to 9.2.11');
    return;
}

my sub another_perl ($node) {
    my $system = $node->system_of;
    if (this_debian() ne 'bookworm') {
        diag 'SKIPPED: a library of another perl needs a Debian 12';
        return;
    }
    my ($path) = $system->sh('ls /usr/lib/*/perl5/*/auto/libpve_rs_notify.so')->{out} =~ /(\S+)/;
    my $file   = $system->path($path);
    my $other  = package_of('bookworm', 'libpve-rs-notify-perl');
    my $member = $path =~ s/5[.]40/5.36/r;
    is
        system('sh', '-c',
        'cp -a "$1" "$1.kept"; dpkg-deb --fsys-tarfile "$2" | tar -xO ".$3" >"$1"',
        'sh', $file, $other, $member),
        0, 'the library of Debian 12 in its place';
    $node->serves('a library of another perl', 'vendor', 'vendor', qr/built for perl/);
    $node->tells('a library of another perl', 1, qr/built for perl.*fix: upgrade $PACKAGE/s);
    rename "$file.kept", $file or die "$file: $!\n";
    $node->serves('the right library', 'ours', 'ours');
    return;
}

my sub removed ($node) {
    my $system = $node->system_of;
    $system->put('/var/lib/pve-notify-oauth2/last-run', '{}');
    my $before = $node->fingerprint;
    my $count  = () = $system->content('/var/log/triggered') =~ /^/mg;
    is_done($system->apt('remove', $PACKAGE), 'apt removes it');
    $node->serves('removed', 'vendor', 'vendor');
    is $node->fingerprint, $before, 'targets and tokens are untouched';
    cmp_ok scalar(() = $system->content('/var/log/triggered') =~ /^/mg), '>', $count,
        'the trigger has fired';
    is $system->run('dpkg', '-V', 'pve-manager')->{text}, '', "the node's files are as installed";
    ok $system->has('/var/lib/pve-notify-oauth2/last-run'), 'what is of this node stays';
    my $run = $system->apt('purge', $PACKAGE, 'libpve-rs-notify-perl');
    is_done($run, 'apt purges it');
    like $run->{text}, qr{tokens stay in /etc/pve/priv/notification-oauth2}, 'says what stays';
    ok !$system->has('/var/lib/pve-notify-oauth2'), 'what is of this node is gone';
    is $node->fingerprint, $before,                            'targets and tokens are untouched';
    is $system->sh('ls -d /usr/lib/*/perl5/*/PVE')->{out}, '', 'no folder of ours is left';
    $node->serves('purged', 'vendor', 'vendor');
    my $readme = $system->follow_readme('A Proxmox VE 9 node', 'deb-trixie', packages('trixie'));
    is_done($readme, 'installed again, as the README says it');
    like $readme->{text}, qr/all is well\n\z/, 'its last command says that all is well';
    $node->serves('again', 'ours', 'ours');
    $node->sends_by_oauth2('with the tokens of before');
    return;
}

my sub without_tokens ($node) {
    my $system = $node->system_of;
    $node->tells('asks before', 2, qr/1 target must be authorized again: 'oauth'/, 'purge-tokens');
    $node->tells('deletes', 0, qr/the tokens of 1 of 1 targets/, 'purge-tokens', '--yes');
    is $system->sh('find /etc/pve/priv/notification-oauth2 -type f')->{out}, '', 'nothing is left';
    $node->serves('without tokens', 'ours', 'ours');
    return;
}

sub run ($class) {
    my $sandbox = Test::Peers::Sandbox->new;
    my $node    = Test::Packages::Node->new($sandbox, [packages('trixie')], 'node');
    my @cases   = (
        ['installed'                     => \&fresh],
        ['a target with OAuth2'          => \&journey],
        ['a node that no longer fits'    => \&unfit],
        ['a node with OAuth2 of its own' => \&with_feature],
        ['a library of another perl'     => \&another_perl],
        ['removed, purged, installed'    => \&removed],
        ['tokens deleted'                => \&without_tokens],
    );
    for my $case (@cases) {
        my ($title, $code) = @$case;
        subtest $title => sub { $code->($node) };
    }
    $node->system_of->remove;
    return;
}

1;
