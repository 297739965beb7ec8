package PVE::Notify::Refresh;

# The command of the daily run: renews the logins of OAuth2 targets and sums up. Whoever starts it has
# said before which kind of machine this is.

use v5.36;

use PVE::Notify;
use PVE::Notify::Program;

my $USAGE = <<'END';
USAGE: %s [--verbose]

Renews the login of every notification target that uses OAuth2, where it was
not used for 20 hours or the last renewal failed, so that none ends unused.
What has stopped working is logged and told to the administrators over the other
targets, once. Safe to run at any time and on all nodes of a cluster at once.

  --verbose  a line for each target, not only for those with a problem
  --help     this text
  --version  the version of this program

Exit status: 0 if all is well, 1 if a target has a problem or the run failed,
2 for a wrong call.
END

my sub line ($target) {
    my $health = $target->{health};
    my $text   = "$target->{target}: $health->{condition}";
    $text .= ', renewed' if $target->{refreshed};
    my $error = $target->{error} // $health->{'last-error'};
    $text .= " - $error"                      if defined $error;
    $text .= " (warning: $health->{warning})" if defined $health->{warning};
    return "$text\n";
}

# name: that of the program; prepare: what is to be done before the configuration is read
sub run ($class, $name, $args, $prepare = sub { }) {
    local $SIG{__WARN__} = sub ($text) { print {*STDERR} "$name: $text" };
    my $usage = sprintf $USAGE, $name;
    my ($option, $status) =
        PVE::Notify::Program::options($name, $usage, [@$args], ['verbose|v']);
    return $status if !$option;
    my $verbose = $option->{verbose};
    print {*STDERR} "renewing the logins of OAuth2 targets ...\n"
        if -t STDERR;    ## no critic (ProhibitInteractiveTest)
    my $targets = eval { $prepare->(); PVE::Notify::refresh_oauth2_state() };
    if (!$targets) {
        my $error = ref $@ eq 'HASH' ? "$@->{message}\n" : $@;
        print {*STDERR} "$name: $error";
        return 1;
    }
    my %count = (renewed => 0, rested => 0, bad => 0);
    for my $target (@$targets) {
        my $is_bad = defined $target->{error} || $target->{health}{condition} !~ /\A(?:ok|due)\z/;
        $count{ $is_bad ? 'bad' : $target->{refreshed} ? 'renewed' : 'rested' }++;
        print line($target) if $verbose || $is_bad || defined $target->{health}{warning};
    }
    print "$count{renewed} renewed, $count{rested} not due, $count{bad} with a problem\n"
        if $verbose || $count{bad};
    return $count{bad} ? 1 : 0;
}

1;

__END__

=head1 NAME

PVE::Notify::Refresh - the command of the daily run

=head1 SYNOPSIS

    exit(PVE::Notify::Refresh->run('pve-notify-refresh', \@ARGV));

=head1 DESCRIPTION

C<run> renews the logins of OAuth2 targets by L<PVE::Notify/refresh_oauth2_state()>, prints what is
wrong (with C<--verbose> everything) and returns the exit status. A third argument is called before
the configuration is read.

=cut
