#!/usr/bin/perl

# PVE::VZDump's legacy mail mode, in a program of its own each: it asks Proxmox::RS::Notify for a
# configuration without loading that class. Beside ours the real class may be loaded before or later.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Test::Peers qw(host_dir new_dir root slurp write_private);

my $dir   = host_dir();
my $files = new_dir();
my @INCLUDE =
    map { '-I' . root() . "/$_" } qw(blib/lib blib/arch perl/host/lib);

# keeps what it is called with and what it reads
write_private("$files/sendmail", <<"END");
#!/bin/sh
echo "\$\@" > $files/called
cat > $files/mail
END
chmod oct('0700'), "$files/sendmail";

# a stand-in for the real class, written in Perl
mkdir "$files/$_" for 'lib', 'lib/Proxmox', 'lib/Proxmox/RS';
write_private("$files/lib/Proxmox/RS/Notify.pm", <<'END');
package Proxmox::RS::Notify;
use v5.36;
sub parse_config ($class, @raw) { return bless { real => 1 }, $class }
sub send ($self, @args) { print "real send $args[0]\n"; return }
sub delete_matcher ($self, $name) { die "not one of mine\n" if !$self->{real} }
1;
END

# as a shared library makes its functions known: at run time, all at once
write_private("$files/lib/Proxmox/RS/Late.pm", <<'END');
package Proxmox::RS::Late;
use v5.36;
my %function = (
    parse_config   => sub ($class, @raw) { return bless \my $object, $class },
    send           => sub ($self, @args) { print "real send $args[0]\n"; return },
    delete_matcher => sub ($self, $name) { die "not one of mine\n" },
);
sub bootstrap ($class) {
    no strict 'refs';
    *{"Proxmox::RS::Notify::$_"} = $function{$_} for keys %function;
    return;
}
1;
END

my $BEGINNING = <<"END";
use v5.36;
\$SIG{__WARN__} = sub (\$text) { print "warned: \$text" };
sub our_notify () {
    require PVE::Notify;
    PVE::Cluster::set_dirs({ config => '$dir/config', run => '$dir/run' });
    PVE::Notify::set_host({
        kind               => 'standalone',
        'config-dir'       => '$dir/config',
        'vendor-templates' => '$dir/templates',
        sendmail           => '$files/sendmail',
    });
    return;
}
END

$BEGINNING .= <<'END';
# what PVE::VZDump does
sub legacy_config (@mailto) {
    my $config = Proxmox::RS::Notify->parse_config('', '');
    $config->delete_matcher($_->{name}) for $config->get_matchers->@*;
    my $name = 'mailto <' . join(', ', @mailto) . '>';
    $config->add_sendmail_endpoint($name, \@mailto, undef, undef, 'vzdump backup tool');
    $config->add_matcher('always', [$name]);
    return $config;
}
END

# The output of a program; how it ended where that was not well.
my sub run ($program, @switches) {
    write_private("$files/program.pl", "$BEGINNING$program");
    my $pid = open(my $out, '-|') // die "fork: $!\n";
    if (!$pid) {
        open STDERR, '>&', \*STDOUT;
        exec $^X, @switches, @INCLUDE, "-I$files/lib", "$files/program.pl";
    }
    my $output = do { local $/ = undef; readline $out };
    close $out;
    return $? ? "wait status $?: $output" : $output;
}

my @switches = ([], ['-w'], ['-T']);

subtest 'a backup that mails its own addresses' => sub {
    for my $switches (@switches) {
        my $output = run(<<'END', @$switches);
our_notify();
my $config = legacy_config('ann@example.org', 'bob@example.org');
for my $severity (qw(info error)) {
    my ($outcome) = PVE::Notify->can($severity)->(
        'vzdump', { 'guest-table' => {}, hostname => 'node' },
        { type => 'vzdump', hostname => 'node' }, $config,
    )->@*;
    print "$severity $_->{recipient} $_->{outcome}\n" for $outcome->{recipients}->@*;
}
print "%INC has it\n" if grep { m{Proxmox} } keys %INC;
END
        is $output, <<'END', "is sent, with the switches '@$switches'";
info ann@example.org sent
info bob@example.org sent
error ann@example.org sent
error bob@example.org sent
END
        like slurp("$files/called"), qr/ ann\@example[.]org bob\@example[.]org$/, 'its recipients';
        like slurp("$files/mail"),   qr/^From: vzdump backup tool </m,            'and its sender';
        unlink "$files/called", "$files/mail";
    }
};

subtest 'the real class comes first and stays as it is' => sub {
    for my $switches (@switches) {
        is run(<<'END', @$switches), "real send info\nreal send info\n()\n", "'@$switches'";
require Proxmox::RS::Notify;
my $before = Proxmox::RS::Notify->parse_config('', '');
our_notify();
my $config = Proxmox::RS::Notify->parse_config('', '');
PVE::Notify::info('vzdump', {}, {}, $_) for $before, $config;
print "(@Proxmox::RS::Notify::ISA)\n";
END
    }
};

for my $later (
    ['in Perl',                     'require Proxmox::RS::Notify'],
    ['in Rust',                     'require Proxmox::RS::Late; Proxmox::RS::Late->bootstrap'],
    ['in Perl, with other parents', 'require Proxmox::RS::Notify; @Proxmox::RS::Notify::ISA = ()'],
    )
{
    my ($title, $load) = @$later;
    subtest "the real class comes later, $title" => sub {
        for my $switches (@switches) {
            is run(<<"END", @$switches), <<'END', "'@$switches'";
our_notify();
my \$ours = legacy_config('ann\@example.org');
print ref \$ours, "\\n";
$load;
my \$real = Proxmox::RS::Notify->parse_config('', '');
print ref \$real, "\\n";
PVE::Notify::info('vzdump', {}, {}, \$real);
\$ours->delete_matcher('always');
print scalar \$ours->get_matchers->\@*, " matchers\\n";
\$ours->add_matcher('again', ['mailto <ann\@example.org>']);
print "\$_->{recipients}[0]{outcome}\\n" for PVE::Notify::error('vzdump', {}, {}, \$ours)->\@*;
END
PVE::RS::Notify
Proxmox::RS::Notify
real send info
0 matchers
sent
END
        }
    };
}

done_testing;
