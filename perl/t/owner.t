#!/usr/bin/perl

# Commands that root starts leave nothing that the server, an ordinary user, could not read.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use File::Find qw(find);
use Test::More;
use Test::NotifyHost qw(host_folder needs_root);
use Test::Peers      qw(new_dir root slurp write_private);

needs_root();

my ($uid, $gid) = (getpwnam('nobody'))[2, 3];
my $dir     = host_folder();
my $secrets = new_dir();
chmod(oct('0755'), "$dir");
chown($uid, $gid, map {"$dir/$_"} qw(config config/priv state run));
local $ENV{PVE_NOTIFY_HOST_DIR} = "$dir";

sub run_program ($program, @args) {
    my @include = map {"-I$_"} grep { !ref } map { m{\A/} ? $_ : root() . "/$_" } @INC;
    open(my $out, '-|', $^X, @include, @$program, @args) or die "$^X: $!\n";
    my $text = do { local $/ = undef; readline($out) };
    close($out);
    return ($?, $text // '');
}

sub of_others () {
    my @paths;
    find(
        sub {
            my $path = $File::Find::name;
            push @paths, $path if $path ne "$dir" && (lstat)[4] != $uid;
        },
        "$dir",
    );
    return \@paths;
}

my @pvesh = (root() . '/perl/host/bin/pvesh');
my $smtp  = '/cluster/notifications/endpoints/smtp';

subtest 'pvesh' => sub {
    write_private("$secrets/$_", "canary-$_") for qw(secret token);
    my ($status) = run_program(
        \@pvesh, 'create', $smtp,
        '--name'                      => 'mail',
        '--server'                    => 'smtp.gmail.com',
        '--from-address'              => 'ann@example.org',
        '--username'                  => 'ann@example.org',
        '--mailto'                    => 'ann@example.org',
        '--auth-method'               => 'google-oauth2',
        '--oauth2-client-id'          => 'client',
        '--oauth2-client-secret-file' => "$secrets/secret",
        '--oauth2-refresh-token-file' => "$secrets/token",
    );
    is $status, 0, 'a target, with secrets from files that only root can read';
    like slurp("$dir/state/oauth2/mail.json"), qr/canary-token/, 'the grant is kept';
    is_deeply of_others(), [], 'all is the owner\'s';
    my ($code, $text) = run_program(\@pvesh, 'get', "$smtp/mail/status", '--output-format', 'json');
    is $code, 0, 'and read again';
    like $text, qr/"condition"/, 'with its status';
    ($code, $text) = run_program(\@pvesh, 'ls', $smtp);
    like $text, qr/ mail$/m, 'ls';
};

subtest 'pveupdate' => sub {
    my $program = root() . '/perl/host/bin/pveupdate';
    my $told =
        'no warnings; *PVE::Notify::refresh_oauth2_state = sub { print "$> $)"; [] }; do shift';
    my ($status, $text) = run_program(['-MPVE::Notify', '-e', $told, $program]);
    is $status, 0,                'exit status';
    is $text,   "$uid $gid $gid", 'it is the owner by then';
};

done_testing();
