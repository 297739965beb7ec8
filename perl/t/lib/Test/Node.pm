package Test::Node;

# A node in a folder: pmxcfs as a plain folder, a folder of modules as the package installs them and
# one of the vendor's behind it, both of a few lines, and a systemctl that writes down what it is asked
# for. Files in it say what its parts shall do:
#   verdict.json  what the guard finds        status.json  status of OAuth2 targets
#   nodes         names of the cluster        active       daemons that systemctl knows

use v5.36;

use Exporter   qw(import);
use File::Copy ();
use File::Path qw(make_path);
use JSON::PP   ();
use POSIX      ();
use PVE::NotifyNode;
use PVE::NotifyNode::System;
use Test::Peers qw(new_dir root slurp write_private);

our @EXPORT_OK = qw(new_node node_path put system_of node_run node_command
    node_json record_of calls);

my $json = JSON::PP->new->utf8->canonical;
our $dir;    ## no critic (ProhibitPackageVars) - of another process, too

sub node_path ($path) {
    return "$dir/$path";
}

sub put ($path, $content) {
    my ($folder) = "$dir/$path" =~ m{\A(.*)/};
    make_path($folder, { mode => oct '0700' });
    write_private("$dir/$path", ref $content ? $json->encode($content) : $content);
    return "$dir/$path";
}

