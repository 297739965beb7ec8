package PVE::NotifyHost::Reply;

# What a result or an error looks like on the wire: the formats json and extjs of /api2, with the
# first line of an error's message as reason phrase. Errors travel as plain data, since they may
# come from another process.

use v5.36;

use Mojo::JSON   qw(encode_json);
use Scalar::Util qw(blessed);

my $MAX_REASON  = 200;
my $BROKEN_PIPE = 596;

# { status, message, errors } of whatever a method died with; reason is for the log only, delay the
# seconds by which the answer is to be late
sub failure ($error) {
    my $fields  = ref($error) && (!blessed($error) || $error->isa('PVE::Exception')) ? $error : {};
    my $status  = $fields->{code} // $fields->{status}  // 500;
    my $message = $fields->{msg}  // $fields->{message} // "$error";
    return {
        status  => $status =~ /\A[45][0-9][0-9]\z/ ? $status + 0 : 500,
        message => $message,
        map { defined($fields->{$_}) ? ($_ => $fields->{$_}) : () } qw(errors reason delay),
    };
}

# the whole of an answer
sub success ($format, $data) {
    return { data => $data, $format eq 'extjs' ? (success => 1) : () };
}

# Whoever shows a form (extjs) wants the error as data; who has no session must see that at once.
sub error ($c, $format, $failure) {
    my $body = { data => undef, message => $failure->{message} };
    $body->{errors} = $failure->{errors} if $failure->{errors};
    my $status = $failure->{status};
    if ($format eq 'extjs' && $status != 401) {
        return send_json($c, 200, { %$body, success => 0, status => $status });
    }
    my ($line) = $failure->{message} =~ /\A([^\r\n]*)/;
    if ($line =~ /[^\x00-\xff]/) {
        $c->app->log->error("the first line of a message cannot be sent, as on a node: $line");
        $c->res->message('Broken pipe');
        return send_json($c, $BROKEN_PIPE, { data => undef });
    }
    $c->res->message(reason_phrase($line));
    return send_json($c, $status, $body);
}

# One line of printable ASCII: header fields bear no more.
sub reason_phrase ($line) {
    $line =~ s/[^\x20-\x7e]/?/g;
    return substr($line, 0, $MAX_REASON);
}

sub send_json ($c, $status, $body) { return send_text($c, $status, encode_json($body)) }

# JSON that is text already
sub send_text ($c, $status, $json) {
    $c->res->headers->content_type('application/json;charset=UTF-8');
    $c->res->body($json);
    return $c->rendered($status);
}

1;

__END__

=head1 NAME

PVE::NotifyHost::Reply - results and errors in the formats of /api2

=head1 DESCRIPTION

C<json> answers with the method's status and C<{ data, errors, message }>; C<extjs> with 200 and
C<success>, C<status>, C<message>, C<errors>. Missing or failed authentication is 401 in both. An error
whose first line has a character above U+00FF is 596 in C<json>, as a node's server breaks off there.

=cut
