#!/usr/bin/perl

# The description of the HTTP API: it has each method that is registered, others' programs accept it, it is
# the same each time, and the host gives it to its users.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/lib/fake";

use Test::Registered qw(registered);
use JSON::PP         qw(decode_json);
use PVE::API2;
use PVE::JSONSchema::Formats;
use PVE::NotifyHost::OpenAPI;
use PVE::NotifyHost::OpenAPI::Permissions qw(permission_text);
use PVE::NotifyHost::OpenAPI::Schema      qw(of_parameter of_answer);
use Sys::Hostname                         qw(hostname);
use Test::More;
use Test::NotifyHost    qw(curl host_folder put_file serve_host);
use Test::Peers         qw(new_dir root write_private);
use Test::Peers::Python qw(needs_python python);

my $text     = PVE::NotifyHost::OpenAPI::json();
my $document = decode_json($text);
my %paths    = $document->{paths}->%*;
my $files    = new_dir();
my $base     = '/cluster/notifications';

my sub operations () {
    return map {
        my $path = $_;
        map { [$path, $_, $paths{$path}{$_}] } sort keys $paths{$path}->%*
    } sort keys %paths;
}

subtest 'each method has its place, and each place its method' => sub {
    my %place;
    for my $operation (operations()) {
        my ($path, $verb, $described) = @$operation;
        next if $path eq '/access/ticket';
        my (undef, $info) = PVE::API2->find_handler(uc $verb, $path =~ s/\{\w+\}/entry/r, {});
        ok $info, "$verb $path" or next;
        like $described->{description}, qr/\A\Q$info->{description}\E\n\nPermissions: /,
            "$verb $path: its words";
        $place{ $info->{name} } = 1 if $path =~ m{\A$base};
    }
    is_deeply [sort keys %place], [sort keys registered()->%*], 'all below notifications';
    ok $paths{$_}, $_ for '/', '/version', '/cluster', '/access/ticket';
    my %count;
    $count{ $_->[2]{operationId} }++ for operations();
    is_deeply [grep { $count{$_} > 1 } sort keys %count], [], 'no name twice';
};

subtest 'what a client needs to know of a call' => sub {
    my $create = $paths{"$base/endpoints/smtp"}{post};
    is_deeply $create->{security}, [{ ticket => [], csrf => [] }, { token => [] }], 'two logins';
    is_deeply $paths{'/version'}{get}{security}, [{ ticket => [] }, { token => [] }], 'to read';
    is_deeply $paths{'/access/ticket'}{post}{security}, [], 'none for the login';
    my $content = $create->{requestBody}{content};
    is_deeply [sort keys %$content], ['application/json', 'application/x-www-form-urlencoded'],
        'form and JSON';
    is_deeply $content->{'application/json'}{schema}{required}, [qw(from-address name server)],
        'what is needed';
    my $update = $paths{"$base/endpoints/smtp/{name}"}{put};
    is_deeply [map {"$_->{in} $_->{name}"} $update->{parameters}->@*], ['path name'], 'path';
    ok !$update->{requestBody}{content}{'application/json'}{schema}{properties}{name}, 'once';
    ok !$update->{requestBody}{required}, 'a change may be empty';

    for my $operation (operations()) {
        my ($path, $verb, $described) = @$operation;
        my %has = map { $_ => 1 } keys $described->{responses}->%*;
        is_deeply [grep { !$has{$_} } 200, 400, 401, 403, 404, 500, 501, 503], [], "$verb $path";
    }
};

subtest 'schemas' => sub {
    my $bool  = { type => 'boolean', optional => 1, default => 0 };
    my @cases = (
        [{ type => 'any' },  {}],
        [{ type => 'null' }, { type => 'null' }],
        [$bool,              { type => 'boolean', default => \0 }],
        [
            { type => 'integer', maximum => '9', default => '3' },
            { type => 'integer', maximum => 9,   default => 3 }
        ],
        [{ type => 'string', pattern => 'a|b' }, { type => 'string', pattern => '^(?:a|b)$' }],
        [
            { type => 'string', renderer => 'x', print_width => 3, typetext => 'a' },
            { type => 'string' }
        ],
        [
            {
                properties           => { a => { type => 'string', requires => 'b' }, b => $bool },
                additionalProperties => 0
            },
            {
                type                 => 'object',
                required             => ['a'],
                dependentRequired    => { a => ['b'] },
                additionalProperties => \0,
                properties           =>
                    { a => { type => 'string' }, b => { type => 'boolean', default => \0 } },
            }
        ],
        [
            { type => 'array', items => { type => 'string', enum => ['x'] } },
            { type => 'array', items => { type => 'string', enum => ['x'] } }
        ],
    );
    my $plain = JSON::PP->new->canonical;
    is $plain->encode(of_parameter($_->[0])), $plain->encode($_->[1]), $plain->encode($_->[0])
        for @cases;
    is $plain->encode(of_answer($bool)),
        '{"default":false,"maximum":1,"minimum":0,"type":["boolean","integer"]}', 'an answer';
};

