package PVE::Exception;

# The error that API methods throw when the caller shall see a status code: a message, an HTTP code
# and, for bad input, one text per parameter. Servers read the fields, a command line prints the
# object as it is. Fields and text form are those of a PVE node, where its own class takes over.

use v5.36;

use Exporter 'import';

our @EXPORT_OK = qw(raise raise_param_exc raise_perm_exc);

use overload
    '""'       => sub ($self, @) { return $self->stringify },
    'bool'     => sub { return 1 },
    'fallback' => 1;

sub new ($class, $msg, %fields) {
    my $level = delete $fields{level} // 0;
    my (undef, $filename, $line) = caller($level);
    return bless { %fields, msg => $msg, filename => $filename, line => $line }, $class;
}

sub raise ($msg, %fields) {
    die PVE::Exception->new($msg, %fields, level => 1);
}

sub raise_param_exc ($errors, $usage = undef) {
    die PVE::Exception->new(
        "Parameter verification failed.\n",
        code   => 400,
        errors => $errors,
        (defined $usage ? (usage => $usage) : ()),
        level => 1,
    );
}

sub raise_perm_exc ($what = undef) {
    my $detail = defined $what ? " ($what)" : '';
    die PVE::Exception->new("Permission check failed$detail\n", code => 403, level => 1);
}

sub is_param_exc ($self) {
    return defined $self->{code} && $self->{code} == 400 && $self->{errors} ? 1 : 0;
}

# perl calls this for a bare `die` while an exception object is in $@
sub PROPAGATE ($self, $filename, $line) {
    push $self->{propagate}->@*, [$filename, $line];
    return $self;
}

sub stringify ($self) {
    my $text = defined $self->{code} ? "$self->{code} $self->{msg}" : $self->{msg};
    $text .= " at $self->{filename} line $self->{line}.\n" if $text !~ /\n\z/;
    my $errors = $self->{errors} // {};
    for my $name (sort keys %$errors) {
        $text .= "$name: $errors->{$name}" =~ s/\n*\z/\n/r;
    }
    $text .= $self->{usage} =~ s/\n*\z/\n/r if defined $self->{usage};
    return $text;
}

1;

__END__

=head1 NAME

PVE::Exception - an error with an HTTP code and a text per parameter

=head1 SYNOPSIS

    use PVE::Exception qw(raise raise_param_exc raise_perm_exc);

    raise("no such target\n", code => 404);
    raise_param_exc({ 'tenant-id' => 'property is missing and it is not optional' });
    raise_perm_exc('/mapping/notifications, Mapping.Modify');

=head1 FIELDS

C<msg>, C<code> (an HTTP status), C<errors> (parameter name to text), C<usage>, C<filename> and
C<line> (where it was thrown), C<propagate>. As a string: code and message, then a line
C<parameter: text> for each error, then the usage.

=cut
