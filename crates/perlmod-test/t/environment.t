#!/usr/bin/perl

use v5.36;

use File::Temp qw(tempdir);
use Test::More;

# What surrounds the process makes no difference.

my $LIB = $ENV{PERLMOD_TEST_LIB};

sub run ($environment, @command) {
    local @ENV{ keys %$environment } = values %$environment;
    open(my $out, '-|', @command) or die "cannot start perl: $!\n";
    my $text = do { local $/ = undef; <$out> };
    close($out);
    return $? ? "status $?" : $text;
}

my $CALLS = <<'END';
use PerlmodTest::Convert;
my @got = (
    PerlmodTest::Convert::string(1.5),
    PerlmodTest::Convert::f64('1.5') == 3 / 2 ? 'equal' : 'other',
    PerlmodTest::Convert::json_text([1.5, '1.5', 1e21]),
    eval { PerlmodTest::Convert::f64('1,5') } // $@,
);
END
my $EXPECTED = "1.5 equal [1.5,\"1.5\",1e+21] v: invalid type: a string, expected f64\n";

# A locale with a decimal comma, made for this test.
sub decimal_comma () {
    my $folder = tempdir(CLEANUP => 1);
    system("localedef -i de_DE -f UTF-8 '$folder/de_DE.UTF-8' >'$folder/log' 2>&1");
    return -d "$folder/de_DE.UTF-8" ? $folder : undef;
}

subtest 'F-55: locales' => sub {
    my $folder = decimal_comma();
    my $setup  = 'use locale; use POSIX (); POSIX::setlocale(POSIX::LC_ALL(), "");';
    my %paths  = ('C' => undef, 'C.UTF-8' => undef, 'de_DE.UTF-8' => $folder, 'xx_XX' => undef);
    for my $locale (sort keys %paths) {
        my %environment = (LC_ALL => $locale, PERL_BADLANG => 0);
        $environment{LOCPATH} = $paths{$locale} if $paths{$locale};
        for my $pragma ('', $setup) {
            is run(\%environment, $^X, '-e', "$pragma $CALLS print qq(\@got)"), $EXPECTED,
                $locale . ($pragma ? ' with use locale' : '');
        }
        is run(
            { %environment, LANG => 'C' },
            $^X,
            '-e',
            "$setup require PerlmodTest::Calls; print eval { PerlmodTest::Calls::fails('x') } // \$@"
            ),
            "x\n", "$locale: an error";
    }
    SKIP: {
        skip 'localedef or the source of de_DE is missing', 1 if !$folder;
        is run({ LC_ALL => 'de_DE.UTF-8', LOCPATH => $folder }, $^X, '-e', "$setup print 1.5"),
            '1,5', 'the locale has its comma';
    }
};

subtest 'F-55: odd time zones' => sub {
    is run({ TZ => $_ }, $^X, '-e', "$CALLS print qq(\@got)"), $EXPECTED, $_
        for 'Asia/Kathmandu', '<odd>-13:37', '../../etc/passwd';
};

subtest 'F-55: closed standard files' => sub {
    my $program = <<~'END';
        open(my $out, '>&', \*STDOUT) or die;
        close(STDIN); close(STDOUT); close(STDERR);
        require PerlmodTest::Fault;
        my @errors;
        for (1 .. 3) { eval { PerlmodTest::Fault::panic_in_body('x', 'why') }; push @errors, $@ }
        print {$out} scalar(grep { /body why/ } @errors), ' ', PerlmodTest::Fault::live(), "\n";
        END
    is run({}, $^X, '-e', $program), "3 0\n", 'panics are exceptions all the same';
};

