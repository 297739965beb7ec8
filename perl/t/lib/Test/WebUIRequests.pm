package Test::WebUIRequests;

# What the web pages of a node ask for in their notification panels and at the login, as they send it:
# the two slashes, the _dc, forms in their encoding, lists by repetition. A row: title, who asks,
# request, body, and what comes back.
#
# Who: a user's name; a word behind it spoils the session. {word} in request and body stands for a value
# of the session (ticket), of the last answer (digest) or of the test (port).
#
# What comes back: HTTP status, success and status of the format extjs, message, errors, and data: a hash
# names keys and their values or patterns, an array the keys that each entry of a list has, undef null.

use v5.36;

use Exporter 'import';
use Test::WebUIRequests::Login    ();
use Test::WebUIRequests::Matchers ();
use Test::WebUIRequests::Targets  ();

our @EXPORT_OK = qw(rows);

# groups of rows, each after its title
sub rows () {
    return (
        login       => Test::WebUIRequests::Login::login(),
        grids       => Test::WebUIRequests::Targets::grids(),
        smtp        => Test::WebUIRequests::Targets::smtp(),
        oauth2      => Test::WebUIRequests::Targets::oauth2(),
        others      => Test::WebUIRequests::Targets::others(),
        matchers    => Test::WebUIRequests::Matchers::matchers(),
        permissions => Test::WebUIRequests::Matchers::permissions(),
        sessions    => Test::WebUIRequests::Login::sessions(),
    );
}

1;
