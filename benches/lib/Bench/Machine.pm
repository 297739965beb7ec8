package Bench::Machine;

# A configuration without any entry that counts, of a machine whose files are in a folder of its own.

use v5.36;

use Exporter qw(import);

use Test::Peers qw(root);

our @EXPORT_OK = qw(empty_config);

sub empty_config ($dir, %host) {
    require PVE::RS::Notify;
    my %standalone = (
        kind               => 'standalone',
        'config-dir'       => "$dir/config",
        'vendor-templates' => root() . '/templates',
        %host,
    );
    my $config = PVE::RS::Notify->parse_config('', '', undef, undef, { host => \%standalone });
    $config->delete_matcher('default-matcher');
    return $config;
}

1;
