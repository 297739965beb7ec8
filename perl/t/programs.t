#!/usr/bin/perl

# What all programs do alike: help, version, manual page, and what they say of an option that they do not
# know. Each by one row of the table.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/lib/fake";

use File::Basename qw(basename);
use POSIX          ();
use Test::More;
use Test::NotifyHost qw(needs_root);
use Test::Peers      qw(new_dir root slurp);

# program => section of its manual page, words before the option, status of a wrong call
my %program = (
    'host/bin/notify-host'   => [8, [[], ['setup']], 2],
    'host/bin/pvesh'         => [1, [[]],            255],
    'host/bin/pveupdate'     => [1, [[]],            2],
    'bin/pve-notify-refresh' => [1, [[]],            2],
);

my $files = new_dir();
my ($version) = slurp(root() . '/Cargo.toml') =~ /^version = "(.*)"$/m;

# (status, standard output, errors); a host's folder that cannot be made, as for somebody without rights
sub run_program ($program, @args) {
    my $pid = fork() // die "fork: $!\n";
    if (!$pid) {
        local $ENV{PVE_NOTIFY_HOST_DIR} = '/proc/none';
        open(STDIN,  '<', '/dev/null')  or die "in: $!\n";
        open(STDOUT, '>', "$files/out") or die "out: $!\n";
        open(STDERR, '>', "$files/err") or die "err: $!\n";
        my @include = map {"-I$_"} grep { !ref } map { m{\A/} ? $_ : root() . "/$_" } @INC;
        exec($^X, @include, root() . "/perl/$program", @args) or die "exec: $!\n";
    }
    waitpid($pid, 0);
    return ($? >> 8, slurp("$files/out"), slurp("$files/err"));
}

sub is_narrow ($text, $title) {
    is_deeply [grep { length > 80 } split(/\n/, $text)], [], $title;
    return;
}

is_deeply [sort map {s{\A.*/perl/}{}r} glob(root() . '/perl/bin/* ' . root() . '/perl/host/bin/*')],
    [sort keys %program], 'every program has a row';

for my $program (sort keys %program) {
    my ($section, $ways, $wrong) = $program{$program}->@*;
    for my $before (@$ways) {
        my $name = join(' ', basename($program), @$before);
        subtest $name => sub {
            my ($status, $out, $err) = run_program($program, @$before, '--help');
            is $status, 0,  'help: exit status';
            is $err,    '', 'help: no complaint';
            like $out, qr/\AUSAGE: \Q$name\E /, 'help: begins with its own name';
            like $out, qr/^EXIT STATUS: 0/m,    'help: tells the exit status';
            like $out, qr/--version/,           'help: tells of --version';
            is_narrow($out, 'help: 80 columns');
            my $other = (run_program($program, @$before, '-h'))[1];
            is $other, $out, '-h is the same';

            ($status, $out, $err) = run_program($program, @$before, '--version');
            is_deeply [$status, $out, $err], [0, "$name (pve-rs-notify) $version\n", ''], 'version';

            for my $option ('--bogus', '--bogus=1') {
                ($status, $out, $err) = run_program($program, @$before, $option);
                is $status, $wrong, "$option: exit status";
                is $out,    '',     "$option: no output";
                like $err,   qr/unknown option '--bogus/, "$option: is named" if $wrong != 255;
                like $err,   qr/^USAGE: /m, "$option: and the usage follows"  if $wrong != 255;
                unlike $err, qr/ at \S+ line \d+/, "$option: no place in the source";
            }
            ($status, $out, $err) = run_program($program, @$before, '--versio');
            is $status, $wrong, 'no abbreviations';
        };
    }

    subtest "$program: the manual page" => sub {
        my $path = root() . "/perl/$program";
        open(my $man, '-|', 'pod2man', "--section=$section", '--errors=stderr', $path)
            or die "pod2man: $!\n";
        my $text = do { local $/ = undef; readline($man) };
        close($man);
        is $?, 0, 'pod2man takes it';
        like $text, qr/^[.]TH "?\U\Q@{[basename($program)]}\E"? $section /mi, 'section';
        my @sections = slurp($path) =~ /^=head1 (.*)$/mg;
        for my $needed ('NAME', 'SYNOPSIS', 'OPTIONS', 'EXIT STATUS', 'FILES') {
            is scalar(grep { $_ eq $needed } @sections), 1, $needed;
        }
        my ($pod) = slurp($path) =~ /\n__END__\n(.*)/s;
        my %in_pod = map { $_ => 1 } $pod =~ /B<(--[\w-]+)>/g;
        my %option;
        for my $before ($ways->@*) {
            my (undef, $help) = run_program($program, @$before, '--help');
            $option{$_} = 1 for $help =~ /^  (--[\w-]+)/mg;
        }
        is_deeply [grep { !$in_pod{$_} } sort keys %option], [], 'explains each option of the help';
    };
}

subtest 'one version' => sub {
    is $PVE::Notify::Program::VERSION //
        do { require PVE::Notify::Program; $PVE::Notify::Program::VERSION },
        $version, 'of Cargo.toml';
    my ($package) = slurp(root() . '/debian/changelog') =~ /\A\S+ \(([^)]+)\)/;
    is $package, $version, 'of the packages';
};

subtest 'a run that fails says which program it was' => sub {
    needs_root();
    my ($status, $out, $err) = run_program('host/bin/pveupdate');
    is $status, 1, 'pveupdate: exit status';
    is $err, "pveupdate: folder '/proc/none/config': can't create - No such file or directory\n",
        'and why';
};

subtest 'an option without its value' => sub {
    my (undef, undef, $err) = run_program('host/bin/notify-host', '--port');
    like $err, qr/\Anotify-host: --port: needs a value\n/, 'missing';
    (undef, undef, $err) = run_program('host/bin/notify-host', '--port', 'abc');
    like $err, qr/\Anotify-host: --port: not a number: 'abc'\n/, 'no number';
    (undef, undef, $err) = run_program('host/bin/pveupdate', '--verbose=1');
    like $err, qr/\Apveupdate: --verbose: takes no value\n/, 'one too many';
};

done_testing();
