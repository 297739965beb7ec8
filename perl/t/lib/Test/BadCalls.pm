package Test::BadCalls;

# Calls of the code exchange that must be refused before anything is sent: a table for every way
# that leads to the method. Each row has a title, the parameters, and the names that the errors hold.

use v5.36;

use Exporter 'import';
use JSON::PP;

our @EXPORT_OK = qw(bad_calls good_call);

my %good = (
    'auth-method'        => 'microsoft-oauth2',
    'client-id'          => 'client-1',
    'client-secret'      => 'secret-1',
    'tenant-id'          => 'common',
    'authorization-code' => 'code-1',
    'redirect-uri'       => 'https://localhost:8006/',
    'code-verifier'      => 'v' x 43,
);

sub good_call () {
    return {%good};
}

my sub without ($name) {
    my %param = %good;
    delete $param{$name};
    return \%param;
}

my sub with (%changes) {
    return { %good, %changes };
}

# what no parameter may be
my @bad_for_all = (
    ['a list',                   ['a', 'b']],
    ['an object',                { a => 'b' }],
    ['a boolean',                JSON::PP::true],
    ['empty',                    ''],
    ['a newline at the end',     "abc\n"],
    ['a line break inside',      "a\r\nb"],
    ['a NUL',                    "a\0b"],
    ['the separator of XOAUTH2', "a\x01b"],
    ['DEL',                      "a\x7fb"],
    ['a C1 control character',   "a\x{85}b"],
    ['1 MiB',                    'a' x 1_048_576],
    ['a surrogate',              "a\x{d800}b"],
    ['beyond Unicode',           'a' . chr 0x110000],
);

my %bad_for = (

    # what can be no name; which names there are the library knows
    'auth-method' => ['Google-oauth2', 'google-oauth2,microsoft-oauth2', '0', 'a' x 65],
    'tenant-id'   => [
        '..',             'a/b', 'a/../b', 'a?b', 'a#b', 'a@b', 'a:b', '%2e%2e', '-a', 'a.', 'a b',
        "\x{e4}.example", 'http://example.org', 'a' x 254,
    ],
    'redirect-uri' => [
        'localhost',              '/callback',
        'ftp://localhost/',       'javascript:alert(1)',
        'https://localhost/#top', 'https://local host/',
        'https://',
    ],
    'code-verifier' => ['v' x 42, 'v' x 129, 'v' x 42 . '+', 'v' x 42 . "\x{e4}"],
);

sub bad_calls () {
    my @calls;
    for my $name (sort keys %good) {
        push @calls, ["$name is missing", without($name), $name] if $name ne 'code-verifier';
        push @calls, ["$name is null", with($name => undef), $name] if $name ne 'code-verifier';
        for my $case (@bad_for_all) {
            my ($what, $value) = @$case;
            push @calls, ["$name is $what", with($name => $value), $name];
        }
        for my $value ($bad_for{$name}->@*) {
            my $shown = length $value > 30 ? length($value) . ' characters' : "'$value'";
            push @calls, ["$name is $shown", with($name => $value), $name];
        }
    }
    for my $name (qw(client_id scope oauth2-refresh-token nonce Client-Id password)) {
        push @calls, ["unknown parameter $name", with($name => 'a'), $name];
    }
    push @calls,

        # a public client has no secret
        ['no parameter at all', {}, 'authorization-code'],
        [
        'the code alone',
        { 'authorization-code' => 'code-1' },
        qw(auth-method client-id redirect-uri)
        ],
        ['a secret of 16385 characters', with('client-secret' => 'a' x 16385), 'client-secret'],
        [
        'two mistakes', with('client-id' => '', 'redirect-uri' => 'x'),
        'client-id',    'redirect-uri'
        ];
    return @calls;
}

1;
