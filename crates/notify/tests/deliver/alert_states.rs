//! Every way in which a target stops working is told, whether there is a record to put it down in or
//! not.

use std::fs;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use notify::deliver::Level;
use notify::upkeep::Condition;

use crate::alert::{RELAY, SECRET, ended, phone};
use crate::peer::{Server, close, json, read_request};
use crate::site::{Later, OK, Seen, Site, logged, split, web, words};

/// A machine whose `relay` nobody has authorized, and what comes to its phone.
fn site(relay: &str, secret: &str) -> (Site, Server, Seen) {
    let (server, seen) = web(OK);
    let (public, secrets) = phone(server.address.port());
    let site = Site::new(
        &format!("{relay}\n{public}"),
        &format!("{secret}\n{secrets}"),
    );
    (site, server, seen)
}

/// That one message about `relay` comes, and says so; and no more.
fn is_told_once(site: &Site, seen: &Seen, condition: &str, reason: &str) {
    let before = seen.lock().unwrap().len();
    assert_eq!(
        words(&site.alert()),
        [("phone".to_owned(), String::new(), "sent")]
    );
    let (_, body) = split(&seen.lock().unwrap()[before]);
    let text = body["message"].as_str().unwrap();
    // the mail is wrapped
    let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(flat.contains(reason) && flat.contains(condition), "{text}");
    for _ in 0..2 {
        let delivery = site.alert();
        assert_eq!((delivery.targets, delivery.log), (vec![], vec![]));
    }
    assert_eq!(seen.lock().unwrap().len(), before + 1);
}

#[test]
fn a_target_that_nobody_has_authorized() {
    let (site, _server, seen) = site(RELAY, SECRET);
    assert!(site.is_unsettled("relay"));
    is_told_once(&site, &seen, "authorize-again", "has no refresh token");
    site.consent("relay");
    assert_eq!(site.health("relay").condition, Condition::Untested);
    assert!(!site.is_unsettled("relay"));
    // its end is another change
    fs::remove_file(site.record("relay")).unwrap();
    is_told_once(&site, &seen, "authorize-again", "has no refresh token");
}

#[test]
fn settings_that_cannot_be_used() {
    let (site, _server, seen) = site(RELAY, "smtp: relay\n");
    is_told_once(&site, &seen, "misconfigured", "oauth2-client-secret");
}

#[test]
fn an_unreadable_record_which_is_moved_aside() {
    let (site, _server, seen) = site(RELAY, SECRET);
    site.consent("relay");
    fs::write(site.record("relay"), "{").unwrap();
    is_told_once(&site, &seen, "authorize-again", "its record was unreadable");
}

#[test]
fn other_settings_than_the_grant_was_given_for_and_once_more_after_they_were_right() {
    let (site, server, seen) = site(RELAY, SECRET);
    site.consent("relay");
    let (public, secrets) = phone(server.address.port());
    let all = |relay: &str| {
        let relay = relay.replace("localhost", "other.example.org");
        (format!("{relay}\n{public}"), format!("{SECRET}\n{secrets}"))
    };
    let (there, secrets) = all(RELAY);
    let back = there.replace("other.example.org", "localhost");
    let mut site = site.with_targets(&there, &secrets);
    is_told_once(
        &site,
        &seen,
        "authorize-again",
        "authorized was 'localhost'",
    );
    site = site.with_targets(&back, &secrets);
    assert!(site.is_unsettled("relay"), "it was told and is over");
    assert_eq!(site.alert().targets, []);
    site = site.with_targets(&there, &secrets);
    is_told_once(
        &site,
        &seen,
        "authorize-again",
        "authorized was 'localhost'",
    );
}

#[test]
fn a_record_that_this_machine_cannot_write() {
    let (site, _server, seen) = site(RELAY, SECRET);
    site.consent("relay");
    let record = site.record("relay");
    let away = record.with_extension("away");
    fs::rename(&record, &away).unwrap();
    std::os::unix::fs::symlink(&away, &record).unwrap();
    is_told_once(&site, &seen, "failing", "a symbolic link");
    fs::rename(&away, &record).unwrap();
    assert!(site.is_unsettled("relay"), "it was told and is over");
    assert_eq!(site.alert().targets, []);
    assert!(!site.is_unsettled("relay"));
    fs::rename(&record, &away).unwrap();
    std::os::unix::fs::symlink(&away, &record).unwrap();
    is_told_once(&site, &seen, "failing", "a symbolic link");
}

#[test]
fn a_provider_that_fails_and_fails_again_later() {
    const TOKEN: &str = r#"{"access_token":"a","token_type":"Bearer","expires_in":3600}"#;
    let is_down = Arc::new(AtomicBool::new(true));
    let state = Arc::clone(&is_down);
    let tokens = Server::tls(move |tls, _| {
        read_request(tls);
        let answer = if state.load(Ordering::SeqCst) {
            json("503 Busy", "")
        } else {
            json("200 OK", TOKEN)
        };
        let _ = tls.write_all(&answer);
        close(tls);
    });
    let clock = Later::new();
    let (site, _server, seen) = site(RELAY, SECRET);
    let site = site.with_clock(clock);
    site.provider(&tokens);
    site.consent("relay");
    let mail = || {
        // the mail server is not there, whether there is a token or not
        assert!(!logged(&site.send("title", "text"), Level::Err).is_empty());
        clock.pass(3700);
    };
    mail();
    is_told_once(&site, &seen, "failing", "temporary problem at the provider");
    mail();
    assert_eq!(site.alert().targets, [], "it is the same failure");
    is_down.store(false, Ordering::SeqCst);
    mail();
    assert_eq!(site.health("relay").condition, Condition::Ok);
    is_down.store(true, Ordering::SeqCst);
    mail();
    is_told_once(&site, &seen, "failing", "temporary problem at the provider");
}

#[test]
fn over_another_target_that_dies_of_it() {
    let tokens = Server::answering(json("400 Bad Request", r#"{"error":"invalid_grant"}"#));
    let other = RELAY.replace("relay", "other");
    let site = ended(&other, &SECRET.replace("relay", "other"));
    site.provider(&tokens);
    site.consent("other");
    site.sendmail("cat >>\"$dir/mail\"; echo >>\"$dir/mails\"");
    let delivery = site.alert();
    let root = |word| {
        (
            "mail-to-root".to_owned(),
            "root@example.org".to_owned(),
            word,
        )
    };
    let seen: Vec<_> = words(&delivery)
        .into_iter()
        .filter(|(target, ..)| target == "mail-to-root")
        .collect();
    assert_eq!(seen, [root("sent"), root("sent")], "{delivery:?}");
    let mail = site.noted("mail");
    for name in ["relay", "other"] {
        assert!(mail.contains(&format!("'{name}'")), "{mail}");
    }
    assert_eq!(tokens.count(), 1);
    assert_eq!(
        site.alert().targets,
        [],
        "nothing about the messages themselves"
    );
    assert_eq!(site.noted("mails").lines().count(), 2);
}
