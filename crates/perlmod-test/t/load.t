#!/usr/bin/perl

use v5.36;

use File::Copy qw(copy);
use File::Path qw(make_path);
use File::Temp qw(tempdir);
use Test::More;

# F-50: a library that is loaded twice, in part, or into the wrong perl.

my $LIB = $ENV{PERLMOD_TEST_LIB};

sub run ($program) {
    open(my $out, '-|', $^X, '-e', $program) or die "cannot start perl: $!\n";
    my $text = do { local $/ = undef; <$out> };
    close($out);
    return $? ? "status $?: $text" : $text;
}

subtest 'F-50: loading twice' => sub {
    is run(   'require PerlmodTest::Calls; delete @INC{grep {/Perlmod/} keys %INC};'
            . ' require PerlmodTest::Calls; print PerlmodTest::Calls::add(2, 3)'),
        5, 'the same files again';
    my $second = tempdir(CLEANUP => 1);
    make_path("$second/auto");
    copy("$LIB/auto/libperlmod_test.so", "$second/auto") or die "cannot copy: $!\n";
    is run(   'require PerlmodTest::Object; my $object = PerlmodTest::Object->new("first");'
            . ' my $sub = \&PerlmodTest::Object::text; delete @INC{grep {/Perlmod/} keys %INC};'
            . " %{'main::perlmod-test-rs-library'} = (); unshift \@INC, '$second';"
            . ' { package Other; do "PerlmodTest/Lib.pm" or die $@ } undef &PerlmodTest::Lib::library;'
            . ' print $sub->($object)'),
        'first', 'a copy of the library beside it';
};

subtest 'F-50: dlclose' => sub {
    is run(   'require PerlmodTest::Fault; open(STDERR, ">", "/dev/null");'
            . ' DynaLoader::dl_unload_file(PerlmodTest::Lib::library());'
            . ' eval { PerlmodTest::Fault::panic_in_body("x", "why") };'
            . ' print $@ =~ /why/ ? "still there" : $@'),
        'still there', 'leaves the library where it is';
};

subtest 'F-50: require fails in the middle' => sub {
    my $dir = tempdir(CLEANUP => 1);
    make_path("$dir/PerlmodTest");
    open(my $file, '>', "$dir/Halfway.pm") or die "cannot write: $!\n";
    print {$file} 'package Halfway; use PerlmodTest::Calls; die "halfway\n"; 1;';
    close($file) or die "cannot write: $!\n";
    is run(
        "use lib '$dir'; my \@errors = map { eval { require Halfway; 1 } ? 'loaded' : \$@ } 1, 2;"
            . ' print $errors[0] =~ /\\A(halfway\\n)/, $errors[1] =~ /halfway|Attempt to reload/ ? "again " : "",'
            . ' PerlmodTest::Calls::add(2, 3)'),
        "halfway\nagain 5", 'the library stays usable';
    is run(   'BEGIN { *CORE::GLOBAL::die = sub { CORE::die @_ } } '
            . 'my @said; require PerlmodTest::Lib; for (1, 2) {'
            . ' push @said, eval { PerlmodTest::Lib->bootstrap("PerlmodTest::None"); 1 } ? "loaded" : $@ }'
            . ' require PerlmodTest::Calls; print @said, PerlmodTest::Calls::add(2, 3)'),
        "libperlmod_test.so has no package 'PerlmodTest::None'\n" x 2 . 5,
        'a package that is not there, twice';
};

subtest 'F-50: a file that is no library' => sub {
    my $dir = tempdir(CLEANUP => 1);
    make_path("$dir/auto");
    open(my $file, '>', "$dir/auto/libperlmod_test.so") or die "cannot write: $!\n";
    print {$file} 'not a library';
    close($file) or die "cannot write: $!\n";
    like run("unshift \@INC, '$dir'; print eval { require PerlmodTest::Calls } // \$@"),
        qr{\Acannot load '\S+' into perl \S+ \(it was built for perl \S+\): \S+}, 'is named';
};

subtest 'F-50: another perl' => sub {

    # what the library asks perl for its version is made to say another
    my $perl = sprintf '5.%d', ($] * 1000 - 5000);
    for my $version ('5.034001', '5.099000') {
        like run( "BEGIN { no strict; *{'main::]'} = \\'$version' } my \@said = map {"
                . ' eval { require PerlmodTest::Calls; 1 } ? "loaded" : $@ } 1, 2;'
                . ' print $said[0], defined &PerlmodTest::Calls::add ? "installed" : ""'),
            qr/\Athis library was built for perl \Q$perl\E, this is perl $version\n/,
            "perl $version is refused";
    }
};

done_testing;
