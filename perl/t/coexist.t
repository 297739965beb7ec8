#!/usr/bin/perl

# The library in the company that it keeps in daemons and scripts: beside another library of its
# kind, in forked children, under taint mode, subclassed, cloned, without standard files.

use v5.36;

use FindBin  ();
use JSON::PP ();
use Test::More;

use lib "$FindBin::Bin/lib";
use Test::Peers qw(host_dir new_dir root write_private);
use Test::Peers::Sandbox;

my $sandbox = Test::Peers::Sandbox->new;
my $client  = $sandbox->client('google-oauth2');
my $dir     = host_dir($sandbox->providers);
my $files   = new_dir();
my @BLIB    = map { '-I' . root() . "/$_" } qw(blib/lib blib/arch);

# what each program below starts with: config() and exchange($config), each call with the next code
my $BEGINNING = <<'END';
use v5.36;
my ($dir, $id, $secret, $uri, @codes) = do {
    open my $file, '<', $ENV{CALL} or die "$ENV{CALL}: $!\n";
    map { chomp; $_ } readline $file;
};
sub config ($class = 'PVE::RS::Notify') {
    my $host = { kind => 'standalone', 'config-dir' => "$dir/config" };
    return $class->parse_config('', '', undef, undef, { host => $host });
}
sub exchange ($config, $code = shift @codes) {
    my @arguments = ('google-oauth2', $id, $secret, undef, $code, $uri);
    my $token = eval { $config->exchange_smtp_oauth2_code(@arguments) };
    return $token =~ /\A[\w-]{40,}\z/ ? 'token' : "no token: $token" if defined $token;
    return ref $@ ? "error $@->{code} $@->{message}" : "died: $@";
}
END

