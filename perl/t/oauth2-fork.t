#!/usr/bin/perl

# F-46: children of a process that has loaded the library and sent with a token: each renews and sends
# by itself, and all of them together ask the provider once.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use JSON::PP ();
use POSIX    ();
use PVE::Notify;
use Test::More;
use Test::OAuth2Mail qw(code_parameters target_parameters);
use Test::Peers      qw(write_private);
use Test::Peers::Sandbox;
use Test::Way::Direct;
use Time::HiRes qw(time);

my @COUNTS   = (1, 10, $ENV{SOAK} ? 200 : 20);
my $DEADLINE = 60;

my $sandbox = Test::Peers::Sandbox->new;
my $way     = Test::Way::Direct->new;
my $dir     = $way->{dir};
my $PATH    = '/cluster/notifications/endpoints/smtp';
write_private("$dir/config/oauth2-providers.json", JSON::PP->new->encode({ $sandbox->providers }));

sub call (@call) {
    my $answer = $way->call(@call);
    is $answer->{code}, 200, "$call[0] $call[1]" or diag $answer->{message};
    return $answer->{data};
}

sub refresh_token () {
    return call('POST', '/cluster/notifications/smtp-oauth2-token', code_parameters($sandbox));
}

call('POST', $PATH,                             target_parameters($sandbox, refresh_token()));
call('POST', '/cluster/notifications/matchers', { name => 'all', target => ['mail'] });
call('PUT',  '/cluster/notifications/matchers/default-matcher', { disable => 1 });

# what the children share with their parent
my $config = PVE::Notify::read_config();

sub outcome () {
    my $targets = PVE::Notify::info('test', { target => 'mail' }, {}, $config);
    return $targets->[0]{recipients}[0]{outcome};
}

for my $count (@COUNTS) {
    subtest "$count children at once after the token has ended" => sub {

        # a new consent makes every token void that anybody remembers
        is outcome(), 'sent', 'the parent sends' if $count > 1;
        call('PUT', "$PATH/mail", { 'oauth2-refresh-token' => refresh_token() });
        $sandbox->control(smtp => { clear => \1 });
        my ($before, $started) = ($sandbox->token_requests, time);
        pipe my $gate, my $open or die "pipe: $!\n";
        my @children;
        for (1 .. $count) {
            my $pid = fork // die "fork: $!\n";
            if (!$pid) {
                close $open;
                readline $gate;
                POSIX::_exit(outcome() eq 'sent' ? 0 : 1);
            }
            push @children, $pid;
        }
        close $open;
        close $gate;
        my $failed = grep { waitpid($_, 0) && $? } @children;
        is $failed, 0, 'all have sent';
        cmp_ok time - $started, '<', $DEADLINE, 'within the deadline of a mail';
        is $sandbox->token_requests, $before + 1, 'the provider was asked once';
        my @mails = $sandbox->mails;
        my %ids   = map { $_->{raw} =~ /^(Message-ID: \S+)\r$/mi ? ($1 => 1) : () } @mails;
        is scalar @mails,            $count,      'as many mails have arrived';
        is scalar keys %ids,         $count,      'each with an ID of its own';
        is outcome(),                'sent',      'the parent has the new token too';
        is $sandbox->token_requests, $before + 1, 'without asking';
    };
}

done_testing;
