package PVE::CLI::pvesh;

# The shell to the API on this machine: runs methods in its own process as root@pam, without a
# server. Words of the command line become parameters, the result is printed, and what fails goes to
# standard error with a status other than zero.

use v5.36;

use PVE::API2;
use PVE::CLI::Arguments;
use PVE::CLI::Usage;
use PVE::CLIFormatter;
use PVE::Cluster;
use PVE::Exception qw(raise_param_exc);
use PVE::JSONSchema;
use PVE::Notify::Program;
use PVE::RPCEnvironment;

my %verb   = (get => 'GET', set => 'PUT', create => 'POST', delete => 'DELETE');
my $FAILED = 255;

my $help = <<'TEXT';
USAGE: pvesh COMMAND PATH [OPTIONS]

  pvesh get PATH [OPTIONS]      read
  pvesh set PATH [OPTIONS]      change
  pvesh create PATH [OPTIONS]   make, or run an action
  pvesh delete PATH [OPTIONS]   remove
  pvesh ls PATH                 list what is below a path
  pvesh usage PATH [--command get|set|create|delete] [--verbose] [--returns]
                                how to call a path
  pvesh help, pvesh --help      this text
  pvesh --version               the version of this program

Options are the parameters of the API: --name value, --name=value.

The result is printed by --output-format text|json|json-pretty|yaml, in tables
with --noheader, --noborder and --human-readable, and not at all with --quiet.

EXIT STATUS: 0, or 255 with the reason on standard error.
TEXT

# for the host's own program; a node's knows nothing of it
my $value_files = <<'TEXT';
On this host only: instead of --NAME VALUE, --NAME-file PATH takes the value of
any parameter from a file, or from standard input where PATH is "-". A secret
then shows in no process list; on a terminal it is asked for without echo.
A PVE node's pvesh has no --NAME-file.
TEXT

my sub find ($command, $path) {
    my $uri_param = {};
    my ($class, $info) = PVE::API2->find_handler($verb{$command}, $path, $uri_param);
    return $class ? ($class, $info, $uri_param) : ();
}

my sub check_permissions ($info, $param) {
    my $rpcenv = PVE::RPCEnvironment->get;
    $rpcenv->check_api2_permissions($info->{permissions}, $rpcenv->get_user, $param);
    return;
}

# What root made, the server could not read. Files of secrets, which only root may be able to read, have
# been read by now.
my sub become_owner () {
    return if $> != 0 || !(stat PVE::Cluster::dirs()->{config})[4];
    require PVE::NotifyHost::Privileges;
    my $owner = PVE::NotifyHost::Privileges::owner();
    PVE::NotifyHost::Privileges::become($owner) if $owner;
    return;
}

my sub call ($class, $info, $param) {
    check_permissions($info, $param);
    become_owner();
    return $class->handle($info, $param);
}

