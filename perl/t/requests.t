#!/usr/bin/perl

# Many requests, valid and hostile, of users with different rights, against the real server. schemathesis makes
# them from the description of the API. None may make the server fail, hang, grow or tell a secret, and each answer
# is as described. REQUESTS is how many at least; `make soak` sends 50,000. The same
# REQUESTS_SEED leads to the same requests.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP     qw(decode_json encode_json);
use List::Util   qw(min);
use MIME::Base64 qw(encode_base64);
use Test::Alone  qw(alone);
use Test::Canary qw(canary canaries_in);
use Test::More;
use Test::NotifyHost    qw(children_of curl host_folder is_gone put_file serve_host wait_until);
use Test::Peers         qw(slurp);
use Test::Peers::Python qw(needs_python);
use Test::Peers::Schemathesis;

my $WANTED  = $ENV{REQUESTS} // 1500;
my $IS_LONG = $WANTED > 10_000;
my $CANARY  = 'cAnArYoFaLl';

needs_python();
alone();

# each secret by itself, and what all have in common, as requests.py adds it too
my %secret = map { $_ => canary($_, "$CANARY-of-$_") }
    qw(full use audit none part gotify webhook smtp client refresh);
canary('any', $CANARY);

my $dir = host_folder();
put_file($dir, 'user.cfg', <<'END');
user:full@pve:1:0:
user:use@pve:1:0:
user:audit@pve:1:0:
user:none@pve:1:0:
token:full@pve!part:0:1:
role:Use:Mapping.Use:
role:Audit:Mapping.Audit:
role:Part:Mapping.Modify,Sys.AccessNetwork:
acl:1:/:full@pve:Administrator:
acl:1:/mapping:use@pve:Use:
acl:1:/mapping:audit@pve:Audit:
acl:1:/:full@pve!part:Part:
END
put_file($dir, 'priv/token.cfg', "full\@pve!part $secret{part}\n");
put_file($dir, 'priv/shadow.cfg',
    join '', map { "$_:" . crypt($secret{$_}, '$5$saltsalt$') . ":\n" } qw(full use audit none));

# Failed logins are not delayed here: they are as many as other calls.
my $no_delay = <<'END';
use v5.36;
no warnings 'redefine';
my $new = \&PVE::NotifyHost::LoginLimit::new;
*PVE::NotifyHost::LoginLimit::new =
    sub ($class, %opt) { return $new->($class, %opt, unit => 0) };
my $file = shift;
do($file) // die $@ || $!;
END
my $host = serve_host($dir, perl => ['-MPVE::NotifyHost::LoginLimit', '-e', $no_delay]);

my sub login ($name) {
    my @form    = ('-d', "username=$name", '-d', "password=$secret{$name}");
    my $answer  = curl($host, '/api2/json/access/ticket', @form);
    my $session = decode_json($answer->{body})->{data} or die "$name: $answer->{body}\n";
    return {
        Cookie              => "PVEAuthCookie=$session->{ticket}",
        CSRFPreventionToken => $session->{CSRFPreventionToken},
    };
}
my %header = (
    token => { Authorization => "PVEAPIToken=full\@pve!part=$secret{part}" },
    map { $_ => login($_) } qw(full use audit none),
);

