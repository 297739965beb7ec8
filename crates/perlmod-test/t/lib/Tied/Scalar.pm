package Tied::Scalar;

# A tied scalar whose value comes from a sub.

use v5.36;

sub TIESCALAR ($class, $fetch) { return bless { fetch => $fetch }, $class }
sub FETCH     ($self)          { return $self->{fetch}->() }
sub STORE     ($self, $value)  { die "died in STORE\n" }

1;