my sub shows_utf8 () {
    my ($locale) = grep {length} map { $_ // '' } @ENV{qw(LC_ALL LC_CTYPE LANG)};
    return ($locale // '') =~ /utf-?8/i ? 1 : 0;
}

# of the terminal, in characters; 0 where the output is read by a program
my sub terminal_width () {
    my $TIOCGWINSZ = 0x5413;
    my $size       = pack 'S4', (0) x 4;
    return ioctl(STDOUT, $TIOCGWINSZ, $size) ? (unpack 'S4', $size)[1] : 0;
}

# Of a list those that its schema declares, first what every row has; the others are for programs.
my sub columns_of ($returns, $data) {
    my $declared = ($returns->{items} // {})->{properties} // {};
    return [] if ref $data ne 'ARRAY' || grep { ref ne 'HASH' } @$data;
    my %optional = map  { $_ => $declared->{$_}{optional} ? 1 : 0 } keys %$declared;
    my @names    = sort { $optional{$a} <=> $optional{$b} || $a cmp $b } keys %$declared;
    my $is_used  = sub ($name) {
        return 1 if defined $declared->{$name}{default};
        return grep { defined $_->{$name} } @$data;
    };
    return [grep { $is_used->($_) } @names];
}

my sub run_method ($command, $path, @words) {
    my ($class, $info, $uri_param) = find($command, $path)
        or die "No '$command' handler defined for '$path'\n";
    my $result;
    my $done = eval {
        my ($param, $output) =
            PVE::CLI::Arguments::parse($info->{parameters}{properties} // {}, @words);
        for my $name (grep { exists $param->{$_} } sort keys %$uri_param) {
            raise_param_exc({ $name => 'the path already gives this parameter' });
        }
        $param->@{ keys %$uri_param } = values %$uri_param;
        my %terminal = (utf8 => shows_utf8(), width => terminal_width());
        $result = [call($class, $info, $param), { %$output, %terminal }];
    };
    if (!$done) {
        my $error = $@;
        if (ref $error && $error->isa('PVE::Exception') && $error->is_param_exc) {
            $error->{usage} = PVE::CLI::Usage::short("pvesh $command $path", $info, $uri_param);
        }
        die $error;
    }
    my ($data, $output) = @$result;
    my $returns = $info->{returns} // {};
    PVE::CLIFormatter::print_api_result($data, $returns, columns_of($returns, $data), $output);
    return;
}

# a line of `ls` starts with D for what has entries below it, then the verbs r, w, c and d
my sub capabilities ($path) {
    my @info         = map { [$_, (find($_, $path))[1]] } qw(get set create delete);
    my %letter       = (get => 'r', set => 'w', create => 'c', delete => 'd');
    my $get          = $info[0][1];
    my $is_directory = $get && defined PVE::JSONSchema::method_get_child_link($get);
    return ($is_directory ? 'D' : '-') . join '', map { $_->[1] ? $letter{ $_->[0] } : '-' } @info;
}

my sub list ($path, @words) {
    my ($class, $info, $uri_param) = find('get', $path);
    my $child = $info && PVE::JSONSchema::method_get_child_link($info);
    die "No children: '$path' is not a directory\n" if !defined $child;
    my ($param) = PVE::CLI::Arguments::parse($info->{parameters}{properties} // {}, @words);
    my $entries = call($class, $info, { %$param, %$uri_param });
    my $base    = $path =~ s{/*\z}{}r;
    my $text    = '';
    for my $name (sort map { $_->{$child} } @$entries) {
        $text .= capabilities("$base/$name") . "        $name\n";
    }
    PVE::CLIFormatter::print_text($text);
    return;
}

my %usage_options = (
    command => {
        description => 'The command to explain; all that the path has when it is left out.',
        type        => 'string',
        enum        => [sort keys %verb],
        optional    => 1,
    },
    verbose => { description => 'Explain each parameter.', type => 'boolean', optional => 1 },
    returns =>
        { description => 'Print the schema of the result.', type => 'boolean', optional => 1 },
);

my sub usage ($path, @words) {
    my ($option) = PVE::CLI::Arguments::parse(\%usage_options, @words);
    PVE::JSONSchema::validate($option,
        { type => 'object', properties => \%usage_options, additionalProperties => 0 },
    );
    my @text;
    for my $command ($option->{command} // qw(get set create delete)) {
        my (undef, $info, $uri_param) = find($command, $path) or next;
        my @method = ("pvesh $command $path", $info, $uri_param);
        push @text,
            $option->{verbose}
            ? PVE::CLI::Usage::long(@method, \%PVE::CLI::Arguments::output_options)
            : 'USAGE: ' . PVE::CLI::Usage::short(@method);
        push @text,
            PVE::CLIFormatter::result_text($info->{returns} // {},
            {}, undef, { 'output-format' => 'yaml' })
            if $option->{returns};
    }
    die "No '$option->{command}' handler defined for '$path'\n" if !@text && $option->{command};
    die "No handler defined for '$path'\n"                      if !@text;
    PVE::CLIFormatter::print_text(join "\n", @text);
    return;
}

my sub run_command ($command = undef, $path = undef, @words) {
    if (!defined $command) {
        PVE::CLIFormatter::print_text($help);
        return $FAILED;
    }
    my $kind = $command =~ /\A-/ ? 'option' : 'command';
    die "unknown $kind '$command'\n\n$help" if !$verb{$command} && $command !~ /\A(?:ls|usage)\z/;
    $path //= '/'                           if $command eq 'ls';
    die "no path given\n\n$help"            if !defined $path || $path =~ /\A-/;
    $path = '/' . $path =~ s{\A/+}{}r;
    if ($command eq 'ls') {
        list($path, @words);
    } elsif ($command eq 'usage') {
        usage($path, @words);
    } else {
        run_method($command, $path, @words);
    }
    return 0;
}

sub take_value_files ($class) {
    $PVE::CLI::Arguments::value_files  = 1;
    $PVE::CLI::Usage::value_files_text = $value_files;
    $help .= "\n$value_files";
    return;
}

# Help and version are for everybody, also where the host's folders are closed to him.
sub needs_no_host ($class, $command = '', @) {
    return $command =~ /\A(?:help|--help|-h|-\?|--version)\z/;
}

sub run ($class, @words) {
    binmode $_, ':utf8' for *STDOUT, *STDERR;
    my $status = eval {
        if ($class->needs_no_host(@words)) {
            my $version = $words[0] eq '--version';
            PVE::CLIFormatter::print_text(
                $version ? PVE::Notify::Program::version_text('pvesh') : $help);
            return 0;
        }
        PVE::RPCEnvironment->setup_default_cli_env;
        return run_command(@words);
    };
    return $status if defined $status;
    print STDERR "$@";
    return $FAILED;
}

1;

__END__

=head1 NAME

PVE::CLI::pvesh - the shell to the API on this machine

=head1 SYNOPSIS

    exit PVE::CLI::pvesh->run(@ARGV);

=head1 METHODS

=head2 run(@words)

Runs one command and returns the exit status: 0, or 255 when it failed.

=head2 take_value_files()

Makes C<run> take C<--NAME-file PATH> for any parameter. Only the program of this host does so: the class
of this name on a PVE node has neither the method nor these options.

=head2 needs_no_host(@words)

True for C<help>, C<--help> and C<--version>, which C<run> serves without the host's folders.

=cut
