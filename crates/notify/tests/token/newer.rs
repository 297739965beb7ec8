//! Records of other versions of this software.

use std::fs;

use notify::upkeep::Condition;
use openssl::sha::sha256;
use serde_json::{Value, json};

use crate::health::of;
use crate::provider::{Provider, Rule};
use crate::site::{Site, soon};

/// A record with the checksum it needs.
pub fn sealed(mut record: Value) -> String {
    record.as_object_mut().unwrap().remove("check");
    let bytes = serde_json::to_vec(&record).unwrap();
    let hash = sha256(&bytes).map(|byte| format!("{byte:02x}"));
    record["check"] = hash.concat().into();
    record.to_string()
}

fn read(site: &Site) -> Value {
    serde_json::from_str(&fs::read_to_string(site.record_file()).unwrap()).unwrap()
}

fn write(site: &Site, change: impl FnOnce(&mut Value)) {
    let mut record = read(site);
    change(&mut record);
    fs::write(site.record_file(), sealed(record)).unwrap();
}

#[test]
fn keys_that_only_a_later_version_knows_survive_in_each_part() {
    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    provider.order(crate::peer::json("503 Busy", ""));
    site.refusal();
    let trouble = json!({"at": 1, "code": 502, "message": "no", "colour": {"of": ["the", 1]}});
    write(&site, |record| {
        record["colour"] = "blue".into();
        for part in ["identity", "peer"] {
            record[part]["colour"] = json!({"of": ["the", 1]});
        }
        record["trouble"] = trouble.clone();
        record["refused"] = json!({"standing": "misconfigured", "trouble": trouble, "colour": 1});
        record["orphaned"] = json!({"at": 1, "looks": 1, "colour": 1});
    });
    let before = read(&site);
    // a change that touches none of them
    site.keeper().end_alert("mail", soon()).unwrap();
    site.keeper().without_target("mail", soon()).unwrap();
    let after = read(&site);
    assert_ne!(after["generation"], before["generation"]);
    assert_eq!(after["orphaned"]["colour"], 1);
    for part in ["colour", "identity", "peer", "trouble", "refused"] {
        assert_eq!(after[part], before[part], "{part}");
    }
    site.clock.pass(3700);
    site.token().unwrap();
    let after = read(&site);
    for part in ["colour", "identity", "peer"] {
        assert_eq!(after[part], before[part], "{part}");
    }
}

#[test]
fn a_word_that_only_a_later_version_knows_is_a_failure_and_no_damage() {
    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    write(&site, |record| {
        record["standing"] = "asleep".into();
        record["alerted"] = "dreaming".into();
    });
    let health = of(&site);
    assert_eq!(health.condition, Condition::Failing);
    assert!(health.last_error.unwrap().contains("'asleep'"));
    assert!(health.cure.unwrap().contains("update"));
    site.keeper().sent(&site.account, soon()).unwrap();
    let record = read(&site);
    assert_eq!(
        (&record["standing"], &record["alerted"]),
        (&json!("asleep"), &json!("dreaming"))
    );
    // and the daily run tries it
    assert!(site.keeper().keep_alive(&site.account, soon()).unwrap());
    assert_eq!(of(&site).condition, Condition::Ok);
}

#[test]
fn words_that_an_older_version_has_put_into_its_one_line_are_words_still() {
    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    provider.order(crate::peer::json("503 Busy", ""));
    site.refusal();
    write(&site, |record| {
        let trouble = &mut record["trouble"];
        let at = trouble["at"].clone();
        *trouble = json!({"at": at, "code": 502, "message": "busy; provider says: \"words\""});
    });
    let health = of(&site);
    assert!(health.last_error.as_ref().unwrap().ends_with("\"words\""));
    let open = health.without_details();
    assert_eq!(open.cause.as_deref(), Some("the last refresh failed"));
    assert_eq!(
        open.last_error.as_deref(),
        Some("the last refresh failed; retried automatically with the next mail")
    );
    assert!(!json!(open).to_string().contains("words"), "{open:?}");
    // within the pause
    let message = site.refusal().message();
    assert!(message.to_string().ends_with("\"words\""), "{message}");
    let open = message.without_details().to_string();
    assert!(open.contains("the last try failed"), "{open}");
    assert!(!open.contains("words"), "{open}");
}

#[test]
fn what_is_told_of_a_login_without_the_words_of_the_provider() {
    let provider = Provider::new(Rule::Strict);
    let site = Site::consented(&provider.url());
    let denied = r#"{"error":"invalid_client","error_description":"words"}"#;
    provider.order(crate::peer::json("401 No", denied));
    site.refusal();
    let health = of(&site);
    assert!(health.last_error.as_ref().unwrap().contains("words"));
    assert!(health.details.as_ref().unwrap().contains("words"));
    let open = health.clone().without_details();
    assert_eq!((&open.cause, &open.cure), (&health.cause, &health.cure));
    let line = format!("{}; {}", open.cause.unwrap(), open.cure.unwrap());
    assert_eq!(open.last_error, Some(line));
    assert_eq!(open.details, None);
}
