package PVE::NotifyNode::Terminal;

# What the program says beside its output, and what it asks a person.

use v5.36;

# texts are characters, what a terminal or a pipe gets is UTF-8
my sub write_to ($handle, $text) {
    utf8::encode($text);
    print {$handle} $text;
    return;
}

sub show ($class, $text) {
    write_to(\*STDOUT, $text);
    return;
}

sub complain ($class, $cause, $fix = undef) {
    write_to(
        \*STDERR, 'pve-notify-node: ' . join('; ', grep {defined} $cause, $fix) . "
"
    );
    return;
}

# True, false, or undef where nobody can be asked.
sub confirm ($class, $system, $question) {
    my $input = $system->{input};
    if (!-t $input) {    ## no critic (ProhibitInteractiveTest)
        $class->complain('confirmation needs a terminal', 'add --yes');
        return;
    }
    print {*STDERR} "$question (y/N): ";
    my $answer = readline($input) // '';
    return $answer =~ /\A\s*y(?:es)?\s*\z/i ? 1 : 0;
}

sub names ($class, @targets) {
    return join ', ', map {"'$_->{name}'"} @targets;
}

1;

__END__

=head1 NAME

PVE::NotifyNode::Terminal - what pve-notify-node says and asks

=head1 DESCRIPTION

C<show($text)> prints. C<complain($cause, $fix)> writes a line to standard error. C<confirm($system, $question)> asks on the
terminal that is the input; undef where it is none. C<names(@targets)> is their names in quotes.

=cut
