package PVE::NotifyNode::System;

# The node that is looked at: where its files lie, whom they belong to, and how its programs are run.
# A test gives it another root; the installed program has no way to.

use v5.36;

use File::Temp ();
use POSIX      ();

my $SECONDS = 60;

my %INSTALLED = (
    root      => '',
    proc      => '/proc',
    perl      => ['/usr/bin/perl', '-T'],
    systemctl => ['/usr/bin/systemctl'],
    dpkg      => ['/usr/bin/dpkg-query'],
    owner     => 0,
    group     => scalar getgrnam('www-data'),
    host      => { kind => 'pve' },
    state     => undef,
    input     => \*STDIN,
    seconds   => $SECONDS,
);

sub new ($class, %option) {
    for my $name (sort keys %option) {
        die "system option '$name': unknown\n" if !exists $INSTALLED{$name};
    }
    return bless { %INSTALLED, %option }, $class;
}

sub path ($self, $path) {
    return "$self->{root}$path";
}

sub pve ($self, $file) {
    return $self->path("/etc/pve/$file");
}

sub state_dir ($self) {
    return $self->{state} // $self->pve('priv/notification-oauth2');
}

sub own_dir ($self) {
    return $self->path('/var/lib/pve-notify-oauth2');
}

sub off_flag ($self) {
    return $self->own_dir . '/off';
}

# pmxcfs shows this link and an unmounted folder has none
sub is_mounted ($self) {
    return -l $self->pve('local') ? 1 : 0;
}

my sub content ($fh) {
    seek $fh, 0, 0;
    local $/ = undef;
    return readline($fh) // '';
}

my sub wait_for ($pid, $seconds) {
    my $ended = eval {
        local $SIG{ALRM} = sub { die "timeout\n" };
        alarm $seconds;
        waitpid $pid, 0;
        alarm 0;
        1;
    };
    alarm 0;
    return $? if $ended;
    kill KILL => $pid;
    waitpid $pid, 0;
    return;
}

# Runs a program: { status, out, err }; a status of undef means that it did not end.
sub run ($self, @command) {
    my ($out, $err) = map { File::Temp->new } 1 .. 2;
    my $pid = fork // die "can't fork: $!\n";
    if (!$pid) {
        open STDIN,  '<',  '/dev/null' or POSIX::_exit(127);
        open STDOUT, '>&', $out        or POSIX::_exit(127);
        open STDERR, '>&', $err        or POSIX::_exit(127);
        local $ENV{PATH} = '/usr/sbin:/usr/bin:/sbin:/bin';
        exec { $command[0] } @command
            or print {*STDERR} "$command[0]: $!\n";
        POSIX::_exit(127);
    }
    my $status = wait_for($pid, $self->{seconds});
    $status >>= 8 if defined $status && $status > 255;
    return { status => $status, out => content($out), err => content($err) };
}

1;

__END__

=head1 NAME

PVE::NotifyNode::System - the files and programs of a node

=head1 SYNOPSIS

    my $system = PVE::NotifyNode::System->new;
    my $result = $system->run($system->{systemctl}->@*, 'is-active', 'pvedaemon');

=head1 DESCRIPTION

C<path($path)> puts the root before an absolute path, C<pve($file)> is a file below F</etc/pve>,
C<state_dir> the folder of the OAuth2 records, C<own_dir> that of what concerns this node alone,
C<off_flag> the file that hands over to the vendor's modules. C<run(@command)> returns C<status>,
C<out> and C<err>; the status is undef if the program did not end in time.

=cut
