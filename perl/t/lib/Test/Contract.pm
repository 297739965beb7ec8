package Test::Contract;

# What the modules of a Proxmox VE node offer, as perl/t/contract/pve-perl.json lists it, and a scan of
# source text for every use of them. The scan is a plain one: what it does not understand is a fault.

use v5.36;

use Exporter 'import';
use JSON::PP         ();
use Module::CoreList ();
use Test::Peers      qw(root);

our @EXPORT_OK = qw(contract knows_sub exports code_of faults_of uses_of module_of);

my $PERL = '5.036000';    # the oldest that has to do

# what the API registers besides its subs
my %registered = map { $_ => { index => 1 } } qw(PVE::API2::Backup PVE::API2::ReplicationConfig);

# Whose methods are called on these. Our own library's objects are not looked at further.
my $OURS   = 'ours';
my %object = (
    config  => $OURS,
    get     => $OURS,
    system  => $OURS,
    self    => $OURS,
    rpcenv  => 'PVE::RPCEnvironment',
    env     => 'PVE::RPCEnvironment',
    class   => 'PVE::RESTHandler',
    fh      => 'core',
    parser  => 'core',
    __SUB__ => $OURS,
);
$object{$_} = 'core' for qw(json new ascii utf8 canonical);    # a JSON::PP in the making

# May be there or not; it may be asked for that, and given a base.
my $perhaps = 'Proxmox::RS::Notify';

my $returns_ours = qr/(?:read_config\(\)|lock_config\(\$change\))\z/;

my sub slurp ($path) {
    open my $fh, '<:raw', $path or die "can't open '$path': $!\n";
    my $text = do { local $/ = undef; readline $fh };
    close $fh;
    return $text;
}

sub contract () {
    state $contract = JSON::PP->new->decode(slurp(root() . '/perl/t/contract/pve-perl.json'));
    return $contract;
}

