#!/usr/bin/perl

# PVE::RPCEnvironment: the forms of permissions, and the texts of refusals.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/lib/fake";

use PVE::API2;
use PVE::RPCEnvironment;
use Test::More;
use Test::NotifyHost qw(host_folder put_file needs_root);

my $dir = host_folder();

put_file($dir, 'user.cfg', <<'END');
user:reader@pve:1:0:
user:writer@pve:1:0:
user:owner@pve:1:0:
token:writer@pve!own:0:1:
role:Owner:Mapping.Modify:
role:Audit:Sys.Audit:
acl:1:/mapping:reader@pve:PVEMappingUser:
acl:1:/mapping:writer@pve:PVEMappingAdmin:
acl:1:/mapping:writer@pve!own:PVEMappingUser:
acl:1:/mapping/notification/mine:owner@pve:Owner:
END

sub error_of ($code) {
    return eval { $code->(); 1 } ? '' : "$@";
}

like error_of(sub { PVE::RPCEnvironment::get() }), qr/not initialized/, 'not before init';
my $env = PVE::RPCEnvironment->init('pub');
is PVE::RPCEnvironment::get(), $env, 'get as a function';
is(PVE::RPCEnvironment->get(), $env, 'get as a method');
$env->init_request;

# '' if the user may
sub refusal ($permissions, $user, $param = {}) {
    return error_of(sub { $env->check_api2_permissions($permissions, $user, $param) });
}

my $forbidden = '403 Permission check failed';

subtest 'the current user' => sub {
    like error_of(sub { $env->get_user }), qr/user name not set/, 'none yet';
    is $env->get_user(1), undef, 'none yet, and no error';
    $env->set_user('reader@pve');
    is $env->get_user, 'reader@pve', 'set';
    $env->init_request;
    is $env->get_user(1), undef, 'not for the next request';
};

subtest 'the forms of permissions' => sub {
    my $use    = ['perm', '/mapping/notifications',       ['Mapping.Use']];
    my $modify = ['perm', '/mapping/notifications',       ['Mapping.Modify']];
    my $both   = ['perm', '/mapping/notifications',       ['Mapping.Use', 'Mapping.Modify']];
    my $mine   = ['perm', '/mapping/notification/{name}', ['Mapping.Modify']];
    my $where  = '/mapping/notifications';
    my @cases  = (

        # title, permissions, user, parameters, refusal
        ['world, nobody',      { user => 'world' }, undef,   {}, ''],
        ['all, nobody',        { user => 'all' },   undef,   {}, "$forbidden (user != null)\n"],
        ['all, anybody',       { user => 'all' },   'x@pve', {}, ''],
        ['none given',         undef, 'writer@pve', {}, "$forbidden (user != root\@pam)\n"],
        ['none given, root',   undef, 'root@pam',   {}, ''],
        ['root needs no rule', { check => $modify }, 'root@pam',   {}, ''],
        ['one privilege',      { check => $use },    'reader@pve', {}, ''],
        [
            'one lacking', { check => $modify },
            'reader@pve', {}, "$forbidden ($where, Mapping.Modify)\n"
        ],
        ['all of two', { check => $both }, 'writer@pve', {}, ''],
        [
            'one of two', { check => $both },
            'reader@pve', {}, "$forbidden ($where, Mapping.Modify)\n"
        ],
        ['any of two', { check => [@$both, any => 1] }, 'reader@pve', {}, ''],
        [
            'none of any', { check => [@$both, any => 1] },
            'x@pve', {}, "$forbidden ($where, Mapping.Use|Mapping.Modify)\n",
        ],
        ['and', { check => ['and', $use, $modify] }, 'writer@pve', {}, ''],
        [
            'and, one lacking',
            { check => ['and', $use, $modify] },
            'reader@pve', {}, "$forbidden ($where, Mapping.Modify)\n",
        ],
        ['or',       { check => ['or', $modify, $use] }, 'reader@pve', {}, ''],
        ['or, none', { check => ['or', $modify, $use] }, 'x@pve',      {}, "$forbidden\n"],
        [
            'or inside and',
            { check => ['and', $use, ['or', $modify]] },
            'reader@pve', {}, "$forbidden\n"
        ],
        ['a path with a parameter', { check => $mine }, 'owner@pve', { name => 'mine' }, ''],
        [
            'of another', { check => $mine },
            'owner@pve',
            { name => 'yours' },
            "$forbidden (/mapping/notification/yours, Mapping.Modify)\n",
        ],
        [
            'required parameter missing',
            { check => ['or', [@$use, require_param => 'x']] },
            'reader@pve', {}, "$forbidden\n",
        ],
        [
            'required parameter there',
            { check => ['or', [@$use, require_param => 'x']] },
            'reader@pve', { x => 1 }, '',
        ],
        ['a token within its rights', { check => $use }, 'writer@pve!own', {}, ''],
        [
            'a token beyond them',
            { check => $modify },
            'writer@pve!own', {}, "$forbidden ($where, Mapping.Modify)\n",
        ],
        ['an empty entry', {}, 'writer@pve', {}, "$forbidden\n"],
    );
    for my $case (@cases) {
        my ($title, $permissions, $user, $param, $expect) = @$case;
        is refusal($permissions, $user, $param), $expect, $title;
    }
};

