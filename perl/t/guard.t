#!/usr/bin/perl

# Our modules in front of a node's own: whatever breaks, a program like PVE::API2 loads under -T with one
# complete set of methods, and a mail with a password goes out.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use POSIX    ();
use Test::More;
use Test::Peers qw(new_dir root slurp);
use Test::Peers::Sandbox;

my $sandbox = Test::Peers::Sandbox->new;
my $smtp    = $sandbox->{smtp};
my $user    = $sandbox->{users}[0];
$sandbox->control(smtp => { clear => \1 });

my $ROOT = root();

# what a program does that has the API in it; its last line is what it found
my $PROGRAM = <<'END';
use v5.36;
use JSON::PP ();
no warnings 'once';
my ($dir, $first, $break) = map { /(.*)/s } @ARGV;
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
if (eval { require PVE::Notify::Guard; 1 }) {
    $PVE::Notify::Guard::VENDOR  = "$dir/share";
    $PVE::Notify::Guard::FLAG    = "$dir/off";
    $PVE::Notify::Guard::TARGETS = "$dir/config/notifications-ext.cfg";
}
require PVE::Cluster;
PVE::Cluster::set_dirs({ config => "$dir/config", run => "$dir/run" });
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
my $api = 'PVE::API2::Cluster::Notifications';
my sub handler ($method, $path) {
    my ($class, $info) = $api->find_handler($method, $path, {});
    return $info && ($class // '') eq $api ? "$info->{name}" : undef;
}
my %method = (
    'GET ' => 'index', 'GET endpoints' => 'endpoints_index', 'GET targets' => 'get_all_targets',
    'POST targets/x/test' => 'test_target', 'GET matcher-fields' => 'get_matcher_fields',
    'GET matcher-field-values' => 'get_matcher_field_values', 'GET matchers' => 'get_matchers',
    'POST matchers' => 'create_matcher', 'GET matchers/x' => 'get_matcher',
    'PUT matchers/x' => 'update_matcher', 'DELETE matchers/x' => 'delete_matcher',
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
my @missing = grep { (handler(split / /, $_, 2) // '') ne $method{$_} } sort keys %method;
my $description = ($api->find_handler('GET', 'targets', {}))[1]{description};
PVE::Notify::set_host({ kind => 'standalone', 'config-dir' => "$dir/config",
    'vendor-templates' => "$dir/templates" }) if PVE::Notify->can('set_host');
my $sent = eval { PVE::Notify::info('test', { target => 'mail', hostname => 'pve' }, {}); 1 };
my $subs = join ' ', grep { PVE::Notify->can($_) }
    qw(read_config write_config lock_config notify info refresh_oauth2_state);
print JSON::PP->new->canonical->encode({
    api      => $description eq "The vendor's." ? 'vendor' : 'ours',
    notify   => PVE::Notify->can('refresh_oauth2_state') ? 'ours' : 'vendor',
    token    => handler('POST', 'smtp-oauth2-token') ? 1 : 0,
    missing  => \@missing, subs => $subs, sent => $sent ? 1 : "$@",
    log      => \@log, warnings => \@warnings,
    isa      => $api->isa('PVE::RESTHandler') ? 1 : 0,
}), "\n";
END

sub put ($path, $text) {
    open my $file, '>', $path or die "$path: $!\n";
    print {$file} $text;
    close $file or die "$path: $!\n";
    return;
}

sub edit ($path, $code) {
    local $_ = slurp($path);
    my $before = $_;
    $code->();
    die "nothing changed in $path\n" if $_ eq $before;
    put($path, $_);
    return;
}

# A node: arch as our package fills it, share as the node's own packages do.
sub node () {
    my $dir = new_dir();
    mkdir "$dir/$_" for qw(arch share config config/priv run);
    my @copies = (
        ["$ROOT/blib/lib",           'arch'],
        ["$ROOT/blib/arch",          'arch'],
        ["$ROOT/perl/lib",           'arch'],
        ["$ROOT/perl/node/lib",      'arch'],
        ["$ROOT/perl/host/lib",      'share'],
        ["$ROOT/perl/t/node/vendor", 'share'],
    );
    for my $copy (@copies) {
        system('cp', '-r', "$copy->[0]/.", "$dir/$copy->[1]/") == 0 or die "cp failed\n";
    }
    system('cp', '-r', "$ROOT/templates", "$dir/templates") == 0 or die "cp failed\n";
    put("$dir/program.pl",               $PROGRAM);
    put("$dir/config/notifications.cfg", <<"END");
smtp: mail
\tfrom-address pve\@example.org
\tmailto ann\@example.org
\tmode insecure
\tport $smtp->{'port-starttls'}
\tserver $smtp->{host}
\tusername $user->{login}

matcher: default-matcher
\tmode all
\ttarget mail

END
    put("$dir/config/priv/notifications.cfg", "smtp: mail\n\tpassword $user->{password}\n\n");
    return $dir;
}

# what the program found, or how it ended
sub run ($dir, $first, $break, @before) {
    my $pid = open(my $out, '-|') // die "fork: $!\n";
    if (!$pid) {
        open STDERR, '>', "$dir/stderr";
        exec(@before, $^X, '-T', "-I$dir/arch", "-I$dir/share", "$dir/program.pl", $dir, $first,
            $break)
            or POSIX::_exit(127);
    }
    my $text = do { local $/ = undef; readline $out };
    close $out;
    my $found = eval { JSON::PP::decode_json($text) };
    return $found // { failed => "status $?: " . slurp("$dir/stderr") };
}

sub is_whole ($found, $title) {
    is $found->{failed}, undef, "$title: loads" or return;
    is_deeply $found->{missing}, [], "$title: all methods";
    is $found->{sent}, 1, "$title: the mail goes out";
    is $found->{isa},  1, "$title: a RESTHandler";
    is_deeply $found->{warnings}, [], "$title: no warning";
    is $found->{token}, $found->{api} eq 'ours' ? 1 : 0, "$title: the exchange goes with ours";
    return;
}

my $arch = sub ($dir, $file) { return "$dir/arch/$file" };
my $API  = 'PVE/API2/Cluster/Notifications';

#<<<
# title, what is done to the node, notify, api, the line in the log, what breaks in the program
my @CASES = (
    ['all is well', sub ($dir) { }, 'ours', 'ours'],
    ['no library', sub ($dir) { unlink glob "$dir/arch/auto/*.so" or die }, 'vendor', 'vendor', qr/libpve_rs_notify/],
    ['a library that cannot be loaded', sub ($dir) { put($_, "\x7fELF") for glob "$dir/arch/auto/*.so" },
        'vendor', 'vendor', qr/libpve_rs_notify/],
    ['a library of another perl', sub ($dir) { edit("$dir/arch/PVE/RS/Notify.pm", sub { s/^1;/die "this library was built for another perl\\n";/m or die }) },
        'vendor', 'vendor', qr/another perl/],
    ['a syntax error in the implementation', sub ($dir) { edit($arch->($dir, 'PVE/Notify/Main.pm'), sub { s/^1;$/sub (;\n1;/m }) },
        'vendor', 'vendor', qr/syntax error/],
    ['a syntax error in the API', sub ($dir) { edit($arch->($dir, "$API/SMTP.pm"), sub { s/^1;$/sub (;\n1;/m }) },
        'ours', 'vendor', qr/syntax error/],
    ['an import that the node lacks', sub ($dir) { edit($arch->($dir, "$API/Entries.pm"), sub { s/qw\(get_standard_option\)/qw(get_standard_option nonsense)/ }) },
        'ours', 'vendor', qr/nonsense/],
    ['an error in the middle of our registrations', sub ($dir) { edit($arch->($dir, "$API/Methods.pm"), sub { s/^(?=.*SMTP::register)/die "in the middle\\n";\n/m }) },
        'ours', 'vendor', qr/in the middle/],
    ['a module that is gone', sub ($dir) { unlink $arch->($dir, "$API/Common.pm") or die }, 'ours', 'vendor', qr/Common[.]pm/],
    ['an error at the end of the implementation', sub ($dir) { edit($arch->($dir, 'PVE/Notify/Main.pm'), sub { s/^1;$/die "at the end\\n";/m }) },
        'vendor', 'vendor', qr/at the end/],
    ['an error while functions are installed', sub ($dir) { edit($arch->($dir, 'PVE/Notify/Legacy.pm'), sub { s/^(sub offer .*)$/$1\n    die "no offer\\n";/m }) },
        'vendor', 'vendor', qr/no offer/],
    ['the second file cannot be registered', sub ($dir) { }, 'vendor', 'vendor', qr/broken/, 'file 2'],
    ['a method cannot be registered', sub ($dir) { }, 'ours', 'ours', qr/broken/, 'method 7'],
    ['the node lacks a function of the API', sub ($dir) { }, 'ours', 'vendor', qr/PVE::JSONSchema has no parse_boolean/, 'no parse_boolean'],
    ['a node with the feature', sub ($dir) { feature($dir) }, 'vendor', 'vendor'],
    ['a node with the feature, a plain target in our file', sub ($dir) { feature($dir); target($dir, 'plain') }, 'vendor', 'vendor'],
    ['a node with the feature, OAuth2 targets of ours', sub ($dir) { feature($dir); target($dir, 'google-oauth2') }, 'ours', 'ours'],
    ['a node that names the feature in a comment', sub ($dir) { edit("$dir/share/$API.pm", sub { s/^(?=use v5)/# smtp_oauth2_token\n/m }) }, 'ours', 'ours'],
    ['handed over', sub ($dir) { put("$dir/off", '') }, 'vendor', 'vendor'],
    ['handed over with OAuth2 targets', sub ($dir) { put("$dir/off", ''); target($dir, 'google-oauth2') }, 'vendor', 'vendor'],
);
#>>>

sub feature ($dir) {
    edit("$dir/share/$API.pm",
        sub {s/^1;$/add(smtp_oauth2_token => POST => 'smtp-oauth2-token');\n1;/m});
    return;
}

sub target ($dir, $method) {
    put("$dir/config/notifications-ext.cfg", "smtp: other\n\tauth-method $method\n\n");
    return;
}

for my $case (@CASES) {
    my ($title, $change, $notify, $api, $logged, $break) = @$case;
    subtest $title => sub {
        for my $first (qw(api notify)) {
            my $dir = node();
            $change->($dir);
            my $before = () = $sandbox->mails;
            my $found  = run($dir, $first, $break // '');
            my $has    = -e "$dir/share/$API.pm" && slurp("$dir/share/$API.pm") =~ /^add\(smtp_o/m;
            $found->{token} = 0 if $has && ($found->{api} // '') eq 'vendor';
            is_whole($found, $first);
            is $found->{notify}, $notify, "$first: whose PVE::Notify";
            is $found->{api},    $api,    "$first: whose API" if !$break || $break ne 'method 7';
            my $after = () = $sandbox->mails;
            is $after - $before, 1, "$first: it arrived";
            my @log = grep {/pve-notify-oauth2/} ($found->{log} // [])->@*;
            is scalar @log, $logged ? 1 : 0, "$first: lines in the log"
                or diag explain $found->{log};
            like $log[0] // '', qr/\Aerr .*$logged/, "$first: what it says" if $logged;
        }
    };
}

# only a mount namespace can put something in the place of /usr/share/perl5
subtest 'the guard itself is broken' => sub {
    my @inside = ('unshare', '--mount', '--map-root-user', '--user');
    @inside = ('unshare', '--mount') if $> == 0;
    plan skip_all => 'SKIPPED: no mount namespaces here'
        if !$ENV{CI} && system("@inside true 2>/dev/null") != 0;
    for my $break ('syntax', 'missing') {
        my $dir   = node();
        my $guard = "$dir/arch/PVE/Notify/Guard.pm";
        $break eq 'syntax' ? put($guard, 'sub (;') : unlink $guard;
        my @bind =
            (@inside, 'sh', '-c', 'mount --bind "$0" /usr/share/perl5; exec "$@"', "$dir/share");
        my $found = run($dir, 'api', '', @bind);
        is_whole($found, $break);
        is "$found->{notify} $found->{api}", 'vendor vendor', "$break: the vendor's";
    }
};

done_testing;
