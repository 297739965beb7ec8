package Test::Canary;

# Secrets that are easy to recognise, and the search for them in whatever was written: as they are,
# and in each form in which a provider or a careless program could repeat them.

use v5.36;

use Encode       qw(encode);
use Exporter     qw(import);
use File::Find   qw(find);
use MIME::Base64 qw(encode_base64 encode_base64url);

our @EXPORT_OK = qw(canary forms canaries_in canaries_below canaries_of_processes);

my %canary;
my %needle;    # bytes to look for => the canary's name

# Characters in which the forms differ.
sub canary ($name, $text = "cAnArY-$name-0+&%/=\x{f6}>?-tAiL-$name") {
    return $canary{$name} if exists $canary{$name};
    $canary{$name} = $text;
    my $bytes = encode('UTF-8', $text);

    my $form = $bytes =~ s/([^\w.*-])/sprintf '%%%02X', ord $1/gear;

    # beginning and end are the same in most forms
    $needle{$_} = $name
        for substr($bytes, 0, 12), substr($bytes, -10),
        $bytes =~ s/(.)/sprintf '%%%02x', ord $1/gesr;
    for my $shift (0 .. 2) {
        $needle{$_} = $name for map { middle_of_base64('x' x $shift . $_, $shift) } $bytes, $form;
    }
    return $text;
}

# What does not depend on the bytes before and after.
sub middle_of_base64 ($bytes, $shift) {
    my $first = (0, 2, 3)[$shift];
    my $last  = int(length($bytes) * 4 / 3);
    return map { substr $_, $first, $last - $first } encode_base64($bytes, ''),
        encode_base64url($bytes);
}

# The forms in which an answer may quote a canary, by name.
sub forms ($name, $client_id) {
    my $text    = $canary{$name};
    my $bytes   = encode('UTF-8', $text);
    my $percent = $bytes =~ s/([^\w.~-])/sprintf '%%%02X', ord $1/gear;
    my $form    = $bytes =~ s/([^\w.*-])/sprintf '%%%02X', ord $1/gear;
    my $every   = $bytes =~ s/(.)/sprintf '%%%02x', ord $1/gesr;
    return (
        plain     => $text,
        percent   => $percent,
        form      => $form,
        every     => $every,
        base64    => encode_base64($bytes, ''),
        base64url => encode_base64url($bytes),
        basic     => 'Basic ' . encode_base64("$client_id:$bytes", ''),
        login     => 'Basic ' . encode_base64("$client_id:$form",  ''),
    );
}

# The names of the canaries in a text, of bytes or characters.
sub canaries_in ($text) {
    my $bytes = utf8::is_utf8($text) ? encode('UTF-8', $text) : $text;
    my %found = map { $needle{$_} => 1 } grep { index(lc $bytes, lc $_) >= 0 } keys %needle;
    my @names = sort keys %found;
    return @names;
}

my sub content ($path) {
    open my $file, '<:raw', $path or return '';
    my $content = do { local $/ = undef; readline $file };
    close $file;
    return $content // '';
}

# 'file: name' of each canary in the files below a folder
sub canaries_below ($dir) {
    my @found;
    find(
        sub {
            my $path = $File::Find::name;
            push @found, map { substr($path, 1 + length $dir) . ": $_" } canaries_in(content($path))
                if -f;
        },
        "$dir",
    );
    @found = sort @found;
    return @found;
}

# 'file: name' of each canary in a command line or environment of any process that can be looked at
sub canaries_of_processes () {
    return map {
        my $path = $_;
        map {"$path: $_"} canaries_in(content($path))
    } glob '/proc/[0-9]*/{cmdline,environ}';
}

1;
