package PVE::NotifyNode;

# The program pve-notify-node: looks after our notification modules on a node.

use v5.36;

use Getopt::Long ();
use PVE::Notify::Program;
use PVE::NotifyNode::Terminal;

our $VERSION = $PVE::Notify::Program::VERSION;

my $USAGE = <<'END';
USAGE: pve-notify-node [COMMAND] [OPTIONS]

  status [--output-format text|json]
               what is in place on this node and in its cluster (the default)
  off [--yes]  hand over to the vendor's notification modules
  on           take back
  purge-tokens [--yes]
               delete the OAuth2 tokens of the whole cluster

  --yes        do not ask
  --help       this text
  --version    the version

EXIT STATUS: 0 all is well, 1 something needs attention, 2 wrong call
END

my sub misuse ($text) {
    print {*STDERR} "pve-notify-node: $text\n$USAGE";
    return 2;
}

my sub status ($system, $option) {
    require PVE::NotifyNode::Facts;
    require PVE::NotifyNode::Judgement;
    require PVE::NotifyNode::Report;
    my $facts    = PVE::NotifyNode::Facts->gather($system, $VERSION);
    my $troubles = PVE::NotifyNode::Judgement->troubles($facts);
    my $form     = $option->{'output-format'} // 'text';
    PVE::NotifyNode::Terminal->show(PVE::NotifyNode::Report->$form($facts, $troubles));
    return @$troubles ? 1 : 0;
}

my sub switch ($method) {
    return sub ($system, $option) {
        require PVE::NotifyNode::Switch;
        return PVE::NotifyNode::Switch->$method($system, $option->{yes});
    };
}

my sub purge ($system, $option) {
    require PVE::NotifyNode::Purge;
    return PVE::NotifyNode::Purge->purge($system, $option->{yes});
}

# command => [what it does, its options]
my %COMMAND = (
    status         => [\&status,       'output-format'],
    off            => [switch ('off'), 'yes'],
    on             => [switch ('on')],
    'purge-tokens' => [\&purge, 'yes'],
);

my sub parse (@args) {
    my %option;
    my $parser = Getopt::Long::Parser->new(config => ['no_ignore_case', 'no_auto_abbrev']);
    my @said;
    local $SIG{__WARN__} = sub ($text) { push @said, PVE::Notify::Program::problem($text) };
    $parser->getoptionsfromarray(\@args, \%option, 'output-format=s', 'yes|y', 'help|h', 'version');
    return (\%option, $said[0], @args);
}

my sub fault_of ($command, $rest, $option) {
    my $known = $COMMAND{$command}
        or return "unknown command '$command'; use " . join ', ', sort keys %COMMAND;
    return "unexpected '$rest->[0]'" if @$rest;
    my ($code, @allowed) = @$known;
    for my $name (sort keys %$option) {
        return "--$name does not go with '$command'" if !grep { $_ eq $name } @allowed;
    }
    my $form = $option->{'output-format'} // 'text';
    return "unknown output format '$form'; use text or json" if $form !~ /\A(?:text|json)\z/;
    return;
}

sub run ($class, $system, @args) {
    my ($option, $said, @rest) = parse(@args);
    return misuse($said) if defined $said;
    if ($option->{help} || $option->{version}) {
        print $option->{help} ? $USAGE : PVE::Notify::Program::version_text('pve-notify-node');
        return 0;
    }
    my $command = shift @rest // 'status';
    my $fault   = fault_of($command, \@rest, $option);
    return misuse($fault) if defined $fault;
    if ($> != $system->{owner}) {
        PVE::NotifyNode::Terminal->complain('needs root', 'use sudo or log in as root');
        return 1;
    }
    my $status = eval { $COMMAND{$command}[0]->($system, $option) };
    return $status if defined $status;
    PVE::NotifyNode::Terminal->complain($@ =~ s/\s+\z//r);
    return 1;
}

1;

__END__

=head1 NAME

PVE::NotifyNode - the program pve-notify-node

=head1 SYNOPSIS

    exit(PVE::NotifyNode->run(PVE::NotifyNode::System->new, @ARGV));

=head1 DESCRIPTION

C<run> carries out a command line for a node, see L<PVE::NotifyNode::System>, and returns the exit status.

=cut
