package PVE::NotifyHost::UserConfig;

# Reads user.cfg, priv/token.cfg and priv/shadow.cfg in PVE's format: one record a line, fields
# split at ':'. A line that is broken or unknown is warned about and skipped, as one bad line must
# not lock out the users of all others. The lines are not repeated: they may hold a secret.

use v5.36;

our $USER_RE  = qr/[^\s:\/!\@\x00-\x1f]{1,60}\@[A-Za-z][A-Za-z0-9.\-_]{1,31}/;
our $TOKEN_RE = qr/${USER_RE}![A-Za-z][A-Za-z0-9.\-_]{1,63}/;
my $NAME_RE = qr/[A-Za-z0-9.\-_]{1,64}/;
my $PATH_RE = qr{/[A-Za-z0-9.\-_/]*};

my @PRIVILEGES = qw(
    Datastore.Allocate Datastore.AllocateSpace Datastore.AllocateTemplate Datastore.Audit
    Group.Allocate Mapping.Audit Mapping.Modify Mapping.Use Permissions.Modify Pool.Allocate
    Pool.Audit Realm.Allocate Realm.AllocateUser SDN.Allocate SDN.Audit SDN.Use Sys.AccessNetwork
    Sys.Audit Sys.Console Sys.Incoming Sys.Modify Sys.PowerMgmt Sys.Syslog User.Modify VM.Allocate
    VM.Audit VM.Backup VM.Clone VM.Config.CDROM VM.Config.CPU VM.Config.Cloudinit VM.Config.Disk
    VM.Config.HWType VM.Config.Memory VM.Config.Network VM.Config.Options VM.Console
    VM.GuestAgent.Audit VM.GuestAgent.FileRead VM.GuestAgent.FileSystemMgmt VM.GuestAgent.FileWrite
    VM.GuestAgent.Unrestricted VM.Migrate VM.PowerMgmt VM.Replicate VM.Snapshot
    VM.Snapshot.Rollback
);
my %is_privilege = map { $_ => 1 } @PRIVILEGES;

sub is_privilege ($name) { return $is_privilege{$name} }

my %not_for_admin = map { $_ => 1 } qw(
    Sys.PowerMgmt Sys.Modify Sys.Incoming Sys.AccessNetwork Realm.Allocate Mapping.Modify
);

my %given_roles = (
    Administrator   => [@PRIVILEGES],
    PVEAdmin        => [grep { !$not_for_admin{$_} } @PRIVILEGES],
    PVEAuditor      => [grep {/\.Audit\z/} @PRIVILEGES],
    PVEMappingAdmin => [qw(Mapping.Modify Mapping.Use Mapping.Audit)],
    PVEMappingUser  => [qw(Mapping.Use Mapping.Audit)],
    PVESysAdmin     => [qw(Sys.Console Sys.Syslog Sys.Audit)],
    NoAccess        => [],
);

my %reader = (
    user  => \&read_user,
    group => \&read_group,
    role  => \&read_role,
    acl   => \&read_acl,
    token => \&read_token,
    pool  => sub (@) { },    # only a node has machines to pool
);

