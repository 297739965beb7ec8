package PVE::Notify::Pending;

# A change of several files that counts as a whole. What each file becomes is written to one file first,
# which is there whole or not at all; then the files are written, and at the end it is removed. Who finds it
# completes the change.
#
# Of each file it knows which contents the change itself leaves: another one is from somebody else, who
# has edited the file since, and then nothing is completed.

use v5.36;

use Digest::SHA qw(sha256_hex);
use PVE::Notify::File;

my $PART = 1_000_000;    # bytes of a file that pmxcfs takes

# change: [name, old, final, between?] in bytes, an empty one where there is no file
sub put ($path, @changes) {
    my @fields;
    for my $change (@changes) {
        my ($name, $old, $final, $between) = @$change;
        my @known = map { sha256_hex($_) } grep {defined} $old, $final, $between;
        push @fields, $name, "@known", $final, $between // '';
    }
    my $body  = pack '(N/a*)*', @fields;
    my @parts = unpack "(a$PART)*", $body;
    my $last  = pop(@parts) // '';
    for my $number (1 .. @parts) {
        PVE::Notify::File::replace_file("$path.$number", $parts[$number - 1], oct '0600');
    }
    my $head = join ' ', 'pending', sha256_hex($body), scalar @parts;
    PVE::Notify::File::replace_file($path, "$head\n$last", oct '0600');
    return;
}

# [{ name, known, final, between }]; none if there is no change, undef if it cannot be read
sub get ($path) {
    my ($text) = PVE::Notify::File::read_file($path);
    return [] if !defined $text;
    my ($hash, $parts) = $text =~ s/\Apending ([0-9a-f]{64}) ([0-9])\n// ? ($1, $2) : return;
    my @parts = map { (PVE::Notify::File::read_file("$path.$_"))[0] // '' } 1 .. $parts;
    my $body  = join '', @parts, $text;
    return if sha256_hex($body) ne $hash;
    my @fields = unpack '(N/a*)*', $body;
    my @files;

    while (my ($name, $known, $final, $between) = splice @fields, 0, 4) {
        my %known = map { $_ => 1 } split / /, $known;
        push @files, { name => $name, known => \%known, final => $final, between => $between };
    }
    return \@files;
}

# The names of files that somebody else has changed since; now: contents by name.
sub edited ($files, %now) {
    return map { $_->{name} } grep { !$_->{known}{ sha256_hex($now{ $_->{name} } // '') } } @$files;
}

sub remove ($path) {
    PVE::Notify::File::remove_file($path);
    for (my $number = 1; -e "$path.$number"; $number++) {
        PVE::Notify::File::remove_file("$path.$number");
    }
    return;
}

1;

__END__

=head1 NAME

PVE::Notify::Pending - a change of several files that counts as a whole

=head1 FUNCTIONS

All texts are bytes; a file that does not exist is an empty one.

=head2 put($path, [$name, $old, $final, $between], ...)

Puts down that files change from C<$old> to C<$final>, perhaps over C<$between>.

=head2 get($path)

The files of the change that is put down, each with C<name>, C<final> and C<between>; an empty list if there is
none, undef if it cannot be read.

=head2 edited($files, %now)

The names of those whose present content is not one of the change.

=head2 remove($path)

The change is completed, or given up.

=cut
