package Tied::Hash;

# A tied hash with some keys, whose values come from a sub.

use v5.36;

sub TIEHASH ($class, $keys, $fetch) { return bless { keys => $keys, fetch => $fetch }, $class }
sub FETCH   ($self, $key)           { return $self->{fetch}->($key) }
sub STORE   ($self, @)              { die "died in STORE\n" }

sub EXISTS ($self, $key) {
    return !!grep { $_ eq $key } $self->{keys}->@*;
}
sub FIRSTKEY ($self)        { $self->{at} = 0; return $self->{keys}[0] }
sub NEXTKEY  ($self, $last) { return $self->{keys}[++$self->{at}] }

1;
