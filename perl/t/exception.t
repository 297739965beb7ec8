#!/usr/bin/perl

# PVE::Exception: fields, text form, and the ways to throw one.

use v5.36;

use PVE::Exception qw(raise raise_param_exc raise_perm_exc);
use Test::More;

sub error_of ($code) {
    return eval { $code->(); 1 } ? undef : $@;
}

subtest 'an exception has the fields of its thrower' => sub {
    my $error = error_of(sub { raise("no such target\n", code => 404) });
    my $line  = __LINE__ - 1;
    isa_ok $error, 'PVE::Exception';
    is $error->{msg},      "no such target\n",     'msg';
    is $error->{code},     404,                    'code';
    is $error->{filename}, __FILE__,               'filename';
    is $error->{line},     $line,                  'line';
    is "$error",           "404 no such target\n", 'text';
    ok !$error->is_param_exc, 'is not about parameters';
};

subtest 'without a code the text is the message' => sub {
    is "${\PVE::Exception->new(qq{broken\n})}", "broken\n", 'complete line';
    my $error = PVE::Exception->new('broken');
    is "$error", 'broken at ' . __FILE__ . ' line ' . (__LINE__ - 1) . ".\n", 'gets a place';
};

subtest 'bad parameters are listed in order, then the usage' => sub {
    my $error = error_of(sub { raise_param_exc({ b => "second\n", a => 'first' }, 'usage: a b') });
    is "$error", "400 Parameter verification failed.\na: first\nb: second\nusage: a b\n", 'text';
    is $error->{code}, 400,          'code';
    is $error->{line}, __LINE__ - 3, 'line of the caller';
    ok $error->is_param_exc, 'is about parameters';
};

subtest 'a missing permission is a 403' => sub {
    is error_of(sub { raise_perm_exc('/, Sys.Audit') }),
        "403 Permission check failed (/, Sys.Audit)\n", 'with what was missing';
    is error_of(sub { raise_perm_exc() }), "403 Permission check failed\n", 'without';
};

subtest 'an exception is true and survives a bare die' => sub {
    ok PVE::Exception->new(''), 'true even without text';
    my $error = error_of(
        sub {
            local $@ = PVE::Exception->new("again\n", code => 400);
            die;    ## no critic (RequireCarping)
        },
    );
    is $error->{code},                 400, 'is the same object';
    is scalar $error->{propagate}->@*, 1,   'remembers where it passed';
};

done_testing;
