package PVE::Notify;

# Perl's way to the notification configuration: reads it into a PVE::RS::Notify object, writes that
# back, locks its files, and sends. Loaded by every daemon and command that notifies, so it stays
# small. The same file serves PVE nodes and other machines; the latter say so once with set_host.

use v5.36;

use PVE::Cluster qw(cfs_register_file cfs_read_file cfs_write_file cfs_lock_file);
use PVE::Notify::File;
use PVE::Notify::Legacy;
use PVE::Notify::Log;
use PVE::RS::Notify;

my $PUBLIC  = 'notifications.cfg';
my $PRIVATE = 'priv/notifications.cfg';

# what PVE itself does not know of; PVE::Cluster does not list them
my $EXT         = 'notifications-ext.cfg';
my $PRIVATE_EXT = 'priv/notifications-ext.cfg';

my $PVE_DIR = '/etc/pve';

# The library parses and writes: Perl passes the text through. A missing file is an empty one.
for my $file ($PUBLIC, $PRIVATE) {
    cfs_register_file(
        $file,
        sub ($name, $raw,  @) { return $raw // '' },
        sub ($name, $text, @) { return $text },
    );
}

my %host = (kind => 'pve');

PVE::Notify::Legacy::offer(
    sub ($raw, $raw_private, @) {
        my @ours = (undef, undef, { host => {%host} });
        return PVE::RS::Notify->parse_config($raw, $raw_private, @ours);
    }
);

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

# One line, whatever stands in the file. Neither type nor name where they might show a secret.
my sub fault_text ($fault) {
    my $entry = length $fault->{type} ? ", $fault->{type} '$fault->{name}'" : '';
    return "$fault->{file} line $fault->{line}$entry: $fault->{reason}" =~ s/[[:cntrl:]]/ /gr;
}

# once for each state of the files, not at each reading
my sub log_faults ($config) {
    state $known = '';
    my $faults = $config->get_faults;
    my $state  = join "\n", map { fault_text($_) } @$faults;
    return if $state eq $known;
    $known = $state;
    PVE::Notify::Log::log_line('err', "notification entry is ignored: $_") for split /\n/, $state;
    return;
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
    log_faults($config);
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
            "could not renew the login of target `$target->{target}`: $target->{error}");
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

1;

__END__

=head1 NAME

PVE::Notify - reads, writes and locks the notification configuration, and sends

=head1 SYNOPSIS

    PVE::Notify::error('vzdump', $data, { type => 'vzdump', hostname => $hostname });

    my $config = PVE::Notify::read_config();

    PVE::Notify::lock_config(sub {
        my $config = PVE::Notify::read_config();
        # change it
        PVE::Notify::write_config($config);
    });

=head1 FUNCTIONS

Arguments beyond those named are ignored.

=head2 read_config()

The configuration as a L<PVE::RS::Notify> object. Dies where a file cannot be read or parsed. An
entry that is faulty takes no part; it is logged once and listed by C<get_faults>.

=head2 write_config($config)

Writes F<notifications.cfg>, F<priv/notifications.cfg> and, where there is a target with OAuth2, the
two F<notifications-ext.cfg>, which are removed with the last one. Call it inside C<lock_config>: there it also removes what a writer has left
that was killed.

=head2 lock_config($code, $timeout)

Runs C<$code> while the files are locked and returns its result. C<$timeout> is the time in seconds
to wait for each lock (default 10). An error of the code passes unchanged, an error of the locking
starts with C<cfs-lock>.

=head2 notify($severity, $template, $data, $fields, $config)

Sends a notification: C<$severity> is C<info>, C<notice>, C<warning>, C<error> or C<unknown>,
C<$template> the name of its template, C<$data> what that is filled with, C<$fields> what matchers
look at. C<$config> is read if it is not given. What did not arrive is logged. Returns the outcomes,
an array of hashes: C<target>, C<attempts> and C<recipients>, each with C<recipient> (a mail address,
if there is one), C<outcome> (C<sent>, C<unsent>, C<refused> or C<unknown>) and C<reason>.

=head2 info, notice, warning, error ($template, $data, $fields, $config)

The same with this severity.

=head2 log_delivery($delivery)

Logs what C<send> or C<test_target> of the configuration has returned, and returns the outcomes.

=head2 refresh_oauth2_state()

The daily run: renews the login of every target with OAuth2 that would end unused or has failed, each
by itself, logs what failed and tells the admins of targets that have stopped working. Returns an array
of hashes: C<target>, C<refreshed>, C<error> and C<health> (as the API's status of an endpoint).

=head2 cluster_name()

The name of the cluster, by F<corosync.conf>; undef where there is none.

=head2 common_template_data()

C<hostname>, C<fqdn> and, in a cluster, C<cluster-name>, for the data of a template.

=head2 check_may_use_target($target, $rpcenv)

Dies with 403 unless the user has C<Mapping.Use> on F</mapping/notifications/NAME> (or, as it was
once checked, F</mapping/notification/NAME>) of this target or matcher and of all its targets.

=head2 set_host({ kind => 'standalone', 'config-dir' => $dir })

Tells that this machine is not a PVE node; C<vendor-templates> may name the folder of its mail
templates. Entry points of such a host call it once, before the first C<read_config>.

=cut
