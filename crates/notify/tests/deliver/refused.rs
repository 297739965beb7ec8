//! F-34: mail servers that refuse an access token: one renewed token, one more try, and then the
//! refusal is the answer.

use std::io::{BufRead, BufReader, Write};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use notify::{Clock, FixedClock, LocalTime};

use crate::mta::token_endpoint;
use crate::peer::{Server, Tls};
use crate::site::{NOW, Site};

/// `{"status":"401"}`
const REASON: &str = "334 eyJzdGF0dXMiOiI0MDEifQ==";
const REFUSED: &str = "535 5.7.8 the token is no good";
/// How long the server thinks before it refuses.
const THOUGHT: Duration = Duration::from_millis(100);

/// A clock by which a token is old when the server has thought about it.
struct Fast;

impl Clock for Fast {
    fn now(&self) -> i64 {
        NOW + i64::try_from(self.uptime().as_millis()).unwrap()
    }

    fn local(&self, _: i64) -> Option<LocalTime> {
        None
    }
}

/// The logins that came, and the senders.
type Seen = Arc<Mutex<Vec<String>>>;

/// A server that refuses the logins of these connections in this way.
fn server(
    refuses: impl Fn(usize) -> Option<&'static str> + Send + Sync + 'static,
) -> (Server, Seen) {
    let seen = Seen::default();
    let noted = Arc::clone(&seen);
    let server = Server::tls(move |tls, number| {
        // a client that goes away is no fault of a test
        let _ = converse(tls, refuses(number), &noted);
    });
    (server, seen)
}

fn converse(tls: &mut Tls, refusal: Option<&str>, seen: &Seen) -> std::io::Result<()> {
    let mut stream = BufReader::new(tls);
    stream
        .get_mut()
        .write_all(b"220 mail.example.org ESMTP\r\n")?;
    let (mut in_data, mut line) = (false, String::new());
    while {
        line.clear();
        stream.read_line(&mut line)? > 0
    } {
        let line = line.trim_end();
        let verb = line.split([' ', ':']).next().unwrap_or_default();
        let reply = match verb {
            _ if in_data && line != "." => continue,
            "EHLO" => "250-mail.example.org\r\n250-AUTH XOAUTH2\r\n250 8BITMIME",
            "AUTH" => {
                let response = STANDARD.decode(line.rsplit(' ').next().unwrap()).unwrap();
                let response = String::from_utf8(response).unwrap();
                let login = response.trim_end_matches('\u{1}').replace('\u{1}', " ");
                seen.lock().unwrap().push(login);
                if refusal.is_some() {
                    thread::sleep(THOUGHT);
                }
                refusal.unwrap_or("235 2.7.0 welcome")
            }
            // the empty answer to a reason
            "" if !in_data => REFUSED,
            "MAIL" => {
                seen.lock().unwrap().push(line.to_owned());
                "250 ok"
            }
            "DATA" => "354 go on",
            "QUIT" => "221 bye",
            _ => "250 ok",
        };
        in_data = verb == "DATA";
        stream
            .get_mut()
            .write_all(format!("{reply}\r\n").as_bytes())?;
    }
    Ok(())
}

/// A target at this server, with a grant of this provider.
fn site(server: &Server, provider: &Server, clock: &'static dyn Clock) -> Site {
    let url = format!("https://localhost:{}", provider.address.port());
    let site = Site::new(
        &format!(
            "smtp: relay\n\tserver localhost\n\tport {}\n\tmode tls\n\tusername ann@example.org\n\
             \tfrom-address pve@example.org\n\tmailto bob@example.org\n\
             \tauth-method custom-oauth2\n\toauth2-client-id client\n\toauth2-scopes mail\n\
             \toauth2-token-url {url}/token\n\toauth2-authorize-url {url}/authorize\n",
            server.address.port()
        ),
        "smtp: relay\n\toauth2-client-secret s-cAnArY\n",
    )
    .with_clock(clock);
    site.consent("relay");
    site
}

/// A login with the n-th token.
fn login(number: usize) -> String {
    format!("user=ann@example.org auth=Bearer cAnArY-access-{number}")
}

/// F-34.
#[test]
fn f34_a_refused_token_is_renewed_and_the_mail_sent_with_the_new_one() {
    for refusal in [REASON, REFUSED] {
        let (server, seen) = server(move |number| (number == 0).then_some(refusal));
        let provider = token_endpoint("mail");
        let site = site(&server, &provider, &Fast);
        assert_eq!(site.outcome(), ("sent", String::new()), "{refusal}");
        assert_eq!((server.count(), provider.count()), (2, 2), "{refusal}");
        let seen = seen.lock().unwrap();
        assert_eq!(seen[..2], [login(0), login(1)], "{refusal}");
    }
}

/// F-34.
#[test]
fn f34_the_second_refusal_is_final() {
    let (server, seen) = server(|_| Some(REASON));
    let provider = token_endpoint("mail");
    let site = site(&server, &provider, &Fast);
    let (word, reason) = site.outcome();
    assert_eq!(word, "refused", "{reason}");
    assert!(reason.contains("the token is no good"), "{reason}");
    assert_eq!((server.count(), provider.count()), (2, 2));
    assert_eq!(*seen.lock().unwrap(), [login(0), login(1)]);
}

/// F-34.
#[test]
fn f34_a_token_that_was_made_just_now_is_not_renewed() {
    static STANDING: FixedClock = FixedClock {
        now: NOW,
        offset: 0,
    };
    let (server, _) = server(|_| Some(REASON));
    let provider = token_endpoint("mail");
    let site = site(&server, &provider, &STANDING);
    let (word, reason) = site.outcome();
    assert_eq!(word, "refused", "{reason}");
    assert!(reason.contains("the token is no good"), "{reason}");
    assert_eq!((server.count(), provider.count()), (1, 1));
}

/// F-34.
#[test]
fn f34_a_temporary_refusal_renews_nothing() {
    let (server, _) = server(|number| (number == 0).then_some("454 4.7.0 later"));
    let provider = token_endpoint("mail");
    let site = site(&server, &provider, &Fast);
    assert_eq!(site.outcome(), ("sent", String::new()));
    assert_eq!((server.count(), provider.count()), (2, 1));
}

/// The login is the mailbox, the sender whoever it is set to be.
#[test]
fn login_and_sender_may_differ() {
    let (server, seen) = server(|_| None);
    let provider = token_endpoint("mail");
    let site = site(&server, &provider, &Fast);
    assert_eq!(site.outcome(), ("sent", String::new()));
    let sender = "MAIL FROM:<pve@example.org>".to_owned();
    assert_eq!(*seen.lock().unwrap(), [login(0), sender]);
}
