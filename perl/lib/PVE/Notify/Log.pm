package PVE::Notify::Log;

# The one way to the system's log. A node's syslog takes bytes: a character above U+00FF would make the
# whole line vanish without a word, one below would come out as Latin-1.

use v5.36;

# A line of characters, whatever they are. The module behind it is loaded when there is something to say.
sub log_line ($level, $text) {
    $text =~ s/[[:cntrl:]]+/ /g;
    $text =~ s/[\x{d800}-\x{dfff}]|[^\x00-\x{10ffff}]/\x{fffd}/g;
    utf8::encode($text);
    require PVE::SafeSyslog;
    PVE::SafeSyslog::syslog($level, '%s', $text);
    return;
}

1;

__END__

=head1 NAME

PVE::Notify::Log - writes to the system's log

=head1 FUNCTIONS

=head2 log_line($level, $text)

Logs one line of text, a string of characters; control characters in it become spaces. C<$level> is one
of syslog(3): C<err>, C<warning>, C<notice>, C<info>, C<debug>.

=cut
