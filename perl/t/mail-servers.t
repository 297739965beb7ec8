#!/usr/bin/perl

# Mails from Perl to servers that others wrote: aiosmtpd, Dovecot, Postfix, and msmtp as this machine's
# sendmail. What they kept is read by parsers that others wrote.

use v5.36;
use utf8;

use FindBin;
use lib "$FindBin::Bin/lib";

use POSIX ();
use PVE::Notify;
use PVE::RS::Notify;
use Test::Mail qw(by_perl by_python);
use Test::More;
use Test::NotifyHost qw(wait_until);
use Test::Peers      qw(host_dir new_dir pki_dir write_private);
use Test::Peers::Dovecot;
use Test::Peers::Postfix;
use Test::Peers::Sink;

if (my $reason = Test::Peers::Sink->missing || Test::Peers::MailSystem->missing) {
    BAIL_OUT($reason) if $ENV{CI};
    plan skip_all => "SKIPPED: $reason";
}

my $COUNT    = $ENV{SOAK} ? 1000 : 50;    # notifications of the burst
my $SENDERS  = 10;    # processes that send them
my $ACCEPTED = 3;    # connections that Postfix takes from one address

my $sink    = Test::Peers::Sink->new;
my $dovecot = Test::Peers::Dovecot->new(relay => $sink->{clear});
my $postfix = Test::Peers::Postfix->new(
    dovecot  => $dovecot,
    settings => { smtpd_client_connection_count_limit => $ACCEPTED },
);

# templates with what mails break on, and the texts they become
my $LONG      = 'ü' x 1200;
my $templates = new_dir();
my %TEMPLATE  = (
    'subject.txt' =>
        'Größe {{n}} ☃ of a name that makes the subject too long for one line of a header',
    'body.txt'  => "für {{n}}\n.\n..\nFrom here\n$LONG\n",
    'body.html' => "<p>für &amp; {{n}}</p>\n.\n<p>$LONG</p>\n",
);
for my $part (keys %TEMPLATE) {
    my $bytes = $TEMPLATE{$part};
    utf8::encode($bytes);
    write_private("$templates/hard-$part.hbs", $bytes);
}

my sub rendered ($part, $n) {
    return $TEMPLATE{$part} =~ s/\{\{n\}\}/$n/r;
}

my $dir    = host_dir();
my $AUTHOR = 'Jürgen „Node” Groß';

my sub config (%host) {
    my %option = (
        kind               => 'standalone',
        'config-dir'       => "$dir/config",
        'vendor-templates' => "$templates",
        %host
    );
    my $config = PVE::RS::Notify->parse_config('', '', '', '', { host => \%option });
    $config->delete_matcher('default-matcher');
    return $config;
}

# one target at the server, and a matcher for it
my sub target ($server, $mode, %more) {
    my $config = config();
    my @login  = $mode eq 'insecure' ? (undef, undef) : ($server->{login}, $server->{password});
    $login[1] = $more{password} if exists $more{password};
    my $port = $server->{ $mode eq 'insecure' ? 'clear' : $mode };
    $config->add_smtp_endpoint('mail', $server->{host}, $port, $mode, @login,
        $more{mailto} // ['ann@example.org'],
        undef, 'pve@example.org', $AUTHOR);
    $config->add_matcher('all', ['mail']);
    return $config;
}

my sub recipients ($config, $n) {
    return $config->send('info', 'hard', { n => $n }, {})->{targets}[0]{recipients};
}

# waits for one more mail than the server had
my sub next_mail ($server, @before) {
    my %before = map { $_ => 1 } @before;
    my @new;
    wait_until(
        20,
        sub {
            @new = grep { !$before{$_} } $server->mails;
        }
    );
    is scalar @new, 1, 'one mail has arrived';
    return $new[0] // '';
}

