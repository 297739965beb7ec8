#!/usr/bin/perl

# The methods below /cluster/notifications, called in this process, with the library faked.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/lib/fake";

use PVE::API2;
use PVE::CLI::pvesh;
use PVE::Exception qw(raise_perm_exc);
use PVE::NotifyHost::Setup;
use Test::FakeLog qw(last_request request_count);
use Test::More;
use Test::Pvesh qw(host_dir);

local $ENV{PVE_NOTIFY_HOST_DIR} = host_dir();
PVE::NotifyHost::Setup->init();

my %good = (
    'auth-method'        => 'google-oauth2',
    'client-id'          => 'client-1',
    'client-secret'      => 'secret-1',
    'authorization-code' => 'code-1',
    'redirect-uri'       => 'https://localhost:8006/',
);

sub call (%param) {
    my ($class, $info) =
        PVE::API2->find_handler('POST', '/cluster/notifications/smtp-oauth2-token', {});
    return $class->handle($info, \%param, 1);
}

sub error_of ($code) {
    return eval { $code->(); 1 } ? undef : $@;
}

subtest 'the index leads to the method' => sub {
    my ($class, $info) = PVE::API2->find_handler('GET', '/cluster/notifications', {});
    is_deeply [grep { $_->{name} eq 'smtp-oauth2-token' } $class->handle($info, {}, 1)->@*],
        [{ name => 'smtp-oauth2-token' }], 'names the entry';
    ($class, $info) =
        PVE::API2->find_handler('POST', '/cluster/notifications/smtp-oauth2-token', {});
    is $class,             'PVE::API2::Cluster::Notifications', 'the class is that of the index';
    is $info->{name},      'smtp_oauth2_token',                 'name';
    is $info->{protected}, 1,                                   'protected';
    is_deeply $info->{permissions},
        {
        check => [
            'and',
            ['perm', '/mapping/notifications', ['Mapping.Modify']],
            [
                'or', ['perm', '/', ['Sys.Audit', 'Sys.Modify']],
                ['perm', '/', ['Sys.AccessNetwork']]
            ],
        ],
        },
        'permissions';
};

subtest 'the values reach the library in its order' => sub {
    is call(%good), 'refresh-token-of-client-1', 'the token is returned';
    is_deeply last_request(),
        ['google-oauth2', 'client-1', 'secret-1', undef, 'code-1', 'https://localhost:8006/',
        undef],
        'without the optional ones';
    my $verifier = 'v' x 43;
    call(
        %good,
        'auth-method'   => 'microsoft-oauth2',
        'tenant-id'     => 'common',
        'code-verifier' => $verifier
    );
    is_deeply last_request(),
        [
        'microsoft-oauth2', 'client-1',
        'secret-1',         'common',
        'code-1',           'https://localhost:8006/',
        $verifier,
        ],
        'with them';
    my $secret = join('', map {chr} 32 .. 126, 161 .. 300) . "\x{1f511}";
    call(%good, 'client-secret' => $secret);
    is last_request()->[2], $secret, 'every printable character survives';
    my $long = 's' x 16384;
    call(%good, 'client-secret' => $long);
    is last_request()->[2], $long, 'so do 16 KiB';
    is(
        PVE::API2::Cluster::Notifications->smtp_oauth2_token({%good}),
        'refresh-token-of-client-1',
        'the method can be called by its name',
    );
};

subtest 'an error of the library keeps its code' => sub {
    my $error = error_of(sub { call(%good, 'client-id' => 'down') });
    isa_ok $error, 'PVE::Exception';
    is $error->{code}, 502,                      'code';
    is $error->{msg},  "provider is down\n",     'message';
    is "$error",       "502 provider is down\n", 'as text';
    is error_of(sub { call(%good, 'client-id' => 'broken') }), "the library broke\n",
        'a plain error passes unchanged';
    is_deeply error_of(sub { call(%good, 'client-id' => 'half-error') }), { code => 502 },
        'so does a hash without message';
};

