#!/usr/bin/perl

# The words of a server, which may tell of more than a target, go to those who may change targets. Others get
# status, cause and fix: in the answer to a test, in a status and in the list of targets. The log has all.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib";

use IO::Socket::INET ();
use JSON::PP         ();
use POSIX            ();
use Test::More;
use Test::NotifyHost qw(wait_until);
use Test::OAuth2Mail qw(code_parameters target_parameters);
use Test::Peers      qw(new_dir slurp write_owned write_private);
use Test::Peers::Sandbox;
use Test::Way::Curl;

my $WORDS = 'a secret of the intranet';
my $base  = '/cluster/notifications';
my $files = new_dir();
my $json  = JSON::PP->new->canonical->allow_nonref;

# says this to everybody, after what they have asked where that is told by its end
my @servers;

sub server ($says, $end = undef) {
    my $listener = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 5)
        or die "no listener: $!\n";
    my $pid = fork // die "fork: $!\n";
    if (!$pid) {
        alarm 120;
        while (my $client = $listener->accept) {
            local $/ = $end;
            readline $client if defined $end;
            print {$client} $says;
            shutdown $client, 1;
            local $/ = undef;
            readline $client;
        }
        POSIX::_exit(0);
    }
    push @servers, $pid;
    return $listener->sockport;
}

END {
    local $? = $?;
    kill 'KILL', @servers;
    waitpid $_, 0 for @servers;
}

my $body = $json->encode({ error => $WORDS });
my $web =
    server("HTTP/1.1 403 No\r\nContent-Length: " . length($body) . "\r\n\r\n$body", "\r\n\r\n");
my $mail = server("554 5.7.1 $WORDS\r\n");

my $sandbox = Test::Peers::Sandbox->new;
my $way     = Test::Way::Curl->new('form', "$files/log");
my $config  = "$way->{dir}/config";

my sub put ($name, $text) { return write_owned("$config/$name", $text) }

put('oauth2-providers.json', $json->encode({ $sandbox->providers }));
put('user.cfg',              slurp("$config/user.cfg") . <<'END');
user:user@pve:1:0:
user:auditor@pve:1:0:
user:editor@pve:1:0:
token:user@pve!try:0:0:
token:auditor@pve!try:0:0:
token:editor@pve!try:0:0:
token:admin@pve!use:0:1:
role:User:Mapping.Use:
role:Looker:Mapping.Audit:
role:Editor:Mapping.Modify:
acl:1:/mapping/notifications:user@pve:User:
acl:1:/mapping/notifications:admin@pve!use:User:
acl:1:/mapping/notifications:auditor@pve:Looker:
acl:1:/mapping/notifications:editor@pve:Editor:
END
my @IDS    = qw(user@pve!try auditor@pve!try admin@pve!use editor@pve!try);
my %READS  = ('editor@pve!try' => 1);
my %SECRET = map { $_ => s/\W/-/gr } @IDS;
put(
    'priv/token.cfg',
    slurp("$config/priv/token.cfg") . join '',
    map {"$_ secret-of-$SECRET{$_}\n"} @IDS
);
write_private("$files/$_", "Authorization: PVEAPIToken=$_=secret-of-$SECRET{$_}\n") for @IDS;

my sub call ($id, @call) {
    local $way->{authorization} = $id ? "$files/$id" : $way->{authorization};
    return $way->call(@call);
}

my sub make ($kind, $param) {
    my $answer = call('', 'POST', "$base/endpoints/$kind", $param);
    is $answer->{code}, 200, "$param->{name} is made" or diag $json->encode($answer);
    return;
}

my %mail = (mailto => ['ann@example.org'], 'from-address' => 'pve@example.org');
make(gotify => { name => 'phone', server => "http://127.0.0.1:$web", token => 'AbC' });
make(
    webhook => {
        name   => 'hook',
        url    => "http://127.0.0.1:$web/x",
        method => 'post',
        header => ['name=X-A,value=IA=='],
    }
);
make(smtp => { name => 'relay', server => '127.0.0.1', port => $mail, mode => 'insecure', %mail });
my $code = call('', 'POST', "$base/smtp-oauth2-token", code_parameters($sandbox));
make(smtp => target_parameters($sandbox, $code->{data}));

my $denied = $json->encode({ error => 'invalid_grant', error_description => $WORDS });

# target, and what everybody is told of it
for my $row (
    [phone => qr/http status: 403: .*; .*token/],
    [hook  => qr/http status: 403: .*; .*header 'X-A' is left out/],
    [relay => qr/127[.]0[.]0[.]1:$mail: .*; /],
    [mail  => qr/refresh token .*; authorize the target again/],
    )
{
    my ($target, $told) = @$row;
    for my $id (@IDS) {
        subtest "a test of $target by $id" => sub {
            $sandbox->fault('answer', status => 400, body => $denied) if $target eq 'mail';
            my $before = () = slurp("$files/log") =~ /\Q$WORDS\E/g;
            my $answer = call($id, 'POST', "$base/targets/$target/test", {});
            is $answer->{code}, 500, 'has failed';
            like $answer->{message}, $told, 'which is told with what fixes it';
            is $json->encode($answer) =~ /\Q$WORDS\E/ ? 1 : 0, $READS{$id} // 0, 'the words';
            my $is_logged = sub { (() = slurp("$files/log") =~ /\Q$WORDS\E/g) > $before };
            ok wait_until(10, $is_logged), 'the log has them';
        };
    }
}

for my $id (@IDS) {
    subtest "what stands about the login, for $id" => sub {
        my $is_shown = $READS{$id} // 0;
        my $status   = call($id, 'GET', "$base/endpoints/smtp/mail/status", {});
        my $list     = call($id, 'GET', "$base/targets",                    {});
        my ($entry)  = grep { $_->{name} eq 'mail' } $list->{data}->@*;
        for my $answer ($status, $list) {
            is $answer->{code},                                200,       'is told';
            is $json->encode($answer) =~ /\Q$WORDS\E/ ? 1 : 0, $is_shown, 'the words';
        }
        my %status = $status->{data}->%*;
        is $status{condition}, 'authorize-again', 'the condition';
        is exists $status{details}           ? 1 : 0, $is_shown, 'details of the status';
        is exists $entry->{'oauth2-details'} ? 1 : 0, $is_shown, 'and of the list';
        is $status{'last-error'},    "$status{cause}; $status{cure}", 'cause and fix' if !$is_shown;
        is $entry->{'oauth2-error'}, $status{'last-error'},           'the same in the list';
    };
}

done_testing;
