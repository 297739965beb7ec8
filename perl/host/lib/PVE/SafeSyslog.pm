package PVE::SafeSyslog;

# Logging that never fails: where there is no log daemon, messages go to standard error.

use v5.36;

use Exporter    qw(import);
use Sys::Syslog ();

our @EXPORT = qw(syslog initlog);    ## no critic (ProhibitAutomaticExportation)

my %level = map { $_ => 1 } qw(emerg alert crit err warning notice info debug);
my ($ident, $facility) = ('pve-notify', 'daemon');

sub initlog ($tag, $new_facility = 'daemon') {
    ($ident, $facility) = ($tag, $new_facility);
    Sys::Syslog::closelog();
    return;
}

# of a handle that may have been told to take characters
my sub print_bytes ($bytes) {
    open(my $fh, '>&', \*STDERR) or return;
    binmode($fh);
    print {$fh} $bytes;
    close($fh);
    return;
}

# Takes bytes: as on a node, a line with any character above U+00FF is gone, or with a level that
# syslog(3) lacks.
sub syslog ($level, $format, @values) {
    my $bytes = sprintf($format, @values);
    return if !$level{$level} || !utf8::downgrade($bytes, 1);
    my $logged = -S '/dev/log' && eval {
        local $SIG{__WARN__} = sub { };
        Sys::Syslog::openlog($ident, 'pid,ndelay', $facility);
        Sys::Syslog::syslog($level, '%s', $bytes);
        1;
    };
    print_bytes("$ident: $level: $bytes\n") if !$logged;
    return;
}

1;

__END__

=head1 NAME

PVE::SafeSyslog - writes to the system's log

=head1 FUNCTIONS

=head2 initlog($tag, $facility)

Sets the tag (C<pve-notify>) and the facility (C<daemon>) of what follows.

=head2 syslog($level, $format, @values)

Logs a message of bytes; one with a character above U+00FF, or with an
unknown level, is lost. Never dies: if there is no log
daemon, the message goes to standard error.

=cut
