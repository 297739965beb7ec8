package PVE::NotifyNode::DropIn;

# Whether the node's daily service runs ours first, by systemd's rules: a file of the same name counts
# in the first of these folders, all files count in the order of their names, and an empty value takes
# back what was there before.

use v5.36;

my $FOLDER = 'pve-daily-update.service.d';
my @PLACES = qw(/etc/systemd/system /run/systemd/system /usr/local/lib/systemd/system
    /usr/lib/systemd/system /lib/systemd/system);
my $COMMAND = '/usr/bin/pve-notify-refresh';

my sub lines_of ($path) {
    open my $fh, '<', $path or return;
    my @lines = readline $fh;
    close $fh;
    return @lines;
}

sub is_in_place ($class, $system) {
    my %file;
    for my $dir (map { $system->path("$_/$FOLDER") } @PLACES) {
        opendir my $dh, $dir or next;
        $file{$_} //= "$dir/$_" for grep {/[.]conf\z/} readdir $dh;
        closedir $dh;
    }
    my $found = 0;
    for my $line (map { lines_of($file{$_}) } sort keys %file) {
        my ($value) = $line =~ /\A\s*ExecStartPre\s*=\s*(.*?)\s*\z/ or next;
        $found = 0 if $value eq '';
        $found = 1 if $value =~ m{\A[-\@:+!]*\Q$COMMAND\E(?:\s|\z)};
    }
    return $found;
}

1;

__END__

=head1 NAME

PVE::NotifyNode::DropIn - whether the daily service of the node runs ours

=head1 DESCRIPTION

C<is_in_place($system)> is true if a drop-in file of F<pve-daily-update.service> starts
F</usr/bin/pve-notify-refresh> before it.

=cut
