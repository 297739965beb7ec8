//! A consent on another device, and its end, where nobody has said how the application logs in: the provider
//! is asked in both ways, as at its token endpoint.

use notify::service::{Answered, Consenting, Service};

use super::consent::BY;
use super::peer::client_auth;
use super::*;

const REFUSED: &str = r#"{"error":"invalid_client"}"#;

/// A target with all endpoints of its provider.
fn set_up(machine: &Machine) -> Service {
    let service = machine.read();
    let settings = SmtpSettings {
        oauth2_device_url: Some(machine.provider.url()),
        oauth2_revoke_url: Some(machine.provider.url()),
        ..machine.smtp()
    };
    service.add_smtp("mail", settings, None).unwrap();
    machine.write(&service);
    machine.read()
}

fn refuses_then(machine: &Machine, body: &str) {
    let provider = &machine.provider;
    provider.order(json("401 Unauthorized", REFUSED));
    provider.order(json("200 OK", body));
}

/// The ways of all requests so far.
fn ways(machine: &Machine) -> Vec<&'static str> {
    let state = machine.provider.state.lock().unwrap();
    let requests = state.requests.iter();
    requests.map(|request| client_auth(request)).collect()
}

#[test]
fn each_request_is_made_in_both_ways() {
    let machine = Machine::new();
    let service = set_up(&machine);
    let target = Consenting::Target("mail".to_owned());
    refuses_then(
        &machine,
        r#"{"device_code":"d-cAnArY","user_code":"ABCD","interval":1,
            "verification_uri":"https://example.org/device"}"#,
    );
    let begun = service.authorize_device(&target, None, BY).unwrap();
    assert_eq!(begun.user_code, "ABCD");
    assert_eq!(ways(&machine), ["basic", "post"]);

    std::thread::sleep(std::time::Duration::from_secs(2));
    refuses_then(
        &machine,
        r#"{"access_token":"a-cAnArY","token_type":"Bearer","expires_in":3600,
            "refresh_token":"r-cAnArY-0"}"#,
    );
    let done = service.poll_device(&begun.id, Some("mail"), None, BY);
    assert!(matches!(done.unwrap(), Answered::Done(_)));
    assert_eq!(ways(&machine)[2..], ["basic", "post"]);

    refuses_then(&machine, "{}");
    assert!(service.revoke("mail", false, BY).unwrap().at_provider);
    assert_eq!(ways(&machine)[4..], ["basic", "post"]);
}

#[test]
fn what_is_refused_in_both_ways_says_so() {
    let machine = Machine::new();
    let service = set_up(&machine);
    for _ in 0..2 {
        machine.provider.order(json("401 Unauthorized", REFUSED));
    }
    let target = Consenting::Target("mail".to_owned());
    let error = service.authorize_device(&target, None, BY).err().unwrap();
    let text = error.to_string();
    assert!(
        text.contains("'basic'") && text.contains("'post'"),
        "{text}"
    );
    assert!(!format!("{error:?} {text}").contains(CANARY), "{error:?}");
}