subtest 'an error names the place of its method, whatever the class of exceptions fills in' => sub {
    my $file = $INC{'PVE/API2/Cluster/Notifications/OAuth2.pm'};
    no warnings 'redefine';    ## no critic (ProhibitNoWarnings) - a class as a node may have it
    local *PVE::Exception::new = sub ($class, $msg, %fields) {
        return bless { %fields, msg => $msg }, $class;
    };
    my $error = error_of(sub { call(%good, 'client-id' => 'down') });
    is $error->{filename}, $file, 'filename';
    like $error->{line}, qr/\A[1-9][0-9]*\z/, 'line';
};

subtest 'a test of a target succeeds without a result, or says why not' => sub {
    my $test = sub ($name) {
        my $param = {};
        my ($class, $info) =
            PVE::API2->find_handler('POST', "/cluster/notifications/targets/$name/test", $param);
        return $class->handle($info, $param, 1);
    };
    is $test->('mail-to-root'), undef, 'success';
    my $error = error_of(sub { $test->('lost') });
    is "$error", "404 endpoint 'lost' does not exist\n", 'failure';
    $error = error_of(sub { $test->('1a') });
    is_deeply [keys $error->{errors}->%*], ['name'], 'no name of a target';
};

subtest 'a configuration that cannot be read is told like any other error' => sub {
    no warnings 'redefine';    ## no critic (ProhibitNoWarnings) - stands in for the file
    local *PVE::Notify::Main::cfs_read_file = sub ($name) { return 'broken' };
    my $error = error_of(sub { call(%good) });
    isa_ok $error, 'PVE::Exception';
    is "$error", "400 not valid UTF-8\n", 'with its code';
};

subtest 'Microsoft without a tenant is refused before any request' => sub {
    my $before = request_count();
    my $error  = error_of(sub { call(%good, 'auth-method' => 'microsoft-oauth2') });
    is $error->{code}, 400, 'code';
    is_deeply [keys $error->{errors}->%*], ['tenant-id'], 'names the parameter';
    is request_count(), $before, 'the library is not called';
};

subtest 'pvesh asks for permission before anything else' => sub {
    my @asked;
    no warnings 'redefine';    ## no critic (ProhibitNoWarnings): for this double only
    local *PVE::RPCEnvironment::check_api2_permissions = sub ($self, @args) {
        push @asked, \@args;
        raise_perm_exc('/, Sys.Audit');
    };
    my $before = request_count();
    my @words  = (
        'create',
        '/cluster/notifications/smtp-oauth2-token',
        map { ("--$_", $good{$_}) } sort keys %good
    );
    my $errors = '';
    my $status = do {
        local *STDERR;
        open STDERR, '>', \$errors or die "no standard error: $!\n";
        PVE::CLI::pvesh->run(@words);
    };
    is $status, 255,                                            'a refusal is a failure';
    is $errors, "403 Permission check failed (/, Sys.Audit)\n", 'that says what is missing';
    my ($permissions, $user, $param) = $asked[0]->@*;
    is $permissions->{check}[0], 'and',      'asked with the permissions of the method';
    is $user,                    'root@pam', 'for root';
    is_deeply $param, \%good, 'and the parameters';
    is request_count(), $before, 'nothing reached the library';
};

subtest 'the version is that of the workspace' => sub {
    my $toml = "$FindBin::Bin/../../Cargo.toml";
    open my $fh, '<', $toml or die "can't open '$toml': $!\n";
    my ($version) = map { /\Aversion = "(.*)"/ ? $1 : () } readline $fh;
    close $fh or die "can't close '$toml': $!\n";
    is(PVE::API2->version->{version}, $version, 'version');
};

subtest 'every parameter is documented' => sub {
    my $info = PVE::API2::Cluster::Notifications->map_method_by_name('smtp_oauth2_token');
    is $info->{parameters}{additionalProperties}, 0, 'no others are taken';
    my $properties = $info->{parameters}{properties};
    for my $name (sort keys %$properties) {
        like $properties->{$name}{description}, qr/\A[A-Z].{40,}[.]\z/s, $name;
    }
};

done_testing;
