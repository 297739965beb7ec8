package Dying;

# An object of which everything dies.

use v5.36;

use overload
    '""'     => sub { die "died in string\n" },
    'bool'   => sub { die "died in bool\n" },
    '0+'     => sub { die "died in number\n" },
    fallback => 0;

sub DESTROY ($self) { die "died in DESTROY\n" }

1;
