//! The life of a client secret: two of them while a provider learns of the new one, the end that a provider tells,
//! and that of the grant.

use std::io::Write;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use notify::Secret;
use notify::state::Standing;
use notify::upkeep::Target;
use oauth2::url::form_urlencoded;

use crate::peer::{Server, close, json, read_request};
use crate::site::{Site, TARGET, soon};

const WRONG: &str = r#"{"error":"invalid_client","error_codes":[7000215]}"#;
const ENDED: &str = r#"{"error":"invalid_client","error_codes":[7000222]}"#;
const OLD: &str = "s-cAnArY";
const NEW: &str = "s-cAnArY-new";

/// A provider that knows some secrets, and what it says to others; which were shown, in order.
struct Provider {
    server: Server,
    known: Arc<Mutex<Vec<&'static str>>>,
    refusal: Arc<Mutex<&'static str>>,
    more: Arc<Mutex<&'static str>>,
    /// Whether those whose secret is known get no answer but 503.
    unwell: Arc<AtomicBool>,
    shown: Arc<Mutex<Vec<String>>>,
}

impl Provider {
    fn new(known: &[&'static str]) -> Self {
        let known = Arc::new(Mutex::new(known.to_vec()));
        let refusal = Arc::new(Mutex::new(WRONG));
        let more = Arc::new(Mutex::new(""));
        let shown = Arc::new(Mutex::new(Vec::new()));
        let unwell = Arc::new(AtomicBool::new(false));
        let is_unwell = Arc::clone(&unwell);
        let (is_known, said) = (Arc::clone(&known), Arc::clone(&refusal));
        let (added, seen) = (Arc::clone(&more), Arc::clone(&shown));
        let server = Server::tls(move |tls, number| {
            let request = read_request(tls);
            let (_, body) = request.split_once("\r\n\r\n").unwrap();
            let secret = form_urlencoded::parse(body.as_bytes())
                .find(|(name, _)| name == "client_secret")
                .map(|(_, secret)| secret.into_owned())
                .unwrap();
            let more = *added.lock().unwrap();
            let body = format!(r#"{{"access_token":"a-cAnArY-{number}","expires_in":3600{more}}}"#);
            let _ = tls.write_all(&match is_known.lock().unwrap().contains(&&*secret) {
                true if is_unwell.load(Ordering::SeqCst) => json("503 Unwell", "{}"),
                true => json("200 OK", body),
                false => json("401 Unauthorized", *said.lock().unwrap()),
            });
            seen.lock().unwrap().push(secret);
            close(tls);
        });
        Self {
            server,
            known,
            refusal,
            more,
            unwell,
            shown,
        }
    }

    fn site(&self) -> Site {
        let port = self.server.address.port();
        Site::consented(&format!("https://localhost:{port}/token"))
    }

    fn shown(&self) -> Vec<String> {
        std::mem::take(&mut self.shown.lock().unwrap())
    }
}

/// The target gets another secret.
fn replace(site: &mut Site, secret: &str) {
    let before = std::mem::replace(&mut site.account.client_secret, Secret::new(secret));
    site.keeper()
        .replace_secret(&site.account, Some(&before), "root@pam", soon())
        .unwrap();
    site.clock.pass(3600);
    site.restart();
}

fn health(site: &Site) -> notify::upkeep::Health {
    let target = Target {
        name: TARGET.to_owned(),
        account: Ok(site.account.clone()),
        aside: None,
    };
    site.keeper().health(&target)
}

#[test]
fn the_new_secret_is_tried_first_and_the_old_one_until_it_works() {
    let provider = Provider::new(&[OLD]);
    let mut site = provider.site();
    site.token().unwrap();
    assert_eq!(provider.shown(), [OLD]);
    replace(&mut site, NEW);
    site.token().unwrap();
    assert_eq!(provider.shown(), [NEW, OLD]);
    let record = site.record().unwrap();
    assert_eq!(record.standing, Standing::Usable);
    assert!(record.secret_refused.is_some());
    let warning = health(&site).warning.unwrap();
    assert!(warning.contains("the previous one is used"), "{warning}");

    // the provider knows both, then the new one alone
    *provider.known.lock().unwrap() = vec![OLD, NEW];
    site.clock.pass(3600);
    site.token().unwrap();
    assert_eq!(provider.shown(), [NEW]);
    let record = site.record().unwrap();
    assert!(record.previous_secret.is_none() && record.secret_refused.is_none());
    assert_eq!(health(&site).warning, None);
    *provider.known.lock().unwrap() = vec![OLD];
    site.clock.pass(3600);
    site.refusal();
    assert_eq!(provider.shown(), [NEW], "the old one is gone");
}

#[test]
fn of_several_new_ones_the_one_that_has_worked_is_kept() {
    let provider = Provider::new(&[OLD]);
    let mut site = provider.site();
    site.token().unwrap();
    replace(&mut site, "s-cAnArY-wrong");
    replace(&mut site, NEW);
    provider.shown();
    site.token().unwrap();
    assert_eq!(provider.shown(), [NEW, OLD]);
    *provider.known.lock().unwrap() = vec![];
    site.clock.pass(3600);
    let text = site.refusal().to_string();
    assert!(text.contains("client secret"), "{text}");
    assert_eq!(provider.shown(), [NEW, OLD], "both are refused");
}

#[test]
fn a_secret_that_did_not_work_and_one_of_other_settings_are_not_kept() {
    let provider = Provider::new(&[NEW]);
    let mut site = provider.site();
    site.refusal();
    replace(&mut site, NEW);
    assert!(site.record().unwrap().previous_secret.is_none());
    site.token().unwrap();
    site.account.identity.login = "other@example.org".to_owned();
    replace(&mut site, OLD);
    assert!(site.record().unwrap().previous_secret.is_none());
}

#[test]
fn a_deleted_secret_takes_the_one_before_it_along() {
    let provider = Provider::new(&[OLD]);
    let mut site = provider.site();
    site.token().unwrap();
    replace(&mut site, NEW);
    assert!(site.record().unwrap().previous_secret.is_some());
    site.keeper()
        .forget_secret(TARGET, "root@pam", soon())
        .unwrap();
    assert!(site.record().unwrap().previous_secret.is_none());
}

#[test]
fn the_provider_tells_that_a_secret_has_ended() {
    let provider = Provider::new(&[NEW]);
    *provider.refusal.lock().unwrap() = ENDED;
    let mut site = provider.site();
    site.account.secret_ends = Some(4_000_000_000);
    assert_eq!(health(&site).secret_expires, Some(4_000_000_000));
    site.refusal();
    let ended = site.record().unwrap().secret_ended.unwrap();
    assert_eq!(health(&site).secret_expires, Some(ended));
    replace(&mut site, NEW);
    assert_eq!(health(&site).secret_expires, Some(4_000_000_000));
    site.token().unwrap();
}

#[test]
fn a_grant_whose_end_the_provider_tells_twice() {
    let provider = Provider::new(&[OLD]);
    let site = provider.site();
    let answer = |more: &'static str| {
        *provider.more.lock().unwrap() = more;
        site.clock.pass(3600);
        site.token().unwrap();
        health(&site)
    };
    let first = answer(r#","refresh_token_expires_in":604799"#);
    assert_eq!(
        (first.expected_end, first.warning),
        (None, None),
        "once is no proof"
    );
    let second = answer(r#","refresh_token_expires_in":"601199""#);
    let end = second.expected_end.unwrap();
    let since = site.record().unwrap().refreshed.unwrap();
    assert!((end - since - 601_199).abs() < 60, "{end}");
    let warning = second.warning.unwrap();
    assert!(
        warning.contains("the authorization expires on"),
        "{warning}"
    );
    for same in [r#","refresh_token_expires_in":-1"#, ""] {
        assert_eq!(
            answer(same).expected_end,
            Some(end),
            "{same}: as before, to the second"
        );
    }
    // one that begins again with each answer never ends so
    for _ in 0..3 {
        let sliding = answer(r#","refresh_token_expires_in":86400"#);
        assert_eq!((sliding.expected_end, sliding.warning), (None, None));
    }
    let fixed = answer(r#","refresh_token_expires_in":82800"#);
    assert!(fixed.expected_end.is_some());
    let rotated = answer(r#","refresh_token":"r-cAnArY-2""#);
    assert_eq!(
        rotated.expected_end, None,
        "another token may have another life"
    );
    site.consent("r-cAnArY-1");
    assert_eq!(health(&site).expected_end, None);
}

#[test]
fn an_old_secret_that_cannot_be_tried_leaves_the_verdict_open() {
    let provider = Provider::new(&[OLD]);
    let mut site = provider.site();
    site.token().unwrap();
    replace(&mut site, NEW);
    provider.unwell.store(true, Ordering::SeqCst);
    site.refusal();
    let record = site.record().unwrap();
    assert_eq!(record.standing, Standing::Failing);
    assert!(record.may_pass && record.previous_secret.is_some());
    provider.unwell.store(false, Ordering::SeqCst);
    site.clock.pass(61);
    site.token().unwrap();
}

#[test]
fn a_process_that_does_not_know_the_new_secret_yet_ends_nothing() {
    let provider = Provider::new(&[OLD]);
    let mut site = provider.site();
    site.token().unwrap();
    replace(&mut site, NEW);
    // as a long daily run that has read the settings before
    site.account.client_secret = Secret::new(OLD);
    site.token().unwrap();
    assert!(site.record().unwrap().previous_secret.is_some());
    site.account.client_secret = Secret::new(NEW);
    site.clock.pass(3600);
    site.restart();
    site.token().unwrap();
}
