#!/usr/bin/perl

# PVE::RESTHandler: registering, finding and calling methods.

use v5.36;

use PVE::RESTHandler;
use Test::More;

push @$_, 'PVE::RESTHandler' for \@Test::Leaf::ISA, \@Test::Root::ISA;

my %seen;

sub method_info ($name, $path, $verb, $properties = {}, %more) {
    return {
        name       => $name,
        path       => $path,
        method     => $verb,
        parameters => { additionalProperties => 0, properties => $properties },
        code       => sub ($param) { $seen{$name} = $param; return $name },
        %more,
    };
}

sub error_of ($code) {
    return eval { $code->(); 1 } ? undef : $@;
}

my %name = (name => { type => 'string', format => 'pve-configid' });

Test::Leaf->register_method(method_info('index',  '',           'GET'));
Test::Leaf->register_method(method_info('read',   '{name}',     'GET', {%name}));
Test::Leaf->register_method(method_info('fixed',  'fixed',      'GET'));
Test::Leaf->register_method(method_info('remove', '{name}',     'DELETE', {%name}));
Test::Leaf->register_method(method_info('part',   '{name}/sub', 'GET',    {%name}));
Test::Root->register_method({ path => 'leaf',      subclass => 'Test::Leaf' });
Test::Root->register_method({ path => 'in/{zone}', subclass => 'Test::Leaf' });
Test::Root->register_method(method_info('root', '', 'GET'));

subtest 'a path leads to one method' => sub {
    my @cases = (
        ['GET',    '/',              'Test::Root', 'root',   {}],
        ['GET',    '',               'Test::Root', 'root',   {}],
        ['GET',    '/leaf',          'Test::Leaf', 'index',  {}],
        ['GET',    'leaf/',          'Test::Leaf', 'index',  {}],
        ['GET',    '//leaf//abc',    'Test::Leaf', 'read',   { name => 'abc' }],
        ['GET',    '/leaf/fixed',    'Test::Leaf', 'fixed',  {}],
        ['DELETE', '/leaf/fixed',    'Test::Leaf', 'remove', { name => 'fixed' }],
        ['GET',    '/leaf/abc/sub',  'Test::Leaf', 'part',   { name => 'abc' }],
        ['GET',    '/in/here/x/sub', 'Test::Leaf', 'part',   { name => 'x', zone => 'here' }],
        ['GET',    '/leaf/..',       'Test::Leaf', 'read',   { name => '..' }],
        ['GET',    '/nothing'],
        ['GET',    '/leaf/abc/other'],
        ['GET',    '/leaf/abc/sub/more'],
        ['GET',    '/in'],
        ['POST',   '/leaf'],
        ['PATCH',  '/leaf'],
        ['GET',    '/leaf' x 100_000],
    );
    for my $case (@cases) {
        my ($verb, $path, $class, $name, $uri_param) = @$case;
        my $found = {};
        my ($got_class, $info) = Test::Root->find_handler($verb, $path, $found);
        my $title = "$verb " . substr $path, 0, 30;
        is $got_class,             $class, "$title: class";
        is $info && $info->{name}, $name,  "$title: method";
        is_deeply $found, $uri_param, "$title: parameters" if $name;
    }
};

subtest 'a path part is checked like any parameter' => sub {
    my $found = {};
    my ($class, $info) = Test::Root->find_handler('GET', '/leaf/..', $found);
    my $error = error_of(sub { $class->handle($info, $found) });
    is $error->{code}, 400, 'code';
    is_deeply $error->{errors}, { name => q{invalid format - invalid configuration ID '..'} },
        'errors';
};

Test::Leaf->register_method(method_info(
    'typed', 'typed', 'POST',
    {
        text  => { type => 'string',  optional => 1 },
        port  => { type => 'integer', optional => 1 },
        flag  => { type => 'boolean', optional => 1 },
        array => { type => 'array',   optional => 1, items  => { type => 'string' } },
        list  => { type => 'string',  optional => 1, format => 'pve-configid-list' },
    },
));

