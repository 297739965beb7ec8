package Test::Notifications::Steps;

# Calls below /cluster/notifications, one after the other on a fresh folder, and what each answers.
# A row: title, verb, path, parameters, and either the data of the answer, or the code and the
# message of an error (a hash: one text per parameter). CURRENT stands for the digest of the last
# answer that had one. More verbs: FILE writes a file, READ compares one with a pattern, SENT what has
# arrived at the web server.

use v5.36;

use Exporter 'import';

use Test::Notifications::Common   qw(canaries);
use Test::Notifications::Faults   ();
use Test::Notifications::Mail     ();
use Test::Notifications::Matchers ();
use Test::Notifications::Web      ();

our @EXPORT_OK = qw(steps canaries);

sub steps ($port = 0, $closed = 0) {
    return (
        Test::Notifications::Mail::steps(),     Test::Notifications::Web::steps($port, $closed),
        Test::Notifications::Matchers::steps(), Test::Notifications::Faults::steps(),
    );
}

1;
