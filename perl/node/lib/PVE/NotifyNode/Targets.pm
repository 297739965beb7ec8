package PVE::NotifyNode::Targets;

# Which targets log in with OAuth2, by the text of the files: to be known also where the library
# cannot be loaded or the vendor's modules read the configuration.

use v5.36;

use PVE::Notify::File;

my @FILES = qw(notifications.cfg notifications-ext.cfg);

my sub settings_of ($system) {
    my %settings;
    for my $file (@FILES) {
        my ($raw) = PVE::Notify::File::read_file($system->pve($file));
        my $target;
        for my $line (split /\n/, $raw // '') {
            if ($line =~ /\A(\w+):\s*(\S+)\s*\z/) {
                $target = $1 eq 'smtp' ? $2 : undef;
            } elsif (defined $target && $line =~ /\A\s+(\S+)\s+(.*?)\s*\z/) {
                $settings{$target}{$1} = $2;
            }
        }
    }
    return \%settings;
}

# [{ name, method, app-only }], sorted by name; dies where a file cannot be read
sub oauth2 ($class, $system) {
    my $settings = settings_of($system);
    my @targets;
    for my $name (sort keys %$settings) {
        my $method = $settings->{$name}{'auth-method'} // 'plain';
        next if $method eq 'plain';
        my $grant = $settings->{$name}{'oauth2-grant-type'} // '';
        push @targets,
            { name => $name, method => $method, 'app-only' => $grant eq 'client-credentials' };
    }
    return \@targets;
}

1;

__END__

=head1 NAME

PVE::NotifyNode::Targets - which targets log in with OAuth2

=head1 DESCRIPTION

C<oauth2($system)> reads F<notifications.cfg> and F<notifications-ext.cfg> as text and returns an array
of hashes: C<name>, C<method> (as C<auth-method>) and C<app-only>, true where no person has consented.

=cut
