package UnnamedKey;

# An object that is a key of a tied hash and dies when its text is asked for.

use v5.36;

use overload
    '""'     => sub { die "died in key\n" },
    fallback => 0;

1;
