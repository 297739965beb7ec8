#!/usr/bin/perl

# Does what a node's daemon does that has the notification API in it, and prints as JSON what it found.
# Arguments: the folder of a node made of folders, or - for the node that it runs on; what is loaded
# first (api or notify); what breaks meanwhile.

use v5.36;
use JSON::PP ();

## no critic (ProhibitNoWarnings, RequireLocalizedPunctuationVars) - it breaks what it looks at
no warnings 'once';

my ($dir, $first, $break) = map { $_ =~ /(.*)/s } @ARGV;
my @log;
require PVE::SafeSyslog;
{
    no warnings 'redefine';
    *PVE::SafeSyslog::syslog = sub ($level, $format, @values) {
        push @log, "$level " . sprintf $format, @values;
    };
}
my @warnings;
$SIG{__WARN__} = sub ($text) { push @warnings, $text };
if ($dir ne '-' && eval { require PVE::Notify::Guard; 1 }) {
    $PVE::Notify::Guard::VENDOR  = "$dir/share" if $break ne 'usual places';
    $PVE::Notify::Guard::FLAG    = "$dir/off";
    $PVE::Notify::Guard::TARGETS = "$dir/config/notifications-ext.cfg";
}
require PVE::Cluster;
PVE::Cluster::set_dirs({ config => "$dir/config", run => "$dir/run" }) if $dir ne '-';
require PVE::RESTHandler;
my %count;
if ($break eq 'method 7') {
    my $register = \&PVE::RESTHandler::register_method;
    no warnings 'redefine';
    *PVE::RESTHandler::register_method = sub ($class, $info) {
        state $broken;
        die "broken\n"
            if !$broken && $class =~ /Cluster/ && ++$count{$class} == 7 && ($broken = 1);
        return $register->($class, $info);
    };
} elsif ($break eq 'after method 7') {
    my $register = \&PVE::RESTHandler::register_method;
    no warnings 'redefine';
    *PVE::RESTHandler::register_method = sub ($class, $info) {
        $register->($class, $info);
        die "broken\n" if $class =~ /Cluster/ && ++$count{$class} == 7;
    };
} elsif ($break eq 'after file 2') {
    my $register = \&PVE::Cluster::cfs_register_file;
    no warnings 'redefine';
    *PVE::Cluster::cfs_register_file = sub ($file, @more) {
        $register->($file, @more);
        die "broken\n" if $file eq 'priv/notifications.cfg' && !$count{$file}++;
    };
} elsif ($break eq 'a hook') {
    $SIG{__DIE__} = sub { print STDERR "the hook got: @_"; exit 3 };
} elsif ($break eq 'file 2') {
    my $register = \&PVE::Cluster::cfs_register_file;
    no warnings 'redefine';
    *PVE::Cluster::cfs_register_file = sub ($file, @more) {
        die "broken\n" if $file eq 'priv/notifications.cfg' && !$count{$file}++;
        return $register->($file, @more);
    };
} elsif ($break eq 'no parse_boolean') {
    require PVE::JSONSchema;
    undef &PVE::JSONSchema::parse_boolean;
    delete $PVE::JSONSchema::{parse_boolean};
} elsif ($break eq 'no cfs_lock_file') {
    undef &PVE::Cluster::cfs_lock_file;
    delete $PVE::Cluster::{cfs_lock_file};
}
require PVE::Notify if $first eq 'notify';
require PVE::API2::Cluster::Notifications;
require PVE::Notify;
$SIG{__DIE__} = 'DEFAULT';
if ($break eq 'twice') {
    for my $file ('PVE/Notify.pm', 'PVE/API2/Cluster/Notifications.pm') {
        delete $INC{$file};
        require $file;
    }
}
my $api = 'PVE::API2::Cluster::Notifications';
my sub handler ($method, $path) {
    my ($class, $info) = $api->find_handler($method, $path, {});
    return $info && ($class // '') eq $api ? "$info->{name}" : undef;
}
my %method = (
    'GET '                     => 'index',
    'GET endpoints'            => 'endpoints_index',
    'GET targets'              => 'get_all_targets',
    'POST targets/x/test'      => 'test_target',
    'GET matcher-fields'       => 'get_matcher_fields',
    'GET matcher-field-values' => 'get_matcher_field_values',
    'GET matchers'             => 'get_matchers',
    'POST matchers'            => 'create_matcher',
    'GET matchers/x'           => 'get_matcher',
    'PUT matchers/x'           => 'update_matcher',
    'DELETE matchers/x'        => 'delete_matcher',
);
for my $kind (qw(gotify sendmail smtp webhook)) {
    %method = (
        %method,
        "GET endpoints/$kind"      => "get_${kind}_endpoints",
        "POST endpoints/$kind"     => "create_${kind}_endpoint",
        "GET endpoints/$kind/x"    => "get_${kind}_endpoint",
        "PUT endpoints/$kind/x"    => "update_${kind}_endpoint",
        "DELETE endpoints/$kind/x" => "delete_${kind}_endpoint",
    );
}
my @missing     = grep { (handler(split / /, $_, 2) // '') ne $method{$_} } sort keys %method;
my $description = ($api->find_handler('GET', 'targets', {}))[1]{description};
PVE::Notify::set_host({
    kind               => 'standalone',
    'config-dir'       => "$dir/config",
    'vendor-templates' => "$dir/templates"
})
    if $dir ne '-' && PVE::Notify->can('set_host');
my $sent = eval { PVE::Notify::info('test', { target => 'mail', hostname => 'pve' }, {}); 1 };
my $subs = join ' ',
    grep { PVE::Notify->can($_) }
    qw(read_config write_config lock_config notify info refresh_oauth2_state);
my $found = {
    api      => $description eq "The vendor's."          ? 'vendor' : 'ours',
    notify   => PVE::Notify->can('refresh_oauth2_state') ? 'ours'   : 'vendor',
    token    => handler('POST', 'smtp-oauth2-token')     ? 1        : 0,
    missing  => \@missing,
    subs     => $subs,
    sent     => $sent ? 1 : "$@",
    log      => \@log,
    warnings => \@warnings,
    reason   => PVE::Notify::Guard->can('verdict') && PVE::Notify::Guard::verdict()->{reason},
    isa      => $api->isa('PVE::RESTHandler') ? 1 : 0,
};
print JSON::PP->new->ascii->canonical->encode($found), "\n";
