//! Telling that a target has stopped working: whom, how often, and what becomes of it when nobody can
//! be told.

use std::time::Duration;

use notify::deliver::Level;

use crate::site::{OK, Site, logged, split, web, words};

pub const RELAY: &str = "smtp: relay\n\tserver localhost\n\tport 9\n\tmode tls\n\tfrom-address pve@example.org\n\
     \tmailto ann@example.org\n\tusername pve@example.org\n\tauth-method google-oauth2\n\
     \toauth2-client-id 1.apps.example.org\n";
pub const SECRET: &str = "smtp: relay\n\toauth2-client-secret client~cAnArY\n";

/// A machine whose grant for `relay` has ended; `root@pam` has an address.
pub fn ended(more: &str, secrets: &str) -> Site {
    let site = Site::new(&format!("{RELAY}\n{more}"), &format!("{SECRET}\n{secrets}"));
    site.file("user.cfg", "user:root@pam:1:0:::root@example.org:::\n");
    site.consent("relay");
    site.end("relay", "the grant has ended");
    site
}

pub fn phone(port: u16) -> (String, &'static str) {
    let public = format!("gotify: phone\n\tserver http://localhost:{port}/\n");
    (public, "gotify: phone\n\ttoken AbC-cAnArY\n")
}

#[test]
fn the_other_targets_are_told_once() {
    let (server, seen) = web(OK);
    let (public, secrets) = phone(server.address.port());
    let site = ended(&public, secrets);
    let told = [("phone".to_owned(), String::new(), "sent")];
    assert_eq!(words(&site.alert()), told);
    let (_, body) = split(&seen.lock().unwrap()[0]);
    let text = body["message"].as_str().unwrap();
    assert!(text.contains("the grant has ended"), "{text}");
    assert_eq!(site.alert().targets, [], "it was told");
    // consent again, and the next end is another change
    site.consent("relay");
    assert_eq!(site.alert().targets, [], "it works");
    site.end("relay", "the grant has ended again");
    assert_eq!(words(&site.alert()), told);
    assert_eq!(server.count(), 2);
}

#[test]
fn without_time_nothing_is_begun_and_whoever_looks_next_tells_it() {
    let (server, _) = web(OK);
    let (public, secrets) = phone(server.address.port());
    let site = ended(&public, secrets).within(Duration::from_secs(3));
    assert_eq!((site.alert().targets, server.count()), (vec![], 0));
    let site = site.within(Duration::from_secs(20));
    assert_eq!(
        words(&site.alert()),
        [("phone".to_owned(), String::new(), "sent")]
    );
}

#[test]
fn where_no_other_target_is_left_root_gets_a_mail() {
    let site = ended("", "");
    site.sendmail("cat >\"$dir/mail\"");
    let delivery = site.alert();
    assert_eq!(
        words(&delivery),
        [(
            "mail-to-root".to_owned(),
            "root@example.org".to_owned(),
            "sent"
        )]
    );
    assert!(site.noted("mail").contains("relay"));
    assert_eq!(logged(&delivery, Level::Err), [""; 0]);
}

#[test]
fn when_nobody_can_be_told_the_log_says_so_once() {
    let site = ended("", "");
    site.sendmail("cat >/dev/null; echo 'queue is full' >&2; exit 75");
    let delivery = site.alert();
    let lines = logged(&delivery, Level::Err);
    assert!(
        lines.contains(
            &"no other target could deliver the alert about target `relay`: the grant has ended"
        ),
        "{lines:?}"
    );
    assert_eq!(site.alert().log, []);
}
