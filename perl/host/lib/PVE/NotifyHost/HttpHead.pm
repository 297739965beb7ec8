package PVE::NotifyHost::HttpHead;

# The head of an HTTP request by RFC 9110 and RFC 9112, in one reading only. Whatever two programs could
# read differently - a proxy and this server, say - is refused, as one could hide a second request from
# the other in it. Each function dies with what is wrong, a fixed text: nothing of the request is in it.

use v5.36;

use Exporter qw(import);

our @EXPORT_OK = qw(start_line header_field body_of);

my $TOKEN     = qr/[!#\$%&'*+.^_`|~0-9A-Za-z-]+/;
my $NAME      = qr/[A-Za-z0-9._-]{1,255}/;
my $AUTHORITY = qr/(?:$NAME|\[[0-9A-Fa-f:.]{2,45}\])(?::[0-9]{1,5})?/;
my %PORT      = (http => 80, https => 443);

# { method, version, authority }; authority, with the scheme's port, is that of a full address
sub start_line ($line) {
    my ($method, $target, $version) = $line =~ m{\A($TOKEN) ([^\x00-\x20\x7f#]+) HTTP/(1\.[01])\z}
        or die "the first line is not that of HTTP/1.1 or HTTP/1.0\n";
    my %start = (method => $method, version => $version);
    if ($method eq 'CONNECT') {
        die "the target of CONNECT is not a host and port\n"
            if $target !~ /\A$AUTHORITY\z/ || $target !~ /:[0-9]+\z/;
    } elsif (my ($scheme, $authority) = $target =~ m{\A(https?)://($AUTHORITY)(?:[/?]|\z)}i) {
        @start{qw(scheme authority)} = (lc($scheme), with_port($scheme, $authority));
    } elsif ($target !~ m{\A/} && "$method $target" ne 'OPTIONS *') {
        die "the target is not a path\n";
    }
    return \%start;
}

# [name in lower case, value]
sub header_field ($line) {
    die "a header line begins with whitespace\n" if $line =~ /\A[ \t]/;
    my ($name, $value) = $line =~ /\A($TOKEN):[ \t]*+([\t\x20-\x7e\x80-\xff]*)\z/
        or die "a header line has no valid form\n";
    return [lc($name), $value =~ s/[ \t]+\z//r];
}

# Of all fields, the length of the body in bytes, or undef for one in chunks.
sub body_of ($start, $fields) {
    my %values;
    push @{ $values{ $_->[0] } }, $_->[1] for @$fields;
    check_host($start, @{ $values{host} // [] });

    my @codings = @{ $values{'transfer-encoding'} // [] };
    my @lengths = @{ $values{'content-length'}    // [] };
    die "Transfer-Encoding and Content-Length are given both\n" if @codings && @lengths;
    die "Content-Length is given more than once\n" if @lengths > 1 || "@lengths" =~ /,/;
    die "Content-Length is not a number\n"         if @lengths && $lengths[0]    !~ /\A[0-9]+\z/;
    return $lengths[0] // 0                        if !@codings;
    die "Transfer-Encoding is not of HTTP/1.0\n"   if $start->{version} eq '1.0';
    die "Transfer-Encoding is another than 'chunked'\n"
        if @codings > 1 || lc($codings[0]) ne 'chunked';
    return undef;    ## no critic (ProhibitExplicitReturnUndef)
}

sub check_host ($start, @hosts) {
    die "Host is given more than once\n" if @hosts > 1;
    die "Host is missing\n"              if !@hosts && $start->{version} ne '1.0';
    return                               if !@hosts;
    die "Host is not a host\n"           if $hosts[0] !~ /\A$AUTHORITY\z/;
    die "the target names another host than Host\n"
        if $start->{authority} && $start->{authority} ne with_port($start->{scheme}, $hosts[0]);
    return;
}

sub with_port ($scheme, $authority) {
    $authority .= ":$PORT{lc($scheme)}" if $authority !~ /:[0-9]+\z/;
    return lc($authority);
}

1;

__END__

=head1 NAME

PVE::NotifyHost::HttpHead - what the head of an HTTP request says, or why it is refused

=head1 SYNOPSIS

    my $start  = start_line('POST /api2/json/access/ticket HTTP/1.1');
    my @fields = map { header_field($_) } 'Host: localhost', 'Content-Length: 3';
    my $length = body_of($start, \@fields);    # 3; undef: in chunks

=cut
