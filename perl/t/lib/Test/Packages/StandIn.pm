package Test::Packages::StandIn;

# Packages that stand in for others: pve-manager with the files of a node that matter here, and our own
# as earlier versions had them.

use v5.36;

use Exporter    qw(import);
use File::Path  qw(make_path);
use Test::Peers qw(new_dir root slurp);

our @EXPORT_OK = qw(pve_manager repacked);

my $PERL5 = 'usr/share/perl5';

my $CONTROL = <<'END';
Package: pve-manager
Version: %s
Architecture: all
Depends: perl
Maintainer: Ann Example <ann@example.org>
Description: stand-in for the files of a node
END

my $POSTINST = <<'END';
#!/bin/sh
set -e
[ "$1" = triggered ] || exit 0
echo "$2" >>/var/log/triggered
[ ! -d /run/systemd/system ] || systemctl try-reload-or-restart pvedaemon.service
END

my $PVESH = <<'END';
#!/usr/bin/perl
use v5.36;
use PVE::CLI::pvesh;
exit PVE::CLI::pvesh->run(@ARGV);
END

# has the API loaded, and loads it again when it is told to
my $DAEMON = <<'END';
#!/usr/bin/perl -T
use v5.36;
delete @ENV{qw(PATH ENV BASH_ENV CDPATH IFS)};
require PVE::API2::Cluster::Notifications;
$0 = 'pvedaemon';
my $again = 0;
$SIG{HUP} = sub { $again = 1 };
sleep 1 while !$again;
exec '/usr/bin/perl', '-T', '/usr/bin/pvedaemon';
END

my $DAEMON_UNIT = <<'END';
[Unit]
Description=Stand-in for a daemon of the node
[Service]
ExecStart=/usr/bin/pvedaemon
ExecReload=/bin/kill -HUP $MAINPID
END

my $SERVICE = <<'END';
[Unit]
Description=Stand-in for the node's daily run
[Service]
Type=oneshot
ExecStart=/bin/touch /run/updated
END

sub put ($path, $text, $mode = oct '0644') {
    my ($folder) = $path =~ m{\A(.*)/};
    make_path($folder);
    open my $file, '>', $path or die "$path: $!\n";
    print {$file} $text;
    close $file or die "$path: $!\n";
    chmod $mode, $path or die "$path: $!\n";
    return;
}

sub edit ($path, $code) {
    local $_ = slurp($path);
    my $before = $_;
    $code->();
    die "nothing changed in $path\n" if $_ eq $before;
    put($path, $_);
    return;
}

my sub must_run ($script, @args) {
    system('sh', '-ec', $script, 'sh', @args) == 0 or die "failed: $script\n";
    return;
}

my sub packed ($tree, $out) {
    must_run('cd "$1"; find usr -type f -print0 2>/dev/null | xargs -0 md5sum >DEBIAN/md5sums',
        $tree);
    must_run('dpkg-deb --root-owner-group -Zgzip -b "$1" "$2" >/dev/null', $tree, $out);
    return $out;
}

# A node's files of that version; change gets the folder of its Perl modules.
sub pve_manager ($version, $change = sub ($perl5) { }) {
    my $tree = new_dir();
    make_path("$tree/DEBIAN", "$tree/$PERL5", "$tree/var/lib/pve-cluster");
    chmod oct '0755', "$tree";
    must_run(<<'END', root(), "$tree/$PERL5");
cp -r "$1/perl/host/lib/." "$1/perl/t/node/vendor/." "$2/"
rm "$2/PVE/NotifyHost.pm"
mkdir "$2/PVE/Notify"
cp "$1/perl/lib/PVE/Notify/File.pm" "$1/perl/lib/PVE/Notify/Program.pm" "$2/PVE/Notify/"
templates="$2/../pve-manager/templates/default"
mkdir -p "$templates"
cp "$1"/templates/* "$templates/"
rm "$templates"/notification-target-*
END
    edit(
        "$tree/$PERL5/PVE/Cluster.pm",
        sub {
            s{'/etc/pve-notify-host', run => '/run/pve-notify-host'}{'/etc/pve', run => '/var/lib/pve-cluster'};
        }
    );
    $change->("$tree/$PERL5");
    put("$tree/usr/bin/pvesh",                                   $PVESH, oct '0755');
    put("$tree/usr/lib/systemd/system/pve-daily-update.service", $SERVICE);
    put("$tree/usr/bin/pvedaemon",                        $DAEMON, oct '0755');
    put("$tree/usr/lib/systemd/system/pvedaemon.service", $DAEMON_UNIT);
    put("$tree/DEBIAN/control",                           sprintf $CONTROL, $version);
    put("$tree/DEBIAN/postinst",                          $POSTINST,        oct '0755');
    put("$tree/DEBIAN/triggers",                          "interest-noawait pve-api-updates\n");
    my $dir = root() . '/build/packages';
    make_path($dir);
    return packed($tree, "$dir/pve-manager_${version}_all.deb");
}

# One of ours as another version; change gets the folder with its files.
sub repacked ($deb, $version, $change = sub ($tree) { }) {
    my $tree = new_dir();
    must_run('dpkg-deb -R "$1" "$2"', $deb, "$tree");
    my ($name, $now) = $deb =~ m{/([^/_]+)_([^/_]+)_[^/]*\z} or die "$deb: no package\n";
    edit(
        "$tree/DEBIAN/control",
        sub {
            s/^Version: .*$/Version: $version/m;
            s/\(= \Q$now\E\)/(= $version)/g;
        }
    );
    $change->("$tree");
    my $dir = root() . '/build/packages';
    make_path($dir);
    return packed($tree, "$dir/${name}_${version}_other.deb");
}

1;
