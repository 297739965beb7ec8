package PVE::Tools;

# The few helpers that API modules expect from a PVE node.

use v5.36;

use Exporter 'import';

our @EXPORT_OK = qw(extract_param split_list);

sub extract_param ($param, $key) {
    return delete $param->{$key};
}

sub split_list ($text = undef) {
    return grep {length} split /[,;\s\0]+/, $text // '';
}

1;

__END__

=head1 NAME

PVE::Tools - small helpers

=head1 FUNCTIONS

=head2 extract_param($param, $key)

Takes a value out of a parameter hash and returns it.

=head2 split_list($text)

The members of a list that is written with commas, semicolons or white space.

=cut
