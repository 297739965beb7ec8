#!/usr/bin/perl

# The words of the API: each description of a method, a parameter or a property of an answer is a noun
# phrase or an imperative of at most two sentences, in the terms of the documentation. What Proxmox VE
# itself describes is left alone.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/lib/fake";

use Test::Registered qw(registered);
use PVE::API2;
use PVE::JSONSchema qw(get_standard_option);
use Test::More;
use Test::Peers      qw(root slurp);
use Test::PlainWords qw(plain_words);

my $LONGEST = 250;
my $SECRET  = 'Secret; never returned by the API.';

my $WORDS = plain_words('stand(?:s|ing)?', 'turned', 'takes?', 'taken', 'took', '(?-i:client id)',
    'e-mail',);

my %seen;

my sub collect ($schema, $place) {
    return if ref $schema ne 'HASH';
    $seen{$place} = $schema->{description} if defined $schema->{description};
    my %property = ($schema->{properties} // {})->%*;
    __SUB__->($property{$_},    "$place: $_") for sort keys %property;
    __SUB__->($schema->{items}, "$place: items") if ref $schema->{items};
    return;
}

my %method = registered()->%*;
for my $name (sort keys %method) {
    my $info = $method{$name};
    $seen{$name} = $info->{description};
    collect($info->{parameters}, "$name: parameters");
    collect($info->{returns},    "$name: returns");
}

my $theirs = get_standard_option('pve-config-digest')->{description};
my %ours   = map { $_ => $seen{$_} } grep { $seen{$_} ne $theirs } keys %seen;
cmp_ok scalar keys %ours, '>', 200, 'descriptions';

# text => title of the first place: many places have the same
my %text = reverse map { $_ => $ours{$_} } reverse sort keys %ours;

my sub faults_of ($text) {
    $text =~ s/Entra admin center/its console/;    # Microsoft's own word
    my @faults;
    my @sentences = split /(?<=[.])\s+/, $text;
    push @faults, length($text) . ' characters'     if length $text > $LONGEST;
    push @faults, scalar(@sentences) . ' sentences' if @sentences > 2;
    push @faults, 'no full stop at the end'         if $text !~ /[^.\s][.]\z/;
    push @faults, 'begins with an article'          if $text =~ /\A(?:The|An?)\b/;
    push @faults, 'begins with a question'          if $text =~ /\A(?:What|How things|When)\b/;
    push @faults, "'$1'" while $text =~ /$WORDS/g;
    push @faults, "'Without it': say the default" if $text =~ /\bWithout it (?:the|a|it)\b/;
    push @faults, 'white space'                   if $text =~ /\s\s|[^\x20-\x7e]|\s\z/;
    return join ', ', @faults;
}

subtest 'each rule finds its fault' => sub {
    my %case = (
        'The name.'            => 'begins with an article',
        'Name'                 => 'no full stop at the end',
        'A. B. C.'             => '3 sentences, begins with an article',
        'Name to mend.'        => q{'mend'},
        'Words by itself.'     => q{'by itself'},
        'Has to work.'         => q{'Has to'},
        'Value of grant-type.' => '',
        'Time of renewal.'     => q{'renewal'},
        "Name  of 'x'."        => 'white space',
        'x' x 300 . '.'        => '301 characters',
    );
    is faults_of($_), $case{$_}, $_ for sort keys %case;
};

for my $text (sort keys %text) {
    is faults_of($text), '', "$text{$text}: $text";
}

subtest 'secrets say that they are' => sub {
    my %secret =
        map { $_ => 1 }
        qw(password token secret oauth2-client-secret oauth2-client-key oauth2-refresh-token);
    for my $place (grep {/\A(?:create|update)_.*: parameters: /} sort keys %ours) {
        my $is_secret = $secret{ $place =~ s/.*: //r };
        ok !$is_secret == ($ours{$place} !~ / \Q$SECRET\E\z/), $place;
    }
};

subtest 'the documentation of the Perl interface' => sub {
    for my $file ('lib/PVE/RS/Notify.pod', 'lib/PVE/Notify.pm') {
        my ($pod) = slurp(root() . "/perl/$file") =~ /(^=head1 .*)/ms;
        $pod =~ s/C<[^<>]*>//g;
        my @found = $pod =~ /$WORDS/g;
        is_deeply \@found, [], $file;
    }
};

done_testing;
