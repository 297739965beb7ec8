#!/usr/bin/perl

# PVE::CLIFormatter: results as tables, plain text, JSON and YAML.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP;
use POSIX ();
use PVE::CLIFormatter;
use Test::LeftOut qw(leave_out);
use Test::More;

sub text ($data, $schema = {}, $option = {}, $columns = undef) {
    return PVE::CLIFormatter::result_text($data, $schema, $columns, $option);
}

sub yaml ($data) {
    return text($data, {}, { 'output-format' => 'yaml' });
}

subtest 'scalars are printed plain' => sub {
    is text('abc'),                    "abc\n",                           'string';
    is text(undef),                    '',                                'nothing';
    is text('a', { type => 'null' }),  '',                                'a method without result';
    is text(1, { type => 'boolean' }), "yes\n",                           'boolean';
    is text(1, { type => 'boolean' }, { 'human-readable' => 0 }),  "1\n", 'boolean for machines';
    is text('abc', {}, { quiet => 1 }),                            '',    'quiet';
    is text('abc', {}, { quiet => 1, 'output-format' => 'json' }), '',    'quiet in JSON';
};

subtest 'a list of objects is a table' => sub {
    my $rows   = [{ b => 1, a => "x\x{263a}" }, { a => 'long text', c => [1, { d => 2 }] }];
    my $schema = { items => { properties => { b => { type => 'boolean' } } } };
    is text($rows, $schema), <<"TEXT", 'in ASCII';
+-----------+-----+-------------+
| a         | b   | c           |
+===========+=====+=============+
| x\x{263a}        | yes |             |
| long text |     | [1,{"d":2}] |
+-----------+-----+-------------+
TEXT
    is text([{ a => 1 }], {}, { utf8 => 1 }), <<"TEXT", 'with box characters';
\x{250c}\x{2500}\x{2500}\x{2500}\x{2510}
\x{2502} a \x{2502}
\x{255e}\x{2550}\x{2550}\x{2550}\x{2561}
\x{2502} 1 \x{2502}
\x{2514}\x{2500}\x{2500}\x{2500}\x{2518}
TEXT
    is text($rows, $schema, { noborder => 1, noheader => 1 }),
        "x\x{263a}         yes\nlong text       [1,{\"d\":2}]\n", 'bare';
    is text($rows, {}, { noborder => 1 }, ['b']), "b\n1\n\n", 'chosen columns';
    is text([{ a => "x\e[2J\ny" }], {}, { noborder => 1, noheader => 1 }), "x?[2J?y\n",
        'control characters do not reach the terminal';
    is text([]), '', 'an empty list prints nothing';
};

subtest 'a moment is local time' => sub {
    local $ENV{TZ} = 'CET-1CEST';
    POSIX::tzset();
    my $schema = { properties => { at => { type => 'integer', renderer => 'timestamp' } } };
    my %bare   = (noborder => 1, noheader => 1);
    is text({ at => 1_795_510_520 }, $schema, \%bare), "at  2026-11-24 09:55:20\n", 'for people';
    is text({ at => 1_795_510_520 }, $schema, { %bare, 'human-readable' => 0 }),
        "at  1795510520\n", 'a number for programs';
    is text({ at => 1 }, $schema, { 'output-format' => 'json' }), qq({"at":1}\n), 'and in JSON';
    is text({ at => 'soon' }, $schema, \%bare), "at  soon\n", 'what is no number stays';
};

subtest 'a long text is wrapped where the terminal ends' => sub {
    my $data = { cure => 'the admin has to authorize again ' . 'x' x 20, short => '' };
    is text($data, {}, { width => 32 }), <<'TEXT', 'in the last column';
+-------+----------------------+
| key   | value                |
+=======+======================+
| cure  | the admin has to     |
|       | authorize again      |
|       | xxxxxxxxxxxxxxxxxxxx |
| short |                      |
+-------+----------------------+
TEXT
    my $narrow = text($data, {}, { width => 10 });
    like $narrow, qr/ x{20} \|\n/, 'no word is broken';
    is text($data, {}, { width => 200 }), text($data), 'not where all has room';
};

my %list = (
    items => {
        properties => {
            name  => {},
            state => { title       => 'on', default => 0, renderer => 'test-state' },
            words => { print_width => 10 },
            error => { print_width => 10 },
        },
    },
);

subtest 'columns of a list are told by its schema' => sub {
    require PVE::JSONSchema;
    PVE::JSONSchema::register_renderer('test-state', sub ($value) { return "<$value>" });
    like eval {
        PVE::JSONSchema::register_renderer('test-state', sub ($value) { });
    } // $@, qr/\Arenderer 'test-state' already registered\n/, 'a name is taken once';
    my $rows    = [{ name => 'a', state => 1, words => 'w', other => 1 }, { name => 'b' }];
    my @columns = qw(name state words);
    is text($rows, \%list, { noborder => 1 }, \@columns),
        "name  on   words\na     <1>  w\nb     <0>\n", 'header, default and renderer';
    is text($rows, \%list, { noborder => 1, noheader => 1, 'human-readable' => 0 }, \@columns),
        "a  1  w\nb  0\n", 'values for programs';
};

