package Broken::Array;

# A tied array of one element, which cannot be read or written.

use v5.36;

use parent 'Tie::Array';

sub TIEARRAY  ($class)   { return bless [], $class }
sub FETCHSIZE ($self)    { return 1 }
sub STORESIZE ($self, $) {return}
sub FETCH     ($self, @) { die "FETCH died\n" }
sub STORE     ($self, @) { die "STORE died\n" }
sub EXTEND    ($self, @) { die "EXTEND died\n" }
sub POP       ($self)    { die "POP died\n" }
sub PUSH      ($self, @) { die "PUSH died\n" }
sub DELETE    ($self, @) { die "DELETE died\n" }

1;
