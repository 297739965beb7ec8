package PVE::NotifyHost::FirstUser;

# The command that makes a fresh machine ready: folders, user.cfg, and somebody who may do everything.
# It adds what is missing and says what is there; nothing that is there is changed.

use v5.36;

use PVE::AccessControl;
use PVE::NotifyHost::Password;
use PVE::NotifyHost::Rights;
use PVE::CLI::ValueFile;
use PVE::Cluster;
use PVE::Notify::File;
use PVE::NotifyHost::Privileges;
use PVE::NotifyHost::Setup;
use PVE::NotifyHost::UserConfig;

my $DEFAULT_ID   = 'admin@pve';
my $MIN_PASSWORD = 8;
my $MAX_PASSWORD = 512;    # as the login has it
my $ROLE         = 'Administrator';

# admin: user id; password-file: where his password comes from, '-' for standard input; user: the
# ordinary user who runs the server
sub run ($class, %opt) {
    my $owner    = owner_of_folders($opt{user});
    my $id       = user_id($opt{admin} // ask_for_id());
    my $dirs     = PVE::NotifyHost::Setup->init;
    my $password = needs_password($id) ? new_password($id, $opt{'password-file'}) : undef;

    my %there = map { $_ => -d $dirs->{$_} } qw(config priv state run);
    PVE::NotifyHost::Setup::ensure_dirs($dirs);
    my %changed = map { $_ => 1 } PVE::NotifyHost::Setup::correct_dirs($dirs, $owner);
    PVE::NotifyHost::Setup::share_with_owner($dirs, $owner);
    for my $name (qw(config priv state run)) {
        my $what = !$there{$name} ? 'made' : $changed{ $dirs->{$name} } ? 'corrected' : 'is there';
        say "folder $dirs->{$name}: $what";
    }
    say "user.cfg: $_"        for locked('user.cfg', sub { return add_user($id, $dirs->{config}) });
    say "priv/shadow.cfg: $_" for add_password($id, $password, $dirs->{priv});
    check_rights($id);
    return 0;
}

sub owner_of_folders ($name) {
    my $config = PVE::NotifyHost::Setup->dirs->{config};
    my $owner  = (stat($config))[4];
    if ($> == 0) {
        my $user = PVE::NotifyHost::Privileges::wanted_user($name);
        die "--user: '$config' belongs to another user\n" if $owner && $owner != $user->{uid};
        return $user;
    }
    die "--user: only root can name another user\n" if defined($name);
    die "please run as root, or as the owner of '$config'\n"
        if defined($owner) ? $owner != $> : !length($ENV{PVE_NOTIFY_HOST_DIR} // '');
    return { name => getpwuid($>) // $>, uid => $>, gid => $) + 0 };
}

sub is_terminal () {
    require POSIX;
    return POSIX::isatty(\*STDIN);
}

sub ask_for_id () {
    return $DEFAULT_ID if !is_terminal();
    print STDERR "name of the first administrator [$DEFAULT_ID]: ";
    STDERR->flush;
    my $line = readline(STDIN) // '';
    $line =~ s/\A\s+|\s+\z//g;
    return $line eq '' ? $DEFAULT_ID : $line;
}

sub user_id ($text) {
    my $id = $text =~ /\@/ ? $text : "$text\@pve";
    die "--admin: '$text' is not a name, or name\@realm, in ASCII\n"
        if $id !~ /\A$PVE::NotifyHost::UserConfig::USER_RE\z/ || $id =~ /[^!-~]/;

    # the first begins a comment, the others end a name in a list
    die "--admin: '$text' has one of these in it: # , ;\n" if $id =~ /[#,;]/;
    my ($name, $realm) = $id =~ /\A(.*)\@(.*)\z/;
    die "--admin: realm '$realm' is unknown, the realms are pve and pam\n"
        if $realm !~ /\A(?:pve|pam)\z/;
    die "--admin: this machine has no user '$name'\n"
        if $realm eq 'pam' && !defined(getpwnam($name));
    return $id;
}

sub needs_password ($id) {
    my ($name) = $id =~ /\A(.*)\@pve\z/ or return 0;
    return !defined(PVE::Cluster::cfs_read_file('priv/shadow.cfg')->{$name});
}

sub new_password ($id, $path) {
    die "no terminal to ask for a password: give it with --password-file FILE, or - for standard"
        . " input\n"
        if !defined($path) && !is_terminal();
    my $from     = $path // '-';
    my $password = read_password("password for $id", $from);
    check_password($id, $password);
    if ($from eq '-' && is_terminal()) {
        die "password: the two are not the same\n"
            if read_password('the same again', $from) ne $password;
    }
    return $password;
}

sub read_password ($question, $path) {
    my $value = eval { PVE::CLI::ValueFile::read_value($question, $path) };
    return $value // die "password: $@";
}

# A password that begins like a ticket is taken for one at the login.
sub check_password ($id, $password) {
    my ($name) = $id =~ /\A(.*)\@/;
    my $length = length($password);
    my $fault =
          $length == 0                       ? 'is empty'
        : $length < $MIN_PASSWORD            ? "has $length characters, at least $MIN_PASSWORD"
        : $length > $MAX_PASSWORD            ? "has $length characters, at most $MAX_PASSWORD"
        : $password =~ /[[:cntrl:]]/         ? 'has a control character or several lines'
        : $password =~ /\A(.)\1*\z/s         ? 'is one character repeated'
        : $password =~ /\APVE:/              ? 'begins with PVE:'
        : index(lc($id), lc($password)) == 0 ? 'is the name of the user'
        : lc($password) eq lc("$name$name")  ? 'is the name of the user'
        :                                      return;
    die "password: $fault\n";
}

# cfs_lock_file leaves errors in $@
sub locked ($file, $code) {
    my @result;
    PVE::Cluster::cfs_lock_file($file, undef, sub { @result = $code->(); return 1 }) or die $@;
    return @result;
}

sub add_user ($id, $dir) {
    my $path = "$dir/user.cfg";
    my @done;
    my ($text) = PVE::Notify::File::read_file($path);
    if (!defined($text)) {
        my $sample = PVE::NotifyHost::Setup->share_file('user.cfg.sample');
        ($text) = PVE::Notify::File::read_file($sample);
        $text // die "file '$sample': is missing\n";
        push @done, 'made, with examples';
    }
    my $known = PVE::NotifyHost::UserConfig::parse_user_cfg('user.cfg', $text);
    my $more  = '';
    if (my $user = $known->{users}{$id}) {
        push @done, "user '$id' is there" . ($user->{enable} ? '' : ', switched off');
    } else {
        $more .= "user:$id:1:0::::::\n";
        push @done, "user '$id' added";
    }
    my $rule = ($known->{acl}{'/'}{users}{$id} // {})->{$ROLE};
    if ($id eq 'root@pam') {
        push @done, "user '$id' may always do everything";
    } elsif ($rule) {
        push @done, "role $ROLE on / is there";
    } else {
        $more .= "acl:1:/:$id:$ROLE:\n";
        push @done, "role $ROLE on / given to '$id'";
    }
    return @done  if $more eq '';
    $text .= "\n" if $text ne '' && $text !~ /\n\z/;
    PVE::Notify::File::replace_file($path, "$text$more", oct('0640'));
    return @done;
}

sub add_password ($id, $password, $priv) {
    my ($name) = $id =~ /\A(.*)\@pve\z/ or return "nothing to do, '$id' has the machine's password";
    return "password of '$id' is there, left as it is" if !defined($password);
    my $path  = "$priv/shadow.cfg";
    my $crypt = crypted($password);
    return locked(
        'priv/shadow.cfg',
        sub {
            my ($text) = PVE::Notify::File::read_file($path);
            $text //= '';

            # another run was faster
            return "password of '$id' is there, left as it is"
                if defined PVE::NotifyHost::UserConfig::parse_shadow_cfg('priv/shadow.cfg', $text)
                ->{$name};
            $text .= "\n" if $text ne '' && $text !~ /\n\z/;
            PVE::Notify::File::replace_file($path, "$text$name:$crypt:\n", oct('0600'));
            return "password of '$id' set";
        },
    );
}

sub crypted ($password) {
    my $salt  = unpack('H*', PVE::Notify::File::random_bytes(8));
    my $crypt = crypt(utf8_bytes($password), "\$6\$$salt");
    die "password: crypt(3) of this machine has no SHA-512\n" if ($crypt // '') !~ /\A\$6\$/;
    return $crypt;
}

sub utf8_bytes ($text) {
    utf8::encode($text);
    return $text;
}

# Another rule may take away what this one gives.
sub check_rights ($id) {
    my $cfg = PVE::Cluster::cfs_read_file('user.cfg');
    my $has = PVE::NotifyHost::Rights::permissions($cfg, $id, '/');
    warn "user.cfg: another rule takes rights of '$id' away\n"
        if grep { !$has->{$_} } keys $cfg->{roles}{$ROLE}->%*;
    warn "user.cfg: '$id' is switched off or has expired, and cannot log in\n"
        if !eval { PVE::AccessControl::check_user_enabled($cfg, $id); 1 };
    return;
}

1;

__END__

=head1 NAME

PVE::NotifyHost::FirstUser - makes a fresh machine ready

=head1 SYNOPSIS

    exit PVE::NotifyHost::FirstUser->run(admin => 'admin@pve', 'password-file' => 'password');

=head1 DESCRIPTION

C<run> makes the host's folders, F<user.cfg> with commented examples, a user with the role
C<Administrator> on F</>, and his password in F<priv/shadow.cfg>. What is there stays, and is told. It
dies with one line.

=cut