subtest 'a pattern that stands for a format accepts nothing that the format refuses' => sub {
    my @samples = (
        '',    'a', 'ab', 'a-b_9', '9a', "ab\n", 'a b', 'a@b.c', 'a@pve', '@pve', 'a:b@pve',
        'a@9', 'x+y.z~@example.org', "tab\there", "nul\0", "line\r\n", "\x{85}", 'ok text'
    );
    my %good;
    for my $format ('pve-configid', 'pve-userid', 'email-or-username', 'pve-notify-oauth2-text') {
        my $pattern = of_parameter({ type => 'string', format => $format })->{pattern};
        for my $value (@samples) {
            next if $value !~ /$pattern/ || $value =~ /\n\z/;    # the $ of others is the end
            $good{$format}++;
            ok eval { PVE::JSONSchema::Formats::check($format, $value); 1 }, "$format: $value";
        }
    }
    cmp_ok $good{$_}, '>', 1, "$_: some are good" for sort keys %good;
    is scalar keys %good, 4, 'each was tried';
};

subtest 'permissions in words' => sub {
    my $where = '/mapping/notifications';
    my @cases = (
        [undef, 'root@pam only'],
        [{ user  => 'world' },                             'anybody, without a login'],
        [{ user  => 'all' },                               'any user'],
        [{ check => ['perm', '/', ['A', 'B']] },           'A and B on /'],
        [{ check => ['perm', '/', ['A', 'B'], any => 1] }, 'A or B on /'],
        [
            {
                check => [
                    'and',
                    ['perm', '/x',                 ['A']],
                    ['or',   ['perm', '/', ['B']], ['perm', '/', ['C']]]
                ]
            },
            'A on /x and (B on / or C on /)'
        ],
    );
    is permission_text($_->[0]), $_->[1], $_->[1] for @cases;
    ok !eval { permission_text({ check => ['userid-group', ['A']] }); 1 }, 'an unknown test';
    ok !eval { permission_text({ check => ['perm', '/', ['A'], require_param => 'x'] }); 1 },
        'an unknown option';
    like $paths{"$base/targets"}{get}{description},
        qr{Mapping\.Modify on $where or Mapping\.Audit on $where or Mapping\.Use on $where\.\z},
        'real';
};

subtest 'it is the same whatever the order of hashes' => sub {
    my @include = map { '-I' . root() . "/$_" } qw(blib/lib blib/arch perl/host/lib);
    my @program =
        (@include, '-MPVE::NotifyHost::OpenAPI', '-e', 'print PVE::NotifyHost::OpenAPI::json()');
    for my $seed (1, 2, 3) {
        local $ENV{PERL_HASH_SEED} = $seed;
        open my $out, '-|', $^X, @program or die "perl: $!\n";
        my $again = do { local $/ = undef; readline $out };
        close $out;
        ok $again eq $text, "seed $seed";
    }
};

subtest 'openapi-spec-validator accepts it' => sub {
    needs_python();
    my sub judge ($json) {
        write_private("$files/openapi.json", $json);
        my $pid = open(my $out, '-|') // die "fork: $!\n";
        if (!$pid) {
            open STDERR, '>&', \*STDOUT;
            exec python(), '-m', 'openapi_spec_validator', '--schema', '3.1', "$files/openapi.json"
                or POSIX::_exit(127);
        }
        my $said = do { local $/ = undef; readline $out };
        close $out;
        return ($?, $said);
    }
    my ($status, $said) = judge($text);
    is $status, 0, 'valid' or diag $said;
    ($status) = judge($text =~ s/"in" *: *"path"/"in":"road"/r);
    isnt $status, 0, 'it would notice a mistake';
};

subtest 'the host gives it to its users' => sub {
    my $dir = host_folder();
    put_file($dir, 'user.cfg',       "user:joe\@pve:1:0:\ntoken:joe\@pve!try:0:0:\n");
    put_file($dir, 'priv/token.cfg', "joe\@pve!try secret-of-joe\n");
    my $host  = serve_host($dir);
    my @token = ('-H', 'Authorization: PVEAPIToken=joe@pve!try=secret-of-joe');
    my $path  = '/api2/openapi.json';
    my $good  = curl($host, $path, @token);
    is $good->{status}, 200, 'to one without any privilege';
    ok $good->{body} eq $text, 'the same text';
    like $good->{header}, qr{^content-type: application/json}im, 'its type';
    is curl($host, $path, '-I', @token)->{status}, 200,   'HEAD';
    is curl($host, "$path/", @token)->{body},      $text, 'an empty part more';
    is curl($host, $path)->{status},               401,   'to nobody else';
    is curl($host, $path, '-H', 'Authorization: PVEAPIToken=joe@pve!try=wrong')->{status}, 401,
        'nor with a wrong token';
    is curl($host, $path, '-X', $_, @token)->{status}, 501, $_ for qw(POST PUT DELETE);
    is curl($host, "/api2/json/openapi.json", @token)->{status}, 501, 'it is none of the API';

    for my $private ("$dir", hostname(), 'joe@pve', $host->{port}) {
        unlike $text, qr/\b\Q$private\E\b/, 'nothing of this machine';
    }
};

done_testing;
