package PVE::Notify::Faults;

# Logs which entries of the files are ignored: once for each state of the files on this machine, by
# whichever process sees it first. A marker in the run folder, named by the state, says that it is done;
# link() lets one process win. Where no marker can be made the line is logged by each process.

use v5.36;

use PVE::Notify::File;
use PVE::Notify::Log;

my $MARKER = 'ignored-entries';

# One line, whatever stands in the file. Neither type nor name where they might show a secret.
sub text_of ($fault) {
    my $entry = length $fault->{type} ? "$fault->{type} '$fault->{name}'" : 'entry';
    my $text  = "ignoring $entry ($fault->{file} line $fault->{line}): $fault->{reason}";
    return $text =~ s/[[:cntrl:]]/ /gr;
}

# in a folder that anybody else could have made nothing counts
my sub markers ($dir) {
    return if -l $dir;
    opendir(my $dh, $dir) or return;
    return grep {/\A\Q$MARKER\E[.][0-9a-f]{64}\z/} readdir $dh;
}

my sub remove_others ($dir, $current) {
    for my $name (grep { $_ ne $current } markers($dir)) {
        my ($old) = "$dir/$name" =~ /\A(.+)\z/s;    # for perl -T
        PVE::Notify::File::as_owner(sub { unlink($old) });
    }
    return;
}

my sub make_folder ($dir) {
    PVE::Notify::File::make_folder($dir, oct '0700') if !-d $dir;
    return;
}

# False only if another process has made it.
my sub is_first ($dir, $name) {
    return 0 if grep { $_ eq $name } markers($dir);
    my $first = 1;
    my $done  = eval {
        local $SIG{__DIE__} = 'DEFAULT';
        make_folder($dir);
        $first = PVE::Notify::File::create_file("$dir/$name", '', oct '0600');
        1;
    };
    return !$done || $first;
}

my sub name_of ($place, $state) {
    require Digest::SHA;
    utf8::encode(my $bytes = "$place\n$state");
    my ($hash) = Digest::SHA::sha256_hex($bytes) =~ /\A([0-9a-f]+)\z/;    # for perl -T
    return "$MARKER.$hash";
}

# place: the folder of the files; dir: the run folder of this machine
sub log_new ($faults, $place, $dir) {
    state $known = '';
    my $state  = join "\n", map { text_of($_) } @$faults;
    my $name   = $state eq '' ? '' : name_of($place, $state);
    my $is_new = $name ne $known && $name ne '' && is_first($dir, $name);
    remove_others($dir, $name);
    $known = $name;
    return if !$is_new;
    PVE::Notify::Log::log_line('err', $_) for split /\n/, $state;
    return;
}

1;

__END__

=head1 NAME

PVE::Notify::Faults - logs which entries of the configuration are ignored

=head1 FUNCTIONS

=head2 log_new($faults, $place, $dir)

Logs a line for each of these faults (as C<get_faults> of L<PVE::RS::Notify> lists them) of the files
below C<$place>, unless a process of this machine has logged the same list already. C<$dir> is the run
folder, which keeps an empty file named by the list; it is made if it is missing. Without faults the
file is removed. Never dies for that folder: where nothing can be written there, each process logs.

=head2 text_of($fault)

The line: C<ignoring TYPE 'NAME' (FILE line N): REASON>.

=cut
