package PVE::NotifyHost::Frame;

# Data of Perl on a socket between two processes of the same program: a length of four bytes, and what
# Storable makes of it.

use v5.36;

use Exporter qw(import);
use Storable qw(nfreeze thaw);

our @EXPORT_OK = qw(frame read_frame write_frame take_frame);

# room for a request of 4 MiB whose every byte takes two, and for an answer
my $MAX_LENGTH = 16 * 1024 * 1024;

sub frame ($data) {
    my $bytes = nfreeze($data);
    die "too large for another process\n" if length($bytes) > $MAX_LENGTH;
    return pack('N', length($bytes)) . $bytes;
}

# The first one in a buffer, which is then shorter by it; undef if it is not whole yet.
sub take_frame ($buffer) {
    return if length($$buffer) < 4;
    my $length = unpack('N', $$buffer);
    die "no frame\n" if $length > $MAX_LENGTH;
    return           if length($$buffer) < 4 + $length;
    my $bytes = substr($$buffer, 4, $length);
    substr($$buffer, 0, 4 + $length, '');
    return thaw($bytes);
}

# undef at the end of the stream
sub read_frame ($socket) {
    my $length = unpack('N', read_bytes($socket, 4) // return);
    die "no frame\n" if $length > $MAX_LENGTH;
    return thaw(read_bytes($socket, $length) // return);
}

sub read_bytes ($socket, $count) {
    my $bytes = '';
    while (length($bytes) < $count) {
        my $got = sysread($socket, $bytes, $count - length($bytes), length($bytes));
        next   if !defined($got) && $!{EINTR};
        return if !$got;
    }
    return $bytes;
}

sub write_frame ($socket, $data) {
    my $bytes  = frame($data);
    my $offset = 0;
    while ($offset < length($bytes)) {
        my $put = syswrite($socket, $bytes, length($bytes) - $offset, $offset);
        next if !defined($put) && $!{EINTR};
        $offset += $put // die "socket: $!\n";
    }
    return;
}

1;

__END__

=head1 NAME

PVE::NotifyHost::Frame - data between two processes of the same program

=cut
