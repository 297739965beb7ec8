package PVE::NotifyNode::Report;

# Prints the status of a node: as JSON for programs, else for people.

use v5.36;

use JSON::PP ();
use PVE::NotifyNode::Facts;
use PVE::NotifyNode::Judgement;

my @CONDITIONS = qw(ok due failing authorize-again misconfigured);

my sub owner_of ($facts, $entry) {
    return defined $entry->{error} ? 'not loaded' : $entry->{ours} ? 'ours' : "the vendor's";
}

my sub entries ($facts) {
    my $entries = $facts->{probe}{entries} // {};
    my $reason  = ($facts->{verdict} // {})->{reason};
    my @lines   = map {
        my $entry = $entries->{$_};
        [
            $_, join ', ', grep {defined} owner_of($facts, $entry),
            $entry->{file}, $entry->{ours} ? undef : $reason
        ]
    } sort keys %$entries;
    return @lines;
}

my sub versions ($facts) {
    my $versions = $facts->{versions};
    my $packages = $facts->{packages};
    return (
        ['library', $versions->{library} // 'not found'],
        ['perl',    $versions->{perl}    // 'unknown'],
        map { [$_, $packages->{$_}] } sort keys %$packages
    );
}

my sub result_of ($record) {
    my $how = $record->{result} ? 'failed' : 'all well';
    $how .= ": $record->{error}" if defined $record->{error};
    return PVE::NotifyNode::Judgement->moment($record->{time}) . ", $how";
}

my sub daily_run ($facts) {
    my $run = $facts->{'last-run'};
    return (['last', $run ? result_of($run) : 'none'],
        ['drop-in', $facts->{'drop-in'} ? 'in place' : 'missing']);
}

my sub nodes ($facts) {
    return map { [
        $_->{name},
        $_->{'is-self'} ? "$facts->{versions}{ours}, this node"
        : defined $_->{time}
        ? ($_->{version} // 'none') . ', seen ' . PVE::NotifyNode::Judgement->moment($_->{time})
        : 'not seen'
    ] } $facts->{nodes}->@*;
}

sub count_targets ($class, $facts) {
    my %count;
    $count{ $_->{condition} // 'unknown' }++ for $facts->{targets}->@*;
    return \%count;
}

my sub targets ($facts) {
    my $count = PVE::NotifyNode::Report->count_targets($facts);
    my @known = grep { $count->{$_} } @CONDITIONS, 'unknown';
    return @known ? map { [$_, $count->{$_}] } @known : ['none', ''];
}

my sub section ($title, @rows) {
    return '' if !@rows;
    my ($width) = sort { $b <=> $a } map { length $_->[0] } @rows;
    return join '', "$title:\n",
        map { sprintf("  %-*s  %s", $width, @$_) =~ s/\s+\z//r . "\n" } @rows;
}

sub text ($class, $facts, $troubles) {
    my @daemons = map { [$_->{name}, $_->{reason}] } $facts->{daemons}->@*;
    my $text    = join "\n",
        grep {length} (
        section('modules',        entries($facts)),
        section('versions',       versions($facts)),
        section('daemons',        @daemons ? @daemons : ['all', 'up to date']),
        section('daily run',      daily_run($facts)),
        section('nodes',          nodes($facts)),
        section('OAuth2 targets', targets($facts)),
        );
    return "$text\nall is well\n" if !@$troubles;
    my $count = @$troubles;
    my $list  = join '', map {"  $_->{cause}\n    fix: $_->{fix}\n"} @$troubles;
    return "$text\nneeds attention ($count):\n$list";
}

sub json ($class, $facts, $troubles) {
    my $probe = $facts->{probe};
    my $bool  = sub ($value) { return $value ? JSON::PP::true() : JSON::PP::false() };
    my %entry = map {
        my $entry = $probe->{entries}{$_};
        $_ => { $entry->%{qw(file error)}, ours => $bool->($entry->{ours}) }
    } keys +($probe->{entries} // {})->%*;
    my $answer = {
        ok             => $bool->(!@$troubles),
        problems       => $troubles,
        'entry-points' => \%entry,
        reason         => ($facts->{verdict} // {})->{reason},
        off            => $bool->($facts->{off}),
        versions       => { $facts->{versions}->%*, packages => $facts->{packages} },
        daemons        => $facts->{daemons},
        'daily-run' => { last => $facts->{'last-run'}, 'drop-in' => $bool->($facts->{'drop-in'}) },
        node        => $facts->{node},
        nodes   => [map { +{ %$_, 'is-self' => $bool->($_->{'is-self'}) } } $facts->{nodes}->@*],
        targets => $class->count_targets($facts),
    };
    return JSON::PP->new->canonical->encode($answer) . "\n";
}

1;

__END__

=head1 NAME

PVE::NotifyNode::Report - the status of a node for people and programs

=head1 DESCRIPTION

C<text($facts, $troubles)> and C<json($facts, $troubles)> return what is printed; C<count_targets($facts)>
is a hash of how many OAuth2 targets are in which condition.

=cut
