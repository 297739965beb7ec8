package PVE::Notify::Guard;

# Decides on a Proxmox VE node, once for each process, whether our notification modules take the place
# of the node's own. Ours are loaded and proven before anything is registered, since a method or file
# that is registered cannot be registered again. Whatever fails, and whenever: the node's own modules
# are loaded, one line goes to the log, and the node works as it did without us.

use v5.36;

our $VENDOR  = '/usr/share/perl5';
our $FLAG    = '/var/lib/pve-notify-oauth2/off';
our $TARGETS = '/etc/pve/notifications-ext.cfg';

my $NOTIFY = 'PVE::Notify';
my $API    = 'PVE::API2::Cluster::Notifications';

# what ours call of the node
our %NEEDS = (
    $NOTIFY => {
        'PVE::Cluster' => [qw(cfs_register_file cfs_read_file cfs_write_file cfs_lock_file)],
    },
    $API => {
        'PVE::Exception'       => [qw(new raise_param_exc)],
        'PVE::RESTEnvironment' => [qw(log_warn)],
        'PVE::JSONSchema'      => [qw(get_standard_option parse_boolean register_format)],
        'PVE::RESTHandler'     => ['register_method'],
    },
);

my $verdict;    # { ours, reason, level, error }
my %loaded;    # classes that are complete
my %taken;    # methods of ours that are registered
my $failed;    # the one whose registration died

my sub log_line ($level, $text) {
    $text = join ' ', split ' ', "pve-notify-oauth2: $text";
    utf8::encode($text);
    return if eval { require PVE::SafeSyslog; PVE::SafeSyslog::syslog($level, '%s', $text); 1 };
    eval { require Sys::Syslog; Sys::Syslog::syslog($level, '%s', $text); 1 } or warn "$text\n";
    return;
}

my sub file_of ($class) { return $class =~ s{::}{/}gr . '.pm' }

sub vendor_file ($class) { return "$VENDOR/" . file_of($class) }

