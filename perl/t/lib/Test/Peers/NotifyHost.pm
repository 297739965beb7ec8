package Test::Peers::NotifyHost;

# The standalone host as a real server, in a folder of its own with one user, who may do everything,
# and an API token of his: `admin@pve` with a random password, and `admin@pve!try`.

use v5.36;

use File::Basename qw(dirname);
use File::Copy     qw(copy);
use File::Find     qw(find);
use Test::Peers    qw(host_dir root start stop wait_for write_private);

# The log goes to a file of that name, or to standard error.
sub new ($class, $providers, $log = undef) {
    my $dir  = host_dir(%$providers);
    my $self = bless { dir => $dir, password => random_hex(12), token => random_hex(16) }, $class;
    write_private("$dir/authorization",
        "Authorization: PVEAPIToken=admin\@pve!try=$self->{token}\n");
    $self->write_users;

    # read by the server, which is an ordinary user even where the caller is root
    copy($ENV{SSL_CERT_FILE}, "$dir/ca.crt") or die "$dir/ca.crt: $!\n" if $ENV{SSL_CERT_FILE};
    my @user = $> == 0 ? ('--user', $self->give_away) : ();
    local $ENV{PVE_NOTIFY_HOST_DIR} = "$dir";
    local $ENV{SSL_CERT_FILE}       = "$dir/ca.crt";
    my @include = map { '-I' . root() . "/$_" } qw(blib/lib blib/arch perl/host/lib);
    my $program = root() . '/perl/host/bin/notify-host';
    $self->{peer} = start($log, $^X, @include, $program, '--port', '0', @user);
    ($self->{url}) = $self->{peer}{line} =~ m{(https://\S+)}
        or die "the host says no address: $self->{peer}{line}\n";
    return $self;
}

sub write_users ($self) {
    my $config = "$self->{dir}/config";
    my $crypt  = crypt($self->{password}, '$6$' . random_hex(8));
    write_private("$config/user.cfg", <<'END');
user:admin@pve:1:0:::admin@example.org:::
token:admin@pve!try:0:0::
acl:1:/:admin@pve:Administrator:
END
    write_private("$config/priv/shadow.cfg", "admin:$crypt:\n");
    write_private("$config/priv/token.cfg",  "admin\@pve!try $self->{token}\n");
    return;
}

# The server gives up root for whoever owns this source tree, else for nobody. What nobody cannot
# read, such as a tree below /root, can only be served by root.
sub give_away ($self) {
    my $owner = (stat(root()))[4];
    my $name  = ($owner ? getpwuid($owner) : undef) // 'nobody';
    for my $path (root(), dirname("$self->{dir}")) {
        $name = 'root' if !is_open_to_all($path);
    }
    my ($uid, $gid) = (getpwnam($name))[2, 3];
    find(sub { return if -l; chown($uid, $gid, $_) or die "$File::Find::name: $!\n" },
        "$self->{dir}",);
    return $name;
}

sub is_open_to_all ($path) {
    while ($path) {
        return 0 if !((stat($path))[2] & 1);
        $path =~ s{/[^/]*\z}{};
    }
    return 1;
}

sub certificate ($self) {
    return "$self->{dir}/config/notify-host.crt";
}

sub wait_for_its_end ($self) {
    return wait_for($self->{peer});
}

sub stop_it ($self) {
    return stop($self->{peer});
}

sub random_hex ($bytes) {
    open(my $random, '<:raw', '/dev/urandom') or die "/dev/urandom: $!\n";
    my $count = read($random, my $raw, $bytes);
    close($random);
    die "/dev/urandom: too short\n" if $count != $bytes;
    return unpack('H*', $raw);
}

1;
