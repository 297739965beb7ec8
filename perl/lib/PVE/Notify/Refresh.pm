package PVE::Notify::Refresh;

# The command of the daily run: renews the logins of OAuth2 targets and sums up. Whoever starts it has
# said before which kind of machine this is.

use v5.36;

use Getopt::Long ();
use PVE::Notify;

our $VERSION = '0.1.0';

my $USAGE = <<'END';
USAGE: %s [--verbose]

Refreshes the access token of every notification target that uses OAuth2, where
it was not refreshed for 20 hours or the last refresh failed, so that no refresh
token expires unused. What has stopped working is logged, and the administrators
are told over the other targets, once. Safe to run at any time and on all nodes
of a cluster at once.

  --verbose  a line for each target, not only for those with a problem
  --help     this text
  --version  the version

EXIT STATUS: 0 all is well, 1 a target has a problem, 2 wrong call
END

my sub line ($target) {
    my $health = $target->{health};
    my $text   = "$target->{target}: $health->{condition}";
    $text .= ', renewed' if $target->{refreshed};
    my $error = $target->{error} // $health->{'last-error'};
    $text .= " - $error"                      if defined $error;
    $text .= " (warning: $health->{warning})" if defined $health->{warning};
    utf8::encode($text);
    return "$text\n";
}

# this run has a name of its own on machines that are not nodes
my sub program () {
    return $0 =~ m{(?:\A|/)(pve[a-z-]+)\z} ? $1 : 'pve-notify-refresh';
}

# What a wrong call or a question about the program gives: a status.
my sub answer_without_run ($option, @rest) {
    my $usage = sprintf $USAGE, program();
    if (!$option || @rest) {
        print {*STDERR} program(), ": unexpected '$rest[0]'\n" if @rest;
        print {*STDERR} $usage;
        return 2;
    }
    return if !$option->{help} && !$option->{version};
    print $option->{help} ? $usage : program() . " $VERSION\n";
    return 0;
}

my sub options_of ($args) {
    my %option;
    my $parser = Getopt::Long::Parser->new(config => ['no_ignore_case']);
    local $SIG{__WARN__} = sub ($text) { print {*STDERR} program(), ": $text" };
    return $parser->getoptionsfromarray($args, \%option, 'verbose|v', 'help|h', 'version')
        ? \%option
        : undef;
}

my sub sum_up ($targets, $verbose) {
    my %count = (renewed => 0, rested => 0, bad => 0);
    my @bad;
    for my $target (@$targets) {
        my $is_bad = defined $target->{error} || $target->{health}{condition} !~ /\A(?:ok|due)\z/;
        $count{ $is_bad ? 'bad' : $target->{refreshed} ? 'renewed' : 'rested' }++;
        push @bad, "target '$target->{target}': $target->{health}{condition}" if $is_bad;
        print line($target) if $verbose || $is_bad || defined $target->{health}{warning};
    }
    print "$count{renewed} renewed, $count{rested} not due, $count{bad} with a problem\n"
        if $verbose || $count{bad};
    return @bad ? (1, join ', ', @bad) : 0;
}

# (exit status, error)
my sub refresh ($verbose) {
    print {*STDERR} "renewing the logins of OAuth2 targets ...\n"
        if -t STDERR;    ## no critic (ProhibitInteractiveTest)
    my $targets = eval { PVE::Notify::refresh_oauth2_state() };
    return sum_up($targets, $verbose) if $targets;
    my $error = ref $@ eq 'HASH' ? "$@->{message}\n" : $@;
    print {*STDERR} program(), ": $error";
    return (1, $error);
}

# On a node the vendor's modules may have taken the place of ours, which alone can refresh.
my sub refresh_if_ours ($verbose) {
    return refresh($verbose) if PVE::Notify->can('refresh_oauth2_state');
    my $verdict = PVE::Notify::Guard->can('verdict') ? PVE::Notify::Guard::verdict() : {};
    my $reason  = $verdict->{reason} // 'no reason given';
    my $error   = "the vendor's modules are in charge: $reason";
    print {*STDERR} program(), ": $error; see pve-notify-node status\n";
    return ($verdict->{level} // 'err') eq 'info' ? 0 : (1, $error);
}

sub run ($class, @args) {
    return $class->run_and_tell(sub { }, @args);
}

sub run_and_tell ($class, $tell, @args) {
    my $option   = options_of(\@args);
    my $answered = answer_without_run($option, @args);
    return $answered if defined $answered;
    my ($status, $error) = refresh_if_ours($option->{verbose});
    $tell->($status, $error);
    return $status;
}

1;

__END__

=head1 NAME

PVE::Notify::Refresh - the command of the daily run

=head1 SYNOPSIS

    exit(PVE::Notify::Refresh->run(@ARGV));

=head1 DESCRIPTION

C<run> refreshes the access tokens of OAuth2 targets by L<PVE::Notify/refresh_oauth2_state()>, prints
what is wrong (with C<--verbose> everything) and returns the exit status. Where the vendor's modules are
in charge of a node it says so and refreshes nothing.

C<run_and_tell($code, @args)> calls the code with the exit status and a text of what is wrong (undef:
nothing) before it returns. A call that only asks for help, or is wrong, is no run.

=cut
