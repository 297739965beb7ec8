//! A consent through the service: begun, redeemed, and what can go wrong on the way (F-56).

use notify::oauth2::Application;
use notify::service::{Consenting, Redeem, Redeemed, Service};

use super::*;

const BY: &str = "root@pam";
const UI: &str = "https://node.example.org:8006/";

impl Machine {
    /// A target without a grant.
    fn without_grant(&self) {
        let service = self.read();
        service.add_smtp("mail", self.smtp(), None).unwrap();
        self.add_phone_and_matcher(&service);
        self.write(&service);
    }

    /// The next request is answered with these fields beside the tokens.
    fn grants(&self, more: &str) {
        self.provider.order(json(
            "200 OK",
            format!(
                r#"{{"access_token":"{CANARY}-first","token_type":"Bearer","expires_in":3600,
                   "refresh_token":"r-cAnArY-0"{more}}}"#
            ),
        ));
    }

    fn application(&self) -> Application {
        let smtp = self.smtp();
        Application {
            auth_method: "custom-oauth2".to_owned(),
            client_id: "app".to_owned(),
            token_url: smtp.oauth2_token_url,
            authorize_url: smtp.oauth2_authorize_url,
            scopes: smtp.oauth2_scopes,
            ..Application::default()
        }
    }
}

fn target() -> Consenting {
    Consenting::Target("mail".to_owned())
}

fn begin(service: &Service) -> Secret {
    service.authorize(&target(), Some(UI), BY).unwrap().state
}

/// The target gets what the handle stands for, once that is applied.
fn give(service: &Service, handle: &Secret) {
    let (nothing, handle) = (SmtpSettings::default(), Some(handle.clone()));
    service
        .update_smtp("mail", nothing, handle, vec![], None)
        .unwrap();
}

fn answer(state: &Secret) -> Redeem {
    Redeem {
        state: state.clone(),
        answer: Secret::new(format!("{CANARY}-code")),
        name: Some("mail".to_owned()),
        client_secret: None,
        given: Vec::new(),
    }
}

/// The parameter that an error is about, and what it says; no secret is in it.
fn blamed<T: std::fmt::Debug>(result: Result<T, notify::Error>) -> (&'static str, String) {
    let error = result.unwrap_err();
    assert_eq!(error.code(), 400, "{error}");
    let text = format!("{error:?} {error}");
    assert!(!text.contains(CANARY), "{text}");
    let parameter = error.parameter().unwrap_or_else(|| panic!("{error}"));
    (parameter.name, error.to_string())
}

fn unknown() -> (&'static str, String) {
    let text = "state: is unknown, used or expired; start the authorization again";
    ("state", text.to_owned())
}

#[test]
fn a_consent_gives_its_target_a_token_that_nobody_sees() {
    let machine = Machine::new();
    machine.without_grant();
    let service = machine.read();
    let begun = service.authorize(&target(), Some(UI), BY).unwrap();
    let url = oauth2::url::Url::parse(&begun.url).unwrap();
    let hint = url.query_pairs().find(|(name, _)| name == "login_hint");
    assert_eq!(hint.unwrap().1, "pve@example.org");
    assert_eq!(begun.scopes, ["smtp"]);

    // another process goes on with it, by the whole address
    let service = machine.read();
    machine.grants("");
    let came = format!("{UI}?code={CANARY}-code&state={}", begun.state.expose());
    let request = Redeem {
        answer: Secret::new(came),
        ..answer(&begun.state)
    };
    let redeemed = service.redeem(&request, BY).unwrap();
    assert!(redeemed.handle.is_none() && redeemed.warning.is_none());
    let sent = machine.provider.state.lock().unwrap().requests[0].clone();
    assert!(sent.contains("code_verifier="), "{sent}");
    assert_eq!(service.status()["mail"].condition, Condition::Untested);
    assert_eq!(told(&service)[0], ("mail".to_owned(), "sent"));

    // once
    assert_eq!(blamed(service.redeem(&request, BY)), unknown());
    assert_eq!(machine.provider.asked(), 2, "one code, one refresh");
}

