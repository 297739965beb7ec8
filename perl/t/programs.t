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
    'host/bin/notify-host'     => [8, [[], ['setup']],           2],
    'host/bin/pvesh'           => [1, [[]],                      255],
    'host/bin/pveupdate'       => [1, [[]],                      2],
    'bin/pve-notify-refresh'   => [8, [[]],                      2],
    'node/bin/pve-notify-node' => [8, [[], ['off'], ['status']], 2],
);

my $files     = new_dir();
my $makefile  = slurp(root() . '/Makefile');
my ($version) = slurp(root() . '/Cargo.toml') =~ /^version = "(.*)"$/m;

# (status, standard output, errors); a host's folder that cannot be made, as for somebody without rights
sub run_program ($program, @args) {
    my $pid = fork() // die "fork: $!\n";
    if (!$pid) {
        local $ENV{PVE_NOTIFY_HOST_DIR} = '/proc/none';
        open(STDIN,  '<', '/dev/null')  or die "in: $!\n";
        open(STDOUT, '>', "$files/out") or die "out: $!\n";
        open(STDERR, '>', "$files/err") or die "err: $!\n";
        local @INC = (@INC, 'perl/node/lib');
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

subtest 'every program that is installed has a row, and a manual page' => sub {
    my @installed = map {m{perl/(\S+)}g} $makefile =~ m{^\tinstall -m 0755 (perl/.*)$}mg;
    is_deeply [sort @installed], [sort keys %program], 'the programs of the Makefile';
    my @there =
        map {s{\A.*/perl/}{}r} map { glob(root() . "/perl/$_*") } qw(bin/ host/bin/ node/bin/);
    is_deeply [sort @there], [sort keys %program], 'and of the folders';
    my %page = map { m{,(\d),([^,]+),perl/(.+)\z} ? ($3 => [$1, $2]) : () }
        $makefile =~ /[(]call man(,[^)]+)[)]/g;
    is_deeply $page{$_}, [$program{$_}[0], basename($_)], "$_: the page" for sort keys %program;
};

# what stands in front of a command of the program gets the same answer
my sub name_of ($program, @before) {
    return basename($program) if $program =~ /pve-notify-node/;
    return join(' ', basename($program), @before);
}

for my $program (sort keys %program) {
    my ($section, $ways, $wrong) = $program{$program}->@*;
    for my $before (@$ways) {
        my $name = name_of($program, @$before);
        subtest join(' ', basename($program), @$before) => sub {
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
        my ($statuses) = $pod =~ /^=head1 EXIT STATUS\n+(.*?)\n+=head1 /ms;
        like $statuses, qr/\A0\b/, 'the exit status begins with 0';

        # a page has a margin of 7 columns
        is_deeply [grep { /\A / && length > 73 } split /\n/, $pod], [], '80 columns';
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
