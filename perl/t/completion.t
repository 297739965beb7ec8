#!/usr/bin/perl

# What bash offers for pvesh: its completion function is called as readline calls it, with words and
# the place of the cursor.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use Test::More;
use Test::Peers qw(new_dir root);
use Test::Pvesh qw(host_dir pvesh_command);

my $script = root() . '/perl/host/share/bash-completion/pvesh';
my $n      = '/cluster/notifications';

# pvesh as a program on the PATH
my $bin = new_dir();
open(my $fh, '>', "$bin/pvesh") or die "pvesh: $!\n";
print {$fh} "#!/bin/sh\nexec ", join(' ', map {"'$_'"} pvesh_command()), " \"\$@\"\n";
close($fh);
chmod(oct('0755'), "$bin/pvesh");

# the words that bash offers for a line; readline takes it apart at blanks and '='
sub offered ($line) {
    my @words = split(/\s+|(?==)|(?<==)(?=.)/, $line);
    push @words, '' if $line =~ /\s\z/;
    my $call = 'source "$0" && complete -p pvesh >/dev/null && COMP_WORDS=("$@") &&'
        . ' COMP_CWORD=$(($# - 1)) && _pvesh_complete pvesh && printf "%s\n" "${COMPREPLY[@]}"';
    local $ENV{PATH}                = "$bin:$ENV{PATH}";
    local $ENV{PVE_NOTIFY_HOST_DIR} = host_dir();
    open(my $out, '-|', 'bash', '--norc', '-c', $call, $script, @words) or die "bash: $!\n";
    my @lines = grep {length} map {s/\n\z//r} readline($out);
    close($out);
    return join(' ', sort @lines);
}

# line => what is offered: all, or a pattern
my @cases = (
    ['pvesh ',                           '--help --version create delete get help ls set usage'],
    ['pvesh g',                          'get'],
    ['pvesh --',                         '--help --version'],
    ['pvesh get /',                      '/cluster /version'],
    ['pvesh get ',                       '/cluster /version'],
    ['pvesh ls /cl',                     '/cluster'],
    ["pvesh get $n/t",                   "$n/targets"],
    ["pvesh get $n/endpoints/s",         "$n/endpoints/sendmail $n/endpoints/smtp"],
    ["pvesh get $n/endpoints/sendmail/", "$n/endpoints/sendmail/mail-to-root"],
    ["pvesh get $n/nothing/",            ''],
    [
        "pvesh create $n/endpoints/gotify --",
        qr/\A--comment --disable --human-readable --name .*--server --token --token-file\z/
    ],
    ["pvesh create $n/endpoints/smtp --mo",       '--mode'],
    ["pvesh create $n/endpoints/smtp --mode ",    'insecure starttls tls'],
    ["pvesh create $n/endpoints/smtp --mode t",   'tls'],
    ["pvesh create $n/endpoints/smtp --mode=",    'insecure starttls tls'],
    ["pvesh create $n/endpoints/smtp --mode=st",  'starttls'],
    ["pvesh create $n/endpoints/smtp --disable ", '0 1'],
    [
        "pvesh create $n/endpoints/smtp --auth-method ",
        'custom-oauth2 google-oauth2 microsoft-oauth2 plain',
    ],
    ["pvesh create $n/endpoints/smtp --name mail --po",         '--port'],
    ["pvesh create $n/endpoints/smtp --password-file $script/", ''],
    ['pvesh create / --token-file ' . substr($script, 0, -2),   $script],
    ["pvesh set $n/matchers/default-matcher --d",               '--delete --digest --disable'],
    ["pvesh get $n/targets --o",                                '--output-format'],
    ["pvesh get $n/targets --output-format j",                  'json json-pretty'],
    ["pvesh usage $n/targets --",                               '--command --returns --verbose'],
    ["pvesh usage $n/targets --command ",                       'create delete get set'],
    ['pvesh frob ',                                             ''],
    ["pvesh get '; touch $bin/touched'/",                       ''],
);

for my $case (@cases) {
    my ($line, $expect) = @$case;
    my $got = offered($line);
    ref($expect) ? like($got, $expect, "'$line'") : is($got, $expect, "'$line'");
}
ok !-e "$bin/touched", 'no word is run';

done_testing();
