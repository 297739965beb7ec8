#!/usr/bin/perl

# The files of the notification configuration as they are written on a node: its kind, and a file
# system with pmxcfs' rules.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::Pmxcfs qw(pmxcfs_at quorum refusals);
use PVE::Notify;
use Test::ConfigFiles qw(faults_below);
use Test::More;
use Test::Pvesh qw(host_dir);

my $dir    = host_dir();
my $config = "$dir/config";
PVE::Cluster::set_dirs({ config => $config, run => "$dir/run" });
PVE::Notify::set_host({ kind => 'pve', 'config-dir' => $config });
pmxcfs_at($config);

my @FILES = qw(
    priv/notifications-ext.cfg notifications-ext.cfg notifications.cfg priv/notifications.cfg
);
my @MAIL   = ('starttls', 'login', 'canary-1', ['a@example.org'], undef, 'pve@example.org');
my %OAUTH2 = (
    'auth-method'          => 'google-oauth2',
    'oauth2-client-id'     => 'id-1',
    'oauth2-client-secret' => 'canary-2',
);

my sub change ($code) {
    return PVE::Notify::lock_config(sub {
        my $object = PVE::Notify::read_config();
        $code->($object);
        PVE::Notify::write_config($object);
    });
}

my sub error_of ($code) {
    return eval { $code->(); 1 } ? '' : $@;
}

my sub names () {
    return [sort map {s{\A\Q$config\E/}{}r} grep {-f} glob "$config/* $config/priv/*"];
}

my sub content ($name) {
    return (PVE::Notify::File::read_file("$config/$name"))[0];
}

subtest 'the double has the rules of pmxcfs' => sub {
    my $text = 'x' x 1024;
    like error_of(sub { PVE::Notify::File::replace_file("$config/priv/a", 'x', oct '0640') }),
        qr/mode - /, 'another mode';
    like error_of(sub { PVE::Notify::File::replace_file("$config/a", 'x', oct '0644') }),
        qr/mode - /, 'another one outside';
    open my $fh, '>', "$config/a" or die "a: $!\n";
    ok !defined syswrite($fh, $text x 1025), 'a file that is too large';
    ok !chown(1000, 1000, $fh),              'another owner';
    close $fh;
    like error_of(sub { PVE::Notify::File::create_file("$config/b", 'x', oct '0640') }), qr/create/,
        'a hard link';
    open $fh, '>', "$config/a" or die "a: $!\n";
    print {$fh} 'x' x 1_048_553;
    close $fh or die "a: $!\n";
    like error_of(sub { PVE::Notify::File::read_file("$config/a") }), qr/read - File too large/,
        'a file that can be written and not be read again';
    unlink "$config/a";
    is_deeply names(), [], 'nothing is left';
    is scalar refusals(), 6, 'so many rules were broken';
    quorum(0);
    ok !mkdir("$config/new"),        'without quorum no folder is made';
    ok !rmdir("$config/priv"),       'nor removed';
    ok !unlink("$config/none"),      'nor a file';
    ok !utime(0, 0, "$config/priv"), 'nor a time set';
    quorum(1);
    ok mkdir("$config/new") && utime(0, 0, "$config/new") && rmdir("$config/new"),
        'with it all are';
    is scalar refusals(), 4, 'and four rules were broken';
};

subtest 'all four files keep to them' => sub {
    change(sub ($c) {
        $c->add_smtp('mail', 'a.example.org', 25, @MAIL, (undef) x 3, \%OAUTH2);
    });
    is_deeply names(), [sort @FILES], 'all four, and nothing else';
    change(sub ($c) {
        $c->update_smtp('mail', 'b.example.org', (undef) x 12, \%OAUTH2);
    });
    like content('notifications.cfg'),          qr/server b[.]example[.]org/, 'replaced';
    like content('priv/notifications-ext.cfg'), qr/canary-2/,                 'also ours';
    is_deeply [faults_below($config)], [], 'of the right form';
    change(sub ($c) {
        $c->delete_smtp_endpoint('mail');
    });
    is_deeply names(), [sort @FILES[2, 3]], 'the last OAuth2 target takes the files of ours along';
    is_deeply [refusals()], [],             'no rule was broken';
};

subtest 'a file as large as can be is read again' => sub {
    my $path = "$config/notifications-ext.cfg";
    PVE::Notify::File::replace_file($path, 'x' x 1_048_552, oct '0640');
    is length content('notifications-ext.cfg'), 1_048_552, 'the last byte too';
    like error_of(sub { PVE::Notify::File::replace_file($path, 'x' x 1_048_553, oct '0640') }),
        qr/1048553 bytes of at most 1048552/, 'one more is not written';
    PVE::Notify::File::remove_file($path);
    is_deeply [refusals()], [], 'no rule was broken';
};

subtest 'without quorum nothing is changed, and the reason is told' => sub {
    change(sub ($c) {
        $c->add_smtp('mail', 'a.example.org', 25, @MAIL, (undef) x 3, \%OAUTH2);
    });
    my @before = map { content($_) } @FILES;
    quorum(0);
    my $error = error_of(sub {
        change(sub ($c) {
            $c->update_smtp(
                'mail', 'b.example.org',
                (undef) x 12,
                { %OAUTH2, 'oauth2-client-secret' => 'canary-3' }
            );
        });
    });
    like $error, qr{\Afile '\Q$config\E/priv/notifications-pending[.]cfg.*Permission denied},
        'told';
    unlike $error, qr/canary/, 'without secrets';
    is_deeply [map { content($_) } @FILES], \@before, 'all files are as they were';
    is PVE::Notify::read_config()->get_smtp_endpoint('mail')->{server}, 'a.example.org', 'and read';
    quorum(1);
    ok scalar refusals(), 'the double had to refuse';
};

done_testing;
