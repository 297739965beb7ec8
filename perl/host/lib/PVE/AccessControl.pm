package PVE::AccessControl;

# Who somebody is: users with passwords, API tokens, tickets. Refusals say "authentication failure" and
# no more; why is for the log, in the exception's field `reason`.

use v5.36;

use PVE::Cluster;
use PVE::Exception            qw(raise);
use PVE::NotifyHost::Password qw(check_password equal_in_constant_time full_id refuse);
use PVE::NotifyHost::UserConfig;

PVE::Cluster::cfs_register_file('user.cfg',        \&PVE::NotifyHost::UserConfig::parse_user_cfg);
PVE::Cluster::cfs_register_file('priv/token.cfg',  \&PVE::NotifyHost::UserConfig::parse_token_cfg);
PVE::Cluster::cfs_register_file('priv/shadow.cfg', \&PVE::NotifyHost::UserConfig::parse_shadow_cfg);

sub normalize_path ($path) {
    $path =~ m{\A/[A-Za-z0-9.\-_/]*\z} or die "invalid ACL path '$path'\n";
    return PVE::NotifyHost::UserConfig::normalize_path($path);
}

# Returns the full id; the realm is pve if none is given.
sub authenticate_user ($login, $password) {
    my $id = full_id($login);
    check_password($id, $password);
    check_user_enabled(PVE::Cluster::cfs_read_file('user.cfg'), $id);
    return $id;
}

sub check_user_enabled ($cfg, $id) {
    my $user = $cfg->{users}{$id} or refuse('the user is not in user.cfg');
    refuse('the user is disabled') if !$user->{enable};
    refuse('the user has expired') if $user->{expire} && $user->{expire} <= time();
    return;
}

sub verify_token ($token, $secret) {
    utf8::encode($secret);
    my ($user) = $token =~ /\A($PVE::NotifyHost::UserConfig::USER_RE)!/
        or refuse('the token id has no valid form');
    my $known  = PVE::Cluster::cfs_read_file('priv/token.cfg')->{$token};
    my $same   = equal_in_constant_time($secret, $known // 'x');
    my $cfg    = PVE::Cluster::cfs_read_file('user.cfg');
    my $record = $cfg->{tokens}{$token};
    refuse('no such token, or a wrong secret') if !$record || !defined($known) || !$same;
    check_user_enabled($cfg, $user);
    refuse('the token has expired') if $record->{expire} && $record->{expire} <= time();
    return $token;
}

# loaded at need: a command on the machine itself uses no tickets
my sub ticket_class () {
    require PVE::NotifyHost::Ticket;
    return 'PVE::NotifyHost::Ticket';
}

sub assemble_ticket ($user) { return ticket_class()->ticket($user) }

sub assemble_csrf_prevention_token ($user) { return ticket_class()->csrf_token($user) }

sub verify_ticket ($ticket) {
    my $user = ticket_class()->user_of($ticket) // refuse('the ticket is forged or has expired');
    check_user_enabled(PVE::Cluster::cfs_read_file('user.cfg'), $user);
    return $user;
}

sub verify_csrf_prevention_token ($user, $token) {
    return 1 if ticket_class()->csrf_token_is_good($user, $token // '');
    return raise(
        "Permission denied - invalid csrf token\n",
        code   => 401,
        reason => 'the CSRF prevention token is missing, forged or has expired',
    );
}

1;

__END__

=head1 NAME

PVE::AccessControl - users, passwords, API tokens and tickets

=head1 SYNOPSIS

    my $user = PVE::AccessControl::authenticate_user('joe@pve', $password);
    my $ticket = PVE::AccessControl::assemble_ticket($user);
    $user = PVE::AccessControl::verify_ticket($ticket);
    my $token = PVE::AccessControl::verify_token('joe@pve!cron', $secret);

=head1 DESCRIPTION

Every check returns the id it has proved or dies with a L<PVE::Exception> of code 401 whose text
does not tell why; its field C<reason> does, for the log. Passwords are checked by
L<PVE::NotifyHost::Password>.

=cut
