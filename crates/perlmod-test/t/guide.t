#!/usr/bin/perl

use v5.36;

use File::Basename qw(dirname);
use File::Copy     qw(copy);
use File::Path     qw(make_path);
use File::Spec     ();
use File::Temp     qw(tempdir);
use Test::More;

# The guide, from an empty crate to a Perl module, word for word as the README has it.

plan skip_all => 'compiles, which has nothing to do with memory checkers'
    if $ENV{PERLMOD_TEST_TOOL};

my $root = File::Spec->rel2abs(dirname(__FILE__) . '/../../..');
my $dir  = tempdir(CLEANUP => 1);

sub slurp ($path) {
    open(my $file, '<', $path) or die "cannot read '$path': $!\n";
    my $text = do { local $/ = undef; <$file> };
    close($file) or die "cannot read '$path': $!\n";
    return $text;
}

sub spew ($path, $text) {
    make_path(dirname($path));
    open(my $file, '>', $path) or die "cannot write '$path': $!\n";
    print {$file} $text;
    close($file) or die "cannot write '$path': $!\n";
    return;
}

# What is fetched already does for it, in the versions that the repository has.
sub run ($commands, %environment) {
    local @ENV{ 'CARGO_NET_OFFLINE', keys %environment } = ('true', values %environment);
    delete local @ENV{qw(CARGO_TARGET_DIR CARGO_BUILD_TARGET RUSTFLAGS PERL5LIB)};
    open(my $out, '-|', 'sh', '-ec', "cd '$dir/hello'; exec 2>&1; $commands")
        or die "cannot start sh: $!\n";
    my $text = do { local $/ = undef; <$out> };
    close($out);
    return ($?, $text);
}

my %block = map { $_->[0] => $_->[1] }
    map { [/\A(\w+)\n(.*)\z/s] } slurp("$root/crates/perlmod/README.md") =~ /^```(.*?)^```$/gms;

symlink $root, "$dir/pve-rs-notify" or die "cannot link: $!\n";
spew("$dir/hello/Cargo.toml", $block{toml});
spew("$dir/hello/src/lib.rs", $block{rust});
copy("$root/Cargo.lock", "$dir/hello/Cargo.lock") or die "cannot copy: $!\n";

# a second run compiles little
my $built = ($ENV{CARGO_TARGET_DIR} // "$root/target") . '/guide';
make_path($built);
symlink $built, "$dir/hello/target" or die "cannot link: $!\n";

my ($status, $said) = run($block{sh});
is $status, 0, 'the commands of the guide end well' or diag $said;
like $said, qr/^hello Ann\nhello Ann\n1\n2\n3\n\z/m, 'and the module does what it says';

subtest 'exported functions that are not pub' => sub {
    ($status, $said) = run('cargo check', PERLMOD_NON_PUB_EXPORTS => 'warn');
    is $status, 0, 'can be warned of';
    like $said, qr/^warning: .*\bgreet\b.*\bpub\b/m, 'with their names' or diag $said;
    ($status, $said) = run('cargo check', PERLMOD_NON_PUB_EXPORTS => 'deny');
    ok $status, 'can be denied';
    like $said, qr/^error: .*\bgreet\b.*\bpub\b/m, 'with their names' or diag $said;
};

subtest 'a library named by a variable' => sub {
    spew("$dir/hello/src/lib.rs", $block{rust} =~ s/lib = "hello"/lib = "\${LIBRARY}"/r);
    ($status, $said) = run('cargo check', LIBRARY => 'other', PERLMOD_WRITE_PACKAGES => 1);
    is $status, 0, 'compiles' or diag $said;
    like slurp("$dir/hello/Hello.pm"), qr/libother\.so/, 'and is loaded by that name';
};

done_testing;
