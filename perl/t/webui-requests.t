#!/usr/bin/perl

# The requests that the web pages of a node send to its API, sent to the host: each gets the answer
# that the pages expect. And what a login says of the user's rights.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Socket::IP ();
use JSON::PP       ();
use Mojo::Util     qw(url_escape);
use POSIX          ();
use PVE::API2;
use PVE::NotifyHost;
use PVE::RPCEnvironment;
use Test::Mojo;
use Test::More;
use Test::NotifyHost    qw(host_folder put_file);
use Test::WebUIRequests qw(rows);

local $ENV{PVE_NOTIFY_HOST_DIR} = my $dir = host_folder();
my @names = qw(admin auditor user editor nobody);
put_file($dir, 'user.cfg', join('', map {"user:$_\@pve:1:0::::::\n"} @names) . <<'END');
role:Reads:Mapping.Audit:
role:Uses:Mapping.Use:
role:Edits:Mapping.Modify:
role:Guest:VM.Console,Permissions.Modify,Sys.Audit:
acl:1:/:admin@pve:Administrator:
acl:1:/mapping:auditor@pve:Reads:
acl:1:/mapping/notifications:user@pve:Uses:
acl:1:/mapping/notifications:editor@pve:Edits:
acl:0:/vms/100:editor@pve:Guest:
END
put_file($dir, 'priv/shadow.cfg',
    join('', map { "$_:" . crypt('passw0rd', '$5$saltsalt$') . ":\n" } @names));
PVE::RPCEnvironment->init('pub');

# answers whoever sends it something
my $listener = IO::Socket::IP->new(LocalHost => '127.0.0.1', LocalPort => 0, Listen => 5)
    // die "can't listen: $@\n";
my $web = fork() // die "fork: $!\n";
if (!$web) {
    while (my $client = $listener->accept) {
        sysread($client, my $request, 65536);
        print {$client} "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
        close($client);
    }
    POSIX::_exit(0);
}
my %value = (port => $listener->sockport);

END {
    if ($web) {
        my $status = $?;
        kill(TERM => $web);
        waitpid($web, 0);
        $? = $status;    ## no critic (RequireLocalizedPunctuationVars) - that of the test
    }
}

my $t = Test::Mojo->new(
    PVE::NotifyHost->new(login_limit => PVE::NotifyHost::LoginLimit->new(unit => 0)));
$t->app->log->level('fatal');
my $canonical = JSON::PP->new->canonical->allow_nonref;

my %session;
for my $name (@names) {
    $t->post_ok('/api2/extjs/access/ticket',
        form => { username => $name, realm => 'pve', password => 'passw0rd' })
        ->json_is('/success' => 1, "$name has a session");
    $session{$name} = $t->tx->res->json->{data} // BAIL_OUT($t->tx->res->body);
}

sub headers ($who, $writes) {
    my ($name, $fault) = (split(/ /, $who), '');
    my %headers = ('X-Requested-With' => 'XMLHttpRequest');
    $headers{'Content-Type'} = 'application/x-www-form-urlencoded; charset=UTF-8' if $writes;
    my $session = $session{$name} // return \%headers;
    my $ticket  = $session->{ticket} . ($fault eq 'forged' ? 'x' : '');
    $headers{Cookie}              = 'PVEAuthCookie=' . url_escape($ticket);
    $headers{CSRFPreventionToken} = $session->{CSRFPreventionToken} if $fault ne 'csrf';
    return \%headers;
}

