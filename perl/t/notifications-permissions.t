#!/usr/bin/perl

# Who may call what below /cluster/notifications: every method, for root, users with each privilege
# alone and with those that belong together, and API tokens with and without privilege separation.
# What is expected comes from the rules below, what happens from the environment that the servers ask.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/lib/fake";

use Test::Registered qw(registered);
use PVE::API2;
use PVE::RPCEnvironment;
use Test::More;
use Test::NotifyHost qw(host_folder put_file);

my @mapping = qw(Mapping.Audit Mapping.Modify Mapping.Use);
my @system  = qw(Sys.AccessNetwork Sys.Audit Sys.Modify);

# name => privileges
my %user = (
    (map { (lc s/[.]/-/r) => [$_] } @mapping, @system),
    'none'            => [],
    'modify-audit'    => [qw(Mapping.Modify Sys.Audit)],
    'modify-modify'   => [qw(Mapping.Modify Sys.Modify)],
    'modify-system'   => [qw(Mapping.Modify Sys.Audit Sys.Modify)],
    'modify-network'  => [qw(Mapping.Modify Sys.AccessNetwork)],
    'everything-else' => [qw(Mapping.Audit Mapping.Use), @system],
    'everything'      => [@mapping,                      @system],
);

# API token => its user, privsep, its own privileges
my %token = (
    'everything@pve!as-user'     => ['everything', 0, []],
    'everything@pve!own-nothing' => ['everything', 1, []],
    (map { 'everything@pve!own-' . (lc s/[.]/-/r) => ['everything', 1, [$_]] } @mapping, @system),
    'everything@pve!own-network' => ['everything',    1, [qw(Mapping.Modify Sys.AccessNetwork)]],
    'everything@pve!own-all'     => ['everything',    1, [@mapping, @system]],
    'mapping-audit@pve!as-user'  => ['mapping-audit', 0, []],
    'mapping-audit@pve!own-all'  => ['mapping-audit', 1, [@mapping, @system]],
    'none@pve!own-all'           => ['none',          1, [@mapping, @system]],
);

my sub records ($id, $kind, $privileges) {
    my @privileges = @$privileges or return '';
    my %at         = ('/' => [grep {/^Sys/} @privileges], '/mapping' => [grep {/^M/} @privileges]);
    my $text       = '';
    for my $path (grep { $at{$_}->@* } sort keys %at) {
        my $role = "$kind-$id-$path" =~ s/\W/-/gr;
        $text .= "role:$role:" . join(',', $at{$path}->@*) . ":\nacl:1:$path:$id:$role:\n";
    }
    return $text;
}

my $text = '';
for my $name (sort keys %user) {
    $text .= "user:$name\@pve:1:0:\n" . records("$name\@pve", 'user', $user{$name});
}
for my $id (sort keys %token) {
    $text .= "token:$id:0:$token{$id}[1]:\n" . records($id, 'token', $token{$id}[2]);
}
my $dir = host_folder();
put_file($dir, 'user.cfg', $text);

# user or token => the privileges it has
my %may = (
    'root@pam' => [@mapping, @system],
    map { ("$_\@pve" => $user{$_}) } keys %user,
);
for my $id (keys %token) {
    my ($user, $privsep, $own) = $token{$id}->@*;
    my %of_user = map { $_ => 1 } $user{$user}->@*;
    $may{$id} = $privsep ? [grep { $of_user{$_} } @$own] : $user{$user};
}

# what each rule asks of the privileges, and the words of a refusal
my $where  = '/mapping/notifications';
my $refuse = '403 Permission check failed';
my %rule   = (
    anybody => [sub (%has) { return 1 },                                               ''],
    read    => [sub (%has) { return $has{'Mapping.Audit'} || $has{'Mapping.Modify'} }, "$refuse\n"],
    use     => [
        sub (%has) {
            return !!grep { $has{$_} } @mapping;
        },
        "$refuse\n"
    ],
    modify  => [sub (%has) { return $has{'Mapping.Modify'} }, "$refuse ($where, Mapping.Modify)\n"],
    connect => [
        sub (%has) {
            return $has{'Mapping.Modify'}
                && ($has{'Sys.AccessNetwork'} || $has{'Sys.Audit'} && $has{'Sys.Modify'});
        },
        "$refuse ($where, Mapping.Modify)\n",
        "$refuse\n",
    ],
);

