//! A consent through the service: begun, redeemed, and what can go wrong on the way (F-56).

use notify::oauth2::Application;
use notify::service::{Consenting, Redeem, Service};

use super::*;

pub(super) const BY: &str = "root@pam";
pub(super) const UI: &str = "https://node.example.org:8006/";

impl Machine {
    /// A target without a grant.
    pub(super) fn without_grant(&self) {
        let service = self.read();
        service.add_smtp("mail", self.smtp(), None).unwrap();
        self.add_phone_and_matcher(&service);
        self.write(&service);
    }

    /// The next request is answered with these fields beside the tokens.
    pub(super) fn grants(&self, more: &str) {
        self.provider.order(json(
            "200 OK",
            format!(
                r#"{{"access_token":"{CANARY}-first","token_type":"Bearer","expires_in":3600,
                   "refresh_token":"r-cAnArY-0"{more}}}"#
            ),
        ));
    }

    pub(super) fn application(&self) -> Application {
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

pub(super) fn begin(service: &Service) -> Secret {
    service.authorize(&target(), Some(UI), BY).unwrap().state
}

/// The target gets what the handle stands for, once that is applied.
pub(super) fn give(service: &Service, handle: &Secret) {
    let (nothing, handle) = (SmtpSettings::default(), Some(handle.clone()));
    service
        .update_smtp("mail", nothing, handle, vec![], None)
        .unwrap();
}

pub(super) fn answer(state: &Secret) -> Redeem {
    Redeem {
        state: state.clone(),
        answer: Secret::new(format!("{CANARY}-code")),
        name: Some("mail".to_owned()),
        client_secret: None,
        given: Vec::new(),
    }
}

/// The parameter that an error is about, and what it says; no secret is in it.
pub(super) fn blamed<T: std::fmt::Debug>(
    result: Result<T, notify::Error>,
) -> (&'static str, String) {
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
