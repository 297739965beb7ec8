package Test::Peers::Schemathesis;

# schemathesis sends requests that it makes from the description of the API. Beyond its own rules each is sent as
# further users too, and no answer may hold a canary (see peers/requests.py).

use v5.36;

use JSON::PP qw(decode_json encode_json);
use POSIX    ();
use PVE::NotifyHost::OpenAPI;
use Test::Peers         qw(new_dir root slurp write_private);
use Test::Peers::Python qw(python);

my @CHECKS = qw(not_a_server_error status_code_conformance content_type_conformance
    response_schema_conformance);

# Options: url, certificate; users (name => header fields; `full` is whom the requests are made for); canary; names (pairs of
# a part of paths and the names of entries there), kept (path => content of files to bring back)
sub new ($class, %opt) {
    my $files = new_dir();
    write_private("$files/openapi.json", PVE::NotifyHost::OpenAPI::json());
    write_private("$files/plan",
        encode_json({ %opt{qw(canary names kept users certificate)}, report => "$files/report" }));
    return bless { %opt, files => $files }, $class;
}

# A test that fails is a 500, a provider that cannot be asked a 502 or 504. No other call may end so.
my sub settings ($self) {
    my $header  = $self->{users}{full};
    my $headers = join ', ', map {qq{"$_" = "$header->{$_}"}} sort keys %$header;
    my $hooks   = root() . '/perl/t/peers/requests.py';
    return <<"END";
base-url = "$self->{url}/api2/json"
tls-verify = "$self->{certificate}"
headers = { $headers }
hooks = "$hooks"
request-timeout = 30
continue-on-failure = true

[generation]
with-security-parameters = false
database = "none"
no-shrink = true

[checks]
not_a_server_error.expected-statuses = ["2xx", "4xx", 501]

[[operations]]
include-operation-id = "test_target"
checks.not_a_server_error.expected-statuses = ["2xx", "4xx", 500, 501]

[[operations]]
include-operation-id = ["smtp_oauth2_token", "smtp_oauth2_device", "smtp_oauth2_device_poll", "smtp_oauth2_discover", "revoke_smtp_endpoint"]
checks.not_a_server_error.expected-statuses = ["2xx", "4xx", 501, 502, 504]
END
}

# Options: phases, seed, examples (of each call), seconds (at most). Returns { fault, requests, status, user, slowest, slowest_call,
# faults }; without a fault all answers are as described, faults are those of the further users too.
sub attack ($self, %opt) {
    my $files = $self->{files};
    write_private("$files/settings.toml", settings($self));
    unlink "$files/report";
    my @command = (
        'timeout',       '--kill-after=5',       $opt{seconds}, python(), '-m', 'schemathesis.cli',
        '--config-file', "$files/settings.toml", 'run',
        "$files/openapi.json",
        '--checks'       => join(',', @CHECKS),
        '--phases'       => $opt{phases},
        '--seed'         => $opt{seed},
        '--max-examples' => $opt{examples},
        '--no-color',
    );
    my $pid = fork() // die "fork: $!\n";
    if (!$pid) {
        local $ENV{REQUESTS_PLAN} = "$files/plan";
        chdir "$files"                   or POSIX::_exit(127);
        open(STDOUT, '>', "$files/said") or POSIX::_exit(127);
        open(STDERR, '>&', \*STDOUT)     or POSIX::_exit(127);
        exec(@command)                   or POSIX::_exit(127);
    }
    waitpid $pid, 0;
    my $fault = $? ? slurp("$files/said") : '';
    return { fault => $fault, decode_json(slurp("$files/report") || '{}')->%* };
}

1;
