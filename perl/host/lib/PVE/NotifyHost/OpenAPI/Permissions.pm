package PVE::NotifyHost::OpenAPI::Permissions;

# The permissions of an API method in words.

use v5.36;

use Exporter 'import';

our @EXPORT_OK = qw(permission_text);

my sub check_text ($check, $is_part) {
    my ($test, @rest) = @$check;
    if ($test eq 'perm') {
        my ($path, $privileges, %opt) = @rest;
        die "permission with option '$_'\n" for sort grep { $_ ne 'any' } keys %opt;
        my $word = $opt{any} ? ' or ' : ' and ';
        return join($word, @$privileges) . " on $path";
    }
    die "unknown permission test '$test'\n" if $test !~ /\A(?:and|or)\z/;
    my $text = join " $test ", map { __SUB__->($_, 1) } @rest;
    return $is_part ? "($text)" : $text;
}

# { user => ..., check => ... } as it is registered; without any it is root's
sub permission_text ($permissions) {
    return 'root@pam only' if !$permissions;
    my $user = $permissions->{user} // '';
    return 'anybody, without a login' if $user eq 'world';
    return 'any user'                 if $user eq 'all';
    return check_text($permissions->{check}, 0);
}

1;

__END__

=head1 NAME

PVE::NotifyHost::OpenAPI::Permissions - permissions in words

=head1 FUNCTIONS

=head2 permission_text($permissions)

One line without a full stop for the C<permissions> of an API method. It dies where a test is unknown, as
L<PVE::RPCEnvironment> does.

=cut
