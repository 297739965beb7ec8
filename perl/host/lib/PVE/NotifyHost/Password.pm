package PVE::NotifyHost::Password;

# Whether a password is that of a user: of realm pve by priv/shadow.cfg, of realm pam by the function
# that the server gives. All refusals are the same to who asks; why is for the log.

use v5.36;

use Exporter qw(import);
use PVE::Cluster;
use PVE::Exception qw(raise);
use PVE::NotifyHost::UserConfig;

our @EXPORT_OK = qw(check_password equal_in_constant_time full_id refuse set_pam_check);

my $pam_check;

# Given by the server if it was started as root: a function of name and password.
sub set_pam_check ($code) { return $pam_check = $code }

sub refuse ($why) {
    return raise("authentication failure\n", code => 401, reason => $why);
}

sub full_id ($login) {
    my $id = $login =~ /\@[^@]*\z/ ? $login : "$login\@pve";
    refuse('the name has no valid form') if $id !~ /\A$PVE::NotifyHost::UserConfig::USER_RE\z/;
    return $id;
}

sub equal_in_constant_time ($left, $right) {
    return 0 if length($left) != length($right);
    my $difference = $left ^. $right;
    return ($difference =~ tr/\0//c) == 0;
}

# A name that does not exist costs the same time as a wrong password: somebody else's crypt is
# computed in its place.
my sub check_shadow ($name, $password) {
    my $shadow = PVE::Cluster::cfs_read_file('priv/shadow.cfg');
    my $known  = $shadow->{$name};
    my $expect = $known // (map { $shadow->{$_} } sort keys %$shadow)[0] // '$5$nobody$';
    utf8::encode($password);
    my $got  = crypt($password, $expect) // '*';
    my $same = equal_in_constant_time($got, $expect);
    refuse('no such user')   if !defined($known);
    refuse('wrong password') if !$same || $got =~ /\A\*/;
    return;
}

# dies unless it is right
sub check_password ($id, $password) {
    my ($name, $realm) = $id =~ /\A(.*)\@(.*)\z/;
    return check_shadow($name, $password) if $realm eq 'pve';
    refuse('no such realm')               if $realm ne 'pam';
    raise(
        "realm 'pam' is not available: it needs the server started as root"
            . " and the package libauthen-pam-perl\n",
        code => 501,
    ) if !$pam_check;
    refuse('wrong password, or no such user of the machine') if !$pam_check->($name, $password);
    return;
}

1;

__END__

=head1 NAME

PVE::NotifyHost::Password - the passwords of users

=head1 FUNCTIONS

=head2 check_password($id, $password)

Dies with a L<PVE::Exception> of code 401 unless it is the password of C<NAME@REALM>. Realm C<pve> is
checked against F<priv/shadow.cfg> (C<name:crypt:>, crypt(3)), realm C<pam> by C<set_pam_check($code)>,
a function of name and password.

=head2 full_id($login)

C<NAME@REALM> of what somebody has given as his name.

=head2 refuse($why)

Dies with "authentication failure" and code 401; C<$why> is the exception's field C<reason>.

=head2 equal_in_constant_time($left, $right)

Whether two byte strings are the same.

=cut