sub exports ($package) {
    my $known = contract()->{$package};
    return { map { s/\A&//r => 1 } $known->{export}->@*, $known->{export_ok}->@* };
}

# also those of its parents
sub knows_sub ($package, $name) {
    my $known = contract()->{$package} or return 0;
    return 1 if $registered{$package}{$name} || grep { $_ eq $name } $known->{subs}->@*;
    return 1 if $name eq 'import' && grep            { $_ eq 'Exporter' } $known->{parents}->@*;
    return scalar grep { knows_sub($_, $name) } $known->{parents}->@*;
}

# the package of a source file, by its place
sub module_of ($path) {
    return $path =~ m{(?:\A|/)lib/(PVE/.+)\.p(?:m|od)\z} ? $1 =~ s{/}{::}gr : undef;
}

# The text without documentation and without lines that are comments, with its lines at their place.
sub code_of ($path) {
    my $text = slurp($path) =~ s/^__(?:END|DATA)__\n.*//msr;
    $text =~ s{^(=[a-z].*?)(?:^=cut\n|\z)}{$1 =~ tr/\n//cdr}gmse;
    return $text =~ s/^[ \t]*#.*//gmr;
}

my sub is_ours ($module, $ours) { return $ours->{$module} || $module eq 'PVE::RS::Notify::Lib' }

my sub fault_of_module ($module, $ours) {
    return if is_ours($module, $ours);
    if ($module =~ /\A(?:PVE|Proxmox)\b/) {
        return contract()->{$module} ? () : "no module '$module' is known on a node";
    }
    return if Module::CoreList::is_core($module, undef, $PERL);
    return "module '$module' does not come with perl";
}

my sub names_in ($list) {
    return () if $list =~ /\A\s*(?:\(\s*\))?\s*\z/;
    return split ' ', $1 if $list =~ /\A\s*qw\(([^()]*)\)\s*\z/;
    my @names;
    while ($list  =~ /\G\s*(['"])([\w:\$\@%&]+)\1\s*(?:,|=>|\z)/gc) { push @names, $2 }
    return ($list =~ /\G\s*\z/gc) ? @names : undef;
}

my sub faults_of_use ($statement, $ours) {
    $statement =~ /\A(?:use|no)\s+(?:v5[.][0-9]+|([\w:]+)(?:\s+[0-9.]+)?(?:\s+([^;]*?))?)\s*\z/
        or return "not understood: $statement";
    my ($module, $list) = ($1, $2 // '');
    return () if !defined $module;
    my @faults = fault_of_module($module, $ours);
    my $parent = $module =~ /\A(?:parent|base)\z/;
    return @faults if @faults || (!$parent && (is_ours($module, $ours) || !contract()->{$module}));
    my @names = names_in($list);
    return "not understood: $statement" if grep { !defined } @names;
    return map { fault_of_module($_, $ours) } @names if $parent;
    my $exports = exports($module);
    return map {"'$module' does not export '$_'"} grep { !$exports->{$_} } @names;
}

# a name with colons: a module, or a module's function or variable
my sub faults_of_name ($before, $name, $after, $ours) {
    return () if $name eq $perhaps          && $after  =~ /\A->can\('\w+'\)/;
    return () if $name eq "${perhaps}::ISA" && $before =~ /\@\z/;
    if (is_ours($name, $ours) || contract()->{$name}) {
        return ()                                  if is_ours($name, $ours);
        return "not understood: a name in '$name'" if $after  =~ /\A::/;
        return "not understood: new $name"         if $before =~ /\bnew\s+\z/;
        my ($method) = $after =~ /\A\s*->\s*([\w\$]+)/ or return ();
        if ($method eq 'can') {
            ($method) = $after =~ /\A\s*->\s*can\('(\w+)'\)/ or return "not understood: $name->can";
        }
        return knows_sub($name, $method) ? () : "'$name' has no method '$method'";
    }
    my ($module, $sub) = $name =~ /\A(.+)::(\w+)\z/ or return "not understood: $name";
    if ($module =~ /\A(?:PVE|Proxmox)\b/) {
        return ()                                        if is_ours($module, $ours);
        return "no module '$name' is known on a node"    if !contract()->{$module};
        return "'$name' is a variable of another module" if $before =~ /[\$\@%]\{?\z/;
        return "'$module' has no function '$sub'"        if !knows_sub($module, $sub);
        return ();
    }
    return () if grep { Module::CoreList::is_core($_, undef, $PERL) } $name, $module;
    return "'$name' does not come with perl";
}

# a method of something that is not a module's name
my sub fault_of_call ($before, $method, $own) {
    return if $before =~ $returns_ours;
    my ($receiver) = $before =~ /(?:\$|\b)(\w+)\z/
        or return 'not understood: ' . $before =~ s/\A.*[\n;]\s*//sr . "->$method";
    return if $before =~ /::\w+\z/;    # a module, looked at by its name
    my $class = $receiver eq '__PACKAGE__' ? 'PVE::RESTHandler' : $object{$receiver}
        // return "not understood: $receiver->$method";
    return if $class eq 'core' || $class eq $OURS;
    return if $own->{$method}  || knows_sub($class, $method);
    return if $receiver eq 'class' && $method eq 'index';    # of the classes in %registered
    return "'$class' has no method '$method'";
}

# What in the text a node would not bear, as "line N: reason". $ours: the names of our own modules.
sub faults_of ($code, $ours) {
    my (@faults, %seen);
    my $at = sub ($place, @reasons) {
        my $line = 1 + (substr($code, 0, $place) =~ tr/\n//);
        push @faults, grep { !$seen{$_}++ } map {"line $line: $_"} @reasons;
    };
    my %own = map { $_ => 1 } $code =~ /\bsub\s+(\w+)/g, 'can';
    while ($code =~ /(?:^|[;{}])[ \t]*((?:use|no)\s[^;]*);/gm) {
        $at->($-[1], faults_of_use($1, $ours));
    }
    while ($code =~ /\brequire\b(?:\s+([A-Za-z]\w*(?:::\w+)*)\s*[;)}])?/g) {
        $at->($-[0], defined $1 ? fault_of_module($1, $ours) : 'not understood: require');
    }
    while ($code =~ /(?<![\w:])([A-Z]\w*(?:::\w+)+)/g) {
        my ($from, $to) = ($-[0], $+[0]);
        $at->($from, faults_of_name(substr($code, 0, $from), $1, substr($code, $to, 200), $ours));
    }
    while ($code =~ /->\s*(\$?[A-Za-z_]\w*)/g) {
        my $before = substr($code, 0, $-[0]) =~ s/\s+\z//r;
        $at->($-[0], fault_of_call(substr($before, -60), $1, \%own));
    }
    return @faults;
}

# { module of a node => { name => 1 } } of what the text imports, calls, or looks for with `can`
sub uses_of ($code, $ours) {
    my %uses;
    my $note = sub ($module, @names) {
        @{ $uses{$module} }{@names} = (1) x @names
            if !is_ours($module, $ours) && contract()->{$module};
    };
    while ($code =~ /^use\s+(PVE::[\w:]+)\s+([^;]+);/gm) { $note->($1, names_in($2)) }
    while ($code =~ /\b(PVE(?:::\w+)+)::(\w+)/g) { $note->($1, $2) if !contract()->{"${1}::$2"} }
    while ($code =~ /\b(PVE(?:::\w+)+)\s*->\s*(?:can\('(\w+)'\)|(\w+))/g) { $note->($1, $2 // $3) }
    return \%uses;
}

1;
