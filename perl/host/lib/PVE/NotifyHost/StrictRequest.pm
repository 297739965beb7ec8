package PVE::NotifyHost::StrictRequest;

# A request of the framework that lets through only what can be read in one way, and hands it on in one
# form: lines end in CRLF, values have no whitespace around them, chunks no extensions and no trailers.
# So the framework and a program before this server always agree on where a request ends. After a
# refusal nothing more is read, and the framework closes the connection.

use Mojo::Base 'Mojo::Message::Request', -signatures;
use v5.36;

use List::Util                qw(min);
use PVE::NotifyHost::HttpHead qw(body_of header_field start_line);

my $MAX_CHUNK_LINE = 1024;
my $MAX_TRAILERS   = 100;
my $MAX_LEFTOVER   = 64 * 1024;

# What comes next in the stream: function => what it reads. Each takes bytes from {raw} and returns those
# for the framework, or undef as long as it needs more of them.
my %READ = (
    start   => \&read_start,
    head    => \&read_head,
    body    => \&read_body,
    size    => \&read_size,
    chunk   => \&read_body,
    mark    => \&read_mark,
    trailer => \&read_trailer,
    rest    => \&read_rest,
);

# Puts one in the place of a transaction's request, and returns it.
sub of ($tx) {
    my $request = __PACKAGE__->new(max_message_size => $tx->req->max_message_size);
    $tx->req($request);
    return $request;
}

sub parse ($self, $bytes) {
    return $self if $self->error;
    $self->{raw} .= $bytes;
    $self->{next} //= 'start';
    my $good      = '';
    my $all_valid = eval {
        while (length($self->{raw})) {
            $good .= $READ{ $self->{next} }->($self) // last;
        }
        1;
    };
    chomp(my $why = $@);
    $self->SUPER::parse($good);
    $self->error({ message => "Bad request: $why" }) if !$all_valid && !$self->error;
    return $self;
}

# undef if it has not arrived yet
sub line ($self, $max) {
    my $end = index($self->{raw}, "\n");
    die "a line is too long\n" if ($end < 0 ? length($self->{raw}) : $end) > $max;
    return                     if $end < 0;
    my $line = substr($self->{raw}, 0, $end + 1, '');
    $line =~ s/\r\n\z// or die "a line does not end in CRLF\n";
    return $line;
}

# The framework has limits and errors of its own for the lines of the head: one that is too long for them
# goes there unread.
sub head_line ($self) {
    my $end  = index($self->{raw}, "\n");
    my $size = $end < 0 ? length($self->{raw}) : $end + 1;
    return (undef, substr($self->{raw}, 0, $size, '')) if $size > $self->max_line_size;
    return $self->line($size);
}

sub read_start ($self) {
    my ($line, $too_long) = $self->head_line;
    return $too_long if !defined($line);
    return ''        if $line eq '' && !$self->{blank}++;
    $self->{start}  = start_line($line);
    $self->{fields} = [];
    $self->{next}   = 'head';
    return "$line\r\n";
}

sub read_head ($self) {
    my ($line, $too_long) = $self->head_line;
    return $too_long if !defined($line);
    if ($line ne '') {
        push @{ $self->{fields} }, header_field($line);
        return join(': ', @{ $self->{fields}[-1] }) . "\r\n";
    }
    $self->{missing} = body_of($self->{start}, $self->{fields});
    $self->{next}    = !defined($self->{missing}) ? 'size' : $self->{missing} > 0 ? 'body' : 'rest';
    return "\r\n";
}

sub read_body ($self) {
    my $size = min($self->{missing}, length($self->{raw}));
    $self->{missing} -= $size;
    $self->{next} = $self->{next} eq 'chunk' ? 'mark' : 'rest' if !$self->{missing};
    return substr($self->{raw}, 0, $size, '');
}

sub read_size ($self) {
    my $line = $self->line($MAX_CHUNK_LINE) // return;
    my ($hex) = $line =~ /\A([0-9A-Fa-f]{1,8})(?:[ \t]*;[\t\x20-\x7e\x80-\xff]*)?\z/
        or die "the size of a chunk has no valid form\n";
    $self->{missing} = hex($hex);
    $self->{next}    = $self->{missing} ? 'chunk' : 'trailer';
    return sprintf("%x\r\n", $self->{missing});
}

sub read_mark ($self) {
    my $line = $self->line(2) // return;
    die "a chunk is longer than its size\n" if $line ne '';
    $self->{next} = 'size';
    return "\r\n";
}

# They are not handed on: a header that counts stands before the body.
sub read_trailer ($self) {
    my $line = $self->line($self->max_line_size) // return;
    if ($line ne '') {
        header_field($line);
        die "there are too many trailers\n" if $self->{trailers}++ >= $MAX_TRAILERS;
        return '';
    }
    $self->{next} = 'rest';
    return "\r\n";
}

# What follows belongs to the next request.
sub read_rest ($self) {
    $self->{rest} += length($self->{raw});
    die "too much follows the request\n" if $self->{rest} > $MAX_LEFTOVER;
    return substr($self->{raw}, 0, length($self->{raw}), '');
}

1;

__END__

=head1 NAME

PVE::NotifyHost::StrictRequest - a Mojo::Message::Request that refuses what can be read in two ways

=head1 SYNOPSIS

    $app->hook(after_build_tx => sub ($tx, $app) { PVE::NotifyHost::StrictRequest::of($tx) });

=head1 DESCRIPTION

C<error> of a refused request begins with C<Bad request:>. The rules for the head are in
L<PVE::NotifyHost::HttpHead>.

=cut
