package PVE::Notify::Refresh;

# The command of the daily run: renews the logins of OAuth2 targets and sums up. Whoever starts it has
# said before which kind of machine this is.

use v5.36;

use Getopt::Long ();
use PVE::Notify;

my $USAGE = <<'END';
usage: pve-notify-refresh [--verbose]

Renews the login of every notification target that uses OAuth2, where it was not used for 20 hours or
the last renewal failed, so that none ends unused. What has stopped working is logged and told to the
admins over the other targets, once. Safe to run at any time and on all nodes of a cluster at once.

  --verbose  a line for each target, not only for those with a problem
  --help     this text

Exit status: 0 if all is well, 1 if a target has a problem, 2 for a wrong call.
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

sub run ($class, @args) {
    my ($verbose, $help);
    my $parser = Getopt::Long::Parser->new(config => ['no_ignore_case']);
    local $SIG{__WARN__} = sub ($text) { print {*STDERR} "pve-notify-refresh: $text" };
    my $known = $parser->getoptionsfromarray(\@args, 'verbose|v' => \$verbose, 'help|h' => \$help);
    if (!$known || @args) {
        print {*STDERR} "pve-notify-refresh: unexpected '$args[0]'\n" if @args;
        print {*STDERR} $USAGE;
        return 2;
    }
    if ($help) {
        print $USAGE;
        return 0;
    }
    print {*STDERR} "renewing the logins of OAuth2 targets ...\n"
        if -t STDERR;    ## no critic (ProhibitInteractiveTest)
    my $targets = eval { PVE::Notify::refresh_oauth2_state() };
    if (!$targets) {
        my $error = ref $@ eq 'HASH' ? "$@->{message}\n" : $@;
        print {*STDERR} "pve-notify-refresh: $error";
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

    exit(PVE::Notify::Refresh->run(@ARGV));

=head1 DESCRIPTION

C<run> renews the logins of OAuth2 targets by L<PVE::Notify/refresh_oauth2_state()>, prints what is
wrong (with C<--verbose> everything) and returns the exit status.

=cut
