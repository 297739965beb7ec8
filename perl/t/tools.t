#!/usr/bin/perl

# PVE::Tools and PVE::INotify: the small helpers.

use v5.36;

use PVE::INotify;
use PVE::Tools qw(extract_param split_list);
use Test::More;

subtest 'extract_param takes the value out' => sub {
    my $param = { name => 'a', digest => 'b' };
    is extract_param($param, 'digest'), 'b', 'value';
    is_deeply $param, { name => 'a' }, 'is gone';
    is extract_param($param, 'digest'), undef, 'undef when absent';
};

subtest 'split_list knows PVE\'s separators' => sub {
    is_deeply [split_list("a,b;c d\te\0f,,g")], [qw(a b c d e f g)], 'all of them';
    is_deeply [split_list('')],                 [],                  'empty';
    is_deeply [split_list(undef)],              [],                  'undef';
};

subtest 'nodename is a single label' => sub {
    like PVE::INotify::nodename(), qr/\A[^.\s]+\z/, 'no domain';
};

done_testing;
