package Test::API;

# An API with one method for each thing that the HTTP server must cope with.

use v5.36;

use parent 'PVE::RESTHandler';

use PVE::Exception qw(raise raise_param_exc);
use PVE::Cluster;
use PVE::Notify::File;
use PVE::RPCEnvironment;

my %text = (type => 'string', optional => 1);

my sub add_method ($path, $code, %more) {
    __PACKAGE__->register_method({
        name        => ($more{method} // 'GET') . '_' . $path =~ s/\W/_/gr,
        path        => $path,
        method      => 'GET',
        permissions => { user => 'all' },
        parameters  => {
            additionalProperties => 0,
            properties           => {
                text   => {%text},
                list   => { type => 'array',   items    => { type => 'string' }, optional => 1 },
                flag   => { type => 'boolean', optional => 1 },
                number => { type => 'integer', optional => 1 },
                ($more{properties} // {})->%*,
            },
        },
        returns => { type => 'any' },
        code    => $code,
        map { $_ => $more{$_} } grep { $_ ne 'properties' } keys %more,
    });
    return;
}

add_method('echo', sub ($param) { return $param }, method => $_) for qw(GET POST PUT DELETE);
add_method(
    'item/{name}',
    sub ($param) { return $param->{name} },
    properties => { name => { type => 'string' } }
);
add_method('world',    sub ($param) { return 'hello' },  permissions => { user => 'world' });
add_method('root',     sub ($param) { return 'root' },   permissions => undef);
add_method('no-token', sub ($param) { return 'person' }, allowtoken  => 0);
add_method('who',      sub ($param) { return PVE::RPCEnvironment->get->get_user });
add_method(
    'protected/who',
    sub ($param) { return PVE::RPCEnvironment->get->get_user },
    protected => 1
);
add_method('protected/pid',  sub ($param) { return $$ },     protected => 1);
add_method('protected/echo', sub ($param) { return $param }, protected => 1, method => 'POST');
add_method('protected/fail', sub ($param) { raise("no\ncure\n", code => 404) }, protected => 1);
add_method(
    'protected/param',
    sub ($param) { raise_param_exc({ text => 'is bad' }) },
    protected => 1
);
add_method('protected/die',   sub ($param) { die "broken\n" },            protected => 1);
add_method('protected/crash', sub ($param) { kill(KILL => $$); sleep 5 }, protected => 1);
add_method('protected/exit',  sub ($param) { POSIX::_exit(0) },           protected => 1);
add_method(
    'protected/sleep',
    sub ($param) {
        PVE::Notify::File::replace_file(PVE::Cluster::dirs()->{run} . "/sleeper-$$",
            '', oct('0600'));
        sleep($param->{number});
        return 'slept';
    },
    protected => 1
);
add_method('protected/large', sub ($param) { return 'x' x (5 * 1024 * 1024) }, protected => 1);
add_method(
    'protected/child',
    sub ($param) {

        # a process that its method forgot
        my $pid = fork() // die;
        exec('sleep', 60) if !$pid;
        return $pid;
    },
    protected => 1,
);
add_method(
    'protected/descriptors',
    sub ($param) {
        opendir(my $dir, '/proc/self/fd') or die;
        my @open =
            map { readlink("/proc/self/fd/$_") // () } grep { /\A\d+\z/ && $_ > 2 } readdir($dir);
        return [grep { /\A(?:socket|\/)/ && !m{\A/(?:proc/|dev/null\z)} } @open];
    },
    protected => 1,
);
add_method('fail',     sub ($param) { raise("sn\x{f6}w\r\nSet-Cookie: x=y\n", code => 418) });
add_method('omega',    sub ($param) { raise("\x{2126}\n",                     code => 400) });
add_method('bad-code', sub ($param) { raise("odd\n",                          code => 200) });
add_method('die',      sub ($param) { die "broken\n" });

1;
