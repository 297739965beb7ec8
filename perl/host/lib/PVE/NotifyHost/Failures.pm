package PVE::NotifyHost::Failures;

# How often somebody has failed lately - an address, an account - and by how many seconds that delays the
# next try. The table is bounded. Who has failed least is forgotten first: many with a few failures drive
# out nobody with many.

use v5.36;

use List::Util qw(max min);

sub new ($class, %opt) {
    return bless(
        {
            max_entries => 10_000,
            unit        => 1,    # seconds, the delay after the first failure; it doubles with each
            max_delay   => 10,
            forget      => 600,    # seconds after the last failure
            table       => {},
            %opt,
        },
        $class,
    );
}

sub count ($self, $key, $now) {
    my $entry = $self->{table}{$key} or return 0;
    return $now - $entry->{last} > $self->{forget} ? 0 : $entry->{failures};
}

# more: tries that may yet fail
sub delay ($self, $key, $now, $more = 0) {
    my $count = $self->count($key, $now) + $more or return 0;
    return min($self->{max_delay}, $self->{unit} * 2**min($count - 1, 16));
}

# when the next try may be made; 0: it need not wait
sub free_at ($self, $key, $now) {
    my $delay = $self->delay($key, $now) or return 0;
    return $self->{table}{$key}{last} + $delay;
}

sub add ($self, $key, $now) {
    my $table = $self->{table};
    my $count = $self->count($key, $now);
    $self->make_room($now) if !$table->{$key} && keys(%$table) >= $self->{max_entries};
    $table->{$key} = { failures => $count + 1, last => $now };
    return;
}

# A tenth at once, so that the search is rare.
sub make_room ($self, $now) {
    my $table = $self->{table};
    my %count = map { $_ => $self->count($_, $now) } keys %$table;
    my @order =
        sort { $count{$a} <=> $count{$b} || $table->{$a}{last} <=> $table->{$b}{last} } keys %count;
    delete(@$table{ splice(@order, 0, max(1, int($self->{max_entries} / 10))) });
    return;
}

1;

__END__

=head1 NAME

PVE::NotifyHost::Failures - counts failures by key, and tells the delay

=head1 SYNOPSIS

    my $failures = PVE::NotifyHost::Failures->new(max_delay => 10);
    $failures->add('192.0.2.1', $now);
    $failures->delay('192.0.2.1', $now);      # 1; then 2, 4, 8, 10

=cut
