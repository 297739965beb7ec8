package PVE::NotifyHost::Input;

# Parameters of a request, from its query, its form or its JSON body. Strict, since what is guessed
# here would be checked as something else later: text must be valid UTF-8, a name may come once
# (unless its schema says array), and a body must say what it is.

use v5.36;

use Encode         ();
use JSON::PP       ();
use PVE::Exception qw(raise raise_param_exc);

my $MAX_PARAMETERS = 200;
my $MAX_DEPTH      = 8;
my $MAX_VALUES     = 10_000;
my $json           = JSON::PP->new->utf8->max_depth($MAX_DEPTH);

# What a request of the framework has of it: query, type and body.
sub of ($req) {
    return {
        query => $req->url->query->to_string,
        type  => $req->headers->content_type,
        body  => $req->body,
    };
}

# schema: the properties of the method's parameters
sub parameters ($request, $schema) {
    my @pairs = form_pairs($request->{query});
    my $body  = $request->{body};
    if (length($body)) {
        my $type = lc($request->{type} // '');
        my ($kind) = $type =~ m{\A\s*([^;\s]+)\s*(?:;\s*charset\s*=\s*"?utf-8"?\s*)?\z};
        $kind //= '';
        push @pairs,
              $kind eq 'application/x-www-form-urlencoded' ? form_pairs($body)
            : $kind eq 'application/json'                  ? json_pairs($body)
            : raise(
            "content type not supported, use application/x-www-form-urlencoded"
                . " or application/json in UTF-8\n",
            code => 400,
            );
    }
    too_many() if @pairs > $MAX_PARAMETERS;

    # what browsers add against their caches, whatever its value; a node drops it too
    @pairs = grep { $_->[0] ne '_dc' } @pairs;
    return collect(\@pairs, $schema);
}

sub collect ($pairs, $schema) {
    my (%param, %errors);
    for my $pair (@$pairs) {
        my ($name, $value) = @$pair;
        $value = $value ? 1 : 0
            if JSON::PP::is_bool($value) && ($schema->{$name}{type} // '') eq 'boolean';
        if (!exists($param{$name})) {
            $param{$name} = $value;
        } elsif (($schema->{$name}{type} // '') eq 'array') {
            $param{$name} = [map { ref eq 'ARRAY' ? @$_ : $_ } $param{$name}, $value];
        } else {
            $errors{$name} = 'parameter is given more than once';
        }
        $errors{$name} = 'null is not allowed, leave the parameter out' if !defined($value);
    }
    raise_param_exc(\%errors) if %errors;
    return \%param;
}

sub too_many () { return raise("too many parameters\n", code => 400) }

sub form_pairs ($text) {
    my @pairs;
    while ($text =~ /([^&]+)/g) {
        too_many() if @pairs >= $MAX_PARAMETERS;
        my ($name, $value) = split(/=/, $1, 2);
        $name = decode_form($name) // raise("a parameter's name is not valid UTF-8\n", code => 400);
        $value = decode_form($value // '')
            // raise_param_exc({ $name => 'value is not valid UTF-8, or wrongly percent-encoded' });
        push @pairs, [$name, $value];
    }
    return @pairs;
}

sub decode_form ($text) {
    return if $text =~ /%(?![0-9A-Fa-f]{2})/;
    $text           =~ tr/+/ /;
    $text           =~ s/%([0-9A-Fa-f]{2})/chr(hex($1))/ge;
    return decode_utf8($text);
}

# strict: no surrogates, nothing above U+10FFFF, no overlong forms
sub decode_utf8 ($bytes) {
    return eval { Encode::decode('UTF-8', $bytes, Encode::FB_CROAK) };
}

sub json_pairs ($text) {
    check_structure($text);
    my $data = eval { defined(decode_utf8($text)) ? $json->decode($text) : undef };
    raise_bad_unicode($text)                              if !defined($data);
    raise("the body is not a JSON object\n", code => 400) if ref($data) ne 'HASH';

    # the decoder keeps the last of several members of the same name, and drops the others
    raise("the body names a parameter more than once\n", code => 400)
        if count_members($text) != keys(%$data);
    return map { [$_ => $data->{$_}] } sort keys %$data;
}

# The decoder refuses a text with half a surrogate pair, or that is not UTF-8, as a whole. With a mark
# in the place of each such mistake it can be read, and tells which parameters have one.
sub raise_bad_unicode ($text) {
    my $mark = "\x{10fffd}";    # of private use
    my $marked = Encode::decode('UTF-8', $text, sub {$mark});
    $marked =~ s{
        ( \\\\ | \\u[dD][89abAB][0-9a-fA-F]{2} \\u[dD][c-fC-F][0-9a-fA-F]{2} )
        | \\u[dD][89a-fA-F][0-9a-fA-F]{2}
    }{$1 // $mark}gex;
    my $data = eval { $json->decode(Encode::encode('UTF-8', $marked)) };
    raise("the body is not valid JSON\n",              code => 400) if ref($data) ne 'HASH';
    raise("a parameter's name is not valid Unicode\n", code => 400) if grep {/$mark/} keys %$data;
    my %errors =
        map { $_ => 'value is not valid Unicode' } grep { has($data->{$_}, $mark) } keys %$data;
    raise_param_exc(\%errors) if %errors;
    return raise("the body is not valid JSON\n", code => 400);
}

sub has ($value, $mark) {
    return !!grep { has($_, $mark) } @$value if ref($value) eq 'ARRAY';
    return !!grep { has($_, $mark) } %$value if ref($value) eq 'HASH';
    return defined($value) && $value =~ /$mark/;
}

# Before the decoder makes anything of it: how deep the text goes, and how many values it has. What is
# no JSON is the decoder's matter.
sub check_structure ($text) {
    my ($depth, $count) = (0, 0);
    while ($text =~ /\G(?: [^"{}\[\],]++ | "(?:[^"\\]++|\\.)*+" | ([{}\[\],]) )/gcx) {
        my $mark = $1 // next;
        $depth += $mark =~ /[{\[]/ ? 1 : $mark =~ /[}\]]/ ? -1 : 0;
        raise("the body goes deeper than $MAX_DEPTH levels\n", code => 400) if $depth > $MAX_DEPTH;
        raise("the body has more than $MAX_VALUES values\n",   code => 400)
            if $mark =~ /[{\[,]/ && ++$count > $MAX_VALUES;
    }
    return;
}

# of the outermost object of a text that is valid JSON
sub count_members ($text) {
    my ($depth, $count) = (0, 0);
    while ($text =~ /\G(?: [^"{}\[\]:]++ | "(?:[^"\\]++|\\.)*+" | ([{}\[\]:]) )/gcx) {
        my $mark = $1 // next;
        $depth += $mark =~ /[{\[]/ ? 1 : $mark =~ /[}\]]/ ? -1 : 0;
        $count++ if $mark eq ':' && $depth == 1;
    }
    return $count;
}

1;

__END__

=head1 NAME

PVE::NotifyHost::Input - parameters from query, form or JSON body

=head1 SYNOPSIS

    my $request = PVE::NotifyHost::Input::of($c->req);
    my $param   = PVE::NotifyHost::Input::parameters($request, $info->{parameters}{properties});

=head1 DESCRIPTION

Returns a hash of character strings (from JSON also numbers, lists and objects; booleans are 1
and 0 where the schema wants one). Everything else dies with a L<PVE::Exception> of code 400 that names the parameter where
there is one.

=cut
