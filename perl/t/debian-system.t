#!/usr/bin/perl

# tools/debian-system: a Debian that was made for an earlier list of packages gets those of a later one.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Test::Peers qw(new_dir root slurp write_private);

my $dir = new_dir();

# what would need root and a mirror; unshare tells what is to run in the system
sub stand_in ($name, $script) {
    open my $file, '>', "$dir/$name" or die "$name: $!\n";
    print {$file} "#!/bin/sh\n$script\n";
    close $file or die "$name: $!\n";
    chmod oct('0755'), "$dir/$name" or die "$name: $!\n";
    return;
}
stand_in('id',          'echo 0');
stand_in('debootstrap', qq{echo debootstrap >>"$dir/done"; mkdir -p "\$3/usr/sbin"});
stand_in('unshare',
    qq{case "\$*" in *"apt-get -q install"*) echo "install\${*##*--no-install-recommends}" >>"$dir/done"; }
        . qq{exit "\$(cat "$dir/status" 2>/dev/null || echo 0)";; esac});

# made with these packages: what was done for it
sub made (@packages) {
    unlink "$dir/done";
    local $ENV{PATH} = "$dir:$ENV{PATH}";
    my @command = (root() . '/tools/debian-system', 'make', 'trixie', "$dir/system", @packages);
    system('sh', '-c', 'exec "$@" >"$0" 2>&1', "$dir/said", @command);
    return -e "$dir/done" ? slurp("$dir/done") =~ s/\n\z//r : '';
}

SKIP: {
    skip 'SKIPPED: no mirror is configured here', 6
        if made(qw(gcc)) eq '' && slurp("$dir/said") =~ /no Debian mirror/ && !$ENV{CI};
    system('rm', '-rf', "$dir/system");
    is made(qw(gcc make)), "debootstrap\ninstall gcc make", 'a new one';
    is made(qw(gcc make)), '',                              'the same again';
    is made(qw(gcc perl)), 'install gcc perl',              'another list';
    write_private("$dir/status", 1);
    is made(qw(gcc tar)), 'install gcc tar', 'one that cannot be installed';
    like slurp("$dir/said"), qr/apt-get install failed/, 'is told';
    unlink "$dir/status";
    isnt made(qw(gcc tar)), '', 'and is not taken for done';
}

done_testing;
