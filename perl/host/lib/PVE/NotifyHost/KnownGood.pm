package PVE::NotifyHost::KnownGood;

# From which addresses an account has logged in lately. Only a right password adds one, so nobody else
# can fill the table; an account has few places in it, so its owner cannot drive out others. A number of
# wrong passwords in a row from such an address takes that back.

use v5.36;

use List::Util qw(max);

sub new ($class, %opt) {
    return bless(
        {
            max_accounts  => 1000,
            max_addresses => 16,    # of an account
            keep          => 86_400,
            max_failures  => 10,
            table         => {},    # account => { address => { last, failures, running } }
            %opt,
        },
        $class,
    );
}

# Tries that are under way may yet fail, and count until then.
sub has ($self, $account, $address, $now) {
    my $entry   = ($self->{table}{$account} // {})->{$address} or return 0;
    my $is_good = $now - $entry->{last} <= $self->{keep}
        && $entry->{failures} + $entry->{running} < $self->{max_failures};
    return $is_good ? 1 : 0;
}

sub begin ($self, $account, $address) {
    $self->{table}{$account}{$address}{running}++;
    return;
}

sub end ($self, $account, $address, $is_wrong) {
    my $entry = ($self->{table}{$account} // {})->{$address} or return;
    $entry->{running}--  if $entry->{running} > 0;
    $entry->{failures}++ if $is_wrong;
    return;
}

sub add ($self, $account, $address, $now) {
    my $addresses = $self->{table}{$account} //= {};
    my $entry     = $addresses->{$address}   //= { running => 0 };
    @$entry{qw(last failures)} = ($now, 0);
    forget_oldest($addresses, sub ($one) { $one->{last} })
        if keys(%$addresses) > $self->{max_addresses};
    forget_oldest(
        $self->{table},
        sub ($one) {
            max(map { $_->{last} } values(%$one));
        }
    ) if keys($self->{table}->%*) > $self->{max_accounts};
    return;
}

sub forget_oldest ($table, $time_of) {
    my ($oldest) = sort { $time_of->($table->{$a}) <=> $time_of->($table->{$b}) } keys %$table;
    delete($table->{$oldest});
    return;
}

1;

__END__

=head1 NAME

PVE::NotifyHost::KnownGood - the addresses from which an account has logged in lately

=cut
