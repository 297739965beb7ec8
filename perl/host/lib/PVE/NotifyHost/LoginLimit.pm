package PVE::NotifyHost::LoginLimit;

# Slows down who guesses passwords, and keeps nobody out. A try waits before it is checked: its address
# has one checked at a time, with a pause that grows with the failures of the address, and the account's
# failures delay each try for it, from wherever it comes. Neither says whether a password is right. An
# address that has logged in as that account lately does not wait. Where more tries wait than there are
# places, those give way that look most like guesses.

use v5.36;

use List::Util   qw(max min);
use Mojo::IOLoop ();
use Mojo::Util   qw(steady_time);
use POSIX        qw(ceil);
use PVE::NotifyHost::Failures;
use PVE::NotifyHost::KnownGood;
use Socket qw(AF_INET6 inet_pton);

sub new ($class, %opt) {
    my %unit = exists($opt{unit}) ? (unit => delete($opt{unit})) : ();
    return bless(
        {
            max_checks      => 4,    # at once; one of them is for known good addresses alone
            max_waiting     => 100,
            max_per_address => 32,
            max_wait        => 30,    # seconds for which an address's tries may add up
            give_up         => 40,    # seconds after which a try is refused, if checks take long
            accounts        => PVE::NotifyHost::Failures->new(%unit, max_delay => 30),
            addresses       => PVE::NotifyHost::Failures->new(%unit, max_delay => 10),
            good            => PVE::NotifyHost::KnownGood->new,
            clock           => \&steady_time,
            loop            => 'Mojo::IOLoop',
            waiting         => [],
            running         => {},    # number => try
            number          => 0,
            %opt,
        },
        $class,
    );
}

# Calls either go, with a function that wants to know what came out - right, wrong or other - or refuse,
# with the seconds after which another try makes sense.
sub enter ($self, $address, $account, %do) {
    my $try = {
        %do,
        address => network_of($address),
        account => $account,
        number  => $self->{number}++,
        arrived => $self->{clock}->(),
    };
    push @{ $self->{waiting} }, $try;
    $try->{is_good} = $self->is_good($try);
    my $stays = $try->{is_good} || $self->keep_bounds($try);
    $self->proceed if $stays;
    return $try;
}

# for a client that has gone
sub leave ($self, $try) {
    $self->{waiting} = [grep { $_ != $try } @{ $self->{waiting} }];
    return;
}

# refuses all who wait; used when the server ends
sub stop ($self) {
    my @all = @{ $self->{waiting} };
    $self->refuse($_) for @all;
    return;
}

sub is_good ($self, $try) {
    return $self->{good}->has(@$try{qw(account address)}, $self->{clock}->());
}

sub failures_of ($self, $kind, $try) {
    my ($table, $key) = $kind eq 'account' ? qw(accounts account) : qw(addresses address);
    return $self->{$table}->count($try->{$key}, $self->{clock}->());
}

