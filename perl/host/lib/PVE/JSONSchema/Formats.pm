package PVE::JSONSchema::Formats;

# The named formats of the API: a name, and a function that dies with one line when a value is bad.
# The suffixes -list, -alist and -opt need no registration, they follow from the plain format.

use v5.36;

use PVE::Tools;

my %format;

sub register ($name, $code) {
    die "schema format '$name' already registered\n" if $format{$name};
    $format{$name} = $code;
    return;
}

sub is_known ($name) {
    return $format{ $name =~ s/-(?:a?list|opt)\z//r } ? 1 : 0;
}

# dies with one line that says what is wrong
sub check ($name, $value) {
    if ($name =~ /\A(?<base>.+)-a?list\z/) {
        check($+{base}, $_) for PVE::Tools::split_list($value);
    } elsif ($name =~ /\A(?<base>.+)-opt\z/) {
        check($+{base}, $value) if length $value;
    } else {
        my $code = $format{$name} or die "undefined format '$name'\n";
        $code->($value);
    }
    return;
}

register(
    'pve-configid' => sub ($id) {
        return $id if $id =~ /\A[A-Za-z][A-Za-z0-9_-]+\z/;
        die "invalid configuration ID '$id'\n";
    },
);

register(
    'pve-userid' => sub ($userid) {
        return $userid
            if length $userid <= 64 && $userid =~ m{\A[^\s:/]+\@[A-Za-z][A-Za-z0-9._-]+\z};
        die "value '$userid' does not look like a valid user name\n";
    },
);

register(
    'email-or-username' => sub ($value) {
        return $value if length $value <= 254 && $value =~ /\A[\w.+~-]+(?:\@[A-Za-z0-9.-]+)?\z/;
        die "value does not look like a valid email address or user name\n";
    },
);

1;

__END__

=head1 NAME

PVE::JSONSchema::Formats - the registry of named formats

=head1 FUNCTIONS

=head2 register($name, $code)

C<$code> gets the value and dies with one line when it is bad.

=head2 is_known($name)

Whether there is such a format.

=head2 check($name, $value)

Dies with that line; knows the suffixes C<-list>, C<-alist> and C<-opt>.

=cut