my sub is_whole ($raw, $n) {
    for my $way ([Python => by_python($raw)], [Perl => by_perl($raw)]) {
        my ($parser, $mail) = @$way;
        is $mail->{subject}, rendered('subject.txt', $n), "$parser: subject";
        is $mail->{author},  $AUTHOR,                     "$parser: author";
        is $mail->{from},    'pve@example.org',           "$parser: address";
        is $mail->{type},    'multipart/alternative',     "$parser: type";
        is_deeply $mail->{texts},
            {
            'text/plain' => rendered('body.txt',  $n),
            'text/html'  => rendered('body.html', $n),
            },
            "$parser: both parts";
        like $mail->{id}, qr/\A<[^<>@\s]{20,}\@[^<>@\s]+>\z/, "$parser: Message-ID";
        is $mail->{'auto-submitted'}, 'auto-generated', "$parser: Auto-Submitted";
        is_deeply $mail->{defects}, [], "$parser: no defects";
    }
    is_deeply [grep { length > 998 } split /\r?\n/, $raw], [], 'no line is too long';
    return;
}

my @ways = (
    [aiosmtpd => $sink,    $sink,    qw(insecure starttls tls)],
    [Dovecot  => $dovecot, $sink,    qw(starttls tls)],
    [Postfix  => $postfix, $postfix, qw(starttls tls)],
);
for my $way (@ways) {
    my ($name, $server, $keeper, @modes) = @$way;
    for my $mode (@modes) {
        subtest "$name takes a mail, mode $mode" => sub {
            my @before = $keeper->mails;
            is_deeply recipients(target($server, $mode), $mode),
                [{ recipient => 'ann@example.org', outcome => 'sent' }], 'sent';
            is_whole(next_mail($keeper, @before), $mode);
        };
    }

    subtest "$name is well, says the doctor, and gets no mail" => sub {
        my @before = $keeper->mails;
        for my $mode (@modes) {
            my $checked = target($server, $mode)->check_target('mail', 1);
            my @found   = grep { $_->{result} ne 'ok' } $checked->{steps}->@*;

            # a password without TLS is what an administrator should know
            @found = grep { $_->{step} ne 'settings' } @found if $mode eq 'insecure';
            is_deeply [map {"$_->{step}: $_->{seen}"} @found], [], "mode $mode";
        }
        my $checked = target($server, 'starttls', password => 'wrong')->check_target('mail', 0);
        is_deeply [map { $_->{step} } grep { $_->{result} eq 'failed' } $checked->{steps}->@*],
            ['login'], 'a wrong password';
        is scalar(my @after = $keeper->mails), scalar @before, 'nothing has arrived';
    };

    subtest "$name refuses one recipient, the other one gets the mail" => sub {
        my @before = $keeper->mails;
        my $config = target($server, 'starttls', mailto => ['gone@example.org', 'ben@example.org']);
        my ($gone, $ben) = recipients($config, 'two')->@*;
        is $gone->{outcome}, 'refused', 'refused';
        like $gone->{reason}, qr/550.*5[.]1[.]1.*(?:no such mailbox|User unknown)/,
            'with the words of the server';
        is_deeply $ben, { recipient => 'ben@example.org', outcome => 'sent' }, 'sent';
        is_whole(next_mail($keeper, @before), 'two');
    };

    subtest "$name refuses a password" => sub {
        my @before = $keeper->mails;
        my ($ann) =
            recipients(target($server, 'starttls', password => 'canary-wrong'), 'wrong')->@*;
        is $ann->{outcome}, 'refused', 'refused';
        like $ann->{reason},   qr/535.*5[.]7[.]8/i, 'with the words of the server';
        like $ann->{reason},   qr/password/,        'and who has to act';
        unlike $ann->{reason}, qr/canary/,          'without the password';
        is scalar(my @after = $keeper->mails), scalar @before, 'nothing has arrived';
    };
}

