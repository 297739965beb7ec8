#!/usr/bin/perl

# tools/rooms finds what a module of the core uses, in whatever form it says so.

use v5.36;

use File::Basename qw(dirname);
use File::Path     qw(make_path);
use File::Temp     qw(tempdir);
use FindBin        qw($Bin);
use Test::More;

# what it prints of a crate with these files
sub rooms (%files) {
    my $root = tempdir(CLEANUP => 1);
    for my $name (keys %files) {
        make_path(dirname("$root/$name"));
        open my $file, '>', "$root/$name" or die "$name: $!\n";
        print {$file} $files{$name};
        close $file or die "$name: $!\n";
    }
    my $said = qx{'$Bin/../../tools/rooms' --root '$root' 2>&1};
    return ($said, $? >> 8);
}

my $LIB = "pub mod a;\nmod b;\npub(crate) mod c;\npub use b::deep::{First, Second as Other};\n";

sub uses ($code, $name = 'a.rs') {
    my ($said) = rooms('lib.rs' => $LIB, 'b.rs' => '', 'c.rs' => '', 'a.rs' => '', $name => $code);
    return join ' ', $said =~ /^a +(.*\S)/mg;
}

my @FORMS = (
    ['use crate::b;',                                          'b'],
    ['use crate::{b::{self, c}, c};',                          'b c'],
    ['use crate::First;',                                      'b'],
    ['fn f() { crate::c::g() }',                               'c'],
    ['macro_rules! m { () => { $crate::c::g() } }',            'c'],
    ['use super::c;',                                          'c'],
    ['use super::{b, c::d};',                                  'b c'],
    ['use super::super::c;',                                   'c', 'a/x.rs'],
    ['use super::super::c;',                                   'c', 'a/x/mod.rs'],
    ['use super::c;',                                          '',  'a/x.rs'],
    ['const U: &str = "https://x"; use crate::b;',             'b'],
    [q{const Q: char = '"'; use crate::b;},                    'b'],
    [q{fn f<'a>(x: &'a str) {} use crate::b;},                 'b'],
    ['const R: &str = r#"a "quoted" // text"#; use crate::b;', 'b'],
    ['/* an /* old */ use crate::b; */ use crate::c;',         'c'],
    ['const T: &str = "crate::b";',                            ''],
    ['#[cfg(test)] mod tests { use crate::b; }',               ''],
);
is uses(@$_[0, 2 .. $#$_]), $_->[1], $_->[0] for @FORMS;

for my $whole ('*', '{self as all}', '{b, *}') {
    my ($said) = rooms('lib.rs' => $LIB, 'a.rs' => "use crate::$whole;");
    like $said, qr/root as a whole/, "crate::$whole";
}

my %circle = ('lib.rs' => $LIB, 'a.rs' => 'use super::c;', 'c.rs' => 'use crate::a;');
my ($said, $status) = rooms(%circle);
like $said, qr/^circle: a c$/m, 'a circle is told';
is $status, 1, '... and fails';

done_testing;
