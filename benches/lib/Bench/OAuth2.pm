package Bench::OAuth2;

# Mail targets that log in with OAuth2: a mail with a token that is kept, against the same mail with a
# password; how often the provider is asked while mails go out for an hour; and the daily run over many
# targets of which none is due.

use v5.36;

use Bench          qw(in_turns now median record);
use Bench::Machine qw(empty_config);
use Test::Peers    qw(host_dir write_private);

my $ROUNDS  = 100;    # mails of each kind, by turns
my $MAILS   = 1000;    # of an hour
my $TARGETS = 1000;    # of the daily run
my $RUNS    = 10;

# a target with this refresh token; with a password if there is none
my sub add ($config, $sandbox, $name, $token) {
    my $user   = $sandbox->{users}[0];
    my $client = $sandbox->client('google-oauth2');
    my %oauth2 = (
        'auth-method'          => 'google-oauth2',
        'oauth2-client-id'     => $client->{'client-id'},
        'oauth2-client-secret' => $client->{'client-secret'},
        'oauth2-refresh-token' => $token,
    );
    $config->add_smtp_endpoint(
        $name,                             'localhost',
        $sandbox->{smtp}{'port-starttls'}, 'starttls',
        $user->{login},                    defined $token ? undef : $user->{password},
        ['ann@example.org'],               undef,
        $user->{login},                    undef,
        undef,                             undef,
        defined $token ? \%oauth2 : ()
    );
    return;
}

my sub refresh_token ($config, $sandbox) {
    my $client = $sandbox->client('google-oauth2');
    return $config->exchange_smtp_oauth2_code(
        'google-oauth2', $client->@{qw(client-id client-secret)},
        undef,
        $sandbox->code('google-oauth2'),
        $client->{'redirect-uris'}[0]
    );
}

my sub mails ($sandbox) {
    my $dir  = host_dir($sandbox->providers);
    my %send = map {
        my $name   = $_;
        my $config = empty_config($dir, 'state-dir' => "$dir/state", 'run-dir' => "$dir/run");
        add($config, $sandbox, $name, $name eq 'token' ? refresh_token($config, $sandbox) : undef);
        $config->apply_oauth2_changes('root@pam');
        $config->add_matcher('all', [$name]);
        (
            $name => sub {
                my ($target) =
                    $config->send('info', 'test', { target => 'mail' }, {})->{targets}->@*;
                my $recipient = $target->{recipients}[0];
                die "bench: $recipient->{reason}\n" if $recipient->{outcome} ne 'sent';
            }
        )
    } qw(password token);
    my $requests = $sandbox->token_requests;
    my %of       = in_turns($ROUNDS, password => $send{password}, token => $send{token});
    record('mail with a kept token / with a password', $of{token}{ratio}, 'ratio', 1, 1.2);
    printf "  (medians: %.2f ms and %.2f ms; %d access tokens were asked for)\n",
        (map { 1e3 * $of{$_}{time} } qw(token password)), $sandbox->token_requests - $requests;
    return;
}

# One request for each mail is what a client does that keeps no token.
my sub hour ($sandbox) {
    my $dir    = host_dir($sandbox->providers);
    my $config = empty_config($dir, 'state-dir' => "$dir/state", 'run-dir' => "$dir/run");
    add($config, $sandbox, 'token', refresh_token($config, $sandbox));
    $config->apply_oauth2_changes('root@pam');

    # in place of the builtin one, which comes back when files are read
    $config->add_matcher('default-matcher', ['token']);
    my %text;
    @text{qw(notifications-ext.cfg priv/notifications-ext.cfg)} = $config->write_ext_config;
    @text{qw(notifications.cfg priv/notifications.cfg)}         = $config->write_config;
    write_private("$dir/config/$_", $text{$_}) for keys %text;
    my $target   = $ENV{CARGO_TARGET_DIR} // 'target';
    my $requests = $sandbox->token_requests;
    system("$target/release/examples/hour_of_mails", "$dir", $MAILS) == 0
        or die "bench: the hour of mails failed\n";
    record(
        'token requests for 1,000 mails within an hour',
        $sandbox->token_requests - $requests,
        '', $MAILS, 2
    );
    return;
}

my sub upkeep ($sandbox) {
    my $config = empty_config(host_dir(
        $sandbox->providers,
        'state-dir' => "host_dir($sandbox->providers/state",
        'run-dir'   => "host_dir($sandbox->providers/run"
    ));
    add($config, $sandbox, "target-$_", "token-$_") for 1 .. $TARGETS;
    $config->apply_oauth2_changes('root@pam');
    my @times;
    for my $round (0 .. $RUNS) {
        my $start = now();
        my $run   = $config->refresh_oauth2_state;
        push @times, 1e3 * (now() - $start) if $round > 0;
        die "bench: a target was due\n"
            if grep { $_->{refreshed} || $_->{error} } $run->{targets}->@*;
    }
    record("daily run, $TARGETS targets of which none is due", median(@times), 'ms', undef, 50);
    return;
}

sub run ($sandbox) {
    mails($sandbox);
    hour($sandbox);
    upkeep($sandbox);
    return;
}

1;