subtest 'msmtp serves as sendmail, and its refusal counts' => sub {
    my $files = new_dir();
    write_private("$files/password", $postfix->{password});
    write_private("$files/msmtprc",  <<"END");
account default
host localhost
port $postfix->{starttls}
auth plain
user $postfix->{login}
passwordeval cat $files/password
tls on
tls_trust_file ${\ pki_dir() }/ca.crt
END
    write_private("$files/sendmail",
        qq{#!/bin/sh\nexec /usr/bin/msmtp --file=$files/msmtprc "\$@"\n});
    chmod(0700, "$files/sendmail");
    my sub by_sendmail ($to) {
        my $config = config(sendmail => "$files/sendmail");
        $config->add_sendmail_endpoint('local', [$to], undef, 'pve@example.org', $AUTHOR);
        $config->add_matcher('all', ['local']);
        return recipients($config, 'msmtp');
    }
    my @before = $postfix->mails;
    is_deeply by_sendmail('ann@example.org'),
        [{ recipient => 'ann@example.org', outcome => 'sent' }], 'sent';
    is_whole(next_mail($postfix, @before), 'msmtp');
    my ($gone) = by_sendmail('gone@example.org')->@*;
    is $gone->{outcome}, 'refused', 'refused';
    like $gone->{reason}, qr/550 5[.]1[.]1 <gone\@/, 'with the words of the server';
};

# One process of a burst: its numbers are those that leave the same rest. Tells what became of each.
my sub send_some ($rest, $out) {
    my $config = target($postfix, 'starttls');
    $config->add_smtp_endpoint('second', $sink->{host}, $sink->{tls}, 'tls',
        $sink->@{qw(login password)},
        ['ben@example.org'], undef, 'pve@example.org', $AUTHOR);
    $config->update_matcher('all', ['mail', 'second']);
    for my $n (grep { $_ % $SENDERS == $rest } 1 .. $COUNT) {
        my $targets = $config->send('info', 'hard', { n => "no.$n" }, {})->{targets};
        print {$out} "$n $_->{target} $_->{recipients}[0]{outcome}\n" for @$targets;
    }
    return;
}

# by number of the notification, the IDs of the mails that the server has
my sub arrived ($server) {
    my %ids;
    for my $raw ($server->mails) {
        my ($id) = $raw =~ /^Message-ID: (\S+)\r?$/mi;
        my $mail = by_perl($raw =~ s/\n\r?\n.*//sr . "\n\n");
        push $ids{$1}->@*, $id if $mail->{subject} =~ / no[.](\d+) /;
    }
    return \%ids;
}

subtest "F-39: a burst of $COUNT notifications has true outcomes" => sub {
    my @readers;
    ## no critic (InputOutput::RequireBriefOpen) - all senders run at the same time
    for my $rest (0 .. $SENDERS - 1) {
        my $pid = open(my $reader, '-|') // die "fork: $!\n";
        if (!$pid) {
            STDOUT->autoflush(1);
            send_some($rest, \*STDOUT);
            POSIX::_exit(0);
        }
        push @readers, $reader;
    }
    my %outcome;
    for my $reader (@readers) {
        while (my $line = readline $reader) {
            my ($n, $target, $word) = split ' ', $line;
            $outcome{$target}{$n} = $word;
        }
        close($reader) or fail('a sender failed');
    }
    my %ids;
    for my $server (['mail', $postfix], ['second', $sink]) {
        my ($target, $keeper) = @$server;
        is scalar keys $outcome{$target}->%*, $COUNT, "$target: each has an outcome";
        my @sent = sort grep { $outcome{$target}{$_} eq 'sent' } keys $outcome{$target}->%*;
        my $arrived;
        wait_until(30, sub { $arrived = arrived($keeper); keys %$arrived >= @sent });
        is_deeply [sort keys %$arrived], \@sent, "$target: those that are sent have arrived";
        is_deeply [grep { $arrived->{$_}->@* > 1 } keys %$arrived], [], "$target: once";
        $ids{$_}++ for map {@$_} values %$arrived;
        diag "$target: " . @sent . " of $COUNT sent" if @sent < $COUNT;
    }
    is_deeply [grep { $ids{$_} > 1 } keys %ids], [], 'no Message-ID stands in two mails';

    my ($now, $most) = (0, 0);
    for my $line (split /\n/, $postfix->log) {
        $now++       if $line =~ m{/smtpd\[\d+\]: connect from};
        $now--       if $line =~ m{/smtpd\[\d+\]: disconnect from};
        $most = $now if $now > $most;
    }
    cmp_ok $most, '<=', $SENDERS, 'no sender has more than one connection to a server';
};

done_testing;
