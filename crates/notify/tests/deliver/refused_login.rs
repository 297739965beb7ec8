//! A mail server that refuses the login: another token where the token is at fault, and never in
//! silence.

use notify::upkeep::Condition;

use crate::alert::{SECRET, phone};
use crate::mta::{Fault, Journal, Kind, converse, token_endpoint};
use crate::peer::Server;
use crate::site::{Later, OK, Seen, Site, split, web};

/// A machine whose mail server answers the first logins so, its servers, and what comes to its phone.
struct Scene {
    site: Site,
    clock: &'static Later,
    mails: Server,
    tokens: Server,
    seen: Seen,
    _phone: Server,
}

fn scene(offers: &'static str, replies: &'static [&'static str]) -> Scene {
    scene_with(offers, move |number| {
        replies.get(number).map(|reply| ("AUTH", *reply))
    })
}

/// The same where each conversation may have a fault: at which command, and the reply.
fn scene_with(
    offers: &'static str,
    fault: impl Fn(usize) -> Option<(&'static str, &'static str)> + Send + Sync + 'static,
) -> Scene {
    let mails = Server::tls(move |tls, number| {
        let fault = fault(number).map(|(at, reply)| Fault {
            at,
            kind: Kind::Reply(reply),
            takes: false,
        });
        converse(tls, offers, fault, &Journal::default(), || {});
    });
    let tokens = token_endpoint("https://mail.google.com/");
    let (web, seen) = web(OK);
    let (public, secrets) = phone(web.address.port());
    let port = format!("port {}\n", mails.address.port());
    let relay = crate::alert::RELAY.replace("port 9\n", &port);
    let clock = Later::new();
    let site = Site::new(
        &format!("{relay}\n{public}"),
        &format!("{SECRET}\n{secrets}"),
    )
    .with_clock(clock);
    site.provider(&tokens);
    site.consent("relay");
    Scene {
        site,
        clock,
        mails,
        tokens,
        seen,
        _phone: web,
    }
}

const OFFERS: &str = "\r\n250-AUTH XOAUTH2";

impl Scene {
    /// What becomes of a mail.
    fn mail(&self) -> &'static str {
        let delivery = self.site.send("title", "text");
        let mut targets = delivery.targets.iter();
        let relay = targets.find(|outcome| outcome.target == "relay").unwrap();
        relay.recipients[0].outcome.as_str()
    }

    /// What the phone is told of the target at the next look.
    fn told(&self) -> Option<String> {
        let before = self.seen.lock().unwrap().len();
        let _ = self.site.alert();
        let seen = self.seen.lock().unwrap();
        let (_, body) = split(seen.get(before)?);
        Some(body["message"].as_str().unwrap().to_owned())
    }
}

#[test]
fn a_refusal_shows_and_is_told_until_mail_is_sent_again() {
    const OFF: &str =
        "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled";
    let scene = scene(OFFERS, &[OFF, OFF, OFF]);
    assert_eq!(scene.mail(), "refused");
    let health = scene.site.health("relay");
    assert_eq!(health.condition, Condition::Misconfigured);
    assert!(health.last_error.unwrap().contains("5.7.139"));
    assert!(health.cure.unwrap().contains("Authenticated SMTP"));
    assert!(health.last_error_at.is_some());
    let record = std::fs::read_to_string(scene.site.record("relay")).unwrap();
    assert!(
        record.contains(r#""is": "Reply(535, AuthDisabled)""#),
        "what tells the same refusal from another is no text for people: {record}"
    );
    let told = scene.told().unwrap();
    assert!(told.contains("Authenticated SMTP"), "{told}");
    // a new token in the meantime is no news
    scene.clock.pass(7200);
    assert_eq!((scene.mail(), scene.told()), ("refused", None));
    assert_eq!(scene.mail(), "refused");
    assert_eq!(scene.mail(), "sent");
    assert_eq!(scene.site.health("relay").condition, Condition::Ok);
    assert_eq!(scene.told(), None);
}

#[test]
fn f_34_only_a_refusal_of_the_token_fetches_another_one() {
    for (replies, tokens) in [
        (&["535 5.7.8 bad token", "535 5.7.8 bad token"], 2),
        (
            &["535 5.7.3 Authentication unsuccessful", "535 5.7.3 no"],
            2,
        ),
        (
            &["501 5.5.127 token too old", "501 5.5.127 token too old"],
            2,
        ),
        (&["535 5.7.139 disabled", "535 5.7.139 disabled"], 1),
        (
            &["504 5.7.4 Unrecognized authentication type", "504 5.7.4 no"],
            1,
        ),
        (&["525 5.7.13 disabled", "525 5.7.13 disabled"], 1),
    ] {
        let scene = scene(OFFERS, replies);
        // makes a token that is no new one later
        scene.site.token("relay");
        scene.clock.pass(61);
        assert_eq!(scene.mail(), "refused", "{replies:?}");
        assert_eq!(scene.mails.count(), tokens, "{replies:?}");
        assert_eq!(scene.tokens.count(), tokens, "{replies:?}");
        let health = scene.site.health("relay");
        let expected = if replies[0].starts_with("501") {
            Condition::Failing
        } else {
            Condition::Misconfigured
        };
        assert_eq!(health.condition, expected, "{replies:?}");
    }
}

#[test]
fn a_server_without_such_logins_shows_too() {
    let scene = scene("\r\n250-AUTH PLAIN", &[]);
    assert_eq!(scene.mail(), "refused");
    let health = scene.site.health("relay");
    assert_eq!(health.condition, Condition::Misconfigured);
    assert!(scene.told().unwrap().contains("XOAUTH2"));
}

#[test]
fn a_passing_refusal_is_no_trouble() {
    let scene = scene(OFFERS, &["454 4.7.0 later"]);
    assert_eq!(scene.mail(), "sent");
    assert_eq!(scene.site.health("relay").condition, Condition::Ok);
}

/// The server lets the login in again, but not this mail.
#[test]
fn a_refusal_is_over_when_a_later_login_succeeds() {
    const OFF: &str =
        "535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled";
    for at in ["MAIL", "RCPT", "DATA"] {
        let replies = move |number: usize| match number {
            0 => Some(("AUTH", OFF)),
            1 => Some((at, "550 5.7.1 not from here")),
            _ => None,
        };
        let scene = scene_with(OFFERS, replies);
        assert_eq!(scene.mail(), "refused");
        let health = scene.site.health("relay");
        assert_eq!(health.condition, Condition::Misconfigured);
        assert_eq!(scene.mail(), "refused", "{at}");
        let health = scene.site.health("relay");
        assert_eq!(health.condition, Condition::Ok, "{at}");
        assert_eq!(health.last_error, None, "{at}");
    }
}
