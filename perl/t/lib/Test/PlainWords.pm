package Test::PlainWords;

# Words that readers of other languages stumble over, and terms that others stand for: what texts for people
# do without.

use v5.36;

use Exporter qw(import);

our @EXPORT_OK = qw(plain_words);

my @BANNED = (
    'mend(?:s|ed)?',
    'hand(?:s|ed)? in',
    '(?:set|sets) aside',
    'ways?',
    'the line',
    'turns?',
    'put(?:s)? down',
    'comes?',
    'came',
    'be none',
    'is no',
    '(?:has|have) to',
    'by itself',
    'anew',
    'in the clear',
    'beyond',
    'whoever',
    'blanks?',
    'at all',
);
my @OTHER = ('grants?', 'renew(?:s|ed|al)?', 'admins?', 'switch(?:ed)? off');

# a pattern for them and for these
sub plain_words (@more) {
    my $all = join '|', map {s/ /\\s+/gr} @BANNED, @OTHER, @more;
    return qr/(?<![\w-])($all)(?![\w-])/i;
}

1;
