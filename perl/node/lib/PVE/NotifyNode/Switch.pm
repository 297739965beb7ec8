package PVE::NotifyNode::Switch;

# Hands over to the vendor's modules, and takes back: a flag file that PVE::Notify::Guard looks at,
# and a reload of the daemons that bear one.

use v5.36;

use PVE::Notify::File;
use PVE::NotifyNode::Daemons;
use PVE::NotifyNode::Facts;
use PVE::NotifyNode::Records;
use PVE::NotifyNode::Targets;
use PVE::NotifyNode::Terminal;

my $DONE      = 0;
my $ATTENTION = 1;
my $MISUSE    = 2;

my sub complain ($cause, $fix) {
    PVE::NotifyNode::Terminal->complain($cause, $fix);
    return $ATTENTION;
}

my sub is_active ($system, $name) {
    my $run = $system->run($system->{systemctl}->@*, 'is-active', '--quiet', $name);
    return defined $run->{status} && $run->{status} == 0;
}

# All are asked, also after one has failed.
my sub reload ($system) {
    my $status = $DONE;
    for my $name (grep { is_active($system, $_) } PVE::NotifyNode::Daemons->reloaded) {
        my $run = $system->run($system->{systemctl}->@*, 'reload-or-restart', $name);
        if (defined $run->{status} && $run->{status} == 0) {
            print "reloaded $name\n";
        } else {
            $status = complain("$name was not reloaded", "systemctl reload-or-restart $name");
        }
    }
    for my $name (grep { is_active($system, $_) } qw(pve-ha-crm pve-ha-lrm)) {
        print "not reloaded: $name; ", PVE::NotifyNode::Daemons->command($name), "\n";
    }
    return $status;
}

# Whether they may be cut off: a status, or undef.
my sub refusal ($system) {
    my $targets = PVE::NotifyNode::Targets->oauth2($system);
    return if !@$targets;
    my $names  = PVE::NotifyNode::Terminal->names(@$targets);
    my $vendor = PVE::NotifyNode::Facts->probe($system)->{guard}{'vendor-has-feature'};
    print {*STDERR} $vendor
        ? "OAuth2 targets that may need a new authorization: $names\n"
        : "OAuth2 targets that stop working: $names\n";
    my $answer = PVE::NotifyNode::Terminal->confirm($system, 'Hand over to the vendor\'s modules?');
    return $MISUSE                                              if !defined $answer;
    return complain('nothing was changed', 'answer y to go on') if !$answer;
    return;
}

sub off ($class, $system, $is_sure) {
    if (!$is_sure && !-e $system->off_flag) {
        my $refused = refusal($system);
        return $refused if defined $refused;
    }
    PVE::NotifyNode::Records->make_own_dir($system);
    PVE::Notify::File::replace_file($system->off_flag, '', oct '0644');
    print "off: the vendor's modules are in charge\n";
    return reload($system);
}

sub on ($class, $system, $) {
    my $flag = $system->off_flag;
    if (!unlink($flag) && !$!{ENOENT}) {
        return complain("'$flag' cannot be deleted: $!", "rm '$flag'");
    }
    my $status  = reload($system);
    my $probe   = PVE::NotifyNode::Facts->probe($system);
    my @entries = values(($probe->{entries} // {})->%*);
    if (!@entries || grep { !$_->{ours} } @entries) {
        my $reason = ($probe->{guard}{verdict} // {})->{reason} // $probe->{error}
            // (grep {defined} map { $_->{error} } @entries)[0] // 'no reason given';
        return complain("the vendor's modules stay in charge: $reason", 'pve-notify-node status');
    }
    print "on: our modules are in charge\n";
    return $status;
}

1;

__END__

=head1 NAME

PVE::NotifyNode::Switch - hands over to the vendor's modules and takes back

=head1 DESCRIPTION

C<off($system, $is_sure)> makes F</var/lib/pve-notify-oauth2/off>, C<on($system)> removes it; both then
ask those daemons to reload that run. Unless the caller is sure, C<off> lists OAuth2 targets and asks.
Both return an exit status.

=cut
