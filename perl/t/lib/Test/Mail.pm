package Test::Mail;

# A mail as programs that others wrote understand it: Python's email package and MIME::Parser. Both
# answer the same hash: subject, author, from, to, id, auto-submitted, type, texts by type, defects.

use v5.36;

use Encode     qw(decode encode);
use Exporter   qw(import);
use IPC::Open2 qw(open2);
use JSON::PP   qw(decode_json);
use MIME::Parser;
use Test::Peers qw(root);

our @EXPORT_OK = qw(by_python by_perl);

sub by_python ($raw) {
    my $pid = open2(my $out, my $in, '/usr/bin/python3', root() . '/perl/t/peers/parse.py');
    binmode $in;
    print {$in} $raw;
    close($in);
    my $json = do { local $/ = undef; readline($out) };
    close($out);
    waitpid($pid, 0);
    die "Python's email package failed\n" if $?;
    return without_line_ends(decode_json($json));
}

sub by_perl ($raw) {
    my $parser = MIME::Parser->new;
    $parser->output_to_core(1);
    $parser->tmp_to_core(1);
    my $mail  = $parser->parse_data($raw);
    my $value = sub ($name) {
        my $value = $mail->head->get($name) // '';
        return decode('MIME-Header', $value =~ s/\r?\n(?=[ \t])//gr =~ s/\s+\z//r);
    };
    my ($author, $from) = $value->('From') =~ /\A(?|"(.*)"|(.*?)) *<(.*)>\z/;
    return without_line_ends({
        subject          => $value->('Subject'),
        author           => $author,
        from             => $from,
        to               => [split / *, */, $value->('To')],
        id               => $value->('Message-ID'),
        'auto-submitted' => $value->('Auto-Submitted'),
        type             => $mail->effective_type,
        texts            => {
            map { $_->effective_type => decode('UTF-8', $_->bodyhandle->as_string) } $mail->parts
        },
        defects => [$parser->results->errors, $parser->results->warnings],
    });
}

# Servers store a mail with the line ends of their system.
sub without_line_ends ($mail) {
    $_ = s/\r\n/\n/gr =~ s/\n*\z/\n/r for values $mail->{texts}->%*;
    return $mail;
}

1;
