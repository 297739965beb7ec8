package PVE::Notify::Main;

# What PVE::Notify does: reads the notification configuration into a PVE::RS::Notify object, writes
# that back, locks its files, and sends. Loaded by every daemon and command that notifies, so it stays
# small. The same code serves PVE nodes and other machines; the latter say so once with set_host.
#
# Loading it changes nothing outside of this package: on a node whoever loads it may still turn to the
# vendor's modules. install() is what cannot be taken back.

use v5.36;

use PVE::Cluster qw(cfs_register_file cfs_read_file cfs_write_file cfs_lock_file);
use PVE::Notify::Faults;
use PVE::Notify::File;
use PVE::Notify::Legacy;
use PVE::Notify::Log;
use PVE::RS::Notify;

my $PUBLIC  = 'notifications.cfg';
my $PRIVATE = 'priv/notifications.cfg';

# what PVE itself does not know of; PVE::Cluster does not list them
my $EXT         = 'notifications-ext.cfg';
my $PRIVATE_EXT = 'priv/notifications-ext.cfg';

my $PVE_DIR     = '/etc/pve';
my $PVE_RUN_DIR = '/run/pve-notify';

my %host = (kind => 'pve');

our $LOCKED = 0;    # whether this process holds the locks

sub set_host ($host) {
    my $kind = $host->{kind} // '';
    die "kind of host must be 'pve' or 'standalone'\n" if $kind !~ /\A(?:pve|standalone)\z/;
    die "a standalone host needs its 'config-dir'\n"
        if $kind eq 'standalone' && !length($host->{'config-dir'} // '');
    %host = %$host;
    return;
}

my sub path_of ($file) {
    return ($host{'config-dir'} // $PVE_DIR) . "/$file";
}

my sub read_ext ($file) {
    my ($raw) = PVE::Notify::File::read_file(path_of($file));
    return $raw // '';
}

# Also returns whether the files held still. The record of a write is looked for after the files that
# it is about, but the write that takes the last OAuth2 target away ends with removing it: so it is
# looked for before them as well.
my sub read_files () {
    my $before = read_ext($PRIVATE_EXT);
    my @raw    = (cfs_read_file($PUBLIC) // '', cfs_read_file($PRIVATE) // '');
    push @raw, read_ext($EXT), read_ext($PRIVATE_EXT);
    return (PVE::RS::Notify->parse_config(@raw, { host => {%host} }), $before eq $raw[-1]);
}

# of this machine, as the library has it
my sub run_dir () {
    return $host{'run-dir'} if length($host{'run-dir'} // '');
    return $host{kind} eq 'pve' ? $PVE_RUN_DIR : path_of('run');
}

# This function and those below are called by code of other packages: an argument too many, perhaps of
# a later version, must not keep it from notifying. It is ignored.
sub read_config (@) {
    my ($config, $is_still) = read_files();

    # Somebody may be between two files right now; who holds the lock sees what is really on disk.
    if (!$LOCKED && (!$is_still || $config->is_torn)) {
        eval {
            lock_config(sub { ($config) = read_files() });
            1;
        }
            or warn "notification files can't be locked to read them again: $@";
    }
    PVE::Notify::Faults::log_new($config->get_faults, path_of(''), run_dir());
    return $config;
}

my sub write_ext ($file, $text, $mode) {
    my $path = path_of($file);
    return PVE::Notify::File::remove_file($path) if $text eq '';
    utf8::encode($text);
    my ($now) = PVE::Notify::File::read_file($path);
    return if defined($now) && $now eq $text;
    PVE::Notify::File::replace_file($path, $text, $mode);
    return;
}

# before any of them is written
my sub check_sizes (%text) {
    for my $file (sort keys %text) {
        utf8::encode(my $raw = $text{$file});
        PVE::Notify::File::check_size(path_of($file), $raw);
    }
    return;
}

# In this order: it is what lets the next reader notice a write that was cut short.
sub write_config ($config, @) {
    my ($ext,  $private_ext)  = $config->write_ext_config();
    my ($text, $private_text) = $config->write_config();
    check_sizes(
        $PUBLIC      => $text,
        $PRIVATE     => $private_text,
        $EXT         => $ext,
        $PRIVATE_EXT => $private_ext
    );
    if ($LOCKED) {
        PVE::Notify::File::sweep(path_of($_)) for $PUBLIC, $PRIVATE, $EXT, $PRIVATE_EXT;
    }
    my $force_utf8 = 1;
    write_ext($PRIVATE_EXT, $private_ext, oct('0600'));
    write_ext($EXT,         $ext,         oct('0640'));
    cfs_write_file($PUBLIC,  $text,         $force_utf8);
    cfs_write_file($PRIVATE, $private_text, $force_utf8);

 # The change is done already, and a record of it that stays is harmless: the next write removes it.
    if (!$config->needs_ext_config()) {
        eval { PVE::Notify::File::remove_file(path_of($PRIVATE_EXT)); 1 } or warn $@;
    }
    return;
}

# cfs_lock_file reports in $@ and returns undef: only the code itself knows that it has run
my sub locked ($file, $timeout, $code) {
    my ($done, $result);
    local $@ = '';
    cfs_lock_file($file, $timeout, sub { $result = $code->(); $done = 1 });
    die $@ || "cfs-lock '$file' error: the code did not run\n" if !$done;
    return $result;
}

sub lock_config ($code, $timeout = undef, @) {
    my $inside = sub { local $LOCKED = 1; return $code->() };
    return locked($PUBLIC, $timeout, sub { return locked($PRIVATE, $timeout, $inside) });
}

sub notify ($severity, $template, $data = {}, $fields = {}, $config = undef, @) {
    $config //= read_config();
    return log_delivery($config->send($severity, $template, $data, $fields));
}

# Logs what became of a notification and returns the targets' outcomes. A foreign object returns
# nothing: it has logged by itself.
sub log_delivery ($delivery = undef) {
    return [] if ref $delivery ne 'HASH';
    PVE::Notify::Log::log_line($_->@{qw(level text)}) for $delivery->{log}->@*;
    return $delivery->{targets};
}

sub info    (@args) { return notify('info',    @args) }
sub notice  (@args) { return notify('notice',  @args) }
sub warning (@args) { return notify('warning', @args) }
sub error   (@args) { return notify('error',   @args) }

sub refresh_oauth2_state () {
    my $run = read_config()->refresh_oauth2_state();
    for my $target (grep { defined $_->{error} } $run->{targets}->@*) {
        PVE::Notify::Log::log_line('err',
            "could not refresh the access token of target `$target->{target}`: $target->{error}");
    }
    log_delivery($run);
    return $run->{targets};
}

sub cluster_name () {
    my ($raw)  = PVE::Notify::File::read_file(path_of('corosync.conf'));
    my ($name) = ($raw // '') =~ /^\s*cluster_name:\s*(\S+)/m;
    return $name;
}

sub common_template_data (@) {
    require PVE::INotify;
    my $hostname = PVE::INotify::nodename();
    my $name     = cluster_name();
    return {
        hostname => $hostname,
        fqdn     => PVE::RS::Notify::fqdn() // $hostname,
        defined($name) ? ('cluster-name' => $name) : (),
    };
}

# Older permissions were given on the path without the s.
sub check_may_use_target ($target, $rpcenv, @) {
    my $user = $rpcenv->get_user();
    for my $entity (read_config()->get_referenced_entities($target)->@*) {
        my $privileges = ['Mapping.Use'];
        next if $rpcenv->check($user, "/mapping/notification/$entity", $privileges, 1);
        $rpcenv->check($user, "/mapping/notifications/$entity", $privileges);
    }
    return;
}

our @FUNCTIONS = qw(
    set_host read_config write_config lock_config notify info notice warning error log_delivery
    refresh_oauth2_state cluster_name common_template_data check_may_use_target
);

my @tried;

# The library parses and writes: Perl passes the text through. A missing file is an empty one.
my sub register_files () {
    for my $file ($PUBLIC, $PRIVATE) {
        push @tried, $file;
        cfs_register_file(
            $file,
            sub ($name, $raw,  @) { return $raw // '' },
            sub ($name, $text, @) { return $text },
        );
    }
    return;
}

sub install () {
    register_files();
    PVE::Notify::Legacy::offer(
        sub ($raw, $raw_private, @) {
            my @ours = (undef, undef, { host => {%host} });
            return PVE::RS::Notify->parse_config($raw, $raw_private, @ours);
        }
    );

    # the last, as it is what callers see
    no strict 'refs';    ## no critic (ProhibitNoStrict)
    *{"PVE::Notify::$_"} = \&{$_} for @FUNCTIONS;
    return;
}

sub give_up () {
    PVE::Notify::Legacy::withdraw();
    return @tried;
}

1;

__END__

=head1 NAME

PVE::Notify::Main - what PVE::Notify does

=head1 FUNCTIONS

=head2 install()

Registers the files with PVE::Cluster and makes the functions of this package those of L<PVE::Notify>,
where they are explained. Call it once.

=head2 give_up()

After an C<install> that died: returns the names of the files that it has registered or tried to, which
nobody can take back.

=cut
