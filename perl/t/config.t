#!/usr/bin/perl

# PVE::RS::Notify as its callers know it: positional calls, values as the API hands them over, and
# an object that is cloned, inherited and used after a fork.

use v5.36;

use PVE::RS::Notify;
use Storable          qw(dclone);
use Test::ConfigFiles qw(faults_in);
use Test::More;

my $EMPTY = 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855';

sub config (@raw) {
    @raw = ('', '') if !@raw;
    return PVE::RS::Notify->parse_config(@raw);
}

# what a call throws, as text with its code
sub refusal ($code) {
    return 'nothing' if eval { $code->(); 1 };
    return ref $@ eq 'HASH' ? "$@->{code} $@->{message}" : "text $@";
}

subtest 'an empty configuration has the two builtin entries' => sub {
    my $config = config();
    is $config->digest, $EMPTY, 'digest of nothing';
    my ($target, @others) = $config->get_targets->@*;
    is_deeply [@$target{qw(name type origin)}, scalar @others],
        ['mail-to-root', 'sendmail', 'builtin', 0], 'target';
    my ($matcher) = $config->get_matchers->@*;
    is_deeply [@$matcher{qw(name origin mode)}, $matcher->{target}],
        ['default-matcher', 'builtin', 'all', ['mail-to-root']], 'matcher';
    my ($text, $private) = $config->write_config;
    is_deeply [$text =~ /^(\w.*)/mg], ['sendmail: mail-to-root', 'matcher: default-matcher'],
        'which are written with the others';
    is_deeply [$private, $config->write_ext_config], ['', '', ''], 'nothing else is';
    is_deeply $config->get_faults,                   [],           'no faults';
};

subtest 'gotify: positions of add and update' => sub {
    my $config = config();
    $config->add_gotify_endpoint('g', 'https://gotify.example.org', 'canary', 'words', '1');
    is_deeply $config->get_gotify_endpoint('g'),
        {
        name    => 'g',
        server  => 'https://gotify.example.org',
        comment => 'words',
        disable => 1,
        origin  => 'user-created',
        },
        'added, without the token';
    $config->update_gotify_endpoint('g', undef, undef, 'other', '', ['disable'], $EMPTY);
    is_deeply $config->get_gotify_endpoints,
        [{
        name    => 'g',
        server  => 'https://gotify.example.org',
        comment => 'other',
        disable => 0,
        origin  => 'user-created',
        }],
        'set wins over delete';
    is refusal(sub { $config->update_gotify_endpoint('g', ('x') x 3, 0, undef, 'ab' x 32) }),
        '400 detected modified configuration - file changed by other user? Try again.', 'digest';
    $config->delete_gotify_endpoint('g');
    is refusal(sub { $config->get_gotify_endpoint('g') }), q{404 endpoint 'g' not found}, 'deleted';
};

subtest 'sendmail: positions of add and update' => sub {
    my $config = config();
    my @all    = (['a@example.org'], ['root@pam'], 'from@example.org', 'Author', 'words', '0');
    $config->add_sendmail_endpoint('s', @all);
    my %expected = (
        name           => 's',
        mailto         => $all[0],
        'mailto-user'  => $all[1],
        'from-address' => $all[2],
        author         => $all[3],
        comment        => $all[4],
        disable        => 0,
        origin         => 'user-created',
    );
    is_deeply $config->get_sendmail_endpoint('s'), \%expected, 'added';
    $config->update_sendmail_endpoint('s', undef, undef, undef, 'Other', undef, 1, ['mailto']);
    delete $expected{mailto};
    is_deeply $config->get_sendmail_endpoint('s'), { %expected, author => 'Other', disable => 1 },
        'updated';
    is refusal(sub { $config->update_sendmail_endpoint('s', (undef) x 6, ['mailto-user']) }),
        '400 must at least provide one recipient, either in mailto or in mailto-user',
        'no recipient is left';
};

