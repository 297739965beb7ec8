#!/usr/bin/perl

# pvesh as people and scripts use it: a process of its own, with the library faked.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/lib/fake";

use File::Temp;
use IO::File;
use JSON::PP;
use POSIX         ();
use Test::FakeLog qw(last_request request_count);
use Test::LeftOut qw(leave_out);
use Test::More;
use Test::Pvesh    qw(host_dir pvesh pvesh_command node_pvesh);
use Test::Terminal qw(on_terminal);

my $path   = '/cluster/notifications/smtp-oauth2-token';
my $secret = 'canary-of-the-secret';
my $dir    = File::Temp->newdir;
my @create = ('create', $path);
my @public = (
    '--auth-method'        => 'google-oauth2',
    '--client-id'          => 'client-1',
    '--authorization-code' => 'code-1',
    '--redirect-uri'       => 'https://localhost:8006/',
);

binmode $_, ':encoding(UTF-8)' for Test::More->builder->output, Test::More->builder->failure_output;

sub write_file ($name, $content) {
    open my $fh, '>:raw', "$dir/$name" or die "can't open '$name': $!\n";
    print {$fh} $content;
    close $fh or die "can't write '$name': $!\n";
    return "$dir/$name";
}

sub fails_with ($result, $expected, $title) {
    is $result->{status}, 255, "$title: status";
    is $result->{out},    '',  "$title: nothing on standard output";
    return like $result->{err}, $expected, "$title: message";
}

subtest 'help is there for whoever asks' => sub {
    for my $word (qw(help --help -h)) {
        my $result = pvesh({}, $word);
        is $result->{status}, 0, "$word: status";
        like $result->{out}, qr/^  pvesh create PATH/m, "$word: text";
    }
    is pvesh({})->{status}, 255, 'no word at all is a failure';
    fails_with(pvesh({}, 'frob', '/'), qr/\Aunknown command 'frob'\n\nUSAGE: /, 'unknown command');
    fails_with(pvesh({}, 'get'),       qr/\Ano path given\n/,                   'no path');
    fails_with(pvesh({}, 'get', '--help'), qr/\Ano path given\n/, 'an option for a path');
};

subtest 'results in every form' => sub {
    my %expected = (
        'text' => "+---------+\n| subdir  |\n+=========+\n| cluster |\n| version |\n+---------+\n",
        'json' => qq([{"subdir":"cluster"},{"subdir":"version"}]\n),
        'json-pretty' =>
            qq([\n   {\n      "subdir" : "cluster"\n   },\n   {\n      "subdir" : "version"\n   }\n]\n),
        'yaml' => "---\n- subdir: cluster\n- subdir: version\n",
    );
    for my $format (sort keys %expected) {
        my $result = pvesh({ env => { LC_ALL => 'C' } }, 'get', '/', '--output-format', $format);
        is $result->{out}, $expected{$format}, $format;
        is $result->{err}, '',                 "$format: no complaint";
    }
    my @get = ('get', '/');
    is pvesh({}, @get, '--noborder')->{out}, "subdir\ncluster\nversion\n", 'no border';
    is pvesh({}, @get, '--noborder',   '--noheader')->{out}, "cluster\nversion\n", 'no header';
    is pvesh({}, @get, '--noborder=1', '-noheader', 'yes')->{out}, "cluster\nversion\n",
        'with values';
    is pvesh({}, @get, '--noborder', '--noheader', 'off')->{out}, "subdir\ncluster\nversion\n",
        'off';
    is pvesh({}, @get, '--quiet')->{out}, '', 'quiet';
    like pvesh({ env => { LC_ALL => 'C.UTF-8' } }, @get)->{out}, qr/^\x{2502} cluster \x{2502}$/m,
        'box characters where the terminal has them';
    fails_with(
        pvesh({}, @get, '--output-format', 'xml'),
        qr/^output-format: value 'xml' does not have a value in the enumeration 'text, json, json-pretty, yaml'$/m,
        'unknown format',
    );
    is_deeply decode_json(
        pvesh({}, @create, @public, '--client-secret', $secret, '--output-format', 'json')->{out}
            =~ s/\A(.*)\z/[$1]/sr), ['refresh-token-of-client-1'], 'a string in JSON';
};

