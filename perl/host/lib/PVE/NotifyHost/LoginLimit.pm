package PVE::NotifyHost::LoginLimit;

# Slows down whoever guesses passwords or token secrets: each failure from an address delays its
# answer more, few may be under way at once, and after many the address is refused for a while.
# The table is bounded; what is forgotten first is what failed longest ago.

use v5.36;

use List::Util qw(min);
use Mojo::Util qw(steady_time);
use Socket     qw(AF_INET6 inet_pton);

sub new ($class, %opt) {
    return bless(
        {
            max_addresses => 1000,
            max_parallel  => 4,
            max_failures  => 20,
            max_delay     => 8,
            unit          => 1,    # seconds, the delay after the first failure
            block         => 60,
            forget        => 300,
            table         => {},
            %opt,
        },
        $class,
    );
}

# Seconds to wait before the address may try again; 0: it may, and must call done later.
sub begin ($self, $address) {
    my $entry = $self->entry($address);
    my $wait  = $entry->{last} + $self->{block} - steady_time();
    return $wait if $entry->{failures} >= $self->{max_failures} && $wait > 0;
    return 1     if $entry->{parallel} >= $self->{max_parallel};
    $entry->{parallel}++;
    return 0;
}

sub done ($self, $address) {
    my $entry = $self->entry($address);
    $entry->{parallel}-- if $entry->{parallel} > 0;
    return;
}

# Seconds by which to delay the answer.
sub failed ($self, $address) {
    my $entry = $self->entry($address);
    $entry->{last} = steady_time();
    my $failures = $entry->{failures}++;
    return min($self->{max_delay}, $self->{unit} * 2**min($failures, 16));
}

sub entry ($self, $address) {
    my $table = $self->{table};
    my $key   = network_of($address);
    my $now   = steady_time();
    my $known = $table->{$key};
    $known->{failures} = 0 if $known && $now - $known->{last} > $self->{forget};
    return $known if $known;
    if (keys(%$table) >= $self->{max_addresses}) {
        my ($oldest) = sort { $table->{$a}{last} <=> $table->{$b}{last} } keys %$table;
        delete($table->{$oldest});
    }
    return $table->{$key} = { failures => 0, parallel => 0, last => $now };
}

# One household has a whole /64 of IPv6 addresses.
sub network_of ($address) {
    return $address if $address !~ /:/;
    my $bytes = inet_pton(AF_INET6, $address) // return $address;
    return unpack('H16', $bytes);
}

1;

__END__

=head1 NAME

PVE::NotifyHost::LoginLimit - delays and bounds failed logins per address

=head1 SYNOPSIS

    my $wait = $limit->begin($address);
    return refuse($wait) if $wait;
    my $delay = login_is_good() ? 0 : $limit->failed($address);
    # answer after $delay seconds, then
    $limit->done($address);

=cut