subtest 'smtp: positions of add and update, and the hash behind them' => sub {
    my $config = config();
    my @all    = (
        'mail.example.org', '2525',            'starttls',   'login',
        'canary',           ['a@example.org'], ['root@pam'], 'from@example.org',
        'Author',           'words',           '0',
    );
    $config->add_smtp_endpoint('mail', @all);
    my %expected = (
        name           => 'mail',
        server         => $all[0],
        port           => 2525,
        mode           => 'starttls',
        username       => 'login',
        mailto         => $all[5],
        'mailto-user'  => $all[6],
        'from-address' => $all[7],
        author         => 'Author',
        comment        => 'words',
        disable        => 0,
        origin         => 'user-created',
    );
    is_deeply $config->get_smtp_endpoint('mail'), \%expected, 'added, without the password';
    my @none = (undef) x 11;
    my %more = ('auth-method' => 'google-oauth2', 'oauth2-client-id' => 'id');
    $config->update_smtp_endpoint('mail', @none, ['port'], $EMPTY, \%more);
    delete $expected{port};
    is_deeply $config->get_smtp_endpoint('mail'), { %expected, %more }, 'updated';
    like refusal(sub { $config->add_smtp_endpoint('t', @all, { nonsense => 1 }) }),
        qr/unknown field .nonsense./, 'an unknown key is named';

    my ($text, $private) = $config->write_config;
    unlike $text,  qr/oauth2|canary/, 'PVE 9.2 knows every line of its file, none is secret';
    like $private, qr/\Asmtp: mail\n\tpassword canary\n\z/, 'the password';
    my ($ext, $private_ext) = $config->write_ext_config;
    is $ext, "smtp: mail\n\tauth-method google-oauth2\n\toauth2-client-id id\n", 'our own file';
    unlike $private_ext, qr/canary/, 'our own private file';
    my %files = (
        'notifications.cfg'          => $text,
        'priv/notifications.cfg'     => $private,
        'notifications-ext.cfg'      => $ext,
        'priv/notifications-ext.cfg' => $private_ext,
    );
    is_deeply [faults_in(%files)], [], 'each of the form that files have';
    like join(' ', faults_in(%files, 'notifications.cfg' => $text . $ext)),
        qr/unknown key: auth-method/, 'which would be told otherwise';
    is_deeply config($text, $private, $ext, $private_ext)->get_smtp_endpoint('mail'),
        { %expected, %more }, 'all of it is read again';
};

subtest 'webhook: one hash' => sub {
    my $config = config();
    my %hash   = (
        name    => 'hook',
        url     => 'https://hook.example.org/{{ secrets.token }}',
        method  => 'post',
        header  => ['name=X-Kind,value=aGlnaA=='],
        body    => 'Ym9keQ==',
        secret  => ['name=token,value=Y2FuYXJ5'],
        comment => 'words',
        disable => '1',
    );
    $config->add_webhook_endpoint(\%hash);
    my %expected = (%hash, secret => ['name=token'], disable => 1, origin => 'user-created');
    is_deeply $config->get_webhook_endpoint('hook'), \%expected, 'added, without the secret';
    $config->update_webhook_endpoint('hook', { method => 'put', secret => ['name=token'] },
        ['comment'], $EMPTY);
    delete $expected{comment};
    is_deeply $config->get_webhook_endpoints, [+{ %expected, method => 'put' }], 'updated';
    like(($config->write_config)[1], qr/Y2FuYXJ5/, 'a secret without value keeps its old one');
    is refusal(sub { $config->add_webhook_endpoint({ %hash, name => 'v', header => ['name=A'] }) }),
        q{400 header 'A' has empty value}, 'a header without value';
    is refusal(sub { $config->add_webhook_endpoint({ %hash, name => 'v', method => 'trace' }) }),
        '400 method: must be one of post, put, get', 'an unknown method';
    is refusal(sub { $config->add_webhook_endpoint({ %hash, name => 'v', method => undef }) }),
        '400 method: missing', 'without a method';
    like refusal(sub { $config->add_webhook_endpoint('v') }),
        qr/\A400 invalid type: .*, expected a hash of settings/, 'no hash';
    is refusal(sub { $config->add_webhook_endpoint({ url => 'https://x.example.org' }) }),
        '400 name: missing', 'without a name';
};

subtest 'matcher: positions of add and update' => sub {
    my $config = config();
    my @all    = (
        ['mail-to-root'], ['info,notice'], ['exact:type=vzdump'], ['mon..fri 8-16'],
        'any',            '1',             'words',               '0',
    );
    $config->add_matcher('m', @all);
    my %expected = (
        name             => 'm',
        target           => $all[0],
        'match-severity' => $all[1],
        'match-field'    => $all[2],
        'match-calendar' => $all[3],
        mode             => 'any',
        'invert-match'   => 1,
        comment          => 'words',
        disable          => 0,
        origin           => 'user-created',
    );
    is_deeply $config->get_matcher('m'), \%expected, 'added';
    $config->update_matcher('m', (undef) x 4, 'all', (undef) x 3, [qw(invert-match comment)]);
    delete @expected{qw(invert-match comment)};
    is_deeply $config->get_matcher('m'), { %expected, mode => 'all' }, 'updated';
    is_deeply $config->get_referenced_entities('m'), ['m', 'mail-to-root'], 'who uses what';
    is refusal(sub { $config->add_matcher('n', ['nobody']) }),
        q{404 endpoint 'nobody' does not exist}, 'a target that does not exist';
    $config->delete_matcher('m');
    is refusal(sub { $config->delete_matcher('m') }), q{404 matcher 'm' not found}, 'deleted';
};

