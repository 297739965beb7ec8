package Broken::Hash;

# A tied hash that dies whatever is done with it.

use v5.36;

sub TIEHASH  ($class)   { return bless {}, $class }
sub FETCH    ($self, @) { die "FETCH died\n" }
sub STORE    ($self, @) { die "STORE died\n" }
sub EXISTS   ($self, @) { die "EXISTS died\n" }
sub DELETE   ($self, @) { die "DELETE died\n" }
sub FIRSTKEY ($self)    { die "FIRSTKEY died\n" }

1;
