package PVE::NotifyHost::Ticket;

# Tickets and CSRF prevention tokens: HMAC-SHA256 over user and time under a key of this machine,
# made at first use. Both are valid for two hours; a ticket cannot serve as a CSRF token or the
# other way round, since what is signed begins with its kind.

use v5.36;

use Digest::SHA qw(hmac_sha256_base64);
use PVE::Cluster;
use PVE::Notify::File;
use PVE::NotifyHost::Password;
use PVE::NotifyHost::UserConfig;

my $LIFETIME   = 2 * 3600;
my $CLOCK_SKEW = 300;

sub ticket ($class, $user) {
    my $plain = "PVE:$user:" . hex_time();
    return "${plain}::" . signature($plain);
}

# undef if forged, malformed or expired
sub user_of ($class, $ticket) {
    return if length($ticket) > 1024;
    my ($plain, $user, $time, $signature) =
        $ticket =~ /\A(PVE:($PVE::NotifyHost::UserConfig::USER_RE):([0-9A-F]{8}))::([\w\-]+)\z/a
        or return;
    return if !PVE::NotifyHost::Password::equal_in_constant_time($signature, signature($plain));
    return is_fresh($time) ? $user : undef;
}

sub csrf_token ($class, $user) {
    my $time = hex_time();
    return "$time:" . signature("CSRF:$user:$time");
}

sub csrf_token_is_good ($class, $user, $token) {
    return 0 if length($token) > 1024;
    my ($time, $digest) = $token =~ /\A([0-9A-F]{8}):([\w\-]+)\z/a or return 0;
    my $expect = signature("CSRF:$user:$time");
    return PVE::NotifyHost::Password::equal_in_constant_time($digest, $expect) && is_fresh($time);
}

sub hex_time () { return sprintf('%08X', time()) }

sub is_fresh ($hex) {
    my $age = time() - hex($hex);
    return $age >= -$CLOCK_SKEW && $age < $LIFETIME;
}

sub signature ($text) {
    utf8::encode($text);
    return hmac_sha256_base64($text, auth_key()) =~ tr{+/}{-_}r;
}

# Read at every use: a key that was replaced, or that others can read, counts at once.
sub auth_key () {
    my $path = PVE::Cluster::dirs()->{config} . '/priv/authkey.key';
    if (!-e $path) {
        my $hex = unpack('H*', PVE::Notify::File::random_bytes(32));
        PVE::Notify::File::create_file($path, "$hex\n", oct('0600'));
    }
    my $mode = (stat($path))[2] // die "file '$path': can't stat - $!\n";
    die "file '$path': refused, others can read or write it (chmod 600)\n" if $mode & oct('0077');
    my ($raw) = PVE::Notify::File::read_file($path);
    my ($hex) = ($raw // '') =~ /\A([0-9a-f]{64})\n\z/
        or die "file '$path': not a key of 64 hexadecimal digits (delete it to get a new one)\n";
    return pack('H*', $hex);
}

1;

__END__

=head1 NAME

PVE::NotifyHost::Ticket - tickets and CSRF prevention tokens

=head1 DESCRIPTION

C<< PVE::NotifyHost::Ticket->ticket('joe@pve') >> is the value of the cookie PVEAuthCookie:
C<PVE:joe@pve:HEXTIME::signature>; C<user_of> returns the user of a good one. C<csrf_token> is the
value of the header CSRFPreventionToken: C<HEXTIME:digest>; C<csrf_token_is_good> wants the same
user. Time is in seconds since the epoch.

The key is 32 random bytes in F<priv/authkey.key>, in hexadecimal, mode 0600. Deleting the file
ends all sessions.

=cut
