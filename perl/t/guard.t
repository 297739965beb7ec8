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
    symlink 'nodes/pve', "$dir/config/local" or die "local: $!\n";
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
        my @program = ("-I$dir/arch", "-I$dir/share", "$ROOT/perl/t/node/program.pl");
        exec(@before, $^X, '-T', @program, $dir, $first, $break) or POSIX::_exit(127);
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
    ['an error with letters that syslog does not take', sub ($dir) { edit($arch->($dir, 'PVE/Notify/Main.pm'), sub { s/^1;$/die "\\x{43a}\\x{43e}\\n";/m }) },
        'vendor', 'vendor', qr/\xd0\xba\xd0\xbe/],
    ['an error while functions are installed', sub ($dir) { edit($arch->($dir, 'PVE/Notify/Legacy.pm'), sub { s/^(sub offer .*)$/$1\n    die "no offer\\n";/m }) },
        'vendor', 'vendor', qr/no offer/],
    ['the second file cannot be registered', sub ($dir) { }, 'vendor', 'vendor', qr/broken/, 'file 2'],
    ['a method cannot be registered', sub ($dir) { }, 'ours', 'ours', qr/broken/, 'method 7'],
    ['a method is registered and dies', sub ($dir) { }, 'ours', 'ours', qr/broken/, 'after method 7'],
    ['the second file is registered and dies', sub ($dir) { }, 'vendor', 'vendor', qr/broken/, 'after file 2'],
    ['a program that ends at every die', sub ($dir) { unlink glob "$dir/arch/auto/*.so" or die }, 'vendor', 'vendor', qr/libpve_rs_notify/, 'a hook'],
    ['loaded twice', sub ($dir) { }, 'ours', 'ours', undef, 'twice'],
    ['the vendor\'s, loaded twice', sub ($dir) { put("$dir/off", '') }, 'vendor', 'vendor', undef, 'twice'],
    ['the node lacks a function of the API', sub ($dir) { }, 'ours', 'vendor', qr/PVE::JSONSchema has no parse_boolean/, 'no parse_boolean'],
    ['a node with the feature', sub ($dir) { feature($dir) }, 'vendor', 'vendor'],
    ['a node with the feature, a plain target in our file', sub ($dir) { feature($dir); target($dir, 'plain') }, 'vendor', 'vendor'],
    ['a node with the feature, OAuth2 targets of ours', sub ($dir) { feature($dir); target($dir, 'google-oauth2') }, 'ours', 'ours'],
    ['a node that names the feature in a comment', sub ($dir) { edit("$dir/share/$API.pm", sub { s/^(?=use v5)/# smtp_oauth2_token\n/m }) }, 'ours', 'ours'],
    ['a node that names it in a text', sub ($dir) { edit("$dir/share/$API.pm", sub { s/^(?=use v5)/=head1 smtp_oauth2_token\n\n=cut\n\n/m; s/^1;$/1;\n__END__\nsmtp_oauth2_token\n/m }) }, 'ours', 'ours'],
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
            is $found->{api},    $api,    "$first: whose API" if ($break // '') !~ /method 7/;
            my $after = () = $sandbox->mails;
            is $after - $before, 1, "$first: it arrived";
            my @log = grep {/pve-notify-oauth2/} ($found->{log} // [])->@*;
            is scalar @log, $logged ? 1 : 0, "$first: lines in the log"
                or diag explain $found->{log};
            next if !$logged;
            like $log[0] // '', qr/\Aerr .*$logged/, "$first: what it says";
            unlike $found->{reason} // '', qr/\n|\A\z| at \S+ line [0-9]+[.]?\z/,
                "$first: what people are told is the cause alone";
        }
    };
}

# only a mount namespace can put something in the place of /usr/share/perl5
subtest 'the guard itself is broken' => sub {
    my @inside = (root() . '/tools/private-mounts');
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

    my $dir = node();
    unlink glob "$dir/arch/auto/*.so" or die;
    edit("$dir/share/PVE/Notify.pm", sub {s/^1;$/die "a cause of its own\\n";/m});
    my @bind = (@inside, 'sh', '-c', 'mount --bind "$0" /usr/share/perl5; exec "$@"', "$dir/share");
    my $found = run($dir, 'api', 'usual places', @bind);
    like $found->{failed}, qr/\Astatus [1-9]/, 'the vendor\'s dies: the program too';
    unlike $found->{failed}, qr/Attempt to reload/,
        'the vendor\'s dies: not because it was loaded again';
    like $found->{failed}, qr/a cause of its own/, 'the vendor\'s dies: of its own cause';
};

subtest 'a file of targets that cannot be read' => sub {
    my $dir = node();
    my $has = sub ($path) {
        my $program =
            '$PVE::Notify::Guard::TARGETS = shift; print PVE::Notify::Guard::has_oauth2_targets()';
        open my $out, '-|', $^X, "-I$dir/arch", '-MPVE::Notify::Guard', '-e', $program, $path
            or die "fork: $!\n";
        my $answer = readline $out;
        close $out;
        return $answer;
    };
    is $has->("$dir/config"),         1, 'may have some';
    is $has->("$dir/config/missing"), 0, 'one that is missing has none';
    unlink "$dir/config/local";
    is $has->("$dir/config/missing"), 1, 'unless nothing is mounted';
};

done_testing;
