#!/usr/bin/perl

# PVE::JSONSchema: a table of values and schemas with the exact texts, then the rest.

use v5.36;

use JSON::PP;
use PVE::JSONSchema qw(get_standard_option register_standard_option);
use Test::More;

sub errors_of ($value, $schema) {
    return {} if eval { PVE::JSONSchema::validate($value, $schema) };
    die $@    if !ref $@;
    return $@->{errors};
}

my $missing = 'property is missing and it is not optional';
my $undeclared =
    'property is not defined in schema and the schema does not allow additional properties';
my $unicode = q{type check ('string') failed - text is not valid Unicode};

# the property `p`: its schema, then pairs of a value and its error (undef: it is good)
my @table = (
    [{ type => 'string' }, 'abc', undef, '', undef, "a\nb", undef, undef, $missing],
    [
        { type => 'string' },
        [],
        q{type check ('string') failed - got 'array'},
        {},
        q{type check ('string') failed - got 'object'},
        JSON::PP::true,
        q{type check ('string') failed - got '1'},
    ],
    [
        { type => 'string' }, "\x{d800}",   $unicode, "a\x{dfff}b",
        $unicode,             chr 0x110000, $unicode, "\x{10ffff}",
        undef,                "\x{fffe}",   undef,    "\x{e4}",
        undef,
    ],
    [{ type => 'string', optional => 1 }, undef, undef, 'a', undef],
    [
        { type => 'integer' },                                         '12',
        undef,                                                         12,
        undef,                                                         '-3',
        undef,                                                         '+3',
        undef,                                                         '007',
        undef,                                                         'abc',
        q{type check ('integer') failed - got 'abc'},                  '1.5',
        q{type check ('integer') failed - got '1.5'},                  '',
        q{type check ('integer') failed - got ''},                     "1\n",
        q{type check ('integer') failed - got '1?'},                   "\x{663}",
        qq{type check ('integer') failed - got '\x{663}'},             '9' x 100,
        q{type check ('integer') failed - got '} . '9' x 64 . q{...'}, [1],
        q{type check ('integer') failed - got 'array'},
    ],
    [
        { type => 'integer', minimum => 1, maximum => 65535 }, 1,
        undef,                                                 65535,
        undef,                                                 0,
        'value must have a minimum value of 1',                -1,
        'value must have a minimum value of 1',                65536,
        'value must have a maximum value of 65535',
    ],
    [
        { type => 'number', minimum => 0.5 },        '1.5',
        undef,                                       '1e3',
        undef,                                       '2E-1',
        'value must have a minimum value of 0.5',    '.',
        q{type check ('number') failed - got '.'},   'nan',
        q{type check ('number') failed - got 'nan'}, 'inf',
        q{type check ('number') failed - got 'inf'},
    ],
    [
        { type => 'boolean' },
        (map { $_ => undef } 0, 1, '', qw(0 1 yes no on off true FALSE), !!0, !!1),
        JSON::PP::true,
        undef,
        JSON::PP::false,
        undef,
        'maybe',
        q{type check ('boolean') failed - got 'maybe'},
        2,
        q{type check ('boolean') failed - got '2'},
        {},
        q{type check ('boolean') failed - got 'object'},
    ],
    [
        { type => 'string', enum => ['all', 'any'] },                       'all',
        undef,                                                              'any',
        undef,                                                              'foo',
        q{value 'foo' does not have a value in the enumeration 'all, any'}, 'ALL',
        q{value 'ALL' does not have a value in the enumeration 'all, any'}, '',
        q{value '' does not have a value in the enumeration 'all, any'},    "all\n",
        q{value 'all?' does not have a value in the enumeration 'all, any'},
    ],
    [
        { type => 'string', minLength => 2, maxLength => 4 }, 'ab',
        undef,                                                'abcd',
        undef,                                                "\x{263a}" x 4,
        undef,                                                'a',
        'value must be at least 2 characters long',           'abcde',
        'value may only be 4 characters long',
    ],
    [
        { type => 'string', pattern => 'a|bc' },
        'a', undef, 'bc', undef,
        (map { $_ => 'value does not match the regex pattern' } 'abc', 'ab', "a\n", ''),
    ],
    [
        { type => 'string', format => 'pve-configid' },
        (map { $_ => undef } 'ab', 'a-1_b', 'A1'),
        (
            map { $_ => "invalid format - invalid configuration ID '$_'" } 'a',
            '1a', 'a.b', '', 'a b', 'ä'
        ),
        "ab\n",
        q{invalid format - invalid configuration ID 'ab?'},
    ],
    [
        { type => 'string', format => 'pve-configid-list' },
        (map { $_ => undef } 'ab,cd', 'ab;cd ef', ''),
        'ab,1',
        q{invalid format - invalid configuration ID '1'},
    ],
    [
        { type => 'string', format => 'pve-configid-opt' },
        'ab', undef, '', undef, 'a', q{invalid format - invalid configuration ID 'a'},
    ],
    [
        { type => 'string', format => 'pve-userid' },
        (map { $_ => undef } 'root@pam', 'a.b@example.org@pve'),
        map { $_ => "invalid format - value '$_' does not look like a valid user name" } 'root',
        'a b@pam',
        'a:b@pam',
        '@pam',
        'a@',
        'a@1',
    ],
    [
        { type => 'string', format => 'email-or-username' },
        (map { $_ => undef } 'root', 'a.b+c@example.org'),
        map { $_ => 'invalid format - value does not look like a valid email address or user name' }
            '',
        'a b', 'a@b@c',
        'a@exa_mple.org',
    ],
    [
        { type => 'array', items => { type => 'integer' } }, [1],
        undef,                                               [1, 2],
        undef,                                               [],
        undef,                                               'a',
        q{type check ('array') failed - got 'a'}, {},
        q{type check ('array') failed - got 'object'},
    ],
    [
        { type => 'object' },
        {},    undef, { a => [] },
        undef, [], q{type check ('object') failed - got 'array'},
        'a',   q{type check ('object') failed - got 'a'},
    ],
    [{ type => 'null' }, undef, undef, 'a', q{type check ('null') failed - got 'a'}],
    [{ type => 'any' },  undef, undef, 'a', undef, [], undef],
);

