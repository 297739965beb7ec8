package PVE::AccessControl;

# Who somebody is and what he may do: passwords, API tokens, tickets, and the evaluation of the
# access rules of user.cfg. Refusals say "authentication failure" and no more; why is for the log,
# in the exception's field `reason`.

use v5.36;

use PVE::Cluster;
use PVE::Exception qw(raise);
use PVE::NotifyHost::UserConfig;

my $pam_check;

PVE::Cluster::cfs_register_file('user.cfg',        \&PVE::NotifyHost::UserConfig::parse_user_cfg);
PVE::Cluster::cfs_register_file('priv/token.cfg',  \&PVE::NotifyHost::UserConfig::parse_token_cfg);
PVE::Cluster::cfs_register_file('priv/shadow.cfg', \&PVE::NotifyHost::UserConfig::parse_shadow_cfg);

sub normalize_path ($path) {
    $path =~ m{\A/[A-Za-z0-9.\-_/]*\z} or die "invalid ACL path '$path'\n";
    return PVE::NotifyHost::UserConfig::normalize_path($path);
}

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

# Returns the full id; the realm is pve if none is given.
sub authenticate_user ($login, $password) {
    my $id = full_id($login);
    my ($name, $realm) = $id =~ /\A(.*)\@(.*)\z/;
    if ($realm eq 'pve') {
        check_shadow($name, $password);
    } elsif ($realm eq 'pam') {
        raise(
            "realm 'pam' is not available: it needs the server started as root"
                . " and the package libauthen-pam-perl\n",
            code => 501,
        ) if !$pam_check;
        refuse('wrong password, or no such user of the machine')
            if !$pam_check->($name, $password);
    } else {
        refuse('no such realm');
    }
    check_user_enabled(PVE::Cluster::cfs_read_file('user.cfg'), $id);
    return $id;
}

sub full_id ($login) {
    my $id = $login =~ /\@[^@]*\z/ ? $login : "$login\@pve";
    refuse('the name has no valid form') if $id !~ /\A$PVE::NotifyHost::UserConfig::USER_RE\z/;
    return $id;
}

# A name that does not exist costs the same time as a wrong password: somebody else's crypt is
# computed in its place.
sub check_shadow ($name, $password) {
    my $shadow = PVE::Cluster::cfs_read_file('priv/shadow.cfg');
    my $known  = $shadow->{$name};
    my $expect = $known // (map { $shadow->{$_} } sort keys %$shadow)[0] // '$5$nobody$';
    my $got    = crypt(utf8_bytes($password), $expect) // '*';
    my $same   = equal_in_constant_time($got, $expect);
    refuse('no such user')   if !defined($known);
    refuse('wrong password') if !$same || $got =~ /\A\*/;
    return;
}

sub check_user_enabled ($cfg, $id) {
    my $user = $cfg->{users}{$id} or refuse('the user is not in user.cfg');
    refuse('the user is disabled') if !$user->{enable};
    refuse('the user has expired') if $user->{expire} && $user->{expire} <= time();
    return;
}

sub verify_token ($token, $secret) {
    my ($user) = $token =~ /\A($PVE::NotifyHost::UserConfig::USER_RE)!/
        or refuse('the token id has no valid form');
    my $known  = PVE::Cluster::cfs_read_file('priv/token.cfg')->{$token};
    my $same   = equal_in_constant_time(utf8_bytes($secret), $known // 'x');
    my $cfg    = PVE::Cluster::cfs_read_file('user.cfg');
    my $record = $cfg->{tokens}{$token};
    refuse('no such token, or a wrong secret') if !$record || !defined($known) || !$same;
    check_user_enabled($cfg, $user);
    refuse('the token has expired') if $record->{expire} && $record->{expire} <= time();
    return $token;
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

# Given by the server if it was started as root: a function of name and password.
sub set_pam_check ($code) { return $pam_check = $code }

sub refuse ($why) {
    return raise("authentication failure\n", code => 401, reason => $why);
}

sub equal_in_constant_time ($left, $right) {
    return 0 if length($left) != length($right);
    my $difference = $left ^. $right;
    return ($difference =~ tr/\0//c) == 0;
}

sub utf8_bytes ($text) {
    utf8::encode($text);
    return $text;
}

# loaded at need: a command on the machine itself uses no tickets
sub ticket_class () {
    require PVE::NotifyHost::Ticket;
    return 'PVE::NotifyHost::Ticket';
}

1;

__END__

=head1 NAME

PVE::AccessControl - users, passwords, API tokens, tickets and permissions

=head1 SYNOPSIS

    my $user = PVE::AccessControl::authenticate_user('joe@pve', $password);
    my $ticket = PVE::AccessControl::assemble_ticket($user);
    $user = PVE::AccessControl::verify_ticket($ticket);
    my $token = PVE::AccessControl::verify_token('joe@pve!cron', $secret);

=head1 DESCRIPTION

Every check returns the id it has proved or dies with a L<PVE::Exception> of code 401 whose text
does not tell why; its field C<reason> does, for the log. Realm C<pve> is checked
against F<priv/shadow.cfg> (C<name:crypt:>, crypt(3)), realm C<pam> by the function given to
C<set_pam_check>.

C<permissions($cfg, $id, $path)> returns the privileges of a user or token at a path: an API token
with separated privileges has those that its own rules and its user's rules both give.

=cut