my %MODULES = (
    'arch/PVE/Notify/Guard.pm' => <<'END',
package PVE::Notify::Guard;
use v5.36;
use JSON::PP ();
my ($root) = __FILE__ =~ m{\A(.*)/arch/};
my sub of_file ($name) { open my $fh, '<', "$root/$name" or return; local $/; return readline $fh }
sub verdict () {
    return { ours => 0, reason => 'switched off by pve-notify-node', level => 'info' }
        if -e "$root/var/lib/pve-notify-oauth2/off";
    state $verdict = JSON::PP::decode_json(of_file('verdict.json') // '{"ours":1}');
    return $verdict;
}
sub vendor_file ($class) { return "$root/lib/" . $class =~ s{::}{/}gr . '.pm' }
sub vendor_has_feature () { return (of_file('lib/PVE/API2/Cluster/Notifications.pm') // '') =~ /smtp_oauth2_token/ }
sub has_oauth2_targets () { return (of_file('etc/pve/notifications-ext.cfg') // '') =~ /^\s+auth-method (?!plain$)/m }
sub load ($class, $ours) { return verdict()->{ours} ? require $ours : do(vendor_file($class)) // die $@ }
1;
END
    'arch/PVE/Notify.pm' => <<'END',
package PVE::Notify;
use v5.36;
require PVE::Notify::Guard;
PVE::Notify::Guard::load('PVE::Notify', 'PVE/Notify/Main.pm');
1;
END
    'arch/PVE/Notify/Main.pm' => <<'END',
package PVE::Notify::Main;
use v5.36;
use JSON::PP ();
my ($root) = __FILE__ =~ m{\A(.*)/arch/};
sub read_config () { return bless {} }
sub get_oauth2_status ($self) {
    open my $fh, '<', "$root/status.json" or return {};
    die "file 'notifications.cfg': refused, it is a symbolic link\n" if -z $fh;
    local $/;
    return JSON::PP::decode_json(readline $fh);
}
*PVE::Notify::read_config = \&read_config;
*PVE::Notify::refresh_oauth2_state = sub { return [] };
1;
END
    'arch/PVE/API2/Cluster/Notifications.pm' => <<'END',
package PVE::API2::Cluster::Notifications;
use v5.36;
require PVE::Notify::Guard;
PVE::Notify::Guard::load('PVE::API2::Cluster::Notifications', 'PVE/API2/Cluster/Notifications/Methods.pm');
1;
END
    'arch/PVE/API2/Cluster/Notifications/Methods.pm' =>
        "package PVE::API2::Cluster::Notifications; require PVE::API2::Cluster::Notifications::Entries; 1;\n",
    'arch/PVE/API2/Cluster/Notifications/Entries.pm' =>
        "package PVE::API2::Cluster::Notifications::Entries; 1;\n",
    'lib/PVE/Notify.pm'                     => "package PVE::Notify; sub read_config { die } 1;\n",
    'lib/PVE/API2/Cluster/Notifications.pm' => "package PVE::API2::Cluster::Notifications; 1;\n",
    'lib/PVE/Cluster.pm'                    => <<'END',
package PVE::Cluster;
use v5.36;
my ($root) = __FILE__ =~ m{\A(.*)/lib/};
my @nodes;
sub cfs_update ($fail) {
    open my $fh, '<', "$root/nodes" or die "ipcc_send_rec failed: Connection refused\n";
    @nodes = map { chomp; $_ } readline $fh;
    return;
}
sub get_nodelist () { return [@nodes] }
1;
END
    'lib/PVE/INotify.pm' => "package PVE::INotify; sub nodename { return 'alpha' } 1;\n",
    'bin/systemctl'      => <<'END',
#!/bin/sh
root=${0%/bin/systemctl}
case $1 in
is-active) grep -qx "$3" "$root/active" ;;
*) echo "$*" >> "$root/calls"; ! grep -qx "$2" "$root/stuck" 2>/dev/null ;;
esac
END
    'bin/dpkg-query' => <<'END',
#!/bin/sh
printf 'ii  pve-notify-oauth2 0.1.0-1\nii  pve-manager 9.2.11\nun  libpve-none \n'
END
);

my $DROP_IN = 'perl/node/systemd/pve-daily-update.service.d/pve-notify-oauth2.conf';

# A new one, of which all is well; undoes what was before.
sub new_node () {
    state @all;
    push @all, new_dir();
    $dir = "$all[-1]";
    put($_, $MODULES{$_}) for keys %MODULES;
    chmod oct '0700', "$dir/bin/systemctl", "$dir/bin/dpkg-query";
    put('nodes',                                 "alpha\n");
    put('active',                                "pvedaemon\npvestatd\n");
    put('etc/pve/priv/.keep',                    '');
    put('proc/stat',                             "btime 1000000000\n");
    put('var/lib/pve-notify-oauth2/last-run',    record_of());
    put('etc/systemd/system/other.d/other.conf', '');
    my ($service) = $DROP_IN =~ m{systemd/(.*)};
    put("usr/lib/systemd/system/$service", slurp(root() . "/$DROP_IN"));
    symlink 'nodes/alpha', "$dir/etc/pve/local" or die "local: $!\n";
    mkdir "$dir/arch/auto" or die "auto: $!\n";
    File::Copy::copy(root() . '/blib/arch/auto/libpve_rs_notify.so', "$dir/arch/auto/")
        or die "library: $!\n";
    return $dir;
}

sub record_of (%more) {
    return {
        version => $PVE::NotifyNode::VERSION,
        perl    => '5.40.1',
        time    => time,
        result  => 0,
        error   => undef,
        %more
    };
}

sub system_of (%more) {
    return PVE::NotifyNode::System->new(
        root      => $dir,
        proc      => "$dir/proc",
        perl      => [$^X, '-T', map {"-I$dir/$_"} qw(arch lib)],
        systemctl => ["$dir/bin/systemctl"],
        dpkg      => ["$dir/bin/dpkg-query"],
        owner     => $>,
        group     => (split / /, $))[0],
        %more
    );
}

# Runs the program in a process of its own: (exit status, output, what it says to standard error).
sub node_run ($system, @args) {
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        open STDOUT, '>', "$dir/out" or POSIX::_exit(99);
        open STDERR, '>', "$dir/err" or POSIX::_exit(99);
        my $status = eval { PVE::NotifyNode->run($system, @args) };
        print {*STDERR} $@ if !defined $status;
        STDOUT->flush;
        POSIX::_exit($status // 98);
    }
    waitpid $pid, 0;
    return ($? >> 8, slurp("$dir/out"), slurp("$dir/err"));
}

# The same as a command, for a terminal of its own; the options of its system are data.
sub node_command ($options, @args) {
    my @include = map { '-I' . root() . "/$_" }
        qw(perl/node/lib perl/lib perl/host/lib perl/t/lib blib/lib blib/arch);
    my $code = <<'END';
($Test::Node::dir, my $options) = splice @ARGV, 0, 2;
my $system = Test::Node::system_of(JSON::PP::decode_json($options)->%*);
exit(PVE::NotifyNode->run($system, @ARGV));
END
    return ($^X, @include, '-MTest::Node', '-e', $code, $dir, $json->encode($options), @args);
}

# its status as a program reads it
sub node_json ($system = system_of()) {
    my ($status, $out, $err) = node_run($system, 'status', '--output-format', 'json');
    die "status: $err\n" if $err ne '' || $status > 1;
    my $answer = $json->decode($out);
    die "exit status $status does not fit the answer\n" if $status != ($answer->{ok} ? 0 : 1);
    return $answer;
}

# what systemctl was asked to do since the last look
sub calls () {
    my @calls = split /\n/, slurp("$dir/calls");
    unlink "$dir/calls";
    return \@calls;
}

1;