subtest 'F-54: taint mode' => sub {
    is run({ LD_LIBRARY_PATH => '/nonexistent' },
        $^X, '-T', "-I$LIB", '-e', "$CALLS print qq(\@got)"),
        $EXPECTED, 'values are as without it';
    my $program = <<~'END';
        use PerlmodTest::Convert;
        my $number = substr($ENV{NUMBER}, 0);
        my $text = "text$ENV{NUMBER}";
        print join(' ', PerlmodTest::Convert::i64($ENV{NUMBER}), PerlmodTest::Convert::i64($number),
            PerlmodTest::Convert::str($text), PerlmodTest::Convert::json_text([$number, $text, 7 + $number]),
            eval { PerlmodTest::Convert::bool($number) } // $@);
        END
    for my $taint ([], ['-T']) {
        is run({ NUMBER => '2525' }, $^X, @$taint, "-I$LIB", '-e', $program),
            "2525 2525 text2525 [\"2525\",\"text2525\",2532] v: invalid type: a string, expected a boolean\n",
            "tainted values @$taint";
    }
    like run(
        { LD_LIBRARY_PATH => $LIB . '/auto' },
        $^X,
        '-T',
        '-e',
        "BEGIN { \@INC = ('$LIB/stubs', \@INC); \@INC = grep { \$_ ne '$LIB' } \@INC }"
            . " print eval { require '$LIB/PerlmodTest/Lib.pm' } // \$@"
        ),
        qr/\Acannot find libperlmod_test\.so/, 'LD_LIBRARY_PATH does not count';
};

subtest 'libraries of different tags share a process' => sub {
    my ($ours, $theirs) = (
        'require PerlmodTest::Calls; push @got, PerlmodTest::Calls::add(2, 3);',
        'require PerlmodOther::Sums; push @got, PerlmodOther::Sums::sum([1 .. 4]);',
    );
    my $errors =
          'push @got, eval { PerlmodTest::Calls::fails("ours") } // $@; '
        . 'push @got, eval { PerlmodOther::Sums::fail() } // $@;'
        . 'push @got, join ",", map { no strict; $_->{"-current"} . "/" . $_->{"-package"} }'
        . ' \%{"main::perlmod-test-rs-library"}, \%{"main::proxmox-rs-library"};';
    my $tags = 'perlmod_test/PerlmodTest::Lib,perlmod_other/PerlmodOther::Lib';
    my $ends = "ours\n the other library failed\n $tags";
    is run({}, $^X, '-e', "my \@got; $ours $theirs $errors print qq(\@got)"), "5 10 $ends",
        'theirs after ours';
    is run({}, $^X, '-e', "my \@got; $theirs $ours $errors print qq(\@got)"), "10 5 $ends",
        'ours after theirs';
    is run(
        {},
        $^X,
        '-e',
        'my @got; require PerlmodTest::Quiet; require PerlmodOther::Sums;'
            . ' open(STDERR, ">", "/dev/null"); eval { PerlmodOther::Sums::panic() }; print $@ =~ /library panicked/ ? 1 : 0'
        ),
        1, 'one library\'s choice for panics is not the other\'s';
};

subtest 'start' => sub {
    my @modules = split / /,
        run({}, $^X, '-e',
              'use strict; use warnings; my %before = %INC; require PerlmodTest::Calls;'
            . ' print join " ", sort grep { !$before{$_} } keys %INC');
    is_deeply \@modules, ['PerlmodTest/Calls.pm', 'PerlmodTest/Lib.pm'],
        'no other module is loaded';
    is run(
        {},
        $^X,
        '-we',
        'BEGIN { $SIG{__WARN__} = sub { print @_ } } use PerlmodTest::Fault; '
            . 'PerlmodTest::Lib->bootstrap("PerlmodTest::Fault"); print PerlmodTest::Fault::booted()'
        ),
        1,
        'bootstrapping again is silent, and the boot function has run';
    is run({}, $^X, '-e',
        'require PerlmodTest::Lib; print eval { PerlmodTest::Lib->bootstrap("No::Such") } // $@'),
        "libperlmod_test.so has no package 'No::Such'\n", 'a package that is not there';
};

done_testing;