subtest 'the shorter names are the same calls' => sub {
    my $config = config();
    $config->add_gotify('g', 'https://gotify.example.org', 'token');
    $config->update_gotify('g', undef, undef, 'words');
    $config->add_sendmail('s', ['a@example.org']);
    $config->update_sendmail('s', undef, undef, undef, undef, 'words');
    $config->add_smtp('t', 'mail.example.org', (undef) x 4,
        ['a@example.org'], undef, 'b@example.org');
    $config->update_smtp('t', (undef) x 9, 'words');
    $config->add_webhook({ name => 'w', url => 'https://hook.example.org', method => 'get' });
    $config->update_webhook('w', { comment => 'words' });
    is_deeply [map {"$_->{type} $_->{name} $_->{comment}"} $config->get_targets->@[0, 2 .. 4]],
        ['gotify g words', 'sendmail s words', 'smtp t words', 'webhook w words'], 'all of them';
};

subtest 'names are checked when they are written, not in memory' => sub {
    my $config = config();
    $config->delete_matcher($_->{name}) for $config->get_matchers->@*;
    my $name = 'mail-to <a@example.org>';
    $config->add_sendmail_endpoint($name, ['a@example.org']);
    $config->add_matcher('m', [$name]);
    is_deeply [sort map { $_->{name} } $config->get_targets->@*], [$name, 'mail-to-root'],
        'in memory';
    my $refusal = refusal(sub { $config->write_config });
    like $refusal, qr/\A500 could not save .*sendmail 'mail-to </, 'not in a file';
    is scalar(my @times = $refusal =~ /the name/g), 1, 'told once, as a hash with its code';
};

subtest 'a clone is an object of its own, of the same class' => sub {
    @Other::ISA = ('PVE::RS::Notify');    ## no critic (ClassHierarchies::ProhibitExplicitISA)
    my $config = Other->parse_config('', '');
    isa_ok $config, 'Other';
    my $clone = dclone({ list => [$config] })->{list}[0];
    is ref $clone, 'Other', 'the class';
    $clone->add_matcher('m', ['mail-to-root']);
    is_deeply [map { scalar $_->get_matchers->@* } $config, $clone], [1, 2], 'changed alone';
    undef $config;
    is $clone->digest, $EMPTY, 'the clone outlives the original';
    is refusal(sub { Storable::freeze($clone) }), '500 object cannot be stored, only cloned',
        'it is not for storing';
    is refusal(sub { Other->STORABLE_attach(1, 'unknown') }),
        '500 clone is unknown or was attached already', 'nor made of nothing';
};

subtest 'what is not an object of this class is refused' => sub {
    my $forged = bless \(my $address = 4096), 'PVE::RS::Notify';
    for my $wrong ($forged, bless({}, 'PVE::RS::Notify'), 'PVE::RS::Notify', undef, 1, []) {
        my $error = refusal(sub { PVE::RS::Notify::digest($wrong) });
        like $error, qr/\Atext /, ref $wrong || 'no reference';
    }
};

subtest 'a child of a fork works with its parent\'s object' => sub {
    my $config = config();
    my $pid    = open(my $out, '-|') // die "fork: $!\n";
    if (!$pid) {
        $config->add_matcher('m', ['mail-to-root']);
        print join ' ', map { $_->{name} } $config->get_matchers->@*;
        close STDOUT;
        require POSIX;
        POSIX::_exit(0);
    }
    is readline $out, 'default-matcher m', 'changed in the child';
    close $out;
    is scalar $config->get_matchers->@*, 1, 'not in the parent';
};

subtest 'a broken file is told with its line' => sub {
    is refusal(sub { config("sendmail: ab\n\n# a remark\n", '') }),
        '500 could not deserialize configuration: parsing "notifications.cfg" failed: line 3 - '
        . 'syntax error (expected header)', 'a line that belongs to no section';
    is refusal(sub { config("\xff", '') }),
        '500 could not deserialize configuration: notifications.cfg is not valid UTF-8 at byte 0; '
        . 'fix the file', 'no UTF-8';
    my $config = config("smtp: ab\n\tserver x\n\tfrom-address y\n\tport z\n", '');
    is_deeply $config->get_faults,
        [{
        file   => 'notifications.cfg',
        line   => 4,
        type   => 'smtp',
        name   => 'ab',
        reason => 'port: must be a number from 0 to 65535',
        }],
        'an entry that is faulty is left out and listed';
    my ($written) = $config->write_config;
    like $written, qr/\Asmtp: ab\n\tserver x\n\tfrom-address y\n\tport z\n\n/,
        'and written back as it is';
};

# the same once more as daemons run it
if (!${^TAINT}) {
    my @inc = map {"-I$_"} grep { !ref } @INC;
    my $out = qx{$^X -T @inc $0 2>&1};
    is $?, 0, 'all of this under taint mode' or diag $out;
}

done_testing;
