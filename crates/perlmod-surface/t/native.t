#!/usr/bin/perl

use v5.36;
use utf8;

use File::Basename qw(dirname);
use Test::More;

use lib dirname(__FILE__) . '/lib';
use PerlmodSurface::Attributes;
use PerlmodSurface::Native;
use PerlmodSurface::Scalars;
use Seen;

# Subs that are written by hand, and the attributes.

# what the destructor of that class does
my $at_end;
sub Changing::DESTROY ($self) { return $at_end->() }

sub error ($code) {
    return eval { $code->(); 1 } ? undef : $@;
}

subtest 'hand-written subs' => sub {
    for my $sub (PerlmodSurface::Native::reverser(), PerlmodSurface::Native::by_type()) {
        is ref $sub, 'CODE', 'a reference to code';
        is_deeply [$sub->(1, 'two', [3])], [[3], 'two', 1, 3], 'takes and returns a list';
        is_deeply [$sub->()],              [0],                'an empty one';
        my @many = $sub->(1 .. 5000);
        is scalar(@many), 5001, 'a long one';
    }
    my $croak = PerlmodSurface::Native::croaker();
    my $error = { code => 1 };
    is error(sub { $croak->($error) }), $error, 'throw a value';
    is_deeply [$croak->()], [], 'or not';
    is PerlmodSurface::Scalars::text('x'), 'x', 'exported functions work on';
    is_deeply [PerlmodSurface::Native::wants_list()], [[1]], 'list context';
};

subtest 'croak drops every value of an exported function' => sub {
    my $error = [];
    is error(sub { PerlmodSurface::Native::throws($error) }), $error, 'the value is thrown';
    is PerlmodSurface::Native::dropped(),                     1,      'a drop has run';
};

subtest 'blocks' => sub {
    my $seen = 0;
    is_deeply [PerlmodSurface::Native::in_block('Seen', \$seen)], [1, 'done'],
        'a destructor runs at the end of the block';
    my $text = 'some text that is long enough to have a buffer of its own';
    my $copy = $text;
    $at_end = sub { $text = 'x' x 200; return };
    is PerlmodSurface::Native::borrowed_in_block($text, 'Changing'), $copy,
        'what was borrowed outlasts it';
    is $text, 'x' x 200, '... though it changed';
    $at_end = sub { die "in DESTROY\n" };
    local $SIG{__WARN__} = sub { };
    is PerlmodSurface::Native::borrowed_in_block($copy, 'Changing'), $copy, 'a destructor may die';
};

subtest 'attributes' => sub {
    is PerlmodSurface::Attributes::in_perl(), 'named', 'a name';
    is PerlmodSurface::Attributes::in_part(), 'part',  'a part';
    PerlmodSurface::Lib->bootstrap('PerlmodSurface::Attributes');
    is PerlmodSurface::Attributes::started(), 1,
        'boot ran once, though there was a second bootstrap';
    is prototype('PerlmodSurface::Attributes::with_prototype'), '&@',   'a prototype';
    is prototype('PerlmodSurface::Attributes::optional'),       '$;$$', 'the automatic one';
    is prototype('PerlmodSurface::Attributes::running'),        '$;$', '... does not count the sub';
    my ($code, $sum) = PerlmodSurface::Attributes::running(1, 2);
    is $code, \&PerlmodSurface::Attributes::running, 'the running sub';
    is $sum,  3,                                     '... is no argument';
    is((PerlmodSurface::Attributes::running(1))[1], 1, 'a normal call is not rejected');
    like error(sub { (\&PerlmodSurface::Attributes::running)->(1, 2, 3) }),
        qr/too many parameters for function 'running', \(expected 2\)/, 'nor counted in errors';
    ok PerlmodSurface::Attributes::is_running(\&PerlmodSurface::Attributes::is_running),
        'the running sub as a &CV';
    is_deeply error(sub { PerlmodSurface::Attributes::serialized() }), [1, 2], 'a serialised error';
};

subtest 'the library\'s symbols' => sub {
    my $library = $main::{'perlmod-surface-rs-library'}->*{HASH}->{perlmod_surface};
    for my $case (
        [surface_symbol                            => [],     'named'],
        [xs_PerlmodSurface__Attributes_optional    => [1, 2], 3],
        [xs_PerlmodSurface__Object_storable_freeze => [],     undef],
        )
    {
        my ($symbol, $args, $expected) = @$case;
        my $address = DynaLoader::dl_find_symbol($library, $symbol);
        ok $address, $symbol or next;
        my $sub = DynaLoader::dl_install_xsub("Symbols::$symbol", $address);
        is eval { $sub->(@$args) }, $expected, '... may be installed by hand';
    }
    like error(sub { Symbols::xs_PerlmodSurface__Attributes_optional() }),
        qr/missing required parameter: 'a'/, 'its errors are the same';
};

subtest 'a package that was written at compile time' => sub {
    my $lib = "$ENV{PERLMOD_SURFACE_OUT}/lib";
    ok -f "$lib/PerlmodSurface/Attributes.pm", 'is there';
    my @perl = ($^X, "-I$lib", "-I$ENV{PERLMOD_TEST_LIB}", '-MPerlmodSurface::Attributes');
    open(my $out, '-|', @perl, '-e',
              'print $INC{q{PerlmodSurface/Attributes.pm}}, qq{\n},'
            . ' PerlmodSurface::Attributes::in_perl()')
        or die "cannot start: $!\n";
    chomp(my @lines = <$out>);
    close $out;
    is_deeply \@lines, ["$lib/PerlmodSurface/Attributes.pm", 'named'], 'finds its library';
};

done_testing;
