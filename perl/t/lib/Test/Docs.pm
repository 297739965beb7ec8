package Test::Docs;

# What the documentation tells people to type, as calls of the API: each pvesh command and each curl
# call, in code blocks and within sentences. And what it links to.

use v5.36;

use Exporter 'import';
use Text::ParseWords qw(shellwords);

use PVE::API2;
use PVE::CLI::Arguments;
use PVE::JSONSchema;
use Test::Keys qw(rsa_key service_account);

our @EXPORT_OK = qw(calls fragments links anchors problems parameters);

my %VERB = (get => 'GET', set => 'PUT', create => 'POST', delete => 'DELETE');

# what stands in the documentation for something of the reader's own
my %EXAMPLE = (TENANT => 'tenant.example.org');

# Code blocks without their fences, lines that a backslash continues being one.
my sub blocks ($text) {
    my @blocks = $text =~ /^[ ]*```[^\n]*\n(.*?)^[ ]*```/msg;
    return map { split(/\n/, s/\\\n\s*/ /gr) } @blocks;
}

my sub spans ($text) {
    $text =~ s/^[ ]*```.*?^[ ]*```//msg;
    return map {s/\s+/ /gr} $text =~ /`([^`]+)`/g;
}

# the words of one command, without what the shell does with its output
my sub words ($line) {
    my @words;
    for my $word (shellwords($line)) {
        last if $word =~ /\A(?:[|;&]+|[0-9]?>.*)\z/;
        push @words, $word =~ s/;\z//r;
        last if $word =~ /;\z/;
    }
    return @words;
}

# options as pairs of name and value; undef for those without one
my sub pairs (@words) {
    my @pairs;
    while (defined(my $word = shift @words)) {
        my ($name, $value) = $word =~ /\A--?([a-z][\w-]*)(?:=(.*))?\z/s or return (undef, $word);
        $value //= shift @words if @words && $words[0] !~ /\A--?[a-z]/;
        push @pairs, [$name, $value];
    }
    return \@pairs;
}

my sub pvesh_call ($line) {
    my ($command) = $line =~ /\bpvesh ((?:get|set|create|delete|ls|usage) .*)/ or return;
    my ($verb, $path, @options) = words($command);
    return if !defined($path) || $path eq '...' || $path eq 'PATH';
    my $call = { line => $line, path => $path, options => {}, values => [] };
    return { %$call, verb => $verb } if $verb =~ /\A(?:ls|usage)\z/;
    my ($pairs, $stray) = pairs(@options);
    return { %$call, method => $VERB{$verb}, values => $pairs // [], stray => $stray };
}

my sub curl_call ($line) {
    my ($command) = $line =~ /(?:\A|\s)curl (.*)/ or return;
    my @words     = words($command);
    my $call      = { line => $line, values => [] };
    while (defined(my $word = shift @words)) {
        if ($word eq '-X') {
            $call->{method} = shift @words;
        } elsif ($word eq '--data-urlencode') {
            my ($name, $kind, $rest) = (shift @words) =~ /\A([\w-]+)([=@])(.*)\z/s;
            push $call->{values}->@*, [$kind eq '@' ? "$name-file" : $name, $rest];
        } elsif ($word =~ m{\Ahttps://[^/]+/api2/json(/\S*)}) {
            $call->{path} = $1;
        } elsif ($word =~ /\A(?:-H|-o|--cacert)\z/) {
            shift @words;
        } elsif ($word !~ /\A--fail-with-body\z/) {
            $call->{stray} = $word;
        }
    }
    $call->{method} //= $call->{values}->@* ? 'POST' : 'GET';
    return $call;
}

# Each call of a text: { line, verb or method, path, values: [[name, value]...], stray }.
sub calls ($text) {
    return map { pvesh_call($_) // curl_call($_) // () } blocks($text), spans($text);
}

# Options that a sentence names without a command, as pairs of name and value.
sub fragments ($text) {
    my @ours = grep {/\A--(?:[a-z-]+ \S+ )*(?:auth-method|oauth2-|token-url|server )/} spans($text);
    return map { [$_, (pairs(words($_)))[0]->@*] } @ours;
}

# Links to other files: [target, anchor], either of which may be empty.
sub links ($text) {
    $text =~ s/^[ ]*```.*?^[ ]*```//msg;
    my @targets = $text =~ /\]\(([^)\s]+)\)/g;
    return map { [(split(/#/, $_, 2), '')[0, 1]] } grep { !m{\A[a-z]+:} } @targets;
}

# What a heading can be linked by.
sub anchors ($text) {
    $text =~ s/^[ ]*```.*?^[ ]*```//msg;
    return map {s/ /-/gr} map {s/[^\w\s-]//gr} map {lc} $text =~ /^#+ (.+?)\s*$/mg;
}

# What a file has that a parameter is read from.
my sub content_of ($name, $schema) {
    state $key = service_account(rsa_key());
    return $name eq 'oauth2-client-key' ? $key : 'x' x ($schema->{minLength} // 1);
}

# The parameters of a call; the value of a file fits for each. Or undef and what is wrong.
sub parameters ($call, $properties) {
    my %param;
    for my $pair ($call->{values}->@*) {
        my ($name, $value) = @$pair;
        my $base = $name =~ s/-file\z//r;
        if (!$properties->{$name} && $properties->{$base}) {
            ($name, $value) = ($base, content_of($base, $properties->{$base}));
        }
        my $schema = $properties->{$name} // {};
        $value = $EXAMPLE{$value} // $value if defined $value;
        if (($schema->{type} // '') eq 'array') {
            push $param{$name}->@*, $value;
        } elsif (exists $param{$name}) {
            return (undef, "$name: given twice");
        } else {
            $param{$name} = $value // 1;
        }
    }
    return \%param;
}

# What is wrong with a call, if anything is: the API's own words.
sub problems ($call) {
    return "what is '$call->{stray}'?" if defined $call->{stray};
    my @verbs = $call->{verb} ? values %VERB : $call->{method};
    my ($info, %in_path);
    for my $verb (@verbs) {
        (undef, $info) = PVE::API2->find_handler($verb, $call->{path}, \%in_path);
        last if $info;
    }
    return "no such path: @verbs $call->{path}" if !$info;
    return                                      if $call->{verb};
    my $properties = $info->{parameters}{properties} // {};
    my @values     = grep { !$PVE::CLI::Arguments::output_options{ $_->[0] } } $call->{values}->@*;
    my ($param, $error) = parameters({ values => \@values }, $properties);
    return $error if !$param;
    eval { PVE::JSONSchema::validate({ %$param, %in_path }, $info->{parameters}); 1 }
        or return "$@" =~ s/\s+/ /gr;
    my $methods = ($properties->{'auth-method'} // {})->{typetext} // return;
    my $wanted  = $param->{'auth-method'}                          // return;
    return "auth-method: no '$wanted'" if !grep { $_ eq $wanted } split(/ \| /, $methods);
    return;
}

1;
