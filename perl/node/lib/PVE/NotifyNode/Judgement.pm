package PVE::NotifyNode::Judgement;

# From facts to what needs attention: each a cause and what fixes it.

use v5.36;

use POSIX ();
use PVE::NotifyNode::Facts;
use PVE::NotifyNode::Records;

my $PACKAGE = $PVE::NotifyNode::Facts::PACKAGE;
my $LATE    = 36 * 3600;

my sub trouble ($cause, $fix) {
    return { cause => $cause, fix => $fix };
}

sub moment ($class, $time) {
    return POSIX::strftime('%Y-%m-%d %H:%M:%S', localtime $time);
}

my sub of_entries ($facts) {
    my $probe = $facts->{probe};
    return trouble("the modules cannot be tried: $probe->{error}",
        "apt install --reinstall $PACKAGE")
        if defined $probe->{error};
    my ($verdict, $entries) = ($facts->{verdict}, $probe->{entries});
    my @broken = grep { defined $entries->{$_}{error} } sort keys %$entries;
    return map {
        trouble("$_ cannot be loaded: $entries->{$_}{error}", "apt install --reinstall $PACKAGE")
        } @broken
        if @broken;
    my @theirs = grep { !$entries->{$_}{ours} } sort keys %$entries;
    return () if !@theirs;
    return trouble("$theirs[0] comes from '" . ($entries->{ $theirs[0] }{file} // '') . "'",
        "apt install --reinstall $PACKAGE")
        if !$verdict || $verdict->{ours};
    return trouble(
        "the vendor's modules are in charge: " . ($verdict->{reason} // 'no reason given'),
        "upgrade $PACKAGE: apt update && apt full-upgrade")
        if ($verdict->{level} // '') eq 'err';
    my $count = $facts->{targets}->@* or return ();
    my $names = join ', ', map {"'$_->{name}'"} $facts->{targets}->@*;
    return trouble("OAuth2 targets cannot send: $names", 'pve-notify-node on')
        if $facts->{off} && !$probe->{guard}{'vendor-has-feature'};
    return ();
}

my sub of_daemons ($facts) {
    return map {
        my $pids = join ', ', $_->{pids}->@*;
        trouble("$_->{name} (PID $pids) $_->{reason}", $_->{command})
    } $facts->{daemons}->@*;
}

my sub of_daily_run ($facts) {
    my $run = $facts->{'last-run'};
    my @all;
    push @all,
        trouble(
        'the drop-in of pve-daily-update.service is missing',
        "apt install --reinstall $PACKAGE; systemctl daemon-reload"
        ) if !$facts->{'drop-in'};
    if (!$run) {
        push @all,
            trouble('the daily run has not run on this node yet', 'pve-notify-refresh --verbose');
    } elsif (abs(time - $run->{time}) > $LATE) {
        my $when = PVE::NotifyNode::Judgement->moment($run->{time});
        push @all,
            trouble(
            "the daily run is overdue: the last one was at $when",
            'check: systemctl status pve-daily-update.timer'
            );
    }
    push @all,
        trouble('the daily run failed: ' . ($run->{error} // 'no reason given'),
        'pve-notify-refresh --verbose')
        if $run && $run->{result};
    return @all;
}

my sub of_node ($facts, $node) {
    my $name = "node '$node->{name}'";
    return trouble("$name has not reported yet",
        "on it: apt install $PACKAGE && pve-notify-refresh")
        if !defined $node->{time};
    return trouble("$name: not seen since " . PVE::NotifyNode::Judgement->moment($node->{time}),
        'on it: pve-notify-node status')
        if PVE::NotifyNode::Records->is_old($node);
    my @all;
    my ($ours, $theirs) = ($facts->{versions}{ours}, $node->{version} // 'none');
    push @all,
        trouble(
        "$name has version $theirs, this node $ours",
        "on the older one: apt update && apt install $PACKAGE"
        ) if $theirs ne $ours;
    push @all,
        trouble("daily run of $name failed: " . ($node->{error} // 'no reason given'),
        'on it: pve-notify-node status')
        if $node->{result};
    return @all;
}

my sub of_cluster ($facts) {
    my $probe = $facts->{probe};
    my @all;
    push @all, trouble("'/etc/pve' is not mounted", 'systemctl start pve-cluster')
        if !$facts->{mounted};
    push @all,
        trouble("the nodes of the cluster are unknown: $probe->{'cluster-error'}",
        'systemctl restart pve-cluster')
        if defined $probe->{'cluster-error'};
    return (@all, map { of_node($facts, $_) } grep { !$_->{'is-self'} } $facts->{nodes}->@*);
}

my sub of_targets ($facts) {
    my $error = $facts->{probe}{'targets-error'} // $facts->{'targets-error'};
    return trouble("the targets cannot be read: $error", 'check that file') if defined $error;
    my @all;
    for my $target ($facts->{targets}->@*) {
        my $condition = $target->{condition} // 'ok';
        next if $condition =~ /\A(?:ok|due|untested)\z/;
        my $cause = "target '$target->{name}': $condition";
        $cause .= " ($target->{'last-error'})" if defined $target->{'last-error'};
        my $fix = $target->{cure}
            // "pvesh get /cluster/notifications/endpoints/smtp/$target->{name}/status";
        push @all, trouble($cause, $fix);
    }
    return @all;
}

sub troubles ($class, $facts) {
    return [
        of_entries($facts), of_daemons($facts),   of_daily_run($facts),
        of_cluster($facts), $facts->{rights}->@*, of_targets($facts)
    ];
}

1;

__END__

=head1 NAME

PVE::NotifyNode::Judgement - what needs attention on a node

=head1 DESCRIPTION

C<troubles($facts)> returns an array of hashes, C<cause> and C<fix>, of what L<PVE::NotifyNode::Facts> has
found; an empty one if all is well. C<moment($time)> is a date as people read it.

=cut
