package Test::Way::Pvesh;

# A way to the API: the host's pvesh, a process for each call. Warnings of a
# call that succeeds are its message.

use v5.36;

use JSON::PP    ();
use Test::Peers qw(host_dir);
use Test::Pvesh qw(pvesh);

my %command = (GET => 'get', POST => 'create', PUT => 'set', DELETE => 'delete');
my $json    = JSON::PP->new->allow_nonref;

sub new ($class) {
    return bless { dir => host_dir() }, $class;
}

sub call ($self, $verb, $path, $param) {
    my @words;
    for my $name (sort keys %$param) {
        my @values = ref $param->{$name} ? $param->{$name}->@* : $param->{$name};
        push @words, map {"--$name=$_"} @values;
    }
    my $option = { env => { PVE_NOTIFY_HOST_DIR => "$self->{dir}" } };
    my $ended  = pvesh($option, $command{$verb}, $path, @words, '--output-format', 'json');
    $ended->{err} =~ s/^pve-notify: \w+: .*\n//mg;    # the log, where there is no journal
    if ($ended->{status} == 0) {
        my $warnings = join '', $ended->{err} =~ /^WARN: .*\n/mg;
        die "pvesh: $ended->{err}\n" if $ended->{err} ne $warnings;
        my $data = length $ended->{out} ? $json->decode($ended->{out}) : undef;
        return { code => 200, data => $data, message => $warnings };
    }
    my ($code, $message, $rest) = $ended->{err} =~ /\A([0-9]{3}) ([^\n]*\n)(.*)\z/s
        or return { code => 500, message => $ended->{err} };
    my ($errors) = $rest =~ /\A(.*?)(?:^pvesh |\z)/ms;
    my %errors   = map { split /: /, $_, 2 } split /\n/, $errors;
    return { code => $code, message => $message, %errors ? (errors => \%errors) : () };
}

1;
