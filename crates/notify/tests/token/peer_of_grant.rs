//! A grant is for one mail server: whoever changes the target, and however that change ends, no token
//! goes anywhere else.

use std::fs;

use notify::state::{Peer, Standing};
use notify::token::Error;
use notify::upkeep::Condition;

use crate::health::of;
use crate::peer::CANARY;
use crate::provider::{Provider, Rule};
use crate::site::{Site, soon};

fn other() -> Peer {
    Peer {
        server: "other.example.org".to_owned(),
        port: 587,
        mode: "starttls".to_owned(),
        ..Peer::default()
    }
}

/// The record without what a record of before did not have.
fn as_before(site: &Site) {
    let text = fs::read_to_string(site.record_file()).unwrap();
    let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let map = value.as_object_mut().unwrap();
    map.remove("peer")
        .expect("it should say for which server it is");
    fs::write(site.record_file(), crate::newer::sealed(value)).unwrap();
}

#[test]
fn each_part_of_the_server_counts_and_going_back_is_a_cure() {
    let provider = Provider::new(Rule::Strict);
    let mut site = Site::consented(&provider.url());
    let token = site.token().unwrap();
    let home = site.account.peer.clone();
    // the same server in other words, or another way to it
    let same: [fn(&mut Peer); 4] = [
        |peer| peer.port = other().port,
        |peer| peer.mode = other().mode,
        |peer| peer.server = peer.server.to_uppercase(),
        |peer| peer.server.push('.'),
    ];
    for change in same {
        change(&mut site.account.peer);
        assert_eq!(site.token().unwrap(), token);
        assert_eq!(of(&site).condition, Condition::Ok);
        site.account.peer = home.clone();
    }
    let changes: [fn(&mut Peer); 2] = [|peer| peer.server = other().server, |peer| *peer = other()];
    for change in changes {
        change(&mut site.account.peer);
        let error = site.refusal();
        assert!(matches!(error, Error::ServerChanged { .. }), "{error}");
        assert_eq!(error.code(), 400);
        let text = error.to_string();
        for part in [&home.server, &site.account.peer.server] {
            assert!(text.contains(part.as_str()), "{text}");
        }
        assert!(
            site.keeper().keep_alive(&site.account, soon()).is_err(),
            "nor does the daily run use it"
        );
        let health = of(&site);
        assert_eq!(health.condition, Condition::AuthorizeAgain);
        assert_eq!(health.last_error.as_deref(), Some(text.as_str()));
        let cure = health.cure.unwrap();
        assert!(
            cure.contains("set server back") && cure.contains("authorize again"),
            "{cure}"
        );
        site.account.peer = home.clone();
        assert_eq!(site.token().unwrap(), token);
        assert_eq!(of(&site).condition, Condition::Ok);
    }
    assert_eq!(provider.asked(), 1);
}

#[test]
fn a_copy_of_this_machine_is_for_one_server_too() {
    let provider = Provider::new(Rule::Strict);
    let mut site = Site::consented(&provider.url());
    site.token().unwrap();
    let dir = site.host.state_dir();
    fs::rename(&dir, dir.with_extension("away")).unwrap();
    fs::write(&dir, "").unwrap();
    site.token().unwrap();
    site.account.peer = other();
    site.refusal();
    site.restart();
    site.refusal();
}

#[test]
fn a_new_consent_is_for_the_new_server() {
    let provider = Provider::new(Rule::Strict);
    let mut site = Site::consented(&provider.url());
    site.account.peer = other();
    site.refusal();
    site.consent("r-cAnArY-0");
    site.token().unwrap();
    assert_eq!(site.record().unwrap().peer, Some(other()));
}

#[test]
fn a_record_of_before_takes_the_server_over_at_its_first_use() {
    let provider = Provider::new(Rule::Strict);
    let mut site = Site::consented(&provider.url());
    as_before(&site);
    site.token().unwrap();
    let home = site.account.peer.clone();
    assert_eq!(site.record().unwrap().peer, Some(home.clone()));
    // also where the token at hand does
    as_before(&site);
    site.token().unwrap();
    site.keeper().sent(&site.account, soon()).unwrap();
    assert_eq!(site.record().unwrap().peer, Some(home));
    site.account.peer = other();
    site.refusal();
    assert_eq!(provider.asked(), 1);
}

#[test]
fn an_application_that_acts_for_itself_needs_its_secret_again() {
    let provider = Provider::new(Rule::Strict);
    let mut site = Site::new(&provider.url());
    site.account.identity.app_only = true;
    let first = site.token().unwrap();
    site.account.peer = other();
    let error = site.refusal().to_string();
    assert!(error.contains("set oauth2-client-secret again"), "{error}");
    // also if another setting makes it another identity
    site.account.identity.login = "more@example.org".to_owned();
    site.refusal();
    assert_eq!(of(&site).condition, Condition::Misconfigured);
    let accepted = || site.keeper().accept(&site.account, "root@pam", soon());
    accepted().unwrap();
    assert_ne!(site.token().unwrap(), first, "no token of before");
    // another provider's URL, by a hand in the files
    site.account.identity.token_url.push('/');
    let error = site.refusal();
    assert!(matches!(error, Error::SettingsChanged { .. }), "{error}");
    assert_eq!(of(&site).condition, Condition::Misconfigured);
    site.account.identity.token_url.pop();
    site.token().unwrap();
    // and with another secret
    site.account.peer.server = "third.example.org".to_owned();
    site.refusal();
    site.account.client_secret = notify::Secret::new(format!("other-{CANARY}"));
    site.token().unwrap();
    assert_eq!(provider.asked(), 3);
}

