package PVE::NotifyHost::Privileges;

# Gives up root for good: user, group and all supplementary groups.

use v5.36;

use English qw(-no_match_vars);
use POSIX   ();
use PVE::NotifyHost::Setup;

my $PACKAGED_USER = 'pve-notify-host';

sub packaged_user () { return $PACKAGED_USER }

# { name, uid, gid, groups }. Without a name it is the owner of the config folder, if that is an
# ordinary user, else the package's user.
sub wanted_user ($name = undef) {
    return owner() // record_of($PACKAGED_USER) if !defined($name);
    my $user = record_of($name);
    warn "serving as root: only for tests\n" if $user->{uid} == 0;
    return $user;
}

# The same of the owner of the config folder, who may have no name, as in a container; undef if that is
# root, or there is none.
sub owner () {
    my ($uid, $gid) = (stat(PVE::NotifyHost::Setup->dirs->{config}))[4, 5];
    return if !$uid;
    my $name = getpwuid($uid);
    return record_of($name) if defined($name);
    return { name => $uid, uid => $uid, gid => $gid, groups => [$gid] };
}

sub record_of ($name) {
    my ($known, undef, $uid, $gid) = getpwnam($name);
    die "user '$name' does not exist: make it, or name an ordinary user with --user\n"
        if !defined($known);
    return { name => $known, uid => $uid, gid => $gid, groups => [groups_of($known, $gid)] };
}

sub groups_of ($name, $gid) {
    my %gids = ($gid => 1);
    while (my (undef, undef, $group, $members) = getgrent()) {
        $gids{$group} = 1 if grep { $_ eq $name } split(/ /, $members);
    }
    endgrent();
    my @sorted = sort { $a <=> $b } keys(%gids);
    return @sorted;
}

sub become ($user) {
    my ($name, $uid, $gid) = @$user{qw(name uid gid)};
    return if $uid == 0;
    my $groups = join ' ', $gid, $user->{groups}->@*;
    $EFFECTIVE_GROUP_ID = $groups;    ## no critic (RequireLocalizedPunctuationVars)
    my $set    = POSIX::setgid($gid) && POSIX::setuid($uid);
    my @groups = sort { $a <=> $b } POSIX::getgroups();
    my $done   = $set && POSIX::getuid() == $uid && POSIX::geteuid() == $uid;
    die "can't become user '$name'\n"   if !$done || "@groups" ne "@{ $user->{groups} }";
    die "can't give up root for good\n" if POSIX::setuid(0);

    # perl takes a folder of modules that it may not enter for an error
    @INC = grep { ref || -x } @INC;    ## no critic (RequireLocalizedPunctuationVars)
    return;
}

1;

__END__

=head1 NAME

PVE::NotifyHost::Privileges - gives up root

=head1 DESCRIPTION

C<wanted_user($name)> looks the user up and C<become($user)> becomes him; both die with one line.
C<owner()> is the owner of the config folder, undef if that is root, and C<packaged_user()> the name
of the package's user.
Root itself may be named, with a warning: then nothing is given up.

=cut
