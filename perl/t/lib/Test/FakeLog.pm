package Test::FakeLog;

# The calls that the faked library has recorded: the proof of what reached the provider's side.

use v5.36;

use Exporter 'import';
use File::Temp;
use JSON::PP;

our @EXPORT_OK = qw(last_request request_count);

my $log = File::Temp->new;
$ENV{FAKE_NOTIFY_LOG} = "$log";    ## no critic (RequireLocalizedPunctuationVars)

my sub requests () {
    open my $fh, '<', "$log" or die "can't open the log: $!\n";
    my @requests = map { decode_json($_) } readline $fh;
    close $fh or die "can't close the log: $!\n";
    return @requests;
}

sub request_count () {
    return scalar(my @all = requests());
}

# the array of its arguments
sub last_request () {
    return (requests())[-1];
}

1;
