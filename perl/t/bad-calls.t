#!/usr/bin/perl

# Bad calls of the code exchange: each is a 400 that names the parameter, and nothing gets through to
# the library, in this process and by pvesh.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/lib/fake";

use Encode qw(encode);
use File::Temp;
use PVE::API2;
use PVE::NotifyHost::Setup;
use Test::BadCalls qw(bad_calls good_call);
use Test::FakeLog  qw(request_count);
use Test::More;
use Test::Pvesh qw(host_dir pvesh);

local $ENV{PVE_NOTIFY_HOST_DIR} = host_dir();
PVE::NotifyHost::Setup->init();

my $path  = '/cluster/notifications/smtp-oauth2-token';
my @calls = bad_calls();
binmode $_, ':encoding(UTF-8)' for Test::More->builder->output, Test::More->builder->failure_output;

my $canary = 'canary-of-the-secret';

subtest 'the good call is good' => sub {
    my ($class, $info) = PVE::API2->find_handler('POST', $path, {});
    is $class->handle($info, good_call()), 'refresh-token-of-client-1', 'in this process';
    my $good   = good_call();
    my $result = pvesh({}, 'create', $path, map { ("--$_", $good->{$_}) } sort keys %$good);
    is $result->{out},  "refresh-token-of-client-1\n", 'by pvesh';
    is request_count(), 2,                             'each asks the library once';
};

subtest 'in this process' => sub {
    my $before = request_count();
    my ($class, $info) = PVE::API2->find_handler('POST', $path, {});
    cmp_ok scalar @calls, '>=', 60, 'the table is long';
    for my $call (@calls) {
        my ($title, $param, @names) = @$call;
        my $secret = $param->{'client-secret'} // '';
        $param->{'client-secret'} = $canary if $secret eq 'secret-1';
        my $result = eval { $class->handle($info, $param) };
        my $error  = $@;
        is $result,                      undef, "$title: no result";
        is ref $error && $error->{code}, 400,   "$title: code";
        is_deeply [sort keys $error->{errors}->%*], \@names, "$title: parameters";
        unlike "$error", qr/\Q$canary\E/, "$title: no secret";
        cmp_ok length "$error", '<', 1000, "$title: the text is short";
    }
    is request_count(), $before, 'nothing reached the library';
};

# what the words of a command line can carry
sub words_for ($param, $files) {
    my @words;
    for my $name (sort keys %$param) {
        my $value = $param->{$name} // return;
        return if ref $value && ref $value ne 'ARRAY';
        return if grep {/[\0\x{d800}-\x{dfff}]|[^\x00-\x{10ffff}]/} ref $value ? @$value : $value;
        if (!ref $value && length $value > 100_000) {
            my $file = "$files/" . @words;
            open my $fh, '>:encoding(UTF-8)', $file or die "can't open '$file': $!\n";
            print {$fh} $value;
            close $fh or die "can't write '$file': $!\n";
            push @words, "--$name-file", $file;
        } else {
            push @words, map { ("--$name", encode('UTF-8', $_)) } ref $value ? @$value : $value;
        }
    }
    return @words;
}

subtest 'by pvesh' => sub {
    my $before = request_count();
    my $files  = File::Temp->newdir;
    my $count  = 0;
    for my $call (@calls) {
        my ($title, $param, @names) = @$call;
        my @words = words_for($param, $files);
        next if !@words && %$param;
        $count++;
        my $result = pvesh({}, 'create', $path, @words);
        is $result->{status}, 255, "$title: status";
        is $result->{out},    '',  "$title: no result";
        like $result->{err}, qr/\A400 Parameter verification failed[.]\n/, "$title: message";
        my @named = $result->{err} =~ /^([\w-]+): /mg;
        is_deeply [sort map {s/-file\z//r} @named], \@names, "$title: parameters";
        like $result->{err},   qr/^pvesh create \Q$path\E$/m, "$title: usage";
        unlike $result->{err}, qr/\Q$canary\E/,               "$title: no secret";
    }
    cmp_ok $count, '>=', 60, "$count calls can be written on a command line";
    is request_count(), $before, 'nothing reached the library';
};

done_testing;
