#!/usr/bin/perl

use v5.36;

use File::Copy qw(copy);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use Test::More;

# F-54: rights that are missing, dropped privileges, another root. Each is told by its name.

my $LIB    = $ENV{PERLMOD_TEST_LIB};
my $NOBODY = 65_534;
my $DROP   = "\$) = '$NOBODY $NOBODY'; \$( = $NOBODY; (\$<, \$>) = ($NOBODY, $NOBODY);"
    . " die 'still root' if \$< != $NOBODY || \$> != $NOBODY;";

plan skip_all => 'needs root, to have rights to drop' if $> != 0;

# A folder of our own: another user may not look into the build's.
my $folder = tempdir(CLEANUP => 1);
my ($stubs, $other) = ("$folder/stubs", "$folder/other");
my $library = "$other/auto/libperlmod_test.so";
make_path("$stubs/PerlmodTest", "$other/auto");
for my $name ('Lib', 'Calls') {
    copy("$LIB/PerlmodTest/$name.pm", "$stubs/PerlmodTest") or die "cannot copy: $!\n";
}
copy("$LIB/auto/libperlmod_test.so", $library) or die "cannot copy: $!\n";

# What the program prints with so many rights on the paths that are named.
sub run ($program, %rights) {
    my %usual = (
        $folder                       => oct(755),
        $stubs                        => oct(755),
        $other                        => oct(755),
        $library                      => oct(644),
        "$stubs/PerlmodTest/Calls.pm" => oct(644),
    );
    my %all = (%usual, %rights);
    for my $path (keys %all) {
        chmod($all{$path}, $path) or die "cannot change the rights of $path: $!\n";
    }
    local $ENV{PERL5LIB} = '';
    open(my $out, '-|', $^X, "-I$stubs", "-I$other", '-e',
        "delete \$ENV{LD_LIBRARY_PATH}; chdir '/'; $program")
        or die "cannot start perl: $!\n";
    my $text = do { local $/ = undef; <$out> };
    close($out);
    return $? ? "status $?: $text" : $text;
}

my $CALL = 'print eval { require PerlmodTest::Calls; PerlmodTest::Calls::add(2, 3) } // $@;';

# What a program that calls a function says first.
sub first_line ($program, %rights) {
    return run($program, %rights) =~ s/\n.*//sr;
}

subtest 'dropped privileges' => sub {
    is run("$DROP $CALL"), 5, 'the library loads all the same';
    is run("require PerlmodTest::Calls; $DROP $CALL", $folder => oct(700)), 5,
        'a library that is loaded needs no rights any more';
    like run("$DROP $CALL", $library => oct(600)),
        qr{\Acannot load '\Q$library\E' into perl .*: Permission denied}, 'an unreadable library';
    is first_line("$DROP \@INC = grep { m{\\A\\Q$folder\\E/} } \@INC; $CALL", $other => oct(700)),
        "cannot find libperlmod_test.so (in: $stubs/auto $other/auto);"
        . " user $NOBODY may not look into $other/auto", 'an unreadable folder';
    like run("$DROP $CALL", "$stubs/PerlmodTest/Calls.pm" => oct(600)),
        qr{PerlmodTest/Calls\.pm: Permission denied}, 'an unreadable stub';
};

subtest 'a folder that is not there' => sub {
    my $gone = "$folder/gone";
    is first_line("\@INC = ('$stubs', '$gone'); $CALL"),
        "cannot find libperlmod_test.so (in: $stubs/auto $gone/auto)", 'is named';
};

subtest 'another root' => sub {
    is run("require PerlmodTest::Calls; chroot('$folder') or die \$!; chdir '/'; $CALL"), 5,
        'a library that is loaded is not searched again';

    # a sanitizer has loaded them before
    like first_line("chroot('$folder') or die \$!; chdir '/'; \@INC = ('/stubs', '/other'); $CALL"),
        qr{\A(?:5|cannot load '/other/auto/libperlmod_test.so' into perl .*: lib\S+: cannot open)},
        'a library inside says which other libraries are not there';
    is first_line("chroot('$folder') or die \$!; chdir '/'; \@INC = ('/stubs', '/gone'); $CALL"),
        "cannot find libperlmod_test.so (in: /stubs/auto /gone/auto)",
        'one outside is not found, and it is said where it was looked for';
};

subtest 'writing the packages' => sub {
    plan skip_all => 'valgrind starts no program for another user'
        if ($ENV{PERLMOD_TEST_TOOL} // '') eq 'valgrind';
    my $generator = "$folder/genpackage.pl";
    copy('../perlmod/genpackage.pl', $generator) or die "cannot copy: $!\n";
    my $options = '--lib=perlmod_test --lib-package=New::Lib --lib-prefix=New --lib-tag=new';
    my %cases   = (
        "--from-notes=$library --outdir=$folder/new" => "cannot read '$library': Permission denied",
        "--outdir=$folder/new New::Calls"            => "mkdir $folder/new: Permission denied",
        "--outdir=$stubs PerlmodTest::Calls"         => "mkdir $stubs/New: Permission denied",
        "--outdir=$folder --include-file=$library"   => "cannot read '$library': Permission denied",
    );
    for my $case (sort keys %cases) {
        like run(
            "$DROP open(STDERR, '>&', \\*STDOUT); exec(\$^X, '$generator', qw($options $case))",
            $library => oct(600)),
            qr/\Astatus \d+: \Q$cases{$case}\E/, $cases{$case};
    }
};

done_testing;