subtest 'options in every spelling' => sub {
    my $result = pvesh(
        {},                            @create,
        '--auth-method=google-oauth2', '-client-id',
        'c-1',                         '--client-secret=a=b',
        '-authorization-code=-x',      '--redirect-uri',
        'https://localhost/?a=b',
    );
    is $result->{out}, "refresh-token-of-c-1\n", 'the call is good';
    is_deeply last_request(),
        ['google-oauth2', 'c-1', 'a=b', undef, '-x', 'https://localhost/?a=b', undef],
        'every value is complete';
    pvesh({}, @create, @public, '--client-secret', '-rf');
    is last_request()->[2], '-rf', 'a value may start with a dash';
    pvesh({}, @create, @public, '--client-secret', "\xc3\xa4\xe2\x82\xac");
    is last_request()->[2], "\x{e4}\x{20ac}", 'words are UTF-8';
};

subtest 'what is wrong with a command line is said' => sub {
    my $before = request_count();
    my @cases  = (
        [['--client-id', '--client-secret', 'x'],    qr/^client-id: option needs a value$/m],
        [['--client-id'],                            qr/^client-id: option needs a value$/m],
        [['--client-id', 'a', '--client-id=b'],      qr/^client-id: option given twice$/m],
        [['x', 'y'],                                 qr/\A400 argument 1 is not an option/],
        [[@public, '--client-secret', 'a', 'stray'], qr/\A400 argument 11 is not an option/],
        [['--'],                                     qr/\A400 argument 1 is not an option/],
        [['--client-id', "a\xff"],                   qr/\A400 argument 2 is not valid UTF-8$/m],
        [['--frob', '7'],              qr/^frob: property is not defined in schema and/m],
        [['--frob-file', '/dev/null'], qr/^frob-file: property is not defined in schema and/m],
        [[@public], qr/^client-secret: property is missing and it is not optional$/m],
    );
    for my $case (@cases) {
        my ($words, $expected) = @$case;
        fails_with(pvesh({}, @create, @$words), $expected, "@$words" =~ s/[^ -~]/?/gr);
    }
    is pvesh({}, 'create', $path, @public)->{err} =~ s/.*(?=^pvesh)//smr,
        <<"TEXT", 'the usage follows';
pvesh create $path
    --authorization-code <string> [OPTIONS] [FORMAT_OPTIONS]
TEXT
    is request_count(), $before, 'nothing reached the library';
};

subtest 'unknown paths are told by command' => sub {
    fails_with(pvesh({}, 'create', '/x'), qr{\ANo 'create' handler defined for '/x'\n\z}, 'create');
    fails_with(pvesh({}, 'get', $path), qr{\ANo 'get' handler defined for '\Q$path\E'\n\z}, 'get');
    fails_with(pvesh({}, 'set', 'version'),
        qr{\ANo 'set' handler defined for '/version'\n\z}, 'set');
    fails_with(pvesh({}, 'ls', '/version'),
        qr{\ANo children: '/version' is not a directory\n\z}, 'ls');
    fails_with(
        pvesh({}, 'ls', '/x'),
        qr{\ANo children: '/x' is not a directory\n\z},
        'ls of nothing'
    );
    fails_with(pvesh({}, 'usage', '/x'), qr{\ANo handler defined for '/x'\n\z}, 'usage');
};

subtest 'ls shows what a path can do' => sub {
    is pvesh({}, 'ls')->{out}, "Dr---        cluster\n-r---        version\n", 'root';
    is pvesh({}, 'ls', '/cluster/notifications')->{out}, <<'TEXT', 'indexes, lists and methods';
Dr---        endpoints
-r---        matcher-field-values
Dr---        matcher-fields
Dr-c-        matchers
---c-        smtp-oauth2-authorize
---c-        smtp-oauth2-cancel
---c-        smtp-oauth2-device
---c-        smtp-oauth2-device-poll
---c-        smtp-oauth2-discover
---c-        smtp-oauth2-handle
---c-        smtp-oauth2-token
Dr---        targets
TEXT
};