my %method = (
    index                    => 'anybody',
    endpoints_index          => 'anybody',
    get_all_targets          => 'use',
    check_target             => 'use',
    test_target              => 'use',
    get_matchers             => 'use',
    get_matcher              => 'read',
    create_matcher           => 'modify',
    update_matcher           => 'modify',
    delete_matcher           => 'modify',
    get_matcher_fields       => 'read',
    get_matcher_field_values => 'read',
    smtp_oauth2_authorize    => 'connect',
    smtp_oauth2_cancel       => 'connect',
    smtp_oauth2_device       => 'connect',
    smtp_oauth2_device_poll  => 'connect',
    smtp_oauth2_discover     => 'connect',
    smtp_oauth2_handle       => 'connect',
    smtp_oauth2_token        => 'connect',
    revoke_smtp_endpoint     => 'connect',
    get_smtp_endpoint_status => 'use',
    map { (
        "get_${_}_endpoints"   => 'read',
        "get_${_}_endpoint"    => 'read',
        "create_${_}_endpoint" => 'connect',
        "update_${_}_endpoint" => 'connect',
        "delete_${_}_endpoint" => 'modify',
    ) } qw(gotify sendmail smtp webhook),
);

# how each is called
my %call = (
    index                    => 'GET /',
    endpoints_index          => 'GET /endpoints',
    get_all_targets          => 'GET /targets',
    check_target             => 'POST /targets/{name}/check',
    test_target              => 'POST /targets/{name}/test',
    get_matchers             => 'GET /matchers',
    get_matcher              => 'GET /matchers/{name}',
    create_matcher           => 'POST /matchers',
    update_matcher           => 'PUT /matchers/{name}',
    delete_matcher           => 'DELETE /matchers/{name}',
    get_matcher_fields       => 'GET /matcher-fields',
    get_matcher_field_values => 'GET /matcher-field-values',
    smtp_oauth2_authorize    => 'POST /smtp-oauth2-authorize',
    smtp_oauth2_cancel       => 'POST /smtp-oauth2-cancel',
    smtp_oauth2_device       => 'POST /smtp-oauth2-device',
    smtp_oauth2_device_poll  => 'POST /smtp-oauth2-device-poll',
    smtp_oauth2_discover     => 'POST /smtp-oauth2-discover',
    smtp_oauth2_handle       => 'POST /smtp-oauth2-handle',
    smtp_oauth2_token        => 'POST /smtp-oauth2-token',
    revoke_smtp_endpoint     => 'POST /endpoints/smtp/{name}/revoke',
    get_smtp_endpoint_status => 'GET /endpoints/smtp/{name}/status',
    map { (
        "get_${_}_endpoints"   => "GET /endpoints/$_",
        "get_${_}_endpoint"    => "GET /endpoints/$_/{name}",
        "create_${_}_endpoint" => "POST /endpoints/$_",
        "update_${_}_endpoint" => "PUT /endpoints/$_/{name}",
        "delete_${_}_endpoint" => "DELETE /endpoints/$_/{name}",
    ) } qw(gotify sendmail smtp webhook),
);

my $env = PVE::RPCEnvironment->init('pub');

my sub found ($name) {
    my ($verb, $path) = split / /, $call{$name};
    my ($class, $info) =
        PVE::API2->find_handler($verb, "/cluster/notifications$path" =~ s/\{name\}/entry/r, {});
    return $info // {};
}

my sub refusal ($info, $id) {
    $env->init_request;
    return eval { $env->check_api2_permissions($info->{permissions}, $id, {}); 1 } ? '' : "$@";
}

subtest 'the table has every method, each where it belongs' => sub {
    is_deeply [sort keys %method], [sort keys registered()->%*], 'all that are registered';
    for my $name (sort keys %method) {
        is found($name)->{name}, $name, $call{$name};
        is(PVE::API2::Cluster::Notifications->map_method_by_name($name), found($name), 'by name');
    }
};

subtest 'what looks at data runs as root on a node, an index does not' => sub {
    my %plain = map { $_ => 1 } qw(index endpoints_index get_matcher_fields);
    is found($_)->{protected} // 0, $plain{$_} ? 0 : 1, $_ for sort keys %method;
};

for my $name (sort keys %method) {
    subtest "$name: $method{$name}" => sub {
        my ($allowed, @refusals) = $rule{ $method{$name} }->@*;
        my $info = found($name);
        for my $id (sort keys %may) {
            my %has     = map { $_ => 1 } $may{$id}->@*;
            my $refused = $has{'Mapping.Modify'} ? $refusals[-1] : $refusals[0];
            is refusal($info, $id), $allowed->(%has) ? '' : $refused, "$id (@{[ sort keys %has ]})";
        }
        is refusal($info, undef), "$refuse (user != null)\n", 'nobody';
    };
}

done_testing;
