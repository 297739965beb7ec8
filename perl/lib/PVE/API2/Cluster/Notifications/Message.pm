package PVE::API2::Cluster::Notifications::Message;

# The form of error messages. HTTP makes the first line its reason phrase, and a node's server loses the
# connection over a character above U+00FF there: the words of servers and people may have some.

use v5.36;

use Exporter 'import';

our @EXPORT_OK = qw(with_plain_first_line);

my $WIDE = qr/[^\x00-\xff]/;

# where the words begin that have the character at $at in them
my sub beginning_of_words ($line, $at) {
    while ($line =~ /(?<![^\s(:=])(["'`])/g) {
        my ($open, $quote) = ($-[1], $1);
        last         if $open > $at;
        return $open if $line !~ /\G.*?$quote(?!\w)/gc || $+[0] > $at;
    }
    my $before = substr $line, 0, $at;
    return $+[0] if $before =~ /.*[:;] /;
    return $+[0] if $before =~ /.* /;
    return 0;
}

sub with_plain_first_line ($message) {
    my ($line, $rest) = $message =~ /\A([^\r\n]*)(.*)\z/s;
    return $message if $line !~ $WIDE;
    my $from  = beginning_of_words($line, $-[0]);
    my $first = substr($line, 0, $from) =~ s/\s+\z//r;
    $first = 'the reason is on the next line' if $first eq '';
    return "$first\n" . substr($line, $from) . $rest;
}

1;

__END__

=head1 NAME

PVE::API2::Cluster::Notifications::Message - the form of error messages

=head1 FUNCTIONS

=head2 with_plain_first_line($message)

The message with a first line that HTTP bears. Where it has a character above U+00FF, the words in quotes
that hold it, or what follows the last colon, begin the second line; nothing is left out.

=cut