subtest 'values arrive as strings, lists in the declared form' => sub {
    my $param = { port => 25, flag => !!0, array => 'one', list => ['ab', 'cd'] };
    is(Test::Leaf->typed($param), 'typed', 'is called by its name');
    is_deeply $seen{typed}, { port => '25', flag => '', array => ['one'], list => 'ab,cd' },
        'values';
    is_deeply $param->{array}, 'one', q{the caller's hash stays as it was};
    require B;
    my $flags = B::svref_2object(\$seen{typed}{port})->FLAGS;
    ok $flags & B::SVf_POK() && !($flags & B::SVf_IOK()), 'a number is a string now';
    Test::Leaf->typed({ array => ['a', 'b'], text => undef });
    is_deeply $seen{typed}, { array => ['a', 'b'], text => undef }, 'undef stays undef';
    my $error = error_of(sub { Test::Leaf->typed({ list => ['ab', []], text => ['a'] }) });
    is_deeply $error->{errors},
        {
        list => q{type check ('string') failed - got 'array'},
        text => q{type check ('string') failed - got 'array'},
        },
        'no other list becomes a string';
};

subtest 'values are untainted' => sub {
    my $program = <<'PERL';
        use v5.36; use PVE::RESTHandler; use Scalar::Util 'tainted';
        package Leaf { our @ISA = 'PVE::RESTHandler' }
        Leaf->register_method({
            name => 'm', path => '', method => 'GET',
            parameters => { properties => { a => { type => 'array', items => { type => 'string' } } } },
            code => sub ($param) { return tainted($param->{a}[0]) ? 'tainted' : 'clean' },
        });
        my $text = $ENV{PATH};
        print tainted($text) ? 'tainted' : 'clean', ' ', Leaf->m({ a => [$text] });
PERL
    my @inc = map {"-I$_"} grep { !ref } @INC;
    open my $out, '-|', $^X, '-T', @inc, '-e', $program or die "can't run perl: $!\n";
    is readline $out, 'tainted clean', 'before and after';
    ok close $out, 'perl -T ends well';
};

subtest 'results are checked when asked for' => sub {
    my $result;
    Test::Leaf->register_method(method_info(
        'answer', 'answer', 'GET', {},
        returns => { type => 'integer' },
        code    => sub ($param) { return $result },
    ));
    my $info = Test::Leaf->map_method_by_name('answer');
    $result = 7;
    is(Test::Leaf->handle($info, {}, 1), 7, 'a good one passes');
    $result = 'seven';
    is(Test::Leaf->handle($info, {}), 'seven', 'a bad one passes unchecked');
    my $error = error_of(sub { Test::Leaf->handle($info, {}, 1) });
    is $error->{code}, 500, 'and is our fault when checked';
};

subtest 'parameters without properties take nothing or anything' => sub {
    Test::Leaf->register_method(
        { method_info('bare', 'bare', 'GET')->%*, parameters => { additionalProperties => 0 } });
    is(Test::Leaf->bare({}), 'bare', 'works');
    my $error = error_of(sub { Test::Leaf->bare({ a => 1 }) });
    is_deeply [keys $error->{errors}->%*], ['a'], 'refuses others';
};

subtest 'an error of the method passes unchanged' => sub {
    my $thrown = { code => 400, message => 'mine' };
    Test::Leaf->register_method(
        method_info('throws', 'throws', 'GET', {}, code => sub ($param) { die $thrown }));
    is error_of(sub { Test::Leaf->throws({}) }), $thrown, 'the same hash';
};

subtest 'mistakes of a module are told when it loads' => sub {
    my $good  = method_info('new', 'new', 'GET');
    my @cases = (
        [+{ %$good, proxy_to => 'x' },     qr/unknown key 'proxy_to'/],
        [+{ %$good, method   => 'PATCH' }, qr/unknown verb 'PATCH'/],
        [+{ %$good, name     => 'read' },  qr/name given twice/],
        [+{ %$good, path     => 'fixed' }, qr/path 'fixed' given twice/],
        [+{ %$good, code     => undef },   qr/no code/],
        [
            +{ %$good, path => '{id}/new' },
            qr/path '\{id\}\/new' names a part \{id\} that others name \{name\}/
        ],
        [
            +{ %$good, parameters => { proprties => {} } },
            qr/schema of parameters: unknown key 'proprties'/
        ],
        [+{ %$good, returns => { type => 'list' } }, qr/schema of returns: unknown type 'list'/],
        [+{ %$good, path    => undef },              qr/no path/],
        [{ path => 'fixed', subclass => 'Test::Root' }, qr/path 'fixed' given twice/],
    );
    for my $case (@cases) {
        my ($info, $expected) = @$case;
        like error_of(sub { Test::Leaf->register_method($info) }), $expected, "$expected";
        is error_of(sub { Test::Leaf->map_method_by_name('new') }),
            "no such method 'Test::Leaf::new'\n", 'nothing is registered';
    }
};

subtest 'an unknown name is an error' => sub {
    like error_of(sub { Test::Leaf->no_such({}) }), qr/\Ano such method 'Test::Leaf::no_such'\n/,
        'by call';
    like error_of(sub { Test::Leaf->map_method_by_name('none') }), qr/\Ano such method/,
        'by look-up';
};

done_testing;
