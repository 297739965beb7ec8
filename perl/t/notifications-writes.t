#!/usr/bin/perl

# Changes below /cluster/notifications at the same time, cut short, after a boot and in taint mode.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use POSIX ();
use Test::More;
use Test::Peers qw(host_dir new_dir write_private);
use Test::Pvesh qw(pvesh pvesh_command);
use Test::Way::Direct;

my $base = '/cluster/notifications';

my sub content ($path) {
    open my $fh, '<:raw', $path or die "can't open '$path': $!\n";
    my $content = do { local $/ = undef; readline $fh };
    close $fh;
    return $content;
}

subtest 'changes at the same time are all kept' => sub {
    my $dir   = host_dir();
    my @names = map {"matcher-$_"} 1 .. 8;
    my @pids;
    for my $name (@names) {
        my $pid = fork // die "can't fork: $!\n";
        if (!$pid) {
            local $ENV{PVE_NOTIFY_HOST_DIR} = "$dir";
            exec pvesh_command('create', "$base/matchers", '--name', $name) or POSIX::_exit(127);
        }
        push @pids, $pid;
    }
    is waitpid($_, 0) && $?, 0, 'ends well' for @pids;
    my $text = content("$dir/config/notifications.cfg");
    is_deeply [sort $text =~ /^matcher: (matcher-\S+)$/mg], \@names, 'every entry is there';
};

subtest 'pvesh makes the folders that are missing after a boot' => sub {
    my $dir   = new_dir();
    my $ended = pvesh({ env => { PVE_NOTIFY_HOST_DIR => "$dir" } },
        'create', "$base/matchers", '--name', 'ab');
    is $ended->{status}, 0, 'a change works' or diag($ended->{err});
    is sprintf('%o', (stat "$dir/$_->[0]")[2] & oct '7777'), $_->[1], "$_->[0]: mode"
        for ['run', '750'], ['config', '750'], ['config/priv', '700'], ['state', '700'];
};

subtest 'in taint mode values are the same' => sub {
    my $dir = host_dir();
    local $ENV{PVE_NOTIFY_HOST_DIR} = "$dir";
    local $ENV{PATH}                = '/usr/bin:/bin';
    my ($perl, @pvesh) = pvesh_command();
    my @words = ('--from-address', 'node@example.org', '--mailto', 'ann@example.org');
    my $run   = sub (@args) { return system $perl, '-T', @pvesh, @args };
    is $run->(
        'create', "$base/endpoints/smtp", '--name', 'mail', '--server', 'mail.example.org',
        '--port', '2525', '--disable', '1', '--password', 'p', @words
        ),
        0, 'a port and a boolean';
    is $run->('set', "$base/endpoints/smtp/mail", '--port', '2526', '--disable', '0'), 0, 'changed';
    like content("$dir/config/notifications.cfg"),
        qr/^smtp: mail\n\tdisable false\n.*^\tport 2526\n/ms, 'are written';
    is $run->('delete', "$base/endpoints/smtp/mail"), 0, 'deleted';
};

subtest 'F-58: a write that was cut short is shown, and no secret meets another host' => sub {
    my $way  = Test::Way::Direct->new;
    my $dir  = $way->{dir};
    my $mail = "$base/endpoints/smtp/mail";
    my %mail = (server => 'old.example.org', username => 'node', password => 'old-password');
    my $made = $way->call(
        'POST',
        "$base/endpoints/smtp",
        {
            %mail,
            name           => 'mail',
            mailto         => ['ann@example.org'],
            'from-address' => 'node@example.org'
        }
    );
    is $made->{code}, 200, 'made';
    my $other = $way->call(
        'POST',
        "$base/endpoints/smtp",
        {
            %mail,
            name                   => 'other',
            mailto                 => ['ann@example.org'],
            'from-address'         => 'node@example.org',
            'auth-method'          => 'google-oauth2',
            'oauth2-client-id'     => 'id',
            'oauth2-client-secret' => 'client-secret',
        }
    );
    is $other->{code}, 200, 'beside one with OAuth2';
    my $old = content("$dir/config/notifications.cfg");
    my $changed =
        $way->call('PUT', $mail, { server => 'new.example.org', password => 'new-password' });
    is $changed->{code}, 200, 'changed';
    write_private("$dir/config/notifications.cfg", $old);

    my ($entry) = grep { $_->{name} eq 'mail' } $way->call('GET', "$base/targets", {})->{data}->@*;
    like $entry->{error}, qr/'mail' was only partly written/, 'the list of targets says so';
    is $way->call('PUT', $mail, { comment => 'c' })->{code}, 400, 'a change needs the secret';
    my $mended =
        $way->call('PUT', $mail, { server => 'new.example.org', password => 'new-password' });
    is $mended->{code}, 200, 'with it all is well';
    ($entry) = grep { $_->{name} eq 'mail' } $way->call('GET', "$base/targets", {})->{data}->@*;
    is $entry->{error}, undef, 'and nothing is wrong any more';
};

done_testing;