subtest 'columns with a width are wrapped where the table is too wide' => sub {
    my $rows = [
        { error => 'one two three four five', name => 'a name', words => 'some words' },
        { error => '',                        name => 'x',      words => 'y' },
    ];
    my @columns = qw(error name words);
    is text($rows, \%list, { width => 36 }, \@columns), <<'TEXT', 'the widest first';
+------------+--------+------------+
| error      | name   | words      |
+============+========+============+
| one two    | a name | some words |
| three four |        |            |
| five       |        |            |
|            | x      | y          |
+------------+--------+------------+
TEXT
    my $squeezed = text($rows, \%list, { width => 20 }, \@columns);
    like $squeezed, qr/\| a name \|/, 'not the others';
    like $squeezed, qr/\| three \|/,  'and no word is broken';
    is text($rows, \%list, { width => 100 }, \@columns), text($rows, \%list, {}, \@columns),
        'none where all have room';
};

subtest 'columns of the terminal are counted, not characters' => sub {
    my ($moon, $hill) = ("\x{6708}", "\x{5c71}");
    my $rows    = [{ name => "$moon$hill", words => "e\x{301}x" }, { name => 'moon', words => '' }];
    my @columns = qw(name words);
    is text($rows, \%list, {}, \@columns), <<"TEXT", 'wide letters, and marks that need no room';
+------+-------+
| name | words |
+======+=======+
| $moon$hill | e\x{301}x    |
| moon |       |
+------+-------+
TEXT
    $rows = [{ name => 'x', words => "$moon$hill$moon$hill$moon$hill and $hill" }];
    is text($rows, \%list, { width => 17 }, \@columns), <<"TEXT", 'a line may end after each';
+------+--------+
| name | words  |
+======+========+
| x    | $moon$hill$moon |
|      | $hill$moon$hill |
|      | and $hill |
+------+--------+
TEXT
    is text([{ a => "x\x{202e}y\x{2028}z" }], {}, { noborder => 1, noheader => 1 }), "x?y?z\n",
        'what would turn the line round, or end it, does not reach the terminal';
};

subtest 'other shapes' => sub {
    is text(['a', 'b']),                                "a\nb\n", 'a list of words';
    is text({ b => 2, a => 1 }, {}, { noborder => 1 }), "key  value\na    1\nb    2\n", 'an object';
};

subtest 'JSON' => sub {
    my $data = { b => [1, undef, JSON::PP::true], a => "\x{263a}\"\n" };
    is text($data, {}, { 'output-format' => 'json' }),
        qq({"a":"\x{263a}\\"\\n","b":[1,null,true]}\n),
        'on one line, keys in order';
    is text('s',   {}, { 'output-format' => 'json' }), qq("s"\n), 'a string';
    is text(undef, {}, { 'output-format' => 'json' }), "null\n",  'nothing';
    like text($data, {}, { 'output-format' => 'json-pretty' }), qr/\A\{\n   "a" : /, 'pretty';
};

my $tricky = {
    words => [
        qw(plain a-b yes No TRUE null ~ 1 1e3 0x1f .5 -1 2026-11-23 1:20), '', ' ', 'a b', 'a: b',
        'a #b', '- a', '[a]',  '{a}', '*a', '&a', '!a', '%a', '@a', '`a', '|', '>', '"', q{'}, '\\',
        "a\nb", "\t",  "\x00", "\x7f\x85\x{2028}\x{feff}", "\x{e4}\x{263a}\x{1f511}",
    ],
    nested  => [[['deep']], { a => [{ b => 'c', d => { e => 'f' } }] }, [], {}],
    'a: b'  => { 'yes' => undef, '' => 'empty key' },
    numbers => [1, -2, 1.5],
    empty   => {},
};

subtest 'YAML' => sub {
    is yaml({ a => 'b', l => ['x', { c => 'd', e => ['f'] }, ['g', 'h']] }),
        <<'TEXT', 'block style';
---
a: b
l:
  - x
  - c: d
    e:
      - f
  - - g
    - h
TEXT
    is yaml([]),              "---\n[]\n",        'an empty list';
    is yaml({}),              "---\n{}\n",        'an empty object';
    is yaml('yes'),           qq(---\n"yes"\n),   'a string that looks like a boolean';
    is yaml("a\nb"),          qq(---\n"a\\nb"\n), 'a string of two lines';
    is yaml(undef),           "---\nnull\n",      'nothing';
    is yaml(JSON::PP::false), "---\nfalse\n",     'a boolean';
};

subtest 'an independent parser reads the YAML back' => sub {
    leave_out('YAML::XS (libyaml-libyaml-perl) is not installed')
        if !eval { require YAML::XS };
    my $text = yaml($tricky);
    utf8::encode($text);
    is_deeply YAML::XS::Load($text), $tricky, 'every value is the same';
};

done_testing;
