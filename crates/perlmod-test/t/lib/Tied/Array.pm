package Tied::Array;

# A tied array whose elements come from a sub.

use v5.36;

sub TIEARRAY  ($class, $size, $fetch) { return bless { size => $size, fetch => $fetch }, $class }
sub FETCH     ($self, $index)         { return $self->{fetch}->($index) }
sub FETCHSIZE ($self)                 { return $self->{size} }
sub STORE     ($self, @)              { die "died in STORE\n" }
sub PUSH      ($self, @)              { die "died in PUSH\n" }

1;
