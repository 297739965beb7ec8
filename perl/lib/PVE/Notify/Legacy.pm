package PVE::Notify::Legacy;

# Proxmox::RS::Notify->parse_config where nobody has loaded that class. PVE::VZDump calls it without
# loading it when backups have a mail address of their own, as on a node PVE::Notify loads it. Ours does
# not: it offers this class as a base of that one. What the real class has wins over its base, also if
# it is loaded later, and nothing is defined in its name. The objects are of our class, so that they
# keep their methods then.

use v5.36;

my $parse;

sub offer ($code) {
    $parse = $code;
    return if Proxmox::RS::Notify->can('parse_config');
    push @Proxmox::RS::Notify::ISA, __PACKAGE__;
    return;
}

sub withdraw () {
    @Proxmox::RS::Notify::ISA = grep { $_ ne __PACKAGE__ } @Proxmox::RS::Notify::ISA;
    return;
}

sub parse_config ($class, @raw) {
    return $parse->(@raw);
}

1;

__END__

=head1 NAME

PVE::Notify::Legacy - stands in for Proxmox::RS::Notify where that is not loaded

=head1 SYNOPSIS

    PVE::Notify::Legacy::offer(sub ($raw, $raw_private) {
        return PVE::RS::Notify->parse_config($raw, $raw_private);
    });

    my $config = Proxmox::RS::Notify->parse_config('', '');    # a PVE::RS::Notify

=head1 FUNCTIONS

=head2 offer($code)

From now on C<parse_config> of C<Proxmox::RS::Notify> is C<$code>, called without the class, unless
the real class is loaded, be it before or later.

=head2 withdraw()

No longer.

=cut
