package PVE::SafeSyslog;

# Logging that never fails: where there is no log daemon, messages go to standard error.

use v5.36;

use Exporter    qw(import);
use Sys::Syslog ();

our @EXPORT = qw(syslog initlog);    ## no critic (ProhibitAutomaticExportation)

my ($ident, $facility) = ('pve-notify', 'daemon');

sub initlog ($tag, $new_facility = 'daemon') {
    ($ident, $facility) = ($tag, $new_facility);
    Sys::Syslog::closelog();
    return;
}

sub syslog ($level, $format, @values) {
    my $text = sprintf($format, @values);
    utf8::encode($text) if utf8::is_utf8($text);
    my $logged = -S '/dev/log' && eval {
        local $SIG{__WARN__} = sub { };
        Sys::Syslog::openlog($ident, 'pid,ndelay', $facility);
        Sys::Syslog::syslog($level, '%s', $text);
        1;
    };
    print {*STDERR} "$ident: $level: $text\n" if !$logged;
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

Logs a message. Never dies: if there is no log daemon, the message goes to standard error.

=cut
