#!/usr/bin/perl

# The words of the documentation: prose without the words that readers of other languages stumble over, and
# with one term for each thing. Commands, names and what consoles and servers say are left out.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Test::Peers      qw(root slurp);
use Test::PlainWords qw(plain_words);

my $WORDS = plain_words('standing', 'e-mail(?! address)');

my sub found ($text) {
    $text =~ s/^( *)```.*?^ *```$//gms;
    $text =~ s/`[^`]*`/CODE/g;
    $text =~ s/"[^"\n]*(?:\n[^"\n]+)?"//g;
    $text =~ s{\]\([^)]*\)|https?://\S+}{}g;
    my @found = $text =~ /$WORDS/g;
    return [map {s/\s+/ /gr} @found];
}

subtest 'what it looks at' => sub {
    my %case = (
        'The user has to consent.'                   => ['has to'],
        "It works by\nitself."                       => ['by itself'],
        'Set `way` and "Grant admin consent".'       => [],
        "Run:\n\n```\nturn admin at all\n```\nMend." => ['Mend'],
        "  ```\n  renew\n  ```\n"                    => [],
        'Always, a gateway returns.'                 => [],
        'The administrator comes.'                   => ['comes'],
        'An e-mail address is no e-mail.'            => ['is no', 'e-mail'],
        'Read the `x` line.'                         => [],
        'See [this](docs/way.md).'                   => [],
    );
    is_deeply found($_), $case{$_}, $_ for sort keys %case;
};

my @files = map {s{\A.*/(?=docs/)|\A\Q${\root()}\E/}{}r} glob root() . '/docs/*.md';
cmp_ok scalar @files, '>=', 4, 'documents';
for my $file (@files, qw(README.md CHANGELOG.md SECURITY.md)) {
    is_deeply found(slurp(root() . "/$file")), [], $file;
}

done_testing;