# what is there before, with a secret of each kind
my $closed  = '127.0.0.1:9';
my %of_mail = (
    server         => '127.0.0.1',
    port           => 9,
    mailto         => ['a@example.org'],
    'from-address' => 'u@example.org'
);
my @entries = (
    ['endpoints/gotify', { name => 'beep', server => "http://$closed", token => $secret{gotify} }],
    [
        'endpoints/webhook',
        {
            name   => 'hook',
            url    => "http://$closed/",
            method => 'post',
            secret => ['name=key,value=' . encode_base64($secret{webhook}, '')],
        }
    ],
    [
        'endpoints/smtp',
        {
            %of_mail,
            name     => 'mail',
            mode     => 'insecure',
            username => 'u',
            password => $secret{smtp}
        }
    ],
    [
        'endpoints/smtp',
        {
            %of_mail,
            name                   => 'oauth',
            username               => 'u@example.org',
            'auth-method'          => 'custom-oauth2',
            'oauth2-token-url'     => "https://$closed/token",
            'oauth2-authorize-url' => "https://$closed/authorize",
            'oauth2-client-id'     => 'id',
            'oauth2-client-secret' => $secret{client},
            'oauth2-refresh-token' => $secret{refresh},
        }
    ],
    ['matchers', { name => 'all', target => ['mail'] }],
);
my @session = map {"-H$_: $header{full}{$_}"} sort keys $header{full}->%*;
for my $entry (@entries) {
    my ($path, $param) = @$entry;
    my @body = ('-H', 'Content-Type: application/json', '-d', encode_json($param));
    is curl($host, "/api2/json/cluster/notifications/$path", @session, @body)->{status}, 200,
        "$path: $param->{name}";
}
my %kept = map { $_ => slurp($_) }
    grep {-f} glob "$dir/config/{,priv/}notifications*.cfg $dir/state/oauth2/*";
my %there = map { $_ => 1 } map { canaries_in($_) } values %kept;
is_deeply [sort keys %there], [qw(any client gotify refresh smtp webhook)],
    'secrets are there to be found';

my @names = map { $_->[1]{name} } @entries;
my $peer  = Test::Peers::Schemathesis->new(
    url         => $host->{url},
    certificate => "$dir/config/notify-host.crt",
    users       => \%header,
    canary      => $CANARY,
    names       => [
        [smtp                     => ['mail', 'oauth']],
        [gotify                   => ['beep']],
        [webhook                  => ['hook']],
        [matchers                 => ['all']],
        ['/cluster/notifications' => ['mail-to-root', @names]],
    ],
    kept => \%kept,
);

my sub memory () {
    return slurp("/proc/$host->{pid}/status") =~ /^VmRSS:\s+([0-9]+) kB/m
        ? int($1 / 1024)
        : die "no memory\n";
}

my %sum = (requests => 0, slowest => 0);

my sub round ($number, $phases, $examples) {
    my $count = $peer->attack(
        phases   => $phases,
        seed     => $number,
        examples => $examples,
        seconds  => 900 + $WANTED,
    );
    is $count->{fault}, '', "round $number: as described";
    my @faults = ($count->{faults} // [])->@*;
    is join("\n", @faults[0 .. min(9, $#faults)]), '',
        "round $number: no call fails or tells a secret";
    $sum{requests} += $count->{requests} // die "schemathesis has not come to its end\n";
    for my $table (qw(status user)) {
        $sum{$table}{$_} += $count->{$table}{$_} for keys $count->{$table}->%*;
    }
    @sum{qw(slowest slowest_call)} = $count->@{qw(slowest slowest_call)}
        if $count->{slowest} > $sum{slowest};
    return;
}

my @memory = memory();
my $start  = time;
my $number = $ENV{REQUESTS_SEED} // 1;
round($number, 'coverage', 1) if $IS_LONG;
push @memory, memory();
round($number++, 'fuzzing', $IS_LONG ? 100 : int($WANTED / 200) || 1)
    while $sum{requests} < $WANTED;
push @memory, memory();
note(JSON::PP->new->canonical->encode({ %sum, seconds => time - $start, MiB => \@memory }));

ok !is_gone($host->{pid}), 'the server lives';
is curl($host, '/api2/json/version', @session)->{status}, 200, 'and answers';
cmp_ok $sum{slowest},            '<', 30, 'each answer came in time';
cmp_ok $sum{status}{$_},         '>', 0,  "some are $_" for 200, 400, 403, 404, 500;
cmp_ok $memory[-1] - $memory[1], '<', 50, 'it does not grow';
is_deeply [canaries_in(slurp($host->{log}))], [], 'no secret in its log';
ok wait_until(
    10,
    sub {
        !grep { $_->{state} eq 'Z' } children_of($host->{pid});
    }
    ),
    'no zombie';

done_testing;