sub parse_user_cfg ($name, $raw) {
    my $cfg = {
        users  => {},
        groups => {},
        tokens => {},
        acl    => {},
        roles  => { map { $_ => set_of(@{ $given_roles{$_} }) } keys %given_roles },
    };
    each_line(
        $name, $raw,
        sub ($line) {
            my ($type, @field) = map {s/\A\s+|\s+\z//gr} split(/:/, $line, -1);
            my $read = $reader{$type} or die "unknown kind of record\n";
            $read->($cfg, @field);
        },
    );

    # exists without a line of its own too; with one it may be switched off, as on a node
    $cfg->{users}{'root@pam'} //= { enable => 1, expire => 0 };
    return $cfg;
}

sub parse_token_cfg ($name, $raw) {
    my %secret;
    each_line(
        $name, $raw,
        sub ($line) {
            my ($token, $secret) = $line =~ /\A($TOKEN_RE)\s+(\S+)\s*\z/
                or die "not 'token secret'\n";
            $secret{$token} = $secret;
        },
    );
    return \%secret;
}

sub parse_shadow_cfg ($name, $raw) {
    my %crypt;
    each_line(
        $name, $raw,
        sub ($line) {
            my ($user, $crypt) = $line =~ /\A([^\s:]+):([^\s:]+):/ or die "not 'name:crypt:'\n";
            $crypt{$user} = $crypt;
        },
    );
    return \%crypt;
}

sub each_line ($name, $raw, $code) {
    my $number = 0;
    for my $line (split(/\n/, $raw // '')) {
        $number++;
        next if $line =~ /\A\s*(?:#|\z)/;
        eval { $code->($line); 1 } or warn "$name: line $number skipped: $@";
    }
    return;
}

sub read_user ($cfg, $id = '', $enable = '', $expire = '', @) {
    $id =~ /\A$USER_RE\z/ or die "user id is not 'name\@realm'\n";
    $cfg->{users}{$id} = { enable => $enable eq '1', expire => expiry($expire) };
    return;
}

sub read_group ($cfg, $name = '', $members = '', @) {
    $name =~ /\A$NAME_RE\z/ or die "bad name of a group\n";
    $cfg->{groups}{$name} = set_of(grep {/\A$USER_RE\z/} list_of($members));
    return;
}

sub read_role ($cfg, $name = '', $privs = '', @) {
    $name =~ /\A$NAME_RE\z/ or die "bad name of a role\n";
    die "a given role cannot be changed\n" if $given_roles{$name};
    my @privs = list_of($privs);
    warn "role '$name': unknown privilege ignored\n" if grep { !$is_privilege{$_} } @privs;
    $cfg->{roles}{$name} = set_of(grep { $is_privilege{$_} } @privs);
    return;
}

sub read_acl ($cfg, $propagate = '', $path = '', $who = '', $roles = '', @) {
    $propagate =~ /\A[01]\z/     or die "propagate is neither 0 nor 1\n";
    $path      =~ /\A$PATH_RE\z/ or die "bad path\n";
    my @roles    = list_of($roles) or die "no role\n";
    my @subjects = map { subject($_) } list_of($who);
    my $entry    = $cfg->{acl}{ normalize_path($path) } //= {};
    for my $subject (@subjects) {
        my ($kind, $id) = @$subject;
        $entry->{$kind}{$id}{$_} = $propagate for @roles;
    }
    return;
}

sub subject ($text) {
    return [groups => $1]    if $text =~ /\A@($NAME_RE)\z/;
    return [tokens => $text] if $text =~ /\A$TOKEN_RE\z/;
    return [users  => $text] if $text =~ /\A$USER_RE\z/;
    die "bad user, group or token\n";
}

sub read_token ($cfg, $id = '', $expire = '', $privsep = '', @) {
    $id =~ /\A$TOKEN_RE\z/ or die "token id is not 'user\@realm!name'\n";

    # a token is restricted unless the line says clearly that it is not
    $cfg->{tokens}{$id} = { expire => expiry($expire), privsep => $privsep ne '0' };
    return;
}

sub expiry ($text) {
    return 0 if $text eq '';
    $text =~ /\A[0-9]{1,15}\z/ or die "expire is not a number of seconds\n";
    return $text + 0;
}

sub normalize_path ($path) {
    my $normal = $path =~ s{/+}{/}gr;
    return $normal eq '/' ? $normal : $normal =~ s{/\z}{}r;
}

sub list_of ($text) {
    return grep { $_ ne '' } split(/[,;\s]+/, $text);
}

sub set_of (@names) {
    return { map { $_ => 1 } @names };
}

1;

__END__

=head1 NAME

PVE::NotifyHost::UserConfig - users, groups, roles, access rules and API tokens from files

=head1 DESCRIPTION

C<parse_user_cfg>, C<parse_token_cfg> and C<parse_shadow_cfg> are parsers for
C<PVE::Cluster::cfs_register_file>. The first returns a hash of C<users> and C<tokens>
(C<expire> in seconds since the epoch, 0 = never), C<groups>, C<roles> and C<acl>.

C<is_privilege($name)> tells whether a role can have that privilege.

=cut