# By its text, of which neither comments nor documentation count: loading it would register its methods.
sub vendor_has_feature () {
    open my $file, '<', vendor_file($API) or return 0;
    my $text = do { local $/ = undef; readline $file };
    close $file;
    my $code = ($text // '') =~ s{^__(?:END|DATA)__\b.*}{}msr =~ s{^=[a-z].*?(?:^=cut\b|\z)}{}gmsr;
    return $code =~ /^[^#\n]*\bsmtp_oauth2_token\b/m ? 1 : 0;
}

# A file that cannot be read may have some, and so may one that is missing while pmxcfs is not mounted,
# which shows this link.
sub has_oauth2_targets () {
    my $link   = $TARGETS =~ s{[^/]+\z}{local}r;
    my $opened = open my $file, '<', $TARGETS;
    return $!{ENOENT} && -l $link ? 0 : 1 if !$opened;
    my $text = do { local $/ = undef; readline $file };
    close $file;
    return 1 if !defined $text;
    return $text =~ /^[ \t]+auth-method[ \t]+(?!plain\s*$)\S/m ? 1 : 0;
}

my sub check_node ($class) {
    for my $module (sort keys $NEEDS{$class}->%*) {
        require(file_of($module));
        my @missing = grep { !$module->can($_) } $NEEDS{$class}{$module}->@*;
        die "this node's $module has no @missing\n" if @missing;
    }
    return;
}

# The cause alone, for people: perl adds where in the sources it was, and what else failed because of it.
my sub broken ($error) {
    my ($first) = split /\n/, $error;
    my $cause   = ($first // '') =~ s/(?: at \S+ line [0-9]+[.]?| \(you may need.*| \(\@INC.*)\z//r;
    return { ours => 0, level => 'err', reason => $cause, error => $error };
}

my sub decide () {
    return { ours => 0, level => 'info', reason => 'switched off by pve-notify-node' } if -e $FLAG;
    return { ours => 0, level => 'info', reason => 'they log in with OAuth2 themselves' }
        if vendor_has_feature() && !has_oauth2_targets();
    return { ours => 1 } if eval {
        check_node($NOTIFY);
        require PVE::Notify::Main;
        1;
    };
    return broken("$@");
}

sub verdict () { return $verdict //= decide() }

my sub give_way ($error) {
    $verdict = broken($error);
    return;
}

my sub require_vendor ($class) {
    require(vendor_file($class));
    $INC{ file_of($class) } = vendor_file($class);    ## no critic (RequireLocalizedPunctuationVars)
    return;
}

# What is registered already stays ours: a second registration would end the load of the node's file.
# One that died may have come to its end or not, so it is tried again.
my sub load_vendor_notify () {
    return require_vendor($NOTIFY) if !PVE::Notify::Main->can('give_up');
    my %tried    = map { $_ => 1 } PVE::Notify::Main::give_up();
    my $register = \&PVE::Cluster::cfs_register_file;
    no warnings 'redefine';    ## no critic (ProhibitNoWarnings)
    local *PVE::Cluster::cfs_register_file = sub ($file, @more) {
        return $register->($file, @more) if !$tried{$file};
        eval { $register->($file, @more) };
        return;
    };
    return require_vendor($NOTIFY);
}

my sub load_vendor_api () {
    @PVE::API2::Cluster::Notifications::ISA = ();
    return require_vendor($API) if !defined $failed;
    no warnings 'once';    ## no critic (ProhibitNoWarnings)
    local *PVE::API2::Cluster::Notifications::register_method = sub ($class, $info) {
        my $name = $info->{name} // '';
        return if $taken{$name};
        return if eval { PVE::RESTHandler::register_method($class, $info); 1 };
        log_line('err', "the node's own method '$name' is left out: $@") if $name ne $failed;
        return;
    };
    return require_vendor($API);
}

my sub load_notify () {
    if (verdict()->{ours}) {
        return if eval { PVE::Notify::Main::install(); 1 };
        give_way("$@");
    }
    log_line($verdict->{level},
        "the node's own notification modules are in charge: $verdict->{error}")
        if $verdict->{level} eq 'err';
    return load_vendor_notify();
}

# Stands in for the API class while our methods are gathered.
my @gathered;

sub register_method ($class, $info) {
    push @gathered, $info;
    return;
}

my sub methods () {
    @gathered = ();
    PVE::API2::Cluster::Notifications::Methods::register(__PACKAGE__);
    return splice @gathered;
}

# The same registrations go first to a class that nobody asks for anything.
my sub take_api () {
    check_node($API);
    require PVE::API2::Cluster::Notifications::Methods;
    @PVE::Notify::Guard::Rehearsal::ISA = ('PVE::RESTHandler');
    PVE::Notify::Guard::Rehearsal->register_method($_) for methods();
    my @methods = methods();
    @PVE::API2::Cluster::Notifications::ISA = ('PVE::RESTHandler');
    for my $info (@methods) {
        $failed = $info->{name};
        $API->register_method($info);
        $taken{ $info->{name} } = 1;
    }
    $failed = undef;
    return;
}

my sub load_api () {
    require PVE::Notify;
    if (verdict()->{ours}) {
        return if eval { take_api(); 1 };
        give_way("$@");
        log_line('err', "the node's own notification API is in charge: $verdict->{error}");
    }
    return load_vendor_api();
}

sub load ($class) {
    return if $loaded{$class};
    $class eq $API ? load_api() : load_notify();
    $loaded{$class} = 1;
    return;
}

1;

__END__

=head1 NAME

PVE::Notify::Guard - takes our notification modules or the node's own

=head1 FUNCTIONS

=head2 load($class)

Makes C<PVE::Notify> or C<PVE::API2::Cluster::Notifications> complete, by ours or by the node's own file.
Dies only where the node's own file does.

=head2 verdict()

C<ours>, and where that is 0 C<reason> (a line for people) and C<level> (C<info> if it is wanted so, C<err>
if something is broken; then C<error> has all that perl says of it).

=head2 vendor_file($class), vendor_has_feature(), has_oauth2_targets()

The node's own file of that class; whether its API has the exchange of authorization codes itself; whether
a target logs in with OAuth2 by our files.

=cut
