package Test::Way::Curl;

# A way to the API: curl and the real server, with parameters as a form, or as JSON with its types. It
# comes as the administrator, unless `authorization` names a file with another one's header.

use v5.36;

use JSON::PP ();
use Test::Peers::NotifyHost;

my $json = JSON::PP->new->utf8;

sub new ($class, $form_or_json, $log) {
    my $host = Test::Peers::NotifyHost->new({}, $log);
    return bless {
        dir           => $host->{dir},
        host          => $host,
        kind          => $form_or_json,
        authorization => "$host->{dir}/authorization",
    }, $class;
}

sub as_json ($param) {
    my %param = %$param;
    for my $name (grep { $param{$_} =~ /\A[0-9]+\z/ } grep { !ref $param{$_} } keys %param) {
        my $is_boolean = $name =~ /\A(?:disable|invert-match)\z/;
        $param{$name} =
             !$is_boolean   ? 0 + $param{$name}
            : $param{$name} ? JSON::PP::true
            :                 JSON::PP::false;
    }
    return ('-H', 'Content-Type: application/json', '--data-binary', $json->encode(\%param));
}

# an array is a name that is repeated
sub as_form ($param) {
    my @words;
    for my $name (sort keys %$param) {
        for my $value (ref $param->{$name} ? $param->{$name}->@* : $param->{$name}) {
            my $bytes = $value;
            utf8::encode($bytes);
            push @words, '--data-urlencode', "$name=$bytes";
        }
    }
    return @words;
}

sub call ($self, $verb, $path, $param) {
    my @command = (
        'curl',       '-sS',
        '--noproxy',  '*',
        '--max-time', '40',
        '--cacert',   $self->{host}->certificate,
        '-w',         '\n%{http_code}',
        '-H',         "\@$self->{authorization}",
        '-X',         $verb,
        !%$param                  ? ()
        : $self->{kind} eq 'json' ? as_json($param)
        : as_form($param),
        "$self->{host}{url}/api2/json$path",
    );
    open(my $out, '-|', @command) or die "curl: $!\n";
    my $text = do { local $/ = undef; readline($out) };
    close($out);
    my ($body, $code) = $text =~ /\A(.*)\n([0-9]{3})\z/s or die "curl: $text\n";
    my $answer = $json->decode($body);
    return { %$answer, code => $code };
}

1;
