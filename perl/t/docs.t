#!/usr/bin/perl

# The documentation is true where a program can tell: each pvesh command and curl call fits the API,
# those that make a target do make it, and every link leads somewhere.

use v5.36;

use FindBin;
use File::Temp;
use Test::More;

use lib "$FindBin::Bin/lib";

use PVE::API2;
use PVE::NotifyHost::Setup;
use PVE::RPCEnvironment;
use Test::Docs qw(anchors calls fragments links parameters problems);

my $root  = "$FindBin::Bin/../..";
my @guide = map  {s{\A\Q$root/}{}r} "$root/README.md", sort glob("$root/docs/*.md");
my @steps = grep { !m{figures|operations|security} } grep {m{\Adocs/}} @guide;
my @all   = map {s{\A\Q$root/}{}r} sort glob("$root/*.md $root/docs/*.md $root/crates/*/README.md");

my sub content ($path) {
    open(my $fh, '<:encoding(UTF-8)', "$root/$path") or die "$path: $!\n";
    my $text = do { local $/ = undef; <$fh> };
    close($fh);
    return $text;
}

my %text = map { $_ => content($_) } @all;

subtest 'a wrong command would be found' => sub {
    my $smtp = '/cluster/notifications/endpoints/smtp';
    my $good = "--name mail --server s.example.org --from-address a\@example.org";
    for (
        ["pvesh create $smtp $good",                                      qr/\A\z/],
        ["pvesh get $smtp/mail/status --output-format json",              qr/\A\z/],
        ["perl bin/pvesh delete $smtp/mail; echo done",                   qr/\A\z/],
        ["pvesh create $smtp $good --oauth2-client-secret-file FILE > x", qr/\A\z/],
        ["pvesh create $smtp --name mail",                                qr/server/],
        ["pvesh create $smtp $good --mode none",                          qr/mode/],
        ["pvesh create $smtp $good --tenant-id x",                        qr/tenant-id/],
        ["pvesh create $smtp $good --name post",                          qr/name: given twice/],
        ["pvesh create $smtp $good --auth-method gmail",                  qr/no 'gmail'/],
        ["pvesh create $smtp $good stray",                                qr/stray/],
        ["pvesh set $smtp",                                               qr/no such path/],
        ["pvesh usage $smtp/mail/x",                                      qr/no such path/],
        ["curl -X POST https://a/api2/json/cluster/notifications/targets/mail/test", qr/\A\z/],
        ["curl https://a/api2/json/cluster/notifications/targets/mail/test", qr/no such path/],
        ["curl https://a/api2/json$smtp --data-urlencode name=mail",         qr/server/],
        ["curl --insecure https://a/api2/json$smtp",                         qr/--insecure/],
        )
    {
        my ($line, $expected) = @$_;
        my ($call) = calls("```\n$line\n```\n");
        like(problems($call) // '', $expected, $line);
    }
    my ($call) = calls("text with `pvesh\nget $smtp` in it");
    is_deeply([$call->@{qw(method path)}], ['GET', $smtp], 'within a sentence');
};

my %SECRET = map { $_ => 1 }
    qw(authorization-code client-secret oauth2-client-secret oauth2-refresh-token password token);

subtest 'every command and call fits the API, and shows no secret in a list of processes' => sub {
    my %count;
    for my $file (@guide) {
        my @calls = calls($text{$file});
        for my $call (@calls) {
            is(problems($call), undef, "$file: $call->{line}");
            my @shown = grep { $SECRET{$_} } map { $_->[0] } @{ $call->{values} // [] };
            is("@shown", '', "$file: secrets in $call->{line}");
        }
        my @pvesh = $text{$file} =~ /\bpvesh (?:get|set|create|delete|ls|usage) \//g;
        my @curl  = $text{$file} =~ /^ *curl /mg;
        is(scalar(@calls), @pvesh + @curl, "$file: none is overlooked");
        $count{$file} = @calls;
    }
    cmp_ok($count{$_},          '>=', 5, "$_ has commands") for @steps;
    cmp_ok($count{'README.md'}, '>=', 3, 'so has the README');
};

my %known;
for my $place (['POST', 'smtp-oauth2-token'], ['PUT', 'endpoints/smtp/x'], ['PUT', 'matchers/x']) {
    my ($method, $path) = @$place;
    my (undef,   $info) = PVE::API2->find_handler($method, "/cluster/notifications/$path");
    my $properties = $info->{parameters}{properties};
    push $known{$_}->@*, $properties->{$_} for keys %$properties;
}

subtest 'so does every option that a sentence names' => sub {
    my $count = 0;
    for my $file (@guide) {
        for my $fragment (fragments($text{$file})) {
            my ($line, @pairs) = @$fragment;
            for my $pair (@pairs) {
                my ($name, $value) = @$pair;
                my @schemas = @{ $known{$name} // $known{ $name =~ s/-file\z//r } // [] };
                ok(scalar(@schemas), "$file: $line: --$name") or next;
                my @enum =
                    map { ($_->{enum} // [split(/ \| /, $_->{typetext} // '')])->@* } @schemas;
                ok(!@enum || grep({ $_ eq $value } @enum), "$file: --$name $value")
                    if defined $value;
                $count++;
            }
        }
    }
    cmp_ok($count, '>=', 5, 'there are some');
};

my sub invoke ($method, $path, $param) {
    my $in_path = {};
    my ($class, $info) = PVE::API2->find_handler($method, $path, $in_path);
    return $class->handle($info, { %$param, %$in_path });
}

subtest 'what makes a target or changes it is obeyed' => sub {
    PVE::RPCEnvironment->init('cli');
    PVE::RPCEnvironment->get->set_user('root@pam');
    for my $file (@guide) {
        my $dir = File::Temp->newdir;
        local $ENV{PVE_NOTIFY_HOST_DIR} = "$dir";
        PVE::NotifyHost::Setup->init(ensure_dirs => 1);
        my %made;
        for my $call (grep { $_->{method} && $_->{path} !~ m{/NAME\b} } calls($text{$file})) {
            my ($method, $path) = $call->@{qw(method path)};
            next if $path =~ m{/(?:smtp-oauth2-[a-z-]+|test|revoke)\z};    # these need a provider
            my (undef, $info) = PVE::API2->find_handler($method, $path);
            my ($param) = parameters($call, $info->{parameters}{properties});
            my $name = $param->{name};
            if ($method eq 'POST' && $made{$name}++) {    # another way to make the same
                my $matcher = '/cluster/notifications/matchers/default-matcher';
                invoke('PUT',    $matcher,      { delete => ['target'] });
                invoke('DELETE', "$path/$name", {});
            }
            ok(eval { invoke($method, $path, $param); 1 }, "$file: $call->{line}") or diag($@);
        }
    }
};

subtest 'what is to be registered is what the program asks for' => sub {
    my ($default) = content('crates/notify/src/oauth2/redirect.rs') =~ /NOWHERE: &str = "([^"]+)"/;
    ok(length $default, 'the redirect URI of the program');
    like($text{$_}, qr/\bredirect URI\b[^\n]*`\Q$default\E`/i, $_) for @steps;
};

subtest 'every number of an error is one that the product explains' => sub {
    my %table = map { $_ => content("crates/notify/src/advice/$_.rs") } qw(aadsts google rfc6749);
    $table{smtp} = content('crates/notify/src/smtp/refusal.rs');
    for my $file (@steps) {
        my @numbers = map {/[0-9]{5,}/g} $text{$file} =~ /\bAADSTS([0-9]+(?:, [0-9]{5,})*)/g;
        like($table{aadsts}, qr/\b$_\b/, "$file: AADSTS$_") for @numbers;
        my @codes = $text{$file} =~ /`[45][0-9]{2} ([0-9.]{5,})`/g;
        like($table{smtp}, qr/\b\Q$_\E\b/, "$file: $_") for @codes;
        my @words = $text{$file} =~ /^\| `([a-z_]+)`/mg;
        like("$table{google}$table{rfc6749}", qr/"\Q$_\E"/, "$file: $_") for @words;
        cmp_ok(scalar(@codes), '>=', 3, "$file explains replies of mail servers");
    }
};

subtest 'every link leads somewhere' => sub {
    for my $file (@all) {
        my ($folder) = $file =~ m{\A(.*/)?[^/]+\z};
        for my $link (links($text{$file})) {
            my ($target, $anchor) = @$link;
            my $path = $target eq '' ? $file : ($folder // '') . $target;
            1 while $path =~ s{[^/]+/\.\./}{};
            ok(-e "$root/$path", "$file: $target") or next;
            next if $anchor eq '';
            my %anchor = map { $_ => 1 } anchors(content($path));
            ok($anchor{$anchor}, "$file: $target#$anchor");
        }
    }
    is_deeply(
        [links("a [b](c.md#d) [e](https://example.org/) [f](#g)\n```\n[h](i)\n```\n")],
        [['c.md', 'd'], ['', 'g']],
        'what counts as a link'
    );
    is_deeply([anchors("# A b-c (D)\n\n## `x`: y\n")], ['a-b-c-d', 'x-y'], 'what it leads to');
};

done_testing();