# Runs a program with some codes; its output, or how it ended.
my sub run ($program, %opt) {
    my @lines = (
        "$dir",
        $client->@{qw(client-id client-secret)},
        $client->{'redirect-uris'}[0],
        map { $sandbox->code('google-oauth2') } 1 .. $opt{codes} // 1
    );
    write_private("$files/call", join '', map {"$_\n"} @lines);
    write_private("$files/program.pl", "$BEGINNING$program");
    local $ENV{CALL} = "$files/call";
    my $pid = open(my $out, '-|') // die "fork: $!\n";
    if (!$pid) {
        alarm 60;
        open STDERR, '>&', \*STDOUT;
        exec $^X, ($opt{switches} // [])->@*, @BLIB, ($opt{include} // [])->@*, "$files/program.pl";
    }
    my $output = do { local $/ = undef; readline $out };
    close $out;
    return $? ? "wait status $?: $output" : $output;
}

subtest 'the programs of this test can fail' => sub {
    is run('use PVE::RS::Notify; print exchange(config())'), 'token', 'a good exchange';
    like run('use PVE::RS::Notify; print exchange(config(), "wrong")'),
        qr/\Aerror 400 google-oauth2: /,
        'a wrong code';
    like run('kill 11, $$'), qr/\Await status \d+: /, 'a crash';
};

subtest 'F-50: a library with the tag of Proxmox in the same process' => sub {
    my $other = ($ENV{CARGO_TARGET_DIR} // root() . '/target') . '/perlmod-test';
    if (!-e "$other/PerlmodOther/Lib.pm") {
        BAIL_OUT("'$other' is not built: crates/perlmod-test/run does that") if $ENV{CI};
        plan skip_all => "'$other' is not built: crates/perlmod-test/run does that";
    }
    my $use_ours   = 'require PVE::RS::Notify; print exchange(config()), "\n";';
    my $use_theirs = <<'END';
require PerlmodOther::Sums;
print PerlmodOther::Sums::sum([1 .. 4]), "\n";
eval { PerlmodOther::Sums::fail() };
print "$@\n";
END
    my $tags = <<'END';
no strict 'refs';
print map { ($_->{-current} // 'none') . '/' . ($_->{-package} // 'none') . "\n" }
    \%{'main::pve-notify-rs-library'}, \%{'main::proxmox-rs-library'};
END
    my $ours      = "token\n";
    my $theirs    = "10\nthe other library failed\n\n";
    my $both_tags = "pve_rs_notify/PVE::RS::Notify::Lib\nperlmod_other/PerlmodOther::Lib\n";
    my %include   = (include => ["-I$other"]);
    is run("$use_ours $use_theirs $use_ours $tags", %include, codes => 2),
        "$ours$theirs$ours$both_tags", 'loaded after ours';
    is run("$use_theirs $use_ours $use_theirs $tags", %include), "$theirs$ours$theirs$both_tags",
        'loaded before ours';
    is run("use PVE::RS::Notify; my \$config = config(); $use_theirs print exchange(\$config)",
        %include),
        "${theirs}token", 'loaded while one of our objects lives';
    like run(
        "$use_theirs $use_ours open STDERR, '>', '/dev/null'; eval { PerlmodOther::Sums::panic() }; print \$@; $use_ours",
        %include,
        codes => 2
        ),
        qr/\A\Q$theirs$ours\E.*panic.*\Q$ours\E\z/s, 'its panic leaves ours alone';
};

subtest 'children of a fork exchange at the same time' => sub {
    my $program = <<'END';
use PVE::RS::Notify;
my $config = config();
print exchange($config), "\n";
STDOUT->flush;
my @read;
for my $n (1 .. 5) {
    my $pid = open(my $out, '-|') // die "fork: $!\n";
    if (!$pid) {
        print exchange($config, $codes[$n - 1]), ' ', exchange(config(), $codes[$n - 1]) =~ /\Aerror 400/ ? 'spent' : 'good';
        exit 0;
    }
    push @read, $out;
}
print readline($_), "\n" for @read;
print exchange($config, $codes[5]), "\n";
END
    is run($program, codes => 7), "token\n" . "token spent\n" x 5 . "token\n",
        'with the object from before the fork and with their own, and the parent afterwards';
};

subtest 'F-54: taint mode' => sub {
    my $program = 'use PVE::RS::Notify; print ${^TAINT}, " ", exchange(config());';
    is run($program, switches => ['-T']),       '1 token',  'perl -T';
    is run($program, switches => ['-t', '-w']), '-1 token', 'perl -t -w, without a warning';
};

subtest 'a subclass' => sub {
    my $program = <<'END';
package My::Notify { use parent 'PVE::RS::Notify'; sub exchange_twice ($self) { return map { main::exchange($self) } 1 .. 2 } }
my $config = config('My::Notify');
print ref $config, ' ', join ' ', $config->exchange_twice, scalar(() = $config->write_config);
END
    is run($program, codes => 2), 'My::Notify token token 2', 'has the methods of both';
};

subtest 'F-51: what looks like an object and is none' => sub {
    my $program = <<'END';
use PVE::RS::Notify;
use Storable qw(freeze thaw);
my $config = config();
my %fake = (
    thaw   => scalar(eval { thaw(freeze($config)) }),
    empty  => bless({}, 'PVE::RS::Notify'),
    scalar => bless(\my $scalar, 'PVE::RS::Notify'),
    code   => bless(sub { }, 'PVE::RS::Notify'),
    other  => bless([], 'Other'),
    class  => 'PVE::RS::Notify',
    none   => undef,
);
for my $name (sort keys %fake) {
    for my $method (qw(exchange_smtp_oauth2_code write_config get_oauth2_status)) {
        my @arguments = $method =~ /exchange/ ? ('google-oauth2', $id, $secret, undef, $codes[0], $uri) : ();
        my $result = eval { PVE::RS::Notify->can($method)->($fake{$name}, @arguments); 1 } ? 'worked' : ref $@ ? "code $@->{code}: $@->{message}" : $@;
        print "$name $method: ", $result =~ s/\n//gr, "\n";
    }
}
undef %fake;
print exchange($config), "\n";
END
    my @lines = split /\n/, run($program);
    is pop @lines,    'token', 'the true object still works' or diag(@lines);
    is scalar @lines, 21,      'no crash';
    like $_,   qr/PVE::RS::Notify/,          'a clear error'   for @lines;
    unlike $_, qr/worked|0x[0-9a-f]+|panic/, 'not an accident' for @lines;
};

subtest 'F-55: standard files that are closed' => sub {
    my $program = <<'END';
use POSIX ();
open(my $out, '>&', \*STDOUT) or die;
POSIX::close($_) for 0 .. 2;
require PVE::RS::Notify;
my $config = config();
my @results = (exchange($config), exchange($config, 'wrong') =~ s/ google.*//r, exchange($config, "a\n") =~ s/ code.*| auth.*//r);
my @sockets = grep { (readlink "/proc/self/fd/$_" // '') =~ /socket/ } 0 .. 2;
print {$out} join ', ', @results, @sockets . ' sockets left';
END
    is run($program), 'token, error 400, error 400, 0 sockets left',
        'nothing is written to a socket by mistake';
};

done_testing();
