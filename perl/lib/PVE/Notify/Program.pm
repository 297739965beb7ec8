package PVE::Notify::Program;

# What all programs of this project do alike: --help, --version, and what they say of a word of the
# command line that they do not know.

use v5.36;

our $VERSION = '0.2.0';

# Getopt::Long's words to ours
sub problem ($text) {
    return "unknown option '" . (length $1 > 1 ? '--' : '-') . "$1'"
        if $text =~ /\AUnknown option: (.*)\n/;
    return "--$1: needs a value"      if $text =~ /\AOption (\S+) requires an argument/;
    return "--$1: takes no value"     if $text =~ /\AOption (\S+) does not take an arg/;
    return "--$2: not a number: '$1'" if $text =~ /\AValue "(.*)" invalid for option (\S+)/;
    return lcfirst $text =~ s/\n\z//r;
}

sub version_text ($name) { return "$name (pve-rs-notify) $VERSION\n" }

# The options of a hash, or undef and an exit status where there is nothing left to do. specification
# is that of Getopt::Long, without help and version; preset are the options' defaults.
sub options ($name, $usage, $args, $specification, %preset) {
    my %option = %preset;
    my @problems;
    require Getopt::Long;
    my $parser = Getopt::Long::Parser->new(config => [qw(no_ignore_case no_auto_abbrev)]);
    {
        local $SIG{__WARN__} = sub ($text) { push @problems, problem($text) };
        $parser->getoptionsfromarray($args, \%option, @$specification, 'help|h', 'version');
    }
    push @problems, map {"unexpected '$_'"} @$args;
    if (@problems) {
        print {*STDERR} map({"$name: $_\n"} @problems), "\n$usage";
        return (undef, 2);
    }
    if ($option{help} || $option{version}) {
        print $option{help} ? $usage : version_text($name);
        return (undef, 0);
    }
    return (\%option, undef);
}

1;

__END__

=head1 NAME

PVE::Notify::Program - what the programs of this project have in common

=head1 SYNOPSIS

    my ($option, $status) =
        PVE::Notify::Program::options('pve-notify-refresh', $usage, \@ARGV, ['verbose|v']);
    exit $status if !$option;

=head1 DESCRIPTION

C<options> reads the command line and serves C<--help> and C<--version>. What it does not know is
named on standard error, before the usage, with exit status 2. C<version_text($name)> is what
C<--version> prints, C<problem($text)> a warning of L<Getopt::Long> in the words of C<options>. C<$VERSION> is the version of the project.

=cut
