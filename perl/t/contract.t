#!/usr/bin/perl

# What Perl code of ours asks of a node's modules is there under that name, and the host's modules of
# the same name offer nothing that a node's do not: code that runs here runs there.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/lib/fake";

use B              ();
use Test::Contract qw(contract knows_sub exports code_of faults_of uses_of module_of);
use Test::More;
use Test::Peers qw(root);

# for the host itself, where a node has other ways
my %OF_THE_HOST = (
    'PVE::Cluster' => {
        set_dirs => 'tells where the folders of this host are',
        dirs     => 'the folders of this host',
    },
    'PVE::RESTHandler'  => { all_methods => 'for the description of the API' },
    'PVE::CLIFormatter' => {
        cell_text   => 'a cell of a table, for the module that draws it',
        print_text  => 'prints what is no result: help, lists',
        result_text => 'the text of a result without printing it',
    },
);

my sub files_below ($dir) {
    my @files;
    for my $path (map {glob} map { "$dir/" . '*/' x $_ . '*' } 0 .. 5) {
        push @files, substr $path, length(root()) + 1 if -f $path;
    }
    @files = sort @files;
    return @files;
}

# what the scan cannot know in the code for a node: file => { fault => why there is none }
my %UNDERSTOOD = (
    'perl/node/lib/PVE/Notify.pm' => {
        'not understood: require' => 'the vendor\'s file of this name',
    },
    'perl/node/lib/PVE/API2/Cluster/Notifications.pm' => {
        'not understood: require' => 'the vendor\'s file of this name',
    },
    'perl/node/lib/PVE/Notify/Guard.pm' => {
        'not understood: require'              => 'of %NEEDS, and the vendor\'s files',
        'not understood: module->can'          => 'of %NEEDS',
        'not understood: API->register_method' => 'of PVE::RESTHandler, which is its parent',
        q{no module 'PVE::Notify::Guard::Rehearsal::ISA' is known on a node} =>
            'a class of its own',
    },
    'perl/node/lib/PVE/NotifyNode.pm' => {
        q{not understood: use " . join ', ', sort keys %COMMAND} => 'a text',
        q{module 'text' does not come with perl}                 => 'a text',
    },
    'perl/node/lib/PVE/NotifyNode/Probe.pm' => {
        'not understood: require' => 'our own modules by their names',
        'not understood: return B::svref_2object(\&$function)->FILE' => 'B is perl\'s',
    },
);

my @sources =
    grep { !/[.]pod\z/ } map { files_below(root() . "/perl/$_") } qw(lib bin node/lib node/bin);
my %ours = map { $_ => 1 } grep {defined} map { module_of($_) }
    map { files_below(root() . "/perl/$_") } qw(lib node/lib);

subtest 'the scan notices what a node would not bear' => sub {
    my @cases = (
        ['use PVE::JSONSchema qw(get_standard_option);'],
        ["use PVE::Exception 'raise', \"raise_perm_exc\";"],
        ['use PVE::Notify; use Scalar::Util qw(blessed); use v5.36; use Time::HiRes ();'],
        ['require PVE::SafeSyslog; PVE::SafeSyslog::syslog("err", "%s", $text);'],
        ['PVE::RPCEnvironment->get->($x)->[0]; $rpcenv->get_user();'],
        ['my $code = PVE::Cluster->can(\'get_nodelist\'); $rpcenv->check($user);'],
        ['$class->register_method({}); $config->anything(); PVE::Notify::anything();'],
        [
            'use PVE::JSONSchema qw(register_format);',
            q{'PVE::JSONSchema' does not export 'register_format'}
        ],
        ["use PVE::Cluster 'get_nodelist';", q{'PVE::Cluster' does not export 'get_nodelist'}],
        [
            "use PVE::Cluster\n    qw(cfs_read_file\n    nope);",
            q{'PVE::Cluster' does not export 'nope'}
        ],
        ['use PVE::Cluster @names;',    'not understood: use PVE::Cluster @names'],
        ['use PVE::Something;',         q{no module 'PVE::Something' is known on a node}],
        ['{ require PVE::Something; }', q{no module 'PVE::Something' is known on a node}],
        ['use Proxmox::RS::Notify;',    q{no module 'Proxmox::RS::Notify' is known on a node}],
        ["Proxmox::RS::Notify->can('x'); push \@Proxmox::RS::Notify::ISA, __PACKAGE__;"],
        ['Proxmox::RS::Notify->x;',      q{no module 'Proxmox::RS::Notify' is known on a node}],
        ["use parent 'PVE::Something';", q{no module 'PVE::Something' is known on a node}],
        [
            'use JSON::XS;',
            q{module 'JSON::XS' does not come with perl},
            q{'JSON::XS' does not come with perl}
        ],
        ['require Mojolicious;',             q{module 'Mojolicious' does not come with perl}],
        ['require $class;',                  'not understood: require'],
        ['PVE::Cluster::nope();',            q{'PVE::Cluster' has no function 'nope'}],
        ['my $code = \&PVE::Cluster::nope;', q{'PVE::Cluster' has no function 'nope'}],
        ['$PVE::Cluster::dirs;', q{'PVE::Cluster::dirs' is a variable of another module}],
        ['PVE::Something::x();', q{no module 'PVE::Something::x' is known on a node}],
        ["PVE::RPCEnvironment\n    ->nope;", q{'PVE::RPCEnvironment' has no method 'nope'}],
        ['PVE::RPCEnvironment->$name;',      q{'PVE::RPCEnvironment' has no method '$name'}],
        ["PVE::Cluster->can('nope');",       q{'PVE::Cluster' has no method 'nope'}],
        ['PVE::Cluster->can($name);',        'not understood: PVE::Cluster->can'],
        [q[&{\\&{"PVE::Cluster::$name"}};],  q{not understood: a name in 'PVE::Cluster'}],
        ['new PVE::Exception("x");',         'not understood: new PVE::Exception'],
        ['$rpcenv->nope;',                   q{'PVE::RPCEnvironment' has no method 'nope'}],
        ['$class->nope;',                    q{'PVE::RESTHandler' has no method 'nope'}],
        ['$other->check;',                   'not understood: other->check'],
        ['f()->check;',                      'not understood: f()->check'],
        [
            "qw(PVE::API2::Backup PVE::API2::Nope)",
            q{no module 'PVE::API2::Nope' is known on a node}
        ],
    );
    for my $case (@cases) {
        my ($text, @expected) = @$case;
        my @found = map {s/\Aline [0-9]+: //r} faults_of("my \$x;\n$text\n", \%ours);
        is_deeply \@found, \@expected, $text;
    }
    is_deeply [faults_of("1;\n\nPVE::Cluster::nope();\n", \%ours)],
        [q{line 3: 'PVE::Cluster' has no function 'nope'}], 'the line is told';
};

subtest 'our code uses what a node has' => sub {
    cmp_ok scalar @sources, '>', 15, 'the sources are found';
    for my $path (@sources) {
        my @found = faults_of(code_of(root() . "/$path"), \%ours);
        my $known = $UNDERSTOOD{$path} // {};
        my %met   = map { s/\Aline [0-9]+: //r => 1 } @found;
        is_deeply [grep { !$known->{s/\Aline [0-9]+: //r} } @found], [], $path;
        is_deeply [grep { !$met{$_} } sort keys %$known], [], "$path: what is understood is there";
    }
};

# what a node may lack: it is looked for, or missed only where it is called
my %AT_NEED = (
    'PVE::Cluster'        => ['get_nodelist'],
    'PVE::INotify'        => ['nodename'],
    'PVE::JSONSchema'     => ['register_renderer'],
    'PVE::RPCEnvironment' => ['get'],
    'PVE::SafeSyslog'     => ['syslog'],
);

subtest 'the guard asks a node for what our code uses, and for nothing that no node has' => sub {
    require(root() . "/perl/node/lib/PVE/Notify/Guard.pm");
    my (%needs, %uses);
    no warnings 'once';    ## no critic (ProhibitNoWarnings)
    for my $list (values %PVE::Notify::Guard::NEEDS) {
        push $needs{$_}->@*, $list->{$_}->@* for keys %$list;
    }
    for my $module (sort keys %needs) {
        ok knows_sub($module, $_), "a node's $module has $_" for $needs{$module}->@*;
    }
    for my $path (grep {m{\Aperl/lib/}} @sources) {
        my $here = uses_of(code_of(root() . "/$path"), \%ours);
        for my $module (keys %$here) {
            $uses{$module}{$_} = 1 for keys $here->{$module}->%*;
        }
    }
    $uses{'PVE::RESTHandler'}{register_method} = 1;    # $class->register_method
    my %all = (%needs, %uses);
    for my $module (sort keys %all) {
        is_deeply [sort { $a cmp $b } map { ($_->{$module} // [])->@* } \%needs, \%AT_NEED],
            [sort keys(($uses{$module} // {})->%*)], "what our code uses of $module";
    }
};

my sub load ($module) {
    return eval "require $module; 1" || die $@;    ## no critic (ProhibitStringyEval)
}

# { name => package that it was made in } of the functions that a package has
my sub subs_in ($package) {
    no strict 'refs';    ## no critic (ProhibitNoStrict)
    my %made_in;
    for my $name (grep { defined &{"${package}::$_"} } keys %{"${package}::"}) {
        $made_in{$name} = B::svref_2object(\&{"${package}::$name"})->GV->STASH->NAME;
    }
    return \%made_in;
}

# as of Fcntl; such a one has lost where it was made
my sub is_constant ($package, $name) {
    no strict 'refs';    ## no critic (ProhibitNoStrict)
    return B::svref_2object(\&{"${package}::$name"})->CvFLAGS & B::CVf_CONST;
}

my sub list_of ($package, $name) {
    no strict 'refs';    ## no critic (ProhibitNoStrict)
    return map {s/\A&//r} @{"${package}::$name"};
}

subtest 'what our modules have imported is exported on a node' => sub {
    for my $module (grep { $_ !~ /\APVE::(?:RS|NotifyNode|Notify::Guard)\b/ } sort keys %ours) {
        load($module);
        my $subs = subs_in($module);
        for my $name (sort keys %$subs) {
            my $from = $subs->{$name};
            next if $from eq $module || $ours{$from} || !contract()->{$from};
            ok exports($from)->{$name}, "$module: $name of $from";
        }
    }
};

my @doubles =
    grep { contract()->{$_} }
    grep {defined} map { module_of($_) } files_below(root() . '/perl/host/lib');

subtest 'the host\'s modules offer no more than those of a node' => sub {
    cmp_ok scalar @doubles, '>', 8, 'the modules are found';
    for my $double (@doubles) {
        load($double);
        my $real    = contract()->{$double};
        my $exports = exports($double);
        is_deeply [grep { !$exports->{$_} } map { list_of($double, $_) } qw(EXPORT EXPORT_OK)], [],
            "$double: what it exports";
        is_deeply [sort { $a cmp $b } list_of($double, 'EXPORT')], [sort $real->{export}->@*],
            "$double: what it exports by default";
        is_deeply [grep { !$double->isa($_) } grep {/\APVE::/} $real->{parents}->@*], [],
            "$double: its parents";
        my $subs = subs_in($double);
        my @more = grep { !/\A[_(]/ && $subs->{$_} eq $double && !knows_sub($double, $_) }
            sort keys %$subs;
        @more = grep { !is_constant($double, $_) } @more;
        unlike code_of($INC{ $double =~ s{::}{/}gr . '.pm' }), qr/^use constant/m,
            "$double: constants";
        is_deeply \@more, [sort keys(($OF_THE_HOST{$double} // {})->%*)], "$double: its functions";
    }
};

done_testing;