sub with_values ($text, $who) {
    my %known = (%value, ticket => url_escape(($session{$who} // {})->{ticket} // ''));
    return $text =~ s/\{(\w+)\}/$known{$1} \/\/ die "no value '$1'\n"/ger;
}

# a value of an answer as text; lists and hashes as JSON
sub text_of ($data) {
    return ref($data) && !JSON::PP::is_bool($data) ? $canonical->encode($data) : $data;
}

sub is_like ($got, $expect, $title) {
    return ref($expect) ? like($got, $expect, $title) : is($got, $expect, $title);
}

sub check_data ($got, $expect) {
    if (ref($expect) eq 'ARRAY') {
        is ref($got), 'ARRAY', 'a list';
        cmp_ok scalar(@$got), '>', 0, 'with entries';
        for my $entry (@$got) {
            is_deeply [grep { !exists($entry->{$_}) } @$expect], [], 'an entry has its keys';
        }
    } elsif (ref($expect) eq 'HASH') {
        is ref($got), 'HASH', 'an object';
        is_like(text_of($got->{$_}), $expect->{$_}, "data: $_") for sort keys %$expect;
    } else {
        is $got, $expect, 'data';
    }
    return;
}

sub check ($who, $request, $body, $expect) {
    my ($verb, $path) = split(/ /, with_values($request, $who));
    my $tx = $t->ua->build_tx(
        $verb => $path,
        headers($who, $verb ne 'GET'),
        defined($body) ? with_values($body, $who) : (),
    );

    # the framework makes one of two slashes
    $tx->req->url->path(Mojo::Path->new($path =~ s/\?.*//r));
    $t->request_ok($tx)
        ->status_is($expect->{http} // 200)
        ->content_type_is('application/json;charset=UTF-8');
    my $answer = $t->tx->res->json;
    is $answer->{$_}, $expect->{$_}, $_ for qw(success status);
    is_like($answer->{message}, $expect->{message}, 'message');
    is_deeply $answer->{errors}, $expect->{errors}, 'errors name the fields';
    check_data($answer->{data}, $expect->{data});
    $value{digest} = $answer->{data}{digest}
        if ref($answer->{data}) eq 'HASH' && $answer->{data}{digest};
    diag($t->tx->res->body) if !Test::More->builder->is_passing;
    return;
}

my @groups = rows();
while (my ($group, $rows) = splice(@groups, 0, 2)) {
    for my $row (@$rows) {
        my ($title, @request) = @$row;
        subtest "$group: $title" => sub { check(@request) };
    }
}

subtest 'what the session says of the user\'s rights' => sub {
    my $all = $session{admin}{cap};
    is join(' ', sort keys %$all), 'access dc mapping nodes sdn storage vms', 'one hash per kind';
    is $all->{mapping}{'Mapping.Modify'},     1, 'the value is 1';
    is $all->{vms}{'VM.Allocate'},            1, 'on paths that no rule names';
    is $all->{access}{'User.Modify'},         1, 'users';
    is $all->{access}{'Group.Allocate'},      1, 'groups';
    is $all->{storage}{'Datastore.Allocate'}, 1, 'storage';
    is $all->{nodes}{'Sys.PowerMgmt'},        1, 'nodes';
    is $all->{sdn}{'SDN.Use'},                1, 'networks';
    is $all->{$_}{'Permissions.Modify'}, 1, "$_: permissions"
        for qw(access mapping nodes sdn storage vms);
    is_deeply [sort keys $all->{dc}->%*],
        [qw(SDN.Allocate SDN.Audit SDN.Use Sys.Audit Sys.Modify)], 'dc: no more than these';
    my $none = { map { $_ => {} } qw(access dc mapping nodes sdn storage vms) };
    is_deeply $session{nobody}{cap}, $none, 'nobody';
    is_deeply $session{auditor}{cap}, { %$none, mapping => { 'Mapping.Audit' => 1 } }, 'auditor';
    is_deeply $session{editor}{cap},
        {
        %$none,
        mapping => { 'Mapping.Modify' => 1 },
        vms     => { 'VM.Console'     => 1, 'Permissions.Modify' => 1 },
        },
        'a rule without propagation, and only what belongs to the kind';
};

subtest 'the name of the cluster' => sub {
    ok !exists($session{admin}{clustername}), 'none without corosync.conf';
    put_file($dir, 'corosync.conf', "totem {\n  cluster_name: home\n  version: 2\n}\n");
    $t->post_ok('/api2/json/access/ticket', form => { username => 'admin', password => 'passw0rd' })
        ->json_is('/data/clustername' => 'home');
};

done_testing();
