#!/usr/bin/perl

# The HTTP statuses of the host: each row of the documentation's table is provoked at the real server with
# the real library, and each status that is provoked has a row.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Socket::IP;
use JSON::PP qw(decode_json);
use Test::More;
use Test::NotifyHost qw(curl host_folder put_file serve_host);
use Test::Peers      qw(root slurp stop);

my $dir = host_folder();
put_file($dir, 'user.cfg', <<'END');
user:admin@pve:1:0:
user:joe@pve:1:0:
token:admin@pve!all:0:0:
token:joe@pve!none:0:0:
acl:1:/:admin@pve:Administrator:
END
put_file($dir, 'priv/token.cfg',  "admin\@pve!all s3cret\njoe\@pve!none s3cret\n");
put_file($dir, 'priv/shadow.cfg', 'joe:' . crypt('passw0rd', '$5$saltsalt$') . ":\n");

my $closed = do {
    my $socket = IO::Socket::IP->new(Listen => 1, LocalHost => '127.0.0.1') or die "socket: $@\n";
    $socket->sockport;
};
put_file($dir, 'oauth2-providers.json', <<"END");
{"closed":{"token-url":"https://127.0.0.1:$closed/token","authorize-url":"https://127.0.0.1:$closed/","scopes":["x"]}}
END

# the server with the API of the tests beside its own, and other defaults for a class's new
my sub server (%defaults) {
    my $code = 'PVE::API2->register_method({ path => "test", subclass => "Test::API" });';
    for my $class (sort keys %defaults) {
        $code .= "{ no warnings; my \$new = \\&PVE::NotifyHost::${class}::new;"
            . " *PVE::NotifyHost::${class}::new = sub { return \$new->(\@_, $defaults{$class}) }; }";
    }
    my @modules = map {"-MPVE::NotifyHost::$_"} sort keys %defaults;
    return serve_host(
        $dir,
        perl => [
            '-MPVE::API2', '-MTest::API', @modules, '-e',
            "$code my \$file = shift; do(\$file) // die \$@ || \$!"
        ]
    );
}

my $host  = server(Pool => 'deadline => 4');
my @admin = ('-H', 'Authorization: PVEAPIToken=admin@pve!all=s3cret');
my @joe   = ('-H', 'Authorization: PVEAPIToken=joe@pve!none=s3cret');
my $api   = '/api2/json';
my $notes = "$api/cluster/notifications";

my sub call ($path, @args) { return curl($host, $path, @args) }

my sub at_a_busy_one ($path, @args) {
    stop($host);
    my $busy   = server(Pool => 'max => 0, max_queue => 0', LoginLimit => 'max_per_address => 0');
    my $answer = curl($busy, $path, @args);
    stop($busy);
    $host = server(Pool => 'deadline => 4');
    return $answer;
}

my @target = (
    @admin, '-d',
    'name=unreachable&server=127.0.0.1&mode=insecure&mailto=a@example.org'
        . "&from-address=b\@example.org&port=$closed"
);
my @exchange = (
    @admin, map { ('-d', $_) } 'auth-method=closed',
    'client-id=c', 'client-secret=s', 'authorization-code=x', 'redirect-uri=https://example.org/'
);

# status => [what, answer, ...]
my %provoke = (
    200 => sub { ['a call',  call("$api/version", @admin)] },
    204 => sub { ['OPTIONS', call($api, '-X', 'OPTIONS')] },
    400 => sub {
        (
            ['a parameter', call("$api/version?x=1", @admin)],
            [
                'a body',
                call("$api/test/echo", @admin, '-H', 'Content-Type: application/json', '-d', '{')
            ],
            ['HTTP', call($api, '-H', 'Host: a b')],
        );
    },
    401 => sub {
        (
            ['nobody', call("$api/version")],
            [
                'a wrong token',
                call("$api/version", '-H', 'Authorization: PVEAPIToken=joe@pve!none=x')
            ],
            ['a wrong password', call("$api/access/ticket", '-d', 'username=joe&password=x')],
        );
    },
    403 => sub { ['no permission', call("$notes/endpoints/smtp", @joe, '-d', 'name=x')] },
    404 => sub { ['no such entry', call("$notes/endpoints/smtp/none", @admin)] },
    413 =>
        sub { [
        'a large body', call("$api/test/echo", @admin, '-H', 'Content-Length: 999999999', '-d', 'x')
        ] },
    414 => sub { ['a long address', call('/' . 'x' x 9000)] },
    429 => sub {
        my $answer = at_a_busy_one("$api/access/ticket", '-d', 'username=joe&password=passw0rd');
        like $answer->{header}, qr/^Retry-After: [0-9]+\r?$/m, '429: Retry-After';
        ['a full queue', $answer];
    },
    431 => sub {
        (
            ['a long header', call('/', '-H', 'X: ' . 'x' x 9000)],
            ['many headers',  call('/', map { ('-H', "X$_: x") } 1 .. 101)],
        );
    },
    500 => sub {
        is call("$notes/endpoints/smtp", @target)->{status}, 200, '500: a target is made';
        (
            [
                'a failed test of a target',
                call("$notes/targets/unreachable/test", @admin, '-X', 'POST')
            ],
            ['a method that breaks', call("$api/test/die", @admin)],
        );
    },
    501 => sub {
        (
            ['no such path',   call("$api/nothing",       @admin)],
            ['no such method', call("$api/version",       @admin, '-X', 'DELETE')],
            ['realm pam',      call("$api/access/ticket", '-d',   'username=joe@pam&password=x')],
        );
    },
    502 => sub { ['the provider is not there', call("$notes/smtp-oauth2-token", @exchange)] },
    503 => sub { ['no free place',             at_a_busy_one("$api/test/protected/who", @admin)] },
    504 => sub { ['a call that takes long', call("$api/test/protected/sleep?number=30", @admin)] },
    596 => sub { ['a message in Greek',     call("$api/test/omega",                     @admin)] },
);

my ($table) = slurp(root() . '/docs/operations.md') =~
    /^\| HTTP status \| when \|\n\|---\|---\|\n((?:\|.*\n)+)/m;
my @rows = ($table // '') =~ /^\| ([0-9]{3}) \|/mg;
is_deeply [sort keys %provoke], \@rows, 'the table has a row for each status, and no other';

for my $status (@rows) {
    my $provoke = $provoke{$status} // next;
    for my $case ($provoke->()) {
        my ($title, $answer) = @$case;
        is($answer->{status}, $status, "$status: $title") or diag($answer->{body});
    }
}

# the other format
for my $path ("$notes/endpoints/smtp/none", "$api/nothing") {
    my $answer = call($path =~ s/json/extjs/r, @admin);
    my $body   = decode_json($answer->{body});
    is "$answer->{status} $body->{success}", '200 0',  "extjs: $path";
    is $body->{status}, call($path, @admin)->{status}, 'the status is in the body';
}
is call('/api2/extjs/version')->{status}, 401, 'extjs: 401 aside';
stop($host);

done_testing();
