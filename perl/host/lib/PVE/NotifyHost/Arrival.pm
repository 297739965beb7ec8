package PVE::NotifyHost::Arrival;

# A request while it arrives. Its header is bounded; when that is there, what becomes of the request is
# decided, and a body that nobody wants, or that is too large, is refused before it is read. All
# bodies that are kept share one bound.

use v5.36;

use Mojo::Asset::Memory;
use PVE::NotifyHost::Admission;
use Scalar::Util qw(weaken);

my $MAX_HEADER = 32 * 1024;
my $MAX_ALL    = 32 * 1024 * 1024;    # bytes of all bodies that arrive or wait

my $all = 0;

# The framework would write larger bodies to a temporary file, where a secret has no business.
sub watch ($app, $tx) {
    my $req     = $tx->req;
    my $content = $req->content;
    $content->auto_upgrade(0);
    $content->asset->auto_upgrade(0);
    my $held = bless({ bytes => 0 }, __PACKAGE__);
    $tx->{'pve-held'} = $held;
    weaken($tx);    # its request would else keep it
    $req->on(
        progress => sub ($req) {
            return if $req->error;
            my $failure =
                  $req->content->is_parsing_body || $req->content->is_finished
                ? $held->refusal(admission($app, $tx), $req)
                : header_refusal($req);
            refuse($req, $failure) if $failure;
        },
    );
    return;
}

# made once for each request
sub admission ($app, $tx) {
    return $tx->{'pve-admission'} //= PVE::NotifyHost::Admission::of($app, $tx);
}

sub header_refusal ($req) {
    return if $req->{raw_size} <= $MAX_HEADER;
    return { status => 431, message => "the header is larger than $MAX_HEADER bytes\n" };
}

# why the body cannot be taken
sub refusal ($self, $admission, $req) {
    my $content = $req->content;
    my $kept    = $content->asset->size;
    my $length  = $content->is_chunked ? $kept : $req->headers->content_length // 0;
    return                       if !$length              && !$content->is_chunked;
    return $admission->{failure} if $admission->{failure} && !$content->is_finished;
    return                       if $admission->{failure};
    my $room = $admission->{room};
    return { status => 400, message => "a request of this kind has no body\n" } if !$room;
    return { status => 413, message => "the body is larger than $room bytes\n" }
        if $length !~ /\A[0-9]{1,9}\z/ || $length > $room;
    $all += $kept - $self->{bytes};
    $self->{bytes} = $kept;
    return if $all <= $MAX_ALL;
    return { status => 503, message => "too many large requests at once, try again later\n" };
}

# The connection ends with the answer, as what follows the header is not read.
sub refuse ($req, $failure) {
    $req->content->asset(Mojo::Asset::Memory->new);
    return $req->error({ message => 'refused', refusal => $failure });
}

sub DESTROY ($self) {
    $all -= $self->{bytes};
    return;
}

1;

__END__

=head1 NAME

PVE::NotifyHost::Arrival - a request while it arrives

=cut
