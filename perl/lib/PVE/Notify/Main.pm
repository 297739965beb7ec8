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

# in which they are written
my @FILES = ($PRIVATE_EXT, $EXT, $PUBLIC, $PRIVATE);

# a change of several of them that is going on, or was cut short
my $PENDING = 'priv/notifications-pending.cfg';

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

my sub read_raw ($file) {
    my ($raw) = PVE::Notify::File::read_file(path_of($file));
    return $raw // '';
}

my sub is_pending () {
    return -e path_of($PENDING);
}

# undef where it cannot be read
my sub pending () {
    require PVE::Notify::Pending;
    return PVE::Notify::Pending::get(path_of($PENDING));
}

# Contents by name, and whether the files held still: no change was going on, and the first and the last
# of them are what they were.
my sub read_texts () {
    my $is_still = !is_pending();
    my $before   = read_raw($PRIVATE_EXT);
    my %text     = map { $_ => cfs_read_file($_) // '' } $PUBLIC, $PRIVATE;
    $text{$_} = read_raw($_) for $EXT, $PRIVATE_EXT;
    $is_still &&= !is_pending() && $before eq $text{$PRIVATE_EXT};
    $is_still &&= (cfs_read_file($PUBLIC) // '') eq $text{$PUBLIC};
    return (\%text, $is_still);
}

my sub parse ($text) {
    return PVE::RS::Notify->parse_config(@$text{ $PUBLIC, $PRIVATE, $EXT, $PRIVATE_EXT },
        { host => {%host} });
}

# Of who may not write: as if the change that is put down were complete.
my sub completed ($text) {
    my $files = pending() // [];
    return $text if PVE::Notify::Pending::edited($files, %$text);
    return { %$text, map { $_->{name} => $_->{final} } @$files };
}

# of this machine, as the library has it
my sub run_dir () {
    return $host{'run-dir'} if length($host{'run-dir'} // '');
    return $host{kind} eq 'pve' ? $PVE_RUN_DIR : path_of('run');
}

# This function and those below are called by code of other packages: an argument too many, perhaps of
# a later version, must not keep it from notifying. It is ignored.
sub read_config (@) {
    complete() if $LOCKED;
    my ($text, $is_still) = read_texts();
    my $config = parse($text);

    # Somebody may be between two files right now; who holds the lock sees what is really on disk.
    if (!$LOCKED && (!$is_still || $config->is_torn)) {
        eval {
            lock_config(sub { complete(); ($text) = read_texts() });
            1;
        }
            or warn "notification files can't be locked to read them again: $@";
        $config = parse(completed($text));
    }
    PVE::Notify::Faults::log_new($config->get_faults, path_of(''), run_dir());
    return $config;
}

# bytes of a file; one of ours that says nothing is none
my sub write_raw ($file, $raw) {
    my $path = path_of($file);
    return PVE::Notify::File::remove_file($path) if $raw eq '' && $file =~ /-ext[.]cfg\z/;
    return                                       if -e $path   && read_raw($file) eq $raw;
    if ($file =~ /-ext[.]cfg\z/) {
        my $mode = $file eq $PRIVATE_EXT ? oct('0600') : oct('0640');
        return PVE::Notify::File::replace_file($path, $raw, $mode);
    }
    my $force_utf8 = 1;
    utf8::decode($raw);
    return cfs_write_file($file, $raw, $force_utf8);
}

my sub end_of_change () {
    PVE::Notify::Pending::remove(path_of($PENDING));
    return;
}

# Under the lock: completes a change that was cut short. Where somebody has edited one of its files since,
# nobody knows on what: all stays as it is, and the record of the change, if it was not written yet, is, so
# that no secret meets the host of other settings.
sub complete () {
    return if !is_pending();
    my $files  = pending();
    my %now    = map { $_ => read_raw($_) } @FILES;
    my @edited = PVE::Notify::Pending::edited($files // [], %now);
    if ($files && !@edited) {
        my %final = map { $_->{name} => $_->{final} } @$files;

        # by the names of here, which perl -T trusts
        write_raw($_, $final{$_}) for grep { exists $final{$_} } @FILES;
        return end_of_change();
    }
    my ($record) = grep { $_->{name} eq $PRIVATE_EXT } $files ? @$files : ();
    write_raw($PRIVATE_EXT, $record->{between})
        if $record && $record->{between} ne '' && $now{$PRIVATE_EXT} eq '';
    my $why = $files ? "@edited was edited since" : "'$PENDING' is damaged";
    PVE::Notify::Log::log_line('err',
        "a change of the notification configuration was cut short and is not completed, as $why; "
            . 'check the targets and matchers');
    return end_of_change();
}

# Where several files change they change as one. In this order: it is what lets a reader who does not know
# of pending changes notice one that was cut short.
sub write_config ($config, @) {
    my %text;
    @text{ $EXT,    $PRIVATE_EXT } = $config->write_ext_config();
    @text{ $PUBLIC, $PRIVATE }     = $config->write_config();
    for my $file (@FILES) {
        utf8::encode($text{$file});
        PVE::Notify::File::check_size(path_of($file), $text{$file});
    }
    if ($LOCKED) {
        PVE::Notify::File::sweep(path_of($_)) for @FILES, $PENDING;
    }
    my %final  = (%text, $config->needs_ext_config() ? () : ($PRIVATE_EXT => ''));
    my %now    = map  { $_ => read_raw($_) } @FILES;
    my @files  = grep { $now{$_} ne $final{$_} || $now{$_} ne $text{$_} } @FILES;
    my $is_one = @files < 2 && !is_pending();
    if (!$is_one) {
        require PVE::Notify::Pending;
        PVE::Notify::Pending::put(path_of($PENDING),
            map { [$_, $now{$_}, $final{$_}, $text{$_} eq $final{$_} ? undef : $text{$_}] } @files);
    }

    # where nothing of ours is there, the record of the change is in what is pending alone
    $text{$PRIVATE_EXT} = '' if $final{$PRIVATE_EXT} eq '' && $now{$PRIVATE_EXT} eq '';
    write_raw($_, $text{$_}) for @FILES;

    # The change is done already, and what stays is harmless: the next write removes it.
    my $is_ended = eval {
        write_raw($PRIVATE_EXT, $final{$PRIVATE_EXT});
        end_of_change() if !$is_one;
        1;
    };
    warn $@ if !$is_ended;
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