#[test]
fn a_persons_grant_waits_unused_while_the_application_acts_for_itself() {
    let provider = Provider::new(Rule::Strict);
    let mut site = Site::consented(&provider.url());
    site.token().unwrap();
    site.account.identity.app_only = true;
    site.token().unwrap();
    site.clock.pass(3600);
    site.token().unwrap();
    let requests = provider.state.lock().unwrap().requests.split_off(1);
    assert!(!requests.concat().contains("r-cAnArY"), "{requests:?}");
    site.account.identity.tenant = "example.org".to_owned();
    site.account.client_secret = notify::Secret::new(format!("other-{CANARY}"));
    site.token().unwrap();
    let kept = site.record().unwrap().aside.unwrap();
    assert!(kept.access_token.is_none() && kept.standing == Standing::Usable);
    site.account.identity.tenant.clear();
    site.account.identity.app_only = false;
    let home = std::mem::replace(&mut site.account.peer, other());
    site.refusal();
    assert_eq!(of(&site).condition, Condition::AuthorizeAgain);
    site.account.peer = home;
    assert_eq!(of(&site).condition, Condition::Ok);
    site.token().unwrap();
    assert!(site.record().unwrap().consented.is_some());
    assert_eq!(provider.replays(), 0);
}

#[test]
fn nothing_of_a_target_stays_on_this_machine() {
    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    let copies = || {
        let files = fs::read_dir(site.host.run_dir().join("oauth2")).unwrap();
        let texts = files.map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
        texts.filter(|text| text.contains(CANARY)).count()
    };
    let keeper = site.keeper();
    site.token().unwrap();
    assert_eq!(copies(), 1);
    keeper
        .note_change("mail", site.account.peer.clone(), "root@pam", soon())
        .unwrap();
    assert_eq!(copies(), 0);
    site.consent("r-cAnArY-1");
    site.token().unwrap();
    // somebody renews it at this moment
    let lock = notify::state::Lock::new(&site.host, "mail").unwrap();
    let guard = lock.take(soon()).unwrap();
    let short = notify::Deadline::after(std::time::Duration::from_millis(50));
    keeper.forget("mail", short).unwrap_err();
    assert_eq!(copies(), 0);
    drop(guard);
    keeper.forget("mail", soon()).unwrap();
}

/// A wrong client secret is no leave to show a token of before to another server.
#[test]
fn a_token_of_before_goes_to_no_other_server_after_a_wrong_secret() {
    let provider = Provider::new(Rule::Strict);
    let mut site = Site::new(&provider.url());
    site.account.identity.app_only = true;
    let first = site.token().unwrap();
    let home = site.account.clone();
    site.account.peer = other();
    site.account.client_secret = notify::Secret::new(format!("garbage-{CANARY}"));
    for _ in 0..3 {
        provider.order(crate::peer::json("401 No", r#"{"error":"invalid_client"}"#));
        site.refusal();
        let test = site.keeper().by_will(true);
        test.access_token(&site.account, soon()).unwrap_err();
        site.clock.pass(60);
    }
    let record = site.record().unwrap();
    assert_eq!(record.peer, Some(home.peer.clone()));
    assert!(record.access_token.is_none(), "{first}");
}

/// There with a secret that was never used, and back.
#[test]
fn an_application_goes_back_to_the_server_of_before() {
    let provider = Provider::new(Rule::Strict);
    let mut site = Site::new(&provider.url());
    site.account.identity.app_only = true;
    site.token().unwrap();
    let home = site.account.clone();
    let accepted = |site: &Site| site.keeper().accept(&site.account, "root@pam", soon());
    site.account.peer = other();
    site.account.client_secret = notify::Secret::new(format!("other-{CANARY}"));
    accepted(&site).unwrap();
    site.account = home;
    site.token().unwrap();
}

/// A record that does not say for which server it is takes the one until now from whoever changes it.
#[test]
fn a_record_of_before_is_for_the_server_of_before_a_change() {
    let provider = Provider::new(Rule::Strict);
    let mut site = Site::consented(&provider.url());
    as_before(&site);
    let home = std::mem::replace(&mut site.account.peer, other());
    let keeper = site.keeper();
    keeper
        .note_change("mail", home, "root@pam", soon())
        .unwrap();
    site.refusal();
    assert_eq!(provider.asked(), 0);
}
