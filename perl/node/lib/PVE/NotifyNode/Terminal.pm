package PVE::NotifyNode::Terminal;

# What the program says beside its output, and what it asks a person.

use v5.36;

sub complain ($class, $cause, $fix) {
    print {*STDERR} "pve-notify-node: $cause; $fix\n";
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

C<complain($cause, $fix)> writes a line to standard error. C<confirm($system, $question)> asks on the
terminal that is the input; undef where it is none. C<names(@targets)> is their names in quotes.

=cut
