package PVE::API2::Cluster::Notifications;

# Stands in for a node's own API below /cluster/notifications: the methods that Proxmox VE 9.2 has, by
# name and path. This node cannot exchange authorization codes.

use v5.36;

use PVE::Notify;
use PVE::RESTHandler;
use parent -norequire, 'PVE::RESTHandler';

my sub add ($name, $method, $path) {
    __PACKAGE__->register_method({
        name        => $name,
        path        => $path,
        method      => $method,
        description => "The vendor's.",
        parameters  => {
            additionalProperties => 0,
            properties           => {
                map { $_ => { type => 'string', description => 'Part of the path.' } }
                    $path =~ /[{](\w+)[}]/g
            },
        },
        returns => { type => 'null' },
        code    => sub ($param) {return},
    });
    return;
}

add(index                    => GET  => '');
add(endpoints_index          => GET  => 'endpoints');
add(get_all_targets          => GET  => 'targets');
add(test_target              => POST => 'targets/{name}/test');
add(get_matcher_fields       => GET  => 'matcher-fields');
add(get_matcher_field_values => GET  => 'matcher-field-values');
for my $kind (qw(gotify sendmail smtp webhook)) {
    add("get_${kind}_endpoints"   => GET    => "endpoints/$kind");
    add("create_${kind}_endpoint" => POST   => "endpoints/$kind");
    add("get_${kind}_endpoint"    => GET    => "endpoints/$kind/{name}");
    add("update_${kind}_endpoint" => PUT    => "endpoints/$kind/{name}");
    add("delete_${kind}_endpoint" => DELETE => "endpoints/$kind/{name}");
}
add(get_matchers   => GET    => 'matchers');
add(create_matcher => POST   => 'matchers');
add(get_matcher    => GET    => 'matchers/{name}');
add(update_matcher => PUT    => 'matchers/{name}');
add(delete_matcher => DELETE => 'matchers/{name}');

1;
