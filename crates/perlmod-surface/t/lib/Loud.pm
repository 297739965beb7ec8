package Loud;

# A tied scalar that fetches a value, or dies if that is 'die'.

use v5.36;

sub TIESCALAR ($class, $value) { return bless \$value, $class }

sub FETCH ($self) {
    die "FETCH died\n" if $$self eq 'die';
    return $$self;
}

1;
