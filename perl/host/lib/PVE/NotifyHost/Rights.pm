package PVE::NotifyHost::Rights;

# What a user or an API token may do at a path, by the access rules of user.cfg.

use v5.36;

use Exporter qw(import);

our @EXPORT_OK = qw(permissions);

# { privilege => 1 }
sub permissions ($cfg, $id, $path) {
    return { %{ $cfg->{roles}{Administrator} } } if $id eq 'root@pam';
    my ($user) = $id =~ /\A([^!]+)!/;
    return role_privileges($cfg, roles($cfg, 'users', $id, $path)) if !defined($user);

    my $token   = $cfg->{tokens}{$id} or return {};
    my $of_user = permissions($cfg, $user, $path);
    return $of_user if !$token->{privsep};
    my $own = role_privileges($cfg, roles($cfg, 'tokens', $id, $path));
    return { map { $_ => 1 } grep { $of_user->{$_} } keys %$own };
}

sub role_privileges ($cfg, $roles) {
    return {} if grep { $_ eq 'NoAccess' } @$roles;
    return { map { %{ $cfg->{roles}{$_} // {} } } @$roles };
}

# From / down to the path: at each level the user's own entry replaces what came from above, else
# those of his groups do.
sub roles ($cfg, $kind, $id, $path) {
    my @roles;
    my @groups = $kind eq 'users' ? grep { $cfg->{groups}{$_}{$id} } keys %{ $cfg->{groups} } : ();
    for my $level (levels($path)) {
        my $entry = $cfg->{acl}{$level} or next;
        my $here  = sub ($roles) {
            return grep { $roles->{$_} || $level eq $path } keys %$roles;
        };
        my @new = $here->($entry->{$kind}{$id} // {});
        @new   = map { $here->($entry->{groups}{$_} // {}) } @groups if !@new;
        @roles = @new                                                if @new;
    }
    return \@roles;
}

sub levels ($path) {
    my @levels = ('/');
    my $level  = '';
    push @levels, $level .= "/$_" for grep { $_ ne '' } split(m{/}, $path);
    return @levels;
}

1;

__END__

=head1 NAME

PVE::NotifyHost::Rights - the privileges of a user at a path

=head1 FUNCTIONS

=head2 permissions($cfg, $id, $path)

The privileges of a user or token at a path, as keys of a hash. An API token with separated privileges
has those that its own rules and its user's rules both give. C<$cfg> is what
L<PVE::NotifyHost::UserConfig> makes of F<user.cfg>.

=cut
