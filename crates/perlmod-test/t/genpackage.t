#!/usr/bin/perl

use v5.36;

use Cwd            qw(abs_path);
use File::Basename qw(dirname);
use File::Temp     qw(tempdir);
use Test::More;

my $PROGRAM  = abs_path(dirname(__FILE__) . '/../../perlmod/genpackage.pl');
my $LIBRARY  = "$ENV{PERLMOD_TEST_LIB}/auto/libperlmod_test.so";
my @REQUIRED = ('--lib=x', '--lib-package=X::Lib', '--lib-prefix=X', '--lib-tag=x');

sub generate (@arguments) {
    open(my $out, '-|', $^X, '-e', 'open(STDERR, ">&", STDOUT); do shift; die $@ if $@',
        $PROGRAM, @arguments)
        or die "cannot start perl: $!\n";
    my $text = do { local $/ = undef; <$out> };
    close($out);
    return ($? >> 8, $text);
}

sub slurp ($path) {
    open(my $file, '<', $path) or return;
    my $text = do { local $/ = undef; <$file> };
    close($file) or die "cannot read '$path': $!\n";
    return $text;
}

subtest 'the names come from the library\'s notes' => sub {
    my ($status, $text) = generate("--list-from-notes=$LIBRARY");
    is $status, 0, 'ends well';
    is_deeply [sort split /\n/, $text],
        [map {"PerlmodTest::$_"} qw(Bench Calls Convert Fault Object Probe Quiet Records)],
        'each package once, and no parts';
};

subtest 'what is written' => sub {
    my $dir     = tempdir(CLEANUP => 1);
    my $include = "$dir/include.pl";
    open(my $file, '>', $include) or die "cannot write: $!\n";
    print {$file} "sub included { return 'included' }\n";
    close($file) or die "cannot write: $!\n";
    my ($ending) =
        generate("--outdir=$dir", "--include-file=$include", @REQUIRED, 'X::A', 'X::B::C', 'X::A');
    is $ending, 0, 'ends well';
    like slurp("$dir/X/Lib.pm"), qr/libx\.so.*sub included/s,
        'the library package with the included code';
    like slurp("$dir/X/A.pm"), qr/\Apackage X::A;.*X::Lib->bootstrap\(__PACKAGE__\)/s, 'a stub';
    ok -f "$dir/X/B/C.pm", 'a nested one';
    my $noted = tempdir(CLEANUP => 1);
    generate("--outdir=$noted", "--from-notes=$LIBRARY", @REQUIRED, 'X::A');
    ok -f "$noted/PerlmodTest/Calls.pm", 'stubs for the packages that a library names';
    ok -f "$noted/X/A.pm",               '... beside those that are named';
    like((generate('--help'))[1], qr/\Ausage: genpackage\.pl --lib=NAME/, 'help');
    generate("--outdir=$noted", "--include-file=$include", "--include-file=$include", @REQUIRED);
    is scalar(() = slurp("$noted/X/Lib.pm") =~ /sub included/g), 2, 'code from several files';
    my $stubs = tempdir(CLEANUP => 1);
    generate("--outdir=$stubs", @REQUIRED, '--lib=-', '--debug-libpath=/', 'X::A');
    ok -f "$stubs/X/A.pm" && !-e "$stubs/X/Lib.pm", 'with --lib=- the stubs alone';
};

subtest 'code that is included has an init' => sub {
    my $dir = tempdir(CLEANUP => 1);
    open(my $file, '>', "$dir/include.pl") or die "cannot write: $!\n";
    print {$file} 'sub init { my ($class) = @_; print "init of $class, "; return }';
    close($file) or die "cannot write: $!\n";
    my @options = qw(--lib=perlmod_test --lib-package=Init::Lib --lib-prefix=Init --lib-tag=init);
    generate("--outdir=$dir", "--include-file=$dir/include.pl", @options);
    my $folder = dirname(dirname($LIBRARY));
    open(my $out, '-|', $^X, '-Mv5.36', "-I$dir", "-I$folder", '-e',
              'require Init::Lib; Init::Lib->bootstrap("PerlmodTest::Calls");'
            . ' print PerlmodTest::Calls::add(1, 2)')
        or die "cannot start: $!\n";
    is do { local $/ = undef; <$out> }, 'init of Init::Lib, 3', 'which is called once';
    close($out);
};

subtest 'mistakes' => sub {
    for my $missing (0 .. $#REQUIRED) {
        my ($name) = $REQUIRED[$missing] =~ /(--[\w-]+)/;
        my @others = @REQUIRED;
        splice @others, $missing, 1;
        my ($status, $text) = generate(@others);
        ok $status, "without $name: refused";
        like $text, qr/\Aoption $name is missing$/m, '... and said so';
    }
    my sub said (@words) { return (generate(@words))[1] }
    like said(@REQUIRED, 'not a package'), qr/not the name of a package: 'not a package'/,
        'a bad package';
    like said(@REQUIRED, '--lib-tag=a b'),   qr/--lib-tag: not a tag/, 'a bad tag';
    like said("--list-from-notes=$PROGRAM"), qr/is not an ELF file/,   'a file that is no library';
    like said("--list-from-notes=$^X"),      qr/has no section/,       'a program without packages';
    like said('--list-from-notes=/nonexistent'), qr/cannot read/,      'a file that is not there';
};

subtest 'a library that cannot be loaded' => sub {
    my $dir = tempdir(CLEANUP => 1);
    generate("--outdir=$dir", @REQUIRED);
    my $try = sub {
        open(my $out, '-|', $^X, "-I$dir", '-e', 'print eval { require X::Lib } // $@')
            or die "cannot start: $!\n";
        my $line = <$out>;
        close($out);
        return $line;
    };
    like $try->(), qr/\Acannot find libx\.so \(in: /, 'it is missing';
    mkdir "$dir/auto";
    open(my $file, '>', "$dir/auto/libx.so") or die "cannot write: $!\n";
    print {$file} 'no library';
    close($file) or die "cannot write: $!\n";
    like $try->(),
        qr/\Acannot load '\S+libx\.so' into perl 5\.\d+\.\d+ \(it was built for perl 5\.\d+\.\d+\): /,
        'it is broken';
};

done_testing;
