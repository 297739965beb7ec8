#!/usr/bin/perl

# What the methods below /cluster/notifications say of themselves, since that is all the documentation
# that pvesh has; and the suggestions for matchers on a node that has jobs.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/lib/fake";

use Test::Registered qw(registered);
use PVE::API2;
use Test::More;
use Test::Pvesh qw(pvesh);

my %method = registered()->%*;

my sub properties ($info) { return $info->{parameters}{properties} }

my sub answer ($info) {
    my $returns = $info->{returns};
    return ($returns->{type} eq 'array' ? $returns->{items} : $returns)->{properties};
}

subtest 'each method, parameter and value of an answer is explained' => sub {
    is scalar keys %method, 41, 'number of methods';
    for my $name (sort keys %method) {
        my $info = $method{$name};
        like $info->{description}, qr/\A[A-Z].{15,}[.]\z/s, $name;
        is $info->{parameters}{additionalProperties}, 0, "$name: takes no other parameters";
        for my $of (properties($info), answer($info) // {}) {
            for my $key (sort keys %$of) {
                like $of->{$key}{description}, qr/\A[A-Z].{5,}[.]\z/s, "$name: $key";
                like $of->{$key}{type}, qr/\A(?:string|integer|boolean|array)\z/,
                    "$name: type of $key";
            }
        }
    }
};

my %secrets = (
    gotify   => ['token'],
    smtp     => ['oauth2-client-key', 'oauth2-client-secret', 'oauth2-refresh-token', 'password'],
    sendmail => [],
    webhook  => []
);

subtest 'a change takes what can be made, all of it optional' => sub {
    for my $stem ('matcher', map {"${_}_endpoint"} sort keys %secrets) {
        my ($create, $update) = map { properties($method{"${_}_$stem"}) } qw(create update);
        my %more = map { $_ => 1 } grep { !$create->{$_} } keys %$update;
        is_deeply \%more, { delete => 1, digest => 1 }, "$stem: and the digest and what to delete";
        for my $key (grep { $_ ne 'name' } sort keys %$create) {
            is_deeply $update->{$key}, { $create->{$key}->%*, optional => 1 }, "$stem: $key";
        }
        ok !$update->{name}{optional}, "$stem: but the name";
        is $update->{delete}{items}{format}, 'pve-configid', "$stem: names of settings";
        is $update->{digest}{maxLength},     64,             "$stem: digest";
        is $_->{name}{format},               'pve-configid', "$stem: name" for $create, $update;
    }
};

subtest 'an answer has what can be set, but no secrets' => sub {
    for my $kind (sort keys %secrets) {
        my $stem = "${kind}_endpoint";
        my %set  = properties($method{"create_$stem"})->%*;
        is_deeply [sort grep { !answer($method{"get_$stem"})->{$_} } keys %set], $secrets{$kind},
            "$kind: one";
        my $list = $method{"get_${stem}s"}{returns}{items};
        is_deeply [sort keys $list->{properties}->%*],
            [qw(comment disable error name), $kind eq 'smtp' ? 'warning' : ()],
            "$kind: a list declares what its text shows";
        like $list->{description}, qr{/cluster/notifications/endpoints/$kind/\{name\} shows},
            "$kind: and says where the rest is explained";
        like $set{$_}{description}, qr/ Secret; never returned by the API[.]\z/, "$kind: $_ says so"
            for $secrets{$kind}->@*;
    }
};

subtest 'lists lead to their entries' => sub {
    for my $name (grep { $method{$_}{returns}{links} } sort keys %method) {
        is_deeply $method{$name}{returns}{links}, [{ rel => 'child', href => '{name}' }], $name;
    }
    is scalar(grep { $method{$_}{returns}{links} } keys %method), 9, 'lists and indexes';
};

subtest 'pvesh explains each of them' => sub {
    my %command = (GET => 'get', POST => 'create', PUT => 'set', DELETE => 'delete');
    for my $name (sort keys %method) {
        my $info = $method{$name};
        my $path = "/cluster/notifications/$info->{path}" =~ s/\{name\}/entry/r =~ s{/\z}{}r;
        my $ended =
            pvesh({}, 'usage', $path, '--command', $command{ $info->{method} }, '--verbose');
        is $ended->{status}, 0, "$name: usage" or diag($ended->{err});
        my %properties = properties($info)->%*;
        delete $properties{name} if $info->{path} =~ /name/;
        my @lacking = grep { $ended->{out} !~ /^  --$_ .*\n {10}[A-Z]/m } sort keys %properties;
        is_deeply \@lacking, [], "$name: has every parameter";
    }
};

# as on a node, where a base class finds `index` at the call
my sub class_with_jobs ($class, $jobs) {
    no strict 'refs';    ## no critic (ProhibitNoStrict) - makes a class
    @{"${class}::ISA"} = ('PVE::RESTHandler');
    $class->register_method({
        name       => 'index',
        path       => '',
        method     => 'GET',
        parameters => { additionalProperties => 0, properties => {} },
        code       => sub ($param) { return $jobs },
    });
    return;
}

subtest 'jobs of a node are suggested' => sub {
    my $values = sub () {
        my $all = PVE::API2::Cluster::Notifications->get_matcher_field_values({});
        return [grep { $_->{field} eq 'job-id' } @$all];
    };
    is_deeply $values->(), [], 'none where there are no such classes';
    class_with_jobs('PVE::API2::Backup',
        [{ id => 'backup-1', comment => 'nightly', schedule => '21:00' }, { id => 'backup-2' }]);
    class_with_jobs('PVE::API2::ReplicationConfig', [{ id => '100-0', comment => '' }]);
    is_deeply $values->(),
        [
        { field => 'job-id', value => 'backup-1', comment => 'nightly' },
        { field => 'job-id', value => 'backup-2' },
        { field => 'job-id', value => '100-0' },
        ],
        'backup and replication';
};

done_testing;