# Sets, for each that waits, whether it is known good and when it may be checked.
sub look_at_all ($self) {
    my $now = $self->{clock}->();
    my %unproved;
    $unproved{ $_->{account} }++ for grep { !$_->{is_good} } values($self->{running}->%*);
    for my $try (@{ $self->{waiting} }) {
        $try->{is_good} = $self->{good}->has(@$try{qw(account address)}, $now);
        $try->{ready} =
              $try->{is_good}
            ? $try->{arrived}
            : $self->ready_at($try, $now, $unproved{ $try->{account} } // 0);
    }
    return $now;
}

# unproved: tries for the account that are being checked
sub ready_at ($self, $try, $now, $unproved) {
    return max($self->{addresses}->free_at($try->{address}, $now),
        $try->{arrived} + $self->{accounts}->delay($try->{account}, $now, $unproved));
}

# An address whose tries would wait too long gives one up, the one for the account that was attacked most;
# a full room that of the address that failed most. Returns whether the new one may stay.
sub keep_bounds ($self, $new) {
    my @others  = grep { !$_->{is_good} } @{ $self->{waiting} };
    my @of_this = grep { $_->{address} eq $new->{address} } @others;
    my $worst =
           @of_this > $self->{max_per_address}
        || $self->seconds_of($new->{address}, @of_this) > $self->{max_wait}
        ? $self->worst_of('account', @of_this)
        : @others > $self->{max_waiting} ? $self->worst_of('address', @others)
        :                                  return 1;
    $self->refuse($worst);
    return $worst != $new;
}

# until the last of an address's tries begins
sub seconds_of ($self, $address, @tries) {
    my $now = $self->{clock}->();
    return max(0, $self->{addresses}->free_at($address, $now) - $now) +
        (@tries - 1) * $self->{addresses}->delay($address, $now);
}

sub worst_of ($self, $kind, @tries) {
    my %failures = map { $_->{number} => $self->failures_of($kind, $_) } @tries;
    my ($worst) =
        sort {
        $failures{ $b->{number} } <=> $failures{ $a->{number} } || $b->{number} <=> $a->{number}
        } @tries;
    return $worst;
}

sub refuse ($self, $try) {
    $self->leave($try);
    my $now = $self->{clock}->();
    return $try->{refuse}->(max(1, ceil($self->ready_at($try, $now, 0) - $now)));
}

sub proceed ($self) {
    while (my $try = $self->next_try) { $self->begin($try) }
    my $now = $self->look_at_all;
    my @late =
        grep { $_->{arrived} + $self->{give_up} <= $now && !$_->{is_good} } @{ $self->{waiting} };
    $self->refuse($_) for @late;
    $self->{loop}->remove(delete($self->{timer})) if defined($self->{timer});
    my @moments =
        map { $_->{ready} > $now ? $_->{ready} : $_->{arrived} + $self->{give_up} }
        grep { !$_->{is_good} } @{ $self->{waiting} };
    $self->{timer} = $self->{loop}->timer(
        max(0.001, min(@moments) - $now) => sub (@) {
            delete($self->{timer});
            $self->proceed;
        },
    ) if @moments;
    return;
}

# the known good ones first, then who has failed least, then in their order
sub next_try ($self) {
    my @running = values($self->{running}->%*);
    return if @running >= $self->{max_checks} || !@{ $self->{waiting} };
    my %busy = map { $_->{address} => 1 } grep { !$_->{is_good} } @running;
    my $free = @running < max(1, $self->{max_checks} - 1);
    my $now  = $self->look_at_all;
    my @ready =
        map  { [$_, $self->failures_of('address', $_), $self->failures_of('account', $_)] }
        grep { $_->{is_good} || $free && !$busy{ $_->{address} } && $_->{ready} <= $now }
        @{ $self->{waiting} };
    my ($first) = sort {
               $b->[0]{is_good} <=> $a->[0]{is_good}
            || $a->[1]          <=> $b->[1]
            || $a->[2]          <=> $b->[2]
            || $a->[0]{number}  <=> $b->[0]{number}
    } @ready;
    return $first && $first->[0];
}

sub begin ($self, $try) {
    $self->leave($try);
    my @who = @$try{qw(account address)};
    $self->{good}->begin(@who) if $try->{is_good};
    $self->{running}{ $try->{number} } = $try;
    $try->{go}->(
        sub ($outcome) {
            delete($self->{running}{ $try->{number} }) // return;
            my $now = $self->{clock}->();
            $self->{good}->end(@who, $outcome eq 'wrong') if $try->{is_good};
            if ($outcome eq 'right') {
                $self->{good}->add(@who, $now);
            } elsif ($outcome eq 'wrong' && !$try->{is_good}) {
                $self->{accounts}->add($who[0], $now);
                $self->{addresses}->add($who[1], $now);
            }
            $self->proceed;
        },
    );
    return;
}

# One household has a whole /64 of IPv6 addresses.
sub network_of ($address) {
    return $address if $address !~ /:/;
    my $bytes = inet_pton(AF_INET6, $address) // return $address;
    return $address =~ s/.*://r if $bytes =~ /\A\0{10}\xff\xff/;
    return unpack('H16', $bytes);
}

1;

__END__

=head1 NAME

PVE::NotifyHost::LoginLimit - lets logins wait by address and account

=head1 SYNOPSIS

    my $limit = PVE::NotifyHost::LoginLimit->new;
    my $try   = $limit->enter(
        '192.0.2.1', 'joe@pve',
        go     => sub ($done) { $done->(is_right() ? 'right' : 'wrong') },
        refuse => sub ($seconds) { ... },
    );
    $limit->leave($try);    # if the client goes before

=head1 DESCRIPTION

The account is what the client calls it, whether there is one or not. C<right> makes the address known good
for the account (L<PVE::NotifyHost::KnownGood>), C<wrong> counts for both (L<PVE::NotifyHost::Failures>),
C<other> says nothing.

=cut
