#!/usr/bin/perl

# docs/security.md is true: who may do what, by the permissions with which the methods are registered, and each
# test that it names is there.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/lib/fake";

use PVE::API2;
use PVE::NotifyHost::Auth;
use PVE::RPCEnvironment;
use Test::More;
use Test::NotifyHost qw(host_folder put_file);
use Test::Peers      qw(root slurp);

my $text = slurp(root() . '/docs/security.md');

# the rows of the table whose first column has this title
my sub table ($title) {
    my ($rows) = $text =~ /^\| \Q$title\E \|[^\n]*\n\|[-|]+\n((?:\|[^\n]*\n)+)/m
        or die "no table '$title'\n";
    return map { [map {s/\A\s+|\s+\z//gr} grep {length} split /[|]/] } split /\n/, $rows;
}

my sub code_in ($cell) { return $cell =~ /`([^`]*)`/g }

my sub calls_in ($cell) {
    my @calls = map { s{\.\.\./}{/cluster/notifications/}r =~ s{(?<=\w)/\z}{}r } code_in($cell);
    return map {
        my $call = $_;
        $call =~ /KIND/ ? map { $call =~ s/KIND/$_/r } qw(gotify sendmail smtp webhook) : $call
    } @calls;
}

my $login  = ['/access/ticket', PVE::NotifyHost::Auth::login_method()];
my %method = map { ("$_->[1]{method} $_->[0]" => $_->[1]) } PVE::API2->all_methods, $login;
my %group  = map { ($_->[0] => [calls_in($_->[1])]) } table('group');

subtest 'each call is in one group' => sub {
    is_deeply [sort map {@$_} values %group], [sort keys %method], 'all calls';
};

my @rows     = table('privileges');
my ($header) = $text =~ /^(\| privileges \|.*)$/m;
my @columns  = map {s/\A\s+|\s+\z//gr} grep {length} split /[|]/, $header;
shift @columns;
is_deeply [sort @columns], [sort keys %group], 'a column for each group';

# a user for each row with privileges, and one without any
my $users = "user:none\@pve:1:0:\n";
my %user  = ('root@pam' => 'root@pam', none => 'none@pve', 'nobody, without a login' => undef);
for my $row (grep { !exists $user{ $_->[0] } } @rows) {
    my @privileges = code_in($row->[0]) or die "unknown row '$row->[0]'\n";
    my $name       = 'user' . keys %user;
    $user{ $row->[0] } = "$name\@pve";
    $users .= "user:$name\@pve:1:0:\n";
    for my $place (['/', grep {/\ASys/} @privileges],
        ['/mapping/notifications', grep {/\AM/} @privileges])
    {
        my ($path, @here) = @$place or next;
        my $role = $name . ($path =~ s/\W/-/gr);
        $users .= 'role:' . $role . ':' . join(',', @here) . ":\nacl:1:$path:$name\@pve:$role:\n"
            if @here;
    }
}
my $dir = host_folder();
put_file($dir, 'user.cfg', $users);
my $env = PVE::RPCEnvironment->init('pub');

my sub may ($user, $call) {
    $env->init_request;
    my $permissions = $method{$call} && $method{$call}{permissions};
    return eval { $env->check_api2_permissions($permissions, $user, {}); 1 } ? 'yes' : 'no';
}

for my $row (@rows) {
    my ($title, @cells) = @$row;
    subtest $title => sub {
        for my $i (0 .. $#columns) {
            is may($user{$title}, $_), $cells[$i], "$columns[$i]: $_"
                for $group{ $columns[$i] }->@*;
        }
    };
}

subtest 'every privilege that counts has a row of its own' => sub {
    my %privilege;
    my sub collect ($check) {
        my ($test, @rest) = @$check;
        if ($test eq 'perm') {
            $privilege{$_} = 1 for $rest[1]->@*;
        } else {
            __SUB__->($_) for @rest;
        }
        return;
    }
    collect($_->{permissions}{check}) for grep { $_->{permissions}{check} } values %method;
    my %alone = map { $_->[0] =~ /\A`([\w.]+)`\z/ ? ($1 => 1) : () } @rows;
    is_deeply [sort keys %alone], [sort keys %privilege], 'privileges';
};

subtest 'what it names is there' => sub {
    my @named = $text =~ m{`((?:perl|crates|tools|fuzz)/[\w./-]+)}g;
    cmp_ok scalar @named, '>', 5, 'files';
    ok -e root() . "/$_", $_ for @named;
    my @titles = map { [$_->[-1] =~ /`(perl[^`]*)`: "([^"]+)"/] } table('tried');
    for my $title (grep {@$_} @titles) {
        like slurp(root() . "/$title->[0]"), qr/subtest (['"])\Q$title->[1]\E\g1/,
            "$title->[0]: $title->[1]";
    }
};

done_testing;
