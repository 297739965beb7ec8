//! What a consent leaves: a handle, the mailbox that consented, a grant that goes to its server or back.

use notify::oauth2::Application;
use notify::service::{Consenting, Redeem, Redeemed};

use super::consent::{BY, UI, answer, begin, blamed, give};
use super::*;

/// A consent for a target that is not there yet, redeemed.
fn handled(machine: &Machine, username: Option<&str>, more: &str) -> Redeemed {
    let service = machine.read();
    let consenting = Consenting::Application {
        application: Box::new(machine.application()),
        username: username.map(str::to_owned),
    };
    let begun = service.authorize(&consenting, Some(UI), BY).unwrap();
    let request = Redeem {
        name: None,
        client_secret: Some(Secret::new(format!("{CANARY}-client"))),
        ..answer(&begun.state)
    };
    machine.grants(more);
    service.redeem(&request, BY).unwrap()
}

#[test]
fn a_handle_stands_for_the_token_until_a_target_takes_it() {
    let machine = Machine::new();
    let handle = handled(&machine, None, "").handle.unwrap();
    assert!(handle.expose().starts_with("pve-oauth2-handle:"));
    assert_eq!(handle.expose().len(), "pve-oauth2-handle:".len() + 43);

    // a target of other settings, and somebody else, leave it good
    let settings = SmtpSettings {
        oauth2_client_id: Some("other".to_owned()),
        ..machine.smtp()
    };
    for (settings, by) in [(settings, BY), (machine.smtp(), "ann@pve")] {
        let service = machine.read();
        service
            .add_smtp("mail", settings, Some(handle.clone()))
            .unwrap();
        assert_eq!(blamed(service.check_handles(by)).0, "oauth2-refresh-token");
        assert_eq!(blamed(service.apply_changes(by)).0, "oauth2-refresh-token");
    }
    let service = machine.read();
    service
        .add_smtp("mail", machine.smtp(), Some(handle.clone()))
        .unwrap();
    machine.add_phone_and_matcher(&service);
    service.check_handles(BY).unwrap();
    machine.write(&service);
    assert_eq!(told(&machine.read())[0], ("mail".to_owned(), "sent"));

    // it was good once
    let service = machine.read();
    give(&service, &handle);
    let text = "oauth2-refresh-token: is unknown, used or expired; start the authorization again";
    assert_eq!(
        blamed(service.check_handles(BY)),
        ("oauth2-refresh-token", text.to_owned())
    );
}

