package Seen;

# Counts its destructions in what its key `seen` refers to.

use v5.36;

sub DESTROY ($self) {
    ${ $self->{seen} }++ if $self->{seen};
    return;
}

1;
