package PVE::NotifyHost::Administrators;

# Who can log in and may do everything.

use v5.36;

use PVE::AccessControl;
use PVE::Cluster;
use PVE::NotifyHost::Rights qw(permissions);

my $ROLE = 'Administrator';

my sub may_do_everything ($cfg, $id) {
    my $has = permissions($cfg, $id, '/');
    return !grep { !$has->{$_} } keys $cfg->{roles}{$ROLE}->%*;
}

# Of realm pam the machine itself knows the password.
my sub has_password ($shadow, $id) {
    my ($name, $realm) = $id =~ /\A(.*)\@(.*)\z/;
    return $realm eq 'pam' || ($realm eq 'pve' && defined $shadow->{$name});
}

sub administrators ($cfg, $shadow) {
    return grep {
        my $id = $_;
        has_password($shadow, $id)
            && may_do_everything($cfg, $id)
            && eval { PVE::AccessControl::check_user_enabled($cfg, $id); 1 };
    } sort keys $cfg->{users}->%*;
}

# of the files as they are; undef if there is somebody
sub warning () {
    my ($cfg, $shadow) = map { PVE::Cluster::cfs_read_file($_) } qw(user.cfg priv/shadow.cfg);
    return if administrators($cfg, $shadow);
    return
          "user.cfg: nobody can log in with full rights, as root\@pam is disabled or has expired; "
        . "enable it, or run 'notify-host setup --admin NAME'\n";
}

1;

__END__

=head1 NAME

PVE::NotifyHost::Administrators - who can log in and may do everything

=head1 FUNCTIONS

=head2 administrators($cfg, $shadow)

The ids of users who are enabled, have not expired, have a password and all privileges of the role
Administrator on F</>. The arguments are what F<user.cfg> and F<priv/shadow.cfg> hold.

=head2 warning()

One line if there is nobody like that, else undef.

=cut
