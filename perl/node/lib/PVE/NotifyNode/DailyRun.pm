package PVE::NotifyNode::DailyRun;

# What the daily run of a node leaves behind: its result, the node's version for the others, and a
# line in the log while the vendor's modules could take over. None of it makes the run fail.

use v5.36;

use PVE::NotifyNode;
use PVE::NotifyNode::Records;
use PVE::NotifyNode::System;

my $HANDOVER = 'Proxmox VE can log in with OAuth2 itself; "pve-notify-node off" hands over to it';

my sub attempt ($what, $fix, $code) {
    return if eval { $code->(); 1 };
    my $error = $@ =~ s/\s+\z//r;
    print {*STDERR} "pve-notify-refresh: warning: $what: $error; $fix\n";
    return;
}

# Not where that has been done already.
my sub may_hand_over ($system) {
    return 0 if -e $system->off_flag;
    my ($has_feature, $has_targets) =
        map { PVE::Notify::Guard->can($_) } qw(vendor_has_feature has_oauth2_targets);
    return $has_feature && $has_targets && $has_feature->() && $has_targets->();
}

sub nodename ($class) {
    require PVE::INotify;
    return PVE::INotify::nodename();
}

sub leave ($class, $status, $error, $system = PVE::NotifyNode::System->new) {
    my $record =
        PVE::NotifyNode::Records->record($status, $error, version => $PVE::NotifyNode::VERSION);
    attempt(
        'the result was not stored',
        'check disk space and permissions',
        sub { PVE::NotifyNode::Records->write_last_run($system, $record) }
    );
    attempt(
        'the version of this node was not stored',
        'check the quorum: pvecm status',
        sub { PVE::NotifyNode::Records->write_node($system, $class->nodename, $record) }
    );
    attempt(
        'the log was not written',
        'pve-notify-node status',
        sub {
            return if !may_hand_over($system);
            require PVE::SafeSyslog;
            PVE::SafeSyslog::syslog('info', '%s', $HANDOVER);
        }
    );
    return;
}

1;

__END__

=head1 NAME

PVE::NotifyNode::DailyRun - what the daily run of a node leaves behind

=head1 DESCRIPTION

C<leave($status, $error, $system)> stores the result of a run and the node's version (see
L<PVE::NotifyNode::Records>), and logs that C<pve-notify-node off> hands over, where
PVE::Notify::Guard finds that the vendor's modules know OAuth2 while ours have targets with it. What
cannot be written is a warning.

=cut
