package PVE::NotifyHost::Admission;

# What becomes of a request, decided when its header is there: who is it, and which method does he want -
# in this order, so that somebody without a login learns nothing about the rest. Only then is there room
# for a body, and only as much as such a call may need.

use v5.36;

use Encode                                     ();
use PVE::API2::Cluster::Notifications::Message qw(with_plain_first_line);
use PVE::Exception                             qw(raise);
use PVE::NotifyHost::Auth;
use PVE::NotifyHost::Reply;

# room for a parameter of 1 MiB in any encoding, so that the method can name it when it refuses it
our $MAX_BODY = 4 * 1024 * 1024;
my $MAX_LOGIN = 8 * 1024;

my %VERB = map { $_ => $_ } qw(GET POST PUT DELETE);
$VERB{HEAD} = 'GET';

# { room } in bytes, with { failure } or { verb, path, format, user, info }, { login } or { page }
sub of ($app, $tx) {
    my $admission = { room => 0 };
    eval { decide($app, $tx, $admission); 1 }
        or return { room => 0, failure => PVE::NotifyHost::Reply::failure($@), %$admission };
    return $admission;
}

sub decide ($app, $tx, $admission) {
    my $req    = $tx->req;
    my $parts  = path_parts($req) // raise("the path is not valid\n", code => 400);
    my $method = $req->method;
    my ($first, $format, @rest) = @$parts;
    if (join('/', @$parts) eq 'api2/openapi.json' && $method =~ /\A(?:GET|HEAD)\z/) {

        # for users only: it tells the version, which GET /version tells nobody else either
        $admission->{user} = PVE::NotifyHost::Auth::user_of($app, $tx, 'GET');
        return $admission->{page} = 'description';
    }
    if (($first // '') ne 'api2' || ($format // '') !~ /\A(?:json|extjs)\z/) {
        return $admission->{page} = $method if $method eq 'OPTIONS';
        not_implemented($method, @$parts)   if @$parts || $method !~ /\A(?:GET|HEAD)\z/;
        return $admission->{page} = 'GET';
    }
    $admission->{format} = $format;
    return $admission->{page} = $method if $method eq 'OPTIONS';
    my $verb = $VERB{$method} // not_implemented($method, @rest);
    my $path = '/' . join('/', @rest);
    if ($verb eq 'POST' && $path eq '/access/ticket') {
        $admission->@{qw(login room)} = (1, $MAX_LOGIN);
        return;
    }
    my ($handler, $info) = $app->api_class->find_handler($verb, $path);
    my $permissions = $info && $info->{permissions};
    if (!$permissions || ($permissions->{user} // '') ne 'world') {
        $admission->{user} = PVE::NotifyHost::Auth::user_of($app, $tx, $verb);
    }
    not_implemented($verb, @rest) if !$info;
    raise("this method cannot be called with an API token\n", code => 403)
        if !($info->{allowtoken} // 1) && ($admission->{user} // '') =~ /!/;
    $admission->{room} = $MAX_BODY if $verb ne 'GET' && defined($admission->{user});
    $admission->@{qw(verb path info)} = ($verb, $path, $info);
    return;
}

# The decoded parts, or undef if one could mean something else to somebody else. Empty ones are skipped,
# as on a node, whose web pages ask for /api2/json//cluster.
sub path_parts ($req) {
    my @parts = grep {length} split(m{/}, $req->url->path->to_abs_string);
    for my $part (@parts) {
        return if $part =~ /%(?![0-9A-Fa-f]{2})/;
        $part =~ s/%([0-9A-Fa-f]{2})/chr(hex($1))/ge;
        $part = eval { Encode::decode('UTF-8', $part, Encode::FB_CROAK) } // return;
        return if $part =~ m{[/\\\x00-\x1f\x7f]|\A\.{1,2}\z};
    }
    return \@parts;
}

sub not_implemented ($method, @parts) {
    my $path = '/' . join('/', @parts);
    return raise(with_plain_first_line("Method '$method $path' not implemented\n"), code => 501);
}

1;

__END__

=head1 NAME

PVE::NotifyHost::Admission - what becomes of a request, by its header

=cut