subtest 'values and their errors' => sub {
    for my $row (@table) {
        my ($property, @cases) = @$row;
        my $schema =
            { type => 'object', additionalProperties => 0, properties => { p => $property } };
        my $title = JSON::PP->new->canonical->encode($property);
        while (my ($value, $expected) = splice @cases, 0, 2) {
            my $shown = JSON::PP->new->allow_nonref->allow_bignum->ascii->encode($value // 'undef');
            is_deeply errors_of({ p => $value }, $schema),
                defined $expected ? { p => $expected } : {},
                "$title: " . substr $shown, 0, 60;
        }
    }
};

subtest 'names and places in the errors' => sub {
    my $schema = {
        type                 => 'object',
        additionalProperties => 0,
        properties           => {
            name   => { type => 'string' },
            port   => { type => 'integer', requires => 'server', optional => 1 },
            server => { type => 'string',  optional => 1 },
            list   => { type => 'array',   optional => 1, items => { type => 'integer' } },
            sub    => {
                type                 => 'object',
                optional             => 1,
                additionalProperties => 0,
                properties           => { name => { type => 'string' } },
            },
            map =>
                { type => 'object', optional => 1, additionalProperties => { type => 'integer' } },
        },
    };
    my @cases = (
        {},
        { name   => $missing },
        { name   => 'a',         foo  => 1, bar => 2 },
        { foo    => $undeclared, bar  => $undeclared },
        { name   => 'a',         port => 1 },
        { server => q{missing property - 'port' requires this property} },
        { name   => 'a', port => 1, server => 's' },
        {},
        { name => 'a', list => [1, 'x', 3, 'y'] },
        {
            'list[1]' => q{type check ('integer') failed - got 'x'},
            'list[3]' => q{type check ('integer') failed - got 'y'},
        },
        { name       => 'a', list => [undef] },
        { 'list[0]'  => $missing },
        { name       => 'a', sub => {} },
        { 'sub/name' => $missing },
        { name       => 'a', sub => { name => 'b', x => 1 } },
        { 'sub/x'    => $undeclared },
        { name       => 'a', map => { x => 1, y => 'z' } },
        { 'map/y'    => q{type check ('integer') failed - got 'z'} },
    );
    while (my ($value, $expected) = splice @cases, 0, 2) {
        is_deeply errors_of($value, $schema), $expected, JSON::PP->new->canonical->encode($value);
    }
    is_deeply errors_of({ any => [1] }, { type => 'object' }), {}, 'more is allowed unless denied';
};

subtest 'what a caller sends cannot blow up the answer' => sub {
    my $schema = { type => 'object', additionalProperties => 0, properties => {} };
    my $errors = errors_of({ map { ("unknown-$_" => 1) } 1 .. 5000 }, $schema);
    is scalar keys %$errors, 50, 'number of errors';
    my ($name) = keys errors_of({ "a\n" . 'x' x 1_000_000 => 1 }, $schema)->%*;
    is $name, 'a?' . 'x' x 62 . '...', 'names are cut and printable';
    my $enum = { type => 'object', properties => { p => { type => 'string', enum => ['a'] } } };
    cmp_ok length errors_of({ p => 'x' x 1_000_000 }, $enum)->{p}, '<', 200,
        'quoted values are cut';
    my $id =
        { type => 'object', properties => { p => { type => 'string', format => 'pve-configid' } } };
    cmp_ok length errors_of({ p => '-' x 1_000_000 }, $id)->{p}, '<', 300, 'those of formats too';
};

subtest 'mistakes in a schema are not the caller\'s' => sub {
    my $string = sub (%more) { return { type => 'string', %more } };
    my @cases  = (
        [{ type => 'strnig' }, qr/\Aschema of p: unknown type 'strnig'\n/],
        [$string->(optionla => 1),              qr/\Aschema of p: unknown key 'optionla'\n/],
        [$string->(minItems => 1),              qr/unknown key 'minItems'/],
        [$string->(format   => 'no-such'),      qr/\Aschema of p: unknown format 'no-such'\n/],
        [$string->(format   => 'no-such-list'), qr/unknown format 'no-such-list'/],
        [$string->(requires => 'q'), qr/\Aschema of p: requires 'q', which is not there\n/],
        [$string->(enum     => 'a'), qr/\Aschema of p: enum is not a list\n/],
        [$string->(pattern  => '('), qr/\Aschema of p: pattern is not valid\n/],
        [{ type => 'array', items => { typ => 1 } }, qr/\Aschema of p\[\]: unknown key 'typ'\n/],
        [{ properties => { q => { typ => 1 } } },    qr{\Aschema of p/q: unknown key 'typ'\n}],
        [{ additionalProperties => { typ => 1 } },   qr{\Aschema of p/\*: unknown key 'typ'\n}],
        ['string',                                   qr/\Aschema of p: not a hash\n/],
    );
    for my $case (@cases) {
        my ($schema, $expected) = @$case;
        for my $value ({}, { p => 'x' }) {
            eval { PVE::JSONSchema::validate($value, { properties => { p => $schema } }) };
            like $@, $expected, "$expected";
        }
    }
    my $all = {
        type        => 'string',
        optional    => 1,
        description => 'x',
        default     => 'x',
        format      => 'pve-configid-list',
        typetext    => 'x',
        pattern     => 'x+',
        enum        => ['x'],
        minLength   => 1,
        maxLength   => 2,
        renderer    => 'timestamp',
    };
    is_deeply errors_of({}, { properties => { p => $all }, links => [] }), {}, 'what is known';
};

subtest 'message and code can be chosen' => sub {
    eval {
        PVE::JSONSchema::validate('a', { type => 'integer' }, "Result verification failed.\n", 500);
    };
    is $@->{code}, 500,                             'code';
    is $@->{msg},  "Result verification failed.\n", 'message';
};

subtest 'formats and standard options are registered once' => sub {
    PVE::JSONSchema::register_format('even', sub ($value) { die "odd\n" if $value % 2 });
    my $schema =
        { type => 'object', properties => { p => { type => 'string', format => 'even' } } };
    is_deeply errors_of({ p => 3 }, $schema), { p => 'invalid format - odd' },
        'a new format counts';
    ok !eval {
        PVE::JSONSchema::register_format('even', sub { });
        1;
    }, 'a second of the same name does not';

    my $digest = get_standard_option('pve-config-digest', { description => 'mine' });
    is $digest->{maxLength},                                      64,     'standard option';
    is $digest->{description},                                    'mine', 'with a change';
    isnt get_standard_option('pve-config-digest')->{description}, 'mine', 'that does not stay';
    register_standard_option('my-option', { type => 'string' });
    is_deeply get_standard_option('my-option'), { type => 'string' }, 'own option';
    ok !eval { register_standard_option('my-option', {}); 1 }, 'not twice';
    ok !eval { get_standard_option('nothing');            1 }, 'unknown ones die';
};

subtest 'booleans in text' => sub {
    is PVE::JSONSchema::parse_boolean($_), 1,     "'$_' is true"  for qw(1 on yes true TRUE);
    is PVE::JSONSchema::parse_boolean($_), 0,     "'$_' is false" for qw(0 off no false Off);
    is PVE::JSONSchema::parse_boolean($_), undef, 'neither'       for '', '2', 'y', "1\n";
};

subtest 'the child link of an index' => sub {
    my $link = sub ($returns) {
        return scalar PVE::JSONSchema::method_get_child_link({ returns => $returns });
    };
    is $link->({ type => 'array', links => [{ rel => 'child', href => '{name}' }] }), 'name',
        'name';
    is $link->({ type => 'array', links => [{ rel => 'self', href => '{name}' }] }), undef,
        'other relation';
    is $link->({ type => 'string' }), undef, 'no array';
    is $link->(undef),                undef, 'nothing';
};

done_testing;
