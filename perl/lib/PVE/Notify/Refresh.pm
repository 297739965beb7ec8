package PVE::Notify::Refresh;

# The command of the daily run: refreshes what is due and says what is wrong. A PVE node calls it from
# the unit of its daily update, other machines from a timer of their own.

use v5.36;

use PVE::Notify;
use PVE::Notify::Program;

my $USAGE = <<'END';
USAGE: %s [--verbose]

Refreshes the access token of every notification target that uses OAuth2, where
it was not refreshed for 20 hours or the last refresh failed, so that no refresh
token expires unused. What has stopped working is logged, and the administrators
are told over the other targets, once. Safe to run at any time and on all nodes
of a cluster at once.

  --verbose  a line for each target, not only for those with a problem
  --help     this text
  --version  the version of this program

EXIT STATUS: 0 all is well, 1 a target has a problem or the run failed,
2 wrong call
END

my sub line ($target) {
    my $health = $target->{health};
    my $text   = "$target->{target}: $health->{condition}";
    $text .= ', refreshed' if $target->{refreshed};
    my $error = $target->{error} // $health->{'last-error'};
    $text .= " - $error"                      if defined $error;
    $text .= " (warning: $health->{warning})" if defined $health->{warning};
    utf8::encode($text);
    return "$text\n";
}

my sub sum_up ($targets, $verbose) {
    my %count = (refreshed => 0, rested => 0, bad => 0);
    my @bad;
    for my $target (@$targets) {
        my $is_bad =
            defined $target->{error} || $target->{health}{condition} !~ /\A(?:ok|due|untested)\z/;
        $count{ $is_bad ? 'bad' : $target->{refreshed} ? 'refreshed' : 'rested' }++;
        push @bad, "target '$target->{target}': $target->{health}{condition}" if $is_bad;
        print line($target) if $verbose || $is_bad || defined $target->{health}{warning};
    }
    print "$count{refreshed} refreshed, $count{rested} not due, $count{bad} with a problem\n"
        if $verbose || $count{bad};
    return @bad ? (1, join ', ', @bad) : (0, undef);
}

# (exit status, what is wrong)
my sub refresh ($name, $verbose, $prepare) {
    print {*STDERR} "refreshing the access tokens of OAuth2 targets ...\n"
        if -t STDERR;    ## no critic (ProhibitInteractiveTest)
    my $targets = eval { $prepare->(); PVE::Notify::refresh_oauth2_state() };
    return sum_up($targets, $verbose) if $targets;
    my $error = ref $@ eq 'HASH' ? "$@->{message}\n" : "$@";
    print {*STDERR} "$name: $error";
    return (1, $error);
}

# On a node the vendor's modules may have taken the place of ours, which alone can refresh.
my sub refresh_if_ours ($name, $verbose, $prepare) {
    return refresh($name, $verbose, $prepare) if PVE::Notify->can('refresh_oauth2_state');
    my $verdict = PVE::Notify::Guard->can('verdict') ? PVE::Notify::Guard::verdict() : {};
    my $reason  = $verdict->{reason} // 'no reason given';
    my $error   = "the vendor's modules are in charge: $reason";
    print {*STDERR} "$name: $error; see pve-notify-node status\n";
    return ($verdict->{level} // 'err') eq 'info' ? (0, undef) : (1, $error);
}

sub run ($class, $name, $args, %hook) {
    local $SIG{__WARN__} = sub ($text) { print {*STDERR} "$name: $text" };
    my ($option, $answered) =
        PVE::Notify::Program::options($name, sprintf($USAGE, $name), [@$args], ['verbose|v']);
    return $answered if !$option;
    my ($status, $error) =
        refresh_if_ours($name, $option->{verbose}, $hook{prepare} // sub { });
    $hook{leave}->($status, $error) if $hook{leave};
    return $status;
}

1;

__END__

=head1 NAME

PVE::Notify::Refresh - the command of the daily run

=head1 SYNOPSIS

    exit(PVE::Notify::Refresh->run('pve-notify-refresh', \@ARGV));

=head1 DESCRIPTION

C<run> refreshes the access tokens of OAuth2 targets by L<PVE::Notify/refresh_oauth2_state()>, prints
what is wrong (with C<--verbose> everything) and returns the exit status. Where the vendor's modules are
in charge of a node it says so and refreshes nothing.

Two hooks may follow the arguments: C<prepare> is called before the configuration is read, C<leave> after
the run, with the exit status and a text of what is wrong (undef: nothing). A call that only asks for help,
or is wrong, is no run.

=cut