#[test]
fn f_56_a_state_is_good_for_one_user_target_and_answer() {
    let machine = Machine::new();
    machine.without_grant();
    let service = machine.read();
    let state = begin(&service);
    let other = begin(&service);
    let request = answer(&state);
    let with = |text: &str| Redeem {
        answer: Secret::new(text),
        ..request.clone()
    };
    let given = |name, value: &str| Redeem {
        given: vec![(name, value.to_owned())],
        ..request.clone()
    };
    let foreign = Redeem {
        state: Secret::new("pve-notify.cAnArY"),
        ..request.clone()
    };
    let elsewhere = Redeem {
        name: Some("phone".to_owned()),
        ..request.clone()
    };
    assert_eq!(blamed(service.redeem(&foreign, BY)), unknown());
    for stranger in ["ann@pve", "root@pam!script"] {
        assert_eq!(blamed(service.redeem(&request, stranger)), unknown());
    }
    assert_eq!(blamed(service.redeem(&elsewhere, BY)).0, "name");
    for (name, value) in [
        ("client-id", "other"),
        ("auth-method", "google-oauth2"),
        ("redirect-uri", "https://node.example.org:8006"),
        ("tenant-id", "example.org"),
        ("client-auth", "post"),
        ("code-verifier", "x"),
    ] {
        assert_eq!(blamed(service.redeem(&given(name, value), BY)).0, name);
    }
    let mixed = format!("?code={CANARY}&state={}", other.expose());
    for text in [
        mixed.as_str(),
        "",
        "cAnArY\r\nX: y",
        "https://node.example.org:8006/",
        &"cAnArY".repeat(200_000),
    ] {
        assert_eq!(
            blamed(service.redeem(&with(text), BY)).0,
            "authorization-code"
        );
    }
    assert_eq!(machine.provider.asked(), 0, "nobody was asked");

    // after all that it is good
    machine.grants("");
    service.redeem(&request, BY).unwrap();
    assert_eq!(machine.provider.asked(), 1);
}

#[test]
fn f_56_of_two_administrators_at_once_one_succeeds() {
    let machine = Machine::new();
    machine.without_grant();
    let service = machine.read();
    for round in 1..=5 {
        let request = answer(&begin(&service));
        machine.grants("");
        let results: Vec<_> = std::thread::scope(|scope| {
            let redeem = || machine.read().redeem(&request, BY);
            let calls = [(); 4].map(|()| scope.spawn(redeem));
            calls.map(|call| call.join().unwrap()).into()
        });
        let (good, bad): (Vec<_>, Vec<_>) = results.into_iter().partition(Result::is_ok);
        assert_eq!(good.len(), 1);
        for result in bad {
            assert_eq!(blamed(result), unknown());
        }
        assert_eq!(machine.provider.asked(), round);
    }
}

#[test]
fn a_provider_that_could_not_be_reached_has_used_nothing_up() {
    let mut machine = Machine::new();
    machine.without_grant();
    let service = machine.read();
    let request = answer(&begin(&service));
    let port = machine.provider.server.address.port();
    machine.provider = Provider::new(Rule::Strict);
    assert!(
        std::net::TcpStream::connect(("127.0.0.1", port)).is_err(),
        "down"
    );
    let error = service.redeem(&request, BY).unwrap_err();
    assert_eq!(error.code(), 502, "{error}");
    // nothing is left over but the state, which is good still
    let error = service.redeem(&request, BY).unwrap_err();
    assert_eq!(error.code(), 502, "{error}");
}

#[test]
fn what_the_provider_says_in_place_of_a_code_is_explained() {
    let machine = Machine::new();
    machine.without_grant();
    let service = machine.read();
    let state = begin(&service);
    let request = Redeem {
        answer: Secret::new(format!(
            "{UI}?error=access_denied&error_description=no+thanks&state={}",
            state.expose()
        )),
        ..answer(&state)
    };
    let error = service.redeem(&request, BY).unwrap_err();
    let text = error.to_string();
    assert_eq!(error.code(), 400);
    assert!(text.contains("consent was declined"), "{text}");
    assert!(text.contains("no thanks"), "{text}");
    // there will be no other answer, and its place is free
    assert_eq!(blamed(service.redeem(&request, BY)), unknown());
}

#[test]
fn a_change_of_settings_in_between_ends_a_consent() {
    let machine = Machine::new();
    machine.without_grant();
    let service = machine.read();
    let state = begin(&service);
    let changed = SmtpSettings {
        oauth2_client_id: Some("other".to_owned()),
        oauth2_client_secret: Some(Secret::new("another")),
        ..SmtpSettings::default()
    };
    service
        .update_smtp("mail", changed, None, vec![], None)
        .unwrap();
    machine.write(&service);
    let (name, text) = blamed(machine.read().redeem(&answer(&state), BY));
    assert_eq!(name, "state");
    assert!(text.contains("oauth2-client-id was changed"), "{text}");
    assert_eq!(machine.provider.asked(), 0);
}

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