/// An ID token that names this mailbox.
fn id_token(mailbox: &str) -> String {
    use openssl::base64::encode_block;
    let claims = encode_block(format!(r#"{{"email":"{mailbox}"}}"#).as_bytes());
    let claims = claims.trim_end_matches('=');
    format!(r#","id_token":"e30.{claims}.{CANARY}""#)
}

#[test]
fn another_mailbox_than_the_targets_is_told_before_anything_is_stored() {
    let machine = Machine::new();
    machine.without_grant();
    let service = machine.read();
    let state = begin(&service);
    machine.grants(&id_token("ann@example.org"));
    let redeemed = service.redeem(&answer(&state), BY).unwrap();
    assert_eq!(redeemed.mailbox.as_deref(), Some("ann@example.org"));
    assert_eq!(
        redeemed.warning.unwrap().to_string(),
        "'ann@example.org' has consented, but username is 'pve@example.org'; authorize again as \
         'pve@example.org', or set username to 'ann@example.org'"
    );
    assert_eq!(
        service.status()["mail"].condition,
        Condition::AuthorizeAgain
    );

    // the handle tells the same, and can be used all the same
    let handle = redeemed.handle.unwrap();
    let held = service.held(&handle, BY).unwrap();
    assert_eq!(held.mailbox.as_deref(), Some("ann@example.org"));
    assert_eq!(held.name.as_deref(), Some("mail"));
    assert!(held.warning.unwrap().contains("has consented"));
    give(&service, &handle);
    service.check_handles(BY).unwrap();
    machine.write(&service);
    assert_eq!(service.status()["mail"].condition, Condition::Untested);

    // the same mailbox in other letters is the same
    let state = begin(&service);
    machine.grants(&id_token("PVE@Example.org"));
    let redeemed = service.redeem(&answer(&state), BY).unwrap();
    assert!(redeemed.warning.is_none() && redeemed.handle.is_none());
    assert_eq!(redeemed.mailbox.as_deref(), Some("PVE@Example.org"));
}

#[test]
fn one_mailbox_may_have_several_names() {
    use openssl::base64::encode_block;
    let machine = Machine::new();
    machine.without_grant();
    let service = machine.read();
    let state = begin(&service);
    let claims = encode_block(br#"{"email":"alias@example.org","upn":"pve@example.org"}"#);
    let claims = claims.trim_end_matches('=');
    machine.grants(&format!(r#","id_token":"e30.{claims}.{CANARY}""#));
    let redeemed = service.redeem(&answer(&state), BY).unwrap();
    assert_eq!(redeemed.mailbox.as_deref(), Some("pve@example.org"));
    assert!(redeemed.warning.is_none() && redeemed.handle.is_none());
}

#[test]
fn a_consent_that_named_nobody_is_no_way_around_the_mailbox() {
    let machine = Machine::new();
    let redeemed = handled(&machine, None, &id_token("ann@example.org"));
    assert!(redeemed.warning.is_none(), "there is no target yet");
    let handle = redeemed.handle.unwrap();
    let service = machine.read();
    service
        .add_smtp("mail", machine.smtp(), Some(handle.clone()))
        .unwrap();
    let (name, text) = blamed(service.check_handles(BY));
    assert_eq!(name, "oauth2-refresh-token");
    assert!(text.contains("'ann@example.org' has consented"), "{text}");
    let service = machine.read();
    let settings = SmtpSettings {
        username: Some("Ann@example.org".to_owned()),
        ..machine.smtp()
    };
    service.add_smtp("mail", settings, Some(handle)).unwrap();
    service.check_handles(BY).unwrap();
}

/// The target gets another mail server, as by another administrator.
fn move_server(machine: &Machine) {
    let service = machine.read();
    let moved = SmtpSettings {
        server: Some("evil.example.org".to_owned()),
        ..SmtpSettings::default()
    };
    service
        .update_smtp("mail", moved, None, vec![], None)
        .unwrap();
    machine.write(&service);
}

#[test]
fn a_grant_goes_to_the_server_that_the_target_had_when_it_was_asked_for() {
    let public = |machine: &Machine| {
        let service = machine.read();
        let settings = SmtpSettings {
            oauth2_client_secret: None,
            oauth2_client_auth: Some("none".to_owned()),
            ..machine.smtp()
        };
        service.add_smtp("mail", settings, None).unwrap();
        machine.write(&service);
    };
    let machine = Machine::new();
    public(&machine);
    let state = begin(&machine.read());
    move_server(&machine);
    let (name, text) = blamed(machine.read().redeem(&answer(&state), BY));
    assert_eq!(name, "state");
    assert!(text.contains("server was changed"), "{text}");
    assert_eq!(machine.provider.asked(), 0);

    // and so does a handle
    let machine = Machine::new();
    public(&machine);
    let service = machine.read();
    machine.grants("");
    let request = Redeem {
        name: None,
        ..answer(&begin(&service))
    };
    let handle = service.redeem(&request, BY).unwrap().handle;
    move_server(&machine);
    let service = machine.read();
    give(&service, &handle.unwrap());
    let (name, text) = blamed(service.check_handles(BY));
    assert_eq!(name, "oauth2-refresh-token");
    assert!(text.contains("for another server"), "{text}");
}

#[test]
fn a_token_that_cannot_be_stored_waits_under_a_handle() {
    use notify::state::Lock;
    let machine = Machine::new();
    machine.without_grant();
    let service = machine.read();
    let state = begin(&service);
    machine.grants("");
    machine
        .provider
        .set(|state| state.delay = std::time::Duration::from_millis(500));
    let host = machine.host();
    let redeemed = std::thread::scope(|scope| {
        let redeem = scope.spawn(|| service.redeem(&answer(&state), BY).unwrap());
        machine.provider.wait_for(1);
        // somebody else has the record while the provider answers, and for longer than anybody waits
        let end = notify::Deadline::after(std::time::Duration::from_secs(5));
        let guard = Lock::new(&host, "mail").unwrap().take(end).unwrap();
        let redeemed = redeem.join().unwrap();
        drop(guard);
        redeemed
    });
    let handle = redeemed.handle.unwrap();
    assert!(redeemed.unstored.unwrap().to_string().contains("try again"));
    assert!(redeemed.warning.is_none());
    give(&service, &handle);
    service.check_handles(BY).unwrap();
    machine.write(&service);
    assert_eq!(service.status()["mail"].condition, Condition::Untested);
}

#[test]
fn a_wrong_secret_of_the_application_uses_nothing_up() {
    let machine = Machine::new();
    let service = machine.read();
    let consenting = Consenting::Application {
        application: Box::new(Application {
            client_auth: Some("post".to_owned()),
            ..machine.application()
        }),
        username: None,
    };
    let begun = service.authorize(&consenting, Some(UI), BY).unwrap();
    let request = Redeem {
        name: None,
        client_secret: Some(Secret::new("wrong")),
        ..answer(&begun.state)
    };
    machine
        .provider
        .order(json("401 Unauthorized", r#"{"error":"invalid_client"}"#));
    let error = service.redeem(&request, BY).unwrap_err();
    assert!(
        error.to_string().contains("client secret is wrong"),
        "{error}"
    );
    machine.grants("");
    service.redeem(&request, BY).unwrap();
}

#[test]
fn what_looks_like_a_handle_and_is_none_is_no_token() {
    let machine = Machine::new();
    let service = machine.read();
    for token in ["Pve-oauth2-handle:x", "pve-notify.x", " PVE-NOTIFY.x"] {
        let added = service.add_smtp("mail", machine.smtp(), Some(Secret::new(token)));
        let (name, text) = blamed(added);
        assert_eq!(name, "oauth2-refresh-token", "{token}");
        assert!(text.contains("is neither"), "{text}");
    }
    // copied with what stood around it
    let handle = handled(&machine, None, "").handle.unwrap();
    let copied = Secret::new(format!(" {}\n", handle.expose()));
    service
        .add_smtp("mail", machine.smtp(), Some(copied))
        .unwrap();
    service.check_handles(BY).unwrap();
}

#[test]
fn what_is_taken_back_is_gone_whatever_it_was_for() {
    let machine = Machine::new();
    machine.set_up();
    let rename = |name: &str, token: Option<&str>| {
        let service = machine.read();
        let changed = SmtpSettings {
            username: Some(name.to_owned()),
            oauth2_client_secret: Some(Secret::new(format!("{CANARY}-client"))),
            ..SmtpSettings::default()
        };
        let token = token.map(Secret::new);
        service
            .update_smtp("mail", changed, token, vec![], None)
            .unwrap();
        machine.write(&service);
    };
    rename("other@example.org", Some("r-cAnArY-other"));
    rename("third@example.org", None);
    let text = || std::fs::read_to_string(machine.host().state_dir().join("mail.json")).unwrap();
    assert!(
        text().contains("r-cAnArY-0") && text().contains("r-cAnArY-other"),
        "both wait"
    );
    let revoked = machine.read().revoke("mail", false, BY).unwrap();
    assert!(!revoked.at_provider, "this provider has no way for it");
    assert!(!text().contains("cAnArY"), "{}", text());
    assert!(text().contains("consented"), "the dates stay");
    for name in ["other@example.org", "pve@example.org"] {
        rename(name, None);
        let condition = machine.read().status()["mail"].condition;
        assert_eq!(condition, Condition::AuthorizeAgain, "{name}");
    }
    let error = machine.read().revoke("mail", true, BY).unwrap_err();
    assert!(error.to_string().contains("no refresh token"), "{error}");
}

#[test]
fn a_cancelled_device_tells_what_the_provider_still_knows() {
    let machine = Machine::new();
    for (is_given, told) in [(false, None), (true, Some(false))] {
        let service = machine.read();
        let application = Application {
            device_url: machine.smtp().oauth2_token_url,
            ..machine.application()
        };
        let consenting = Consenting::Application {
            application: Box::new(application),
            username: None,
        };
        machine.provider.order(json(
            "200 OK",
            format!(
                r#"{{"device_code":"{CANARY}-device","user_code":"AB-12","expires_in":600,
                   "verification_uri":"https://node.example.org/device","interval":5}}"#
            ),
        ));
        let begun = service.authorize_device(&consenting, None, BY).unwrap();
        if is_given {
            machine.grants("");
        } else {
            let body = r#"{"error":"authorization_pending"}"#.to_owned();
            machine.provider.order(json("400 Bad Request", body));
        }
        // this provider has no way to take a grant back
        assert_eq!(service.cancel_device(&begun.id, None, BY).unwrap(), told);
    }
}