subtest 'a parameter cannot lead to another path' => sub {
    my $check = { check => ['perm', '/mapping/{name}', ['Mapping.Modify']] };
    like refusal($check, 'writer@pve', {}),                qr/no parameter 'name'/, 'missing';
    like refusal($check, 'writer@pve', { name => "a b" }), qr/invalid ACL path/, 'bad characters';
};

subtest 'check and check_any by hand' => sub {
    ok $env->check('reader@pve', '/mapping', ['Mapping.Use']),        'may';
    ok !$env->check('reader@pve', '/mapping', ['Mapping.Modify'], 1), 'may not, and no error';
    ok !$env->check_any('x@pve', '/mapping', ['Mapping.Modify'], 1),  'nor with any';
};

subtest 'who may call the code exchange' => sub {
    my (undef, $info) =
        PVE::API2->find_handler('POST', '/cluster/notifications/smtp-oauth2-token', {});
    my %privs =
        (M => 'Mapping.Modify', A => 'Sys.Audit', S => 'Sys.Modify', N => 'Sys.AccessNetwork');
    for my $set ('', qw(M A S N MA MS MN AS AN SN MAS MAN MSN ASN MASN)) {
        for my $place (qw(/ /mapping)) {
            put_file(
                $dir,
                'user.cfg',
                join("\n",
                    'user:joe@pve:1:0:',
                    'token:joe@pve!own:0:1:',
                    'token:joe@pve!all:0:0:',
                    'token:joe@pve!none:0:1:',
                    "role:Test:@{[join(',', map { $privs{$_} } split(//, $set))]}:",
                    "acl:1:$place:joe\@pve,joe\@pve!own:Test:")
            );
            $env->init_request;
            my $may = $place eq '/' && $set =~ /M/ && ($set =~ /AS/ || $set =~ /N/);
            for my $who ('joe@pve', 'joe@pve!own', 'joe@pve!all') {
                is refusal($info->{permissions}, $who) eq '', !!$may, "$who with '$set' at $place";
            }
            isnt refusal($info->{permissions}, 'joe@pve!none'), '', "a token without rules, '$set'";
        }
    }
    is refusal($info->{permissions}, 'root@pam'), '', 'root';
};

subtest 'a command runs as root@pam' => sub {
    is(PVE::RPCEnvironment->setup_default_cli_env->get_user, 'root@pam', 'user');
};

subtest 'but for root and the owner of the files only' => sub {
    needs_root();
    my $nobody = getpwnam('nobody');
    chmod(oct('0755'), "$dir") or die;
    for my $case ([0, qr/please run as root, or as the owner/], [$nobody, qr/\A\z/]) {
        my ($owner, $expect) = @$case;
        chown($owner, -1, "$dir/config") or die;
        local $> = $nobody;
        like error_of(sub { PVE::RPCEnvironment->setup_default_cli_env }), $expect, "owner $owner";
    }
};

done_testing();