subtest 'usage explains a method' => sub {
    my $short = pvesh({}, 'usage', $path)->{out};
    like $short, qr/\AUSAGE: pvesh create \Q$path\E\n    --authorization-code <string> \[/, 'short';
    my $long = pvesh({}, 'usage', $path, '--command', 'create', '--verbose')->{out};
    like $long, qr/^  --$_ [<g].*\n {10}[A-Z]/m, "long: $_"
        for
        qw(auth-method client-id client-secret tenant-id authorization-code redirect-uri code-verifier);
    like $long, qr/--NAME-file PATH/, 'long: files';
    is scalar(grep { length > 100 } split /\n/, $long), 0, 'long: lines fit';
    like pvesh({}, 'usage', '/version', '--returns')->{out}, qr/^type: object$/m,
        'schema of the result';
    fails_with(
        pvesh({}, 'usage', $path, '--command', 'get'),
        qr/\ANo 'get' handler defined/,
        'a command that the path lacks',
    );
    fails_with(
        pvesh({}, 'usage', $path, '--frob'),
        qr/^frob: property is not defined/m,
        'unknown option'
    );
};

subtest q{a node's pvesh takes no value from a file} => sub {
    my $file   = write_file('secret', $secret);
    my $before = request_count();
    fails_with(
        node_pvesh({}, @create, @public, '--client-secret-file', $file),
        qr/^client-secret-file: property is not defined in schema and/m,
        'the option is unknown',
    );
    is request_count(), $before, 'nothing is called';
    is node_pvesh({}, @create, @public, '--client-secret', $secret)->{out},
        "refresh-token-of-client-1\n", 'all else works';
    unlike node_pvesh({}, 'help')->{out}, qr/-file/, 'no help speaks of it';
    my @usage = ('usage', $path, '--command', 'create', '--verbose');
    unlike node_pvesh({}, @usage)->{out}, qr/-file/, 'no usage either';
    like $_, qr/On this host only:\s.*--NAME-file\s+PATH.*\sA\s+PVE\s+node's\s+pvesh\s+has/s,
        'the host says that it alone has it'
        for map { pvesh({}, @$_)->{out} } ['help'], \@usage;
};

subtest 'a secret comes from a file' => sub {
    my @cases = (
        ['plain',                  $secret,                     $secret],
        ['one newline is removed', "$secret\n",                 $secret],
        ['also of Windows',        "$secret\r\n",               $secret],
        ['UTF-8',                  "\xc3\xa4~&+% \xe2\x82\xac", "\x{e4}~&+% \x{20ac}"],
        ['a byte order mark',      "\xef\xbb\xbf$secret\n",     $secret],
        ['up to the limit',        'a' x 16384,                 'a' x 16384],
    );
    for my $case (@cases) {
        my ($title, $content, $expected) = @$case;
        my $result =
            pvesh({}, @create, @public, '--client-secret-file', write_file('secret', $content));
        is $result->{out},      "refresh-token-of-client-1\n", "$title: result";
        is last_request()->[2], $expected,                     "$title: value";
    }
    my $before = request_count();
    @cases = (
        [
            'two newlines', "$secret\n\n",
            qr/^client-secret: invalid format - must not end with a line break .*printf/m
        ],
        ['empty',     '', qr/^client-secret: value must be at least 1 characters long$/m],
        ['not UTF-8', "$secret\xff",  qr/^client-secret-file: the content is not valid UTF-8$/m],
        ['too large', $secret x 4000, qr/^client-secret-file: more than 65536 bytes$/m],
    );
    for my $case (@cases) {
        my ($title, $content, $expected) = @$case;
        my $result =
            pvesh({}, @create, @public, '--client-secret-file', write_file('secret', $content));
        fails_with($result, $expected, $title);
        unlike $result->{err}, qr/\Q$secret\E/, "$title: not the secret";
    }
    my @files = (
        [
            "$dir/none",
            qr/^client-secret-file: can't open '\Q$dir\E\/none': No such file or directory$/m
        ],
        ["$dir", qr/^client-secret-file: can't read '\Q$dir\E': it is a directory$/m],
    );
    fails_with(pvesh({}, @create, @public, '--client-secret-file', $_->[0]), $_->[1], $_->[0])
        for @files;
    my $file = write_file('secret', $secret);
    fails_with(
        pvesh({}, @create, @public, '--client-secret', 'x', '--client-secret-file', $file),
        qr/^client-secret: option given twice$/m,
        'value and file',
    );
    fails_with(
        pvesh({}, @create, @public, '--client-secret-file', '/dev/zero'),
        qr/^client-secret-file: more than 65536 bytes$/m,
        'an endless file',
    );
    is request_count(), $before, 'nothing reached the library';
};

subtest 'a secret comes from standard input' => sub {
    my $result = pvesh({ stdin => "$secret\n" }, @create, @public, '--client-secret-file', '-');
    is $result->{out},      "refresh-token-of-client-1\n", 'result';
    is last_request()->[2], $secret,                       'value';
    fails_with(
        pvesh(
            { stdin => $secret }, @create,
            @public,              '--client-secret-file',
            '-',                  '--code-verifier-file',
            '-',
        ),
        qr/^c[\w-]+-file: only one value can come from standard input$/m,
        'one value only',
    );
};

subtest 'no way leaves the secret in the process list' => sub {
    my $fifo = "$dir/fifo";
    POSIX::mkfifo($fifo, oct '0600') or die "can't make '$fifo': $!\n";
    my @command = pvesh_command(@create, @public, '--client-secret-file', $fifo);
    local $ENV{PVE_NOTIFY_HOST_DIR} = host_dir();
    my $pid = open my $out, '-|', @command    ## no critic (RequireBriefOpen): it ends at the end
        or die "can't run pvesh: $!\n";

    # returns once pvesh has opened the other end
    my $in = IO::File->new($fifo, 'w') or die "can't open '$fifo': $!\n";
    print {$in} $secret;
    $in->flush;
    for my $name (qw(cmdline environ)) {
        open my $fh, '<:raw', "/proc/$pid/$name" or die "can't open '$name': $!\n";
        my $content = do { local $/ = undef; readline $fh };
        close $fh or die "can't close '$name': $!\n";
        ok length $content, "$name has content";
        unlike $content, qr/\Q$secret\E/, "$name does not hold the secret";
    }
    close $in or die "can't write '$fifo': $!\n";
    is readline $out, "refresh-token-of-client-1\n", 'and the call succeeds';
    ok close $out, 'with a good status';
    is last_request()->[2], $secret, 'and the secret';
};

my @asking = pvesh_command(@create, @public, '--client-secret-file', '-');

subtest 'a terminal is asked without echo' => sub {
    my $result = on_terminal(
        \@asking,
        sub ($master) {
            print {$master} "$secret\n";
        }
    );
    leave_out('no pseudo terminals here') if !$result;
    is $result->{status},   0,       'status';
    is last_request()->[2], $secret, 'the secret is read';
    unlike $result->{seen}, qr/\Q$secret\E/, 'and not shown';
    is $result->{echo}, 1, 'the terminal echoes again';
};

subtest 'the interrupt key ends it cleanly' => sub {
    my $before = request_count();
    my $result = on_terminal(
        \@asking,
        sub ($master) {
            print {$master} "half\x03";
        }
    );
    leave_out('no pseudo terminals here') if !$result;
    is $result->{status} & 127, POSIX::SIGINT(), 'by the signal';
    is $result->{echo},         1,               'the terminal echoes again';
    is request_count(),         $before,         'nothing reached the library';
};

subtest 'errors of a method go to standard error' => sub {
    my @bad = @public;
    $bad[3] = 'down';
    my $result = pvesh({}, @create, @bad, '--client-secret', $secret);
    fails_with($result, qr/\A502 provider is down\n\z/, 'an error with a code');
    $bad[3] = 'broken';
    fails_with(
        pvesh({}, @create, @bad, '--client-secret', $secret),
        qr/\Athe library broke\n\z/,
        'a plain one'
    );
};

subtest 'a result that cannot be written is a failure' => sub {
    leave_out('no /dev/full here') if !-c '/dev/full';
    my @words = (@create, @public, '--client-secret', $secret);
    for my $command (\@words, ['ls', '/'], ['usage', '/version'], ['help']) {
        my $result = pvesh({ stdout => '/dev/full' }, @$command);
        is $result->{status}, 255, "$command->[0]: status";
        like $result->{err}, qr/\Acan't write the result: No space left on device\n\z/,
            "$command->[0]: message";
    }
};

subtest 'a relative host folder is refused' => sub {
    fails_with(pvesh({ env => { PVE_NOTIFY_HOST_DIR => 'relative' } }, 'get', '/version'),
        qr/\APVE_NOTIFY_HOST_DIR: not an absolute path\n\z/, 'message',);
};

subtest 'little is loaded' => sub {
    my $bin     = (pvesh_command())[-1];
    my $program = 'END { print "$_\n" for sort keys %INC } do shift';
    local $ENV{PVE_NOTIFY_HOST_DIR} = host_dir();
    my @inc = map {"-I$_"} grep { !ref } @INC;
    open my $out, '-|', $^X, @inc, '-e', $program, $bin, 'get', '/version'
        or die "can't run pvesh: $!\n";
    chomp(my @lines = readline $out);
    ok close $out, 'pvesh ends well';
    cmp_ok scalar(grep {/CLIFormatter/} @lines), '>', 0, 'the list is there';
    is_deeply [grep {m{\A(?:Mojo|IO/Socket|Getopt|JSON|POSIX|Encode)}} @lines], [], 'nothing heavy';
};

done_testing;
