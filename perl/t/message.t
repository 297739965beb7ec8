#!/usr/bin/perl

# The first line of an API's message becomes the reason phrase of HTTP, which bears no character above
# U+00FF: on a node such a line ends the connection. What has one goes to the next line, whole.

use v5.36;

use FindBin;
use lib "$FindBin::Bin/lib", "$FindBin::Bin/lib/fake";

use PVE::API2::Cluster::Notifications::Common  qw(with_config);
use PVE::API2::Cluster::Notifications::Message qw(with_plain_first_line);
use PVE::NotifyHost::Reply;
use Test::More;
use Test::Pvesh qw(host_dir);

binmode $_, ':encoding(UTF-8)' for Test::More->builder->output, Test::More->builder->failure_output;

my ($OMEGA, $TEST, $SMILE) = ("\x{3a9}", "\x{6d4b}\x{8bd5}", "\x{1f600}");

# message, and what has become of it; the same where there is no second
my @cases = (
    ['plain words'],
    ["gr\x{fc}n is fine"],
    ["first\nsecond $OMEGA"],
    [''],
    [qq(cause: "Fehler $OMEGA and more"),      qq(cause:\n"Fehler $OMEGA and more")],
    [qq(cause; fix; server says: "550 $TEST"), qq(cause; fix; server says:\n"550 $TEST")],
    [qq(a "good" one: "$SMILE"; then "b"),     qq(a "good" one:\n"$SMILE"; then "b")],
    [qq(says: "no '$OMEGA' here"),             qq(says:\n"no '$OMEGA' here")],
    [qq(the server's answer 'x $OMEGA'),       qq(the server's answer\n'x $OMEGA')],
    ["target `$OMEGA`: it failed",             "target\n`$OMEGA`: it failed"],
    ["target 'mail': $OMEGA failed",           "target 'mail':\n$OMEGA failed"],
    ["a; b: c $OMEGA",                         "a; b:\nc $OMEGA"],
    ["some words $OMEGA",                      "some words\n$OMEGA"],
    ["$OMEGA failed",                          "the reason is on the next line\n$OMEGA failed"],
    ["$OMEGA",                                 "the reason is on the next line\n$OMEGA"],
    [qq("$OMEGA"\nfix it\n),   qq(the reason is on the next line\n"$OMEGA"\nfix it\n)],
    ["a: $OMEGA\r\nb",         "a:\n$OMEGA\r\nb"],
    [qq(a "not closed $OMEGA), qq(a\n"not closed $OMEGA)],
);

subtest 'foreign words begin a line of their own' => sub {
    for my $case (@cases) {
        my ($message, $expected) = ($case->[0], $case->[1] // $case->[0]);
        my $got = with_plain_first_line($message);
        is $got, $expected, "'" . $message =~ s/\s+/ /gr . "'";
        unlike $got, qr/\A[^\n]*[^\x00-\xff\n]/, 'a first line for HTTP';
        my ($left, $right) = map {s/\s+//gr} $message,
            $got =~ s/\Athe reason is on the next line\n//r;
        is $right, $left, 'nothing is lost';
    }
};

PVE::Cluster::set_dirs({ config => host_dir() . '/config', run => host_dir() . '/run' });

my sub raised ($error) {
    return eval {
        with_config(sub ($config) {
            die $error;
        });
        1;
    } ? undef : $@;
}

subtest 'every error of the API goes that way' => sub {
    my $exception = raised({ code => 502, message => qq(cause: "$OMEGA") });
    is $exception->{msg},                   qq(cause:\n"$OMEGA"\n),       'one of the library';
    is $exception->{code},                  502,                          'with its code';
    is raised(qq(file '$OMEGA': broken\n)), qq(file\n'$OMEGA': broken\n), 'a text';
    my $param = PVE::Exception->new("Parameter verification failed.\n", errors => { a => $OMEGA });
    is raised($param), $param, 'an exception is the same';
};

# what the server would send
my sub sent ($format, $message) {
    my %sent;
    no warnings qw(redefine once);    ## no critic (ProhibitNoWarnings)
    local *PVE::NotifyHost::Reply::send_json = sub ($c, $status, $body) {
        %sent = (%sent, status => $status, body => $body);
    };
    my $c = bless {}, 'Test::Controller';
    local *Test::Controller::res     = sub ($self) { return $self };
    local *Test::Controller::app     = sub ($self) { return $self };
    local *Test::Controller::log     = sub ($self) { return $self };
    local *Test::Controller::error   = sub ($self, $text) { $sent{log}      = $text };
    local *Test::Controller::message = sub ($self, $phrase) { $sent{phrase} = $phrase };
    PVE::NotifyHost::Reply::error($c, $format, { status => 400, message => $message });
    return \%sent;
}

subtest 'the server of this host fails where that of a node does' => sub {
    my $sent = sent('json', "cause $OMEGA\nfix\n");
    is $sent->{status}, 596,           'status';
    is $sent->{phrase}, 'Broken pipe', 'phrase';
    is_deeply $sent->{body}, { data => undef }, 'no word of the message';
    like $sent->{log}, qr/first line/, 'the log says why';
    is sent('extjs', "cause $OMEGA\n")->{body}{message}, "cause $OMEGA\n", 'but not for extjs';
    $sent = sent('json', with_plain_first_line("cause $OMEGA\nfix\n"));
    is $sent->{status},        400,                    'a good message has its status';
    is $sent->{phrase},        'cause',                'and its phrase';
    is $sent->{body}{message}, "cause\n$OMEGA\nfix\n", 'and is there';
};

done_testing;
