//! The journeys of ARCHITECTURE.md against the service, without Perl: a code becomes a grant, a
//! notification goes out with its token, the daily run keeps it alive, and its end is told over the other
//! targets.

#[allow(dead_code)]
#[path = "../deliver/mta.rs"]
mod mta;
#[allow(dead_code)]
#[path = "../exchange/peer.rs"]
mod peer;
#[allow(dead_code)]
#[path = "../token/provider.rs"]
mod provider;

mod consent;
mod device;
mod handle;
mod outage;
mod passwords;

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener};
use std::sync::{Arc, Mutex};

use notify::config::{GotifySettings, Kind, MatcherSettings, Raw, SmtpMode, SmtpSettings};
use notify::oauth2::CodeExchange;
use notify::service::{Memory, Service};
use notify::transcript::Transcript;
use notify::upkeep::Condition;
use notify::{Host, Secret, Severity};

use mta::{Journal, converse};
use peer::{CANARY, Folder, Pki, Server, json, read_request};
use provider::{Provider, Rule};

const OFFERS: &str = "\r\n250-AUTH XOAUTH2";

/// A machine, and the servers that it talks to.
struct Machine {
    folder: Folder,
    provider: Provider,
    mails: Server,
    journal: Journal,
    phone: Server,
    told: Arc<Mutex<Vec<String>>>,
}

impl Machine {
    fn new() -> Self {
        let folder = Folder::new();
        std::fs::write(folder.0.join("ca.crt"), Pki::shared().bundle()).unwrap();
        let journal = Journal::default();
        let noted = Arc::clone(&journal);
        let mails = Server::tls(move |tls, _| converse(tls, OFFERS, None, &noted, || {}));
        let told = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&told);
        let phone = Server::tcp(move |mut tcp, _| {
            heard.lock().unwrap().push(read_request(&mut tcp));
            let _ = tcp.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
            let _ = tcp.shutdown(Shutdown::Write);
            let _ = tcp.read_to_end(&mut Vec::new());
        });
        Self {
            folder,
            provider: Provider::new(Rule::Strict),
            mails,
            journal,
            phone,
            told,
        }
    }

    fn host(&self) -> Host {
        Host::standalone(&self.folder.0)
            .with_ca_bundle(self.folder.0.join("ca.crt"))
            .with_vendor_templates(concat!(env!("CARGO_MANIFEST_DIR"), "/../../templates"))
            .with_lookup(|_, port| Ok(vec![([127, 0, 0, 1], port).into()]))
            .with_fqdn("node.example.org")
    }

    /// As another process would read it.
    fn read(&self) -> Service {
        let text = |name: &str| std::fs::read_to_string(self.folder.0.join(name));
        let [public, private, ext, private_ext] =
            ["public", "private", "ext", "private-ext"].map(|name| text(name).unwrap_or_default());
        let raw = Raw {
            public: &public,
            private: &private,
            ext: &ext,
            private_ext: &private_ext,
        };
        Service::read(raw, self.host(), Memory::new()).unwrap()
    }

    fn write(&self, service: &Service) {
        let written = service.write().unwrap();
        for (name, text) in [
            ("private-ext", written.private_ext),
            ("ext", written.ext),
            ("public", written.public),
            ("private", written.private),
        ] {
            std::fs::write(self.folder.0.join(name), text).unwrap();
        }
        service.apply_changes("root@pam").unwrap();
    }

    fn smtp(&self) -> SmtpSettings {
        SmtpSettings {
            server: Some("localhost".to_owned()),
            port: Some(self.mails.address.port()),
            mode: Some(SmtpMode::Tls),
            username: Some("pve@example.org".to_owned()),
            mailto: Some(vec!["ann@example.org".to_owned()]),
            from_address: Some("pve@example.org".to_owned()),
            auth_method: Some("custom-oauth2".to_owned()),
            oauth2_client_id: Some("app".to_owned()),
            oauth2_client_secret: Some(Secret::new(format!("{CANARY}-client"))),
            oauth2_token_url: Some(self.provider.url()),
            oauth2_authorize_url: Some(self.provider.url()),
            oauth2_scopes: Some("smtp".to_owned()),
            ..SmtpSettings::default()
        }
    }

    /// Writes a configuration: a target with a grant, another without login, and a matcher for both.
    fn set_up(&self) {
        let service = self.read();
        let token = Secret::new("r-cAnArY-0");
        let mail = self.smtp();
        service.add_smtp("mail", mail, Some(token)).unwrap();
        self.add_phone_and_matcher(&service);
        self.write(&service);
    }

    fn add_phone_and_matcher(&self, service: &Service) {
        let phone = GotifySettings {
            server: Some(format!("http://localhost:{}", self.phone.address.port())),
            token: Some(Secret::new("AbC-cAnArY")),
            ..GotifySettings::default()
        };
        service.add("phone", phone).unwrap();
        let all = MatcherSettings {
            target: Some(vec!["mail".to_owned(), "phone".to_owned()]),
            ..MatcherSettings::default()
        };
        service.add("all", all).unwrap();
        let off = MatcherSettings {
            disable: Some(true),
            ..MatcherSettings::default()
        };
        service.update("default-matcher", off, &[], None).unwrap();
    }

    /// The next request is answered as one with a code.
    fn grants_a_code(&self) {
        self.provider.order(json(
            "200 OK",
            format!(
                r#"{{"access_token":"{CANARY}-first","token_type":"Bearer","expires_in":3600,
                   "refresh_token":"r-cAnArY-0"}}"#
            ),
        ));
    }

    fn request(&self) -> CodeExchange {
        CodeExchange {
            auth_method: "custom-oauth2".to_owned(),
            client_id: "app".to_owned(),
            client_secret: Secret::new(format!("{CANARY}-client")),
            tenant_id: None,
            authorization_code: Secret::new(format!("{CANARY}-code")),
            redirect_uri: "https://node.example.org:8006/".to_owned(),
            code_verifier: None,
            token_url: Some(self.provider.url()),
            scopes: Some("smtp".to_owned()),
            client_auth: Some("post".to_owned()),
        }
    }
}

fn told(service: &Service) -> Vec<(String, &'static str)> {
    let fields = BTreeMap::from([("type".to_owned(), "test".to_owned())]);
    let data = serde_json::json!({"target": "mail"});
    let delivery = service.send(Severity::Info, "test", data, fields);
    let targets = delivery.targets.iter();
    targets
        .map(|target| (target.target.clone(), target.recipients[0].outcome.as_str()))
        .collect()
}

#[test]
fn from_a_code_to_a_mail_and_to_the_end_of_the_grant() {
    let machine = Machine::new();

    // the journey of a code
    let service = machine.read();
    machine.grants_a_code();
    let token = service.exchange_code(&machine.request()).unwrap();
    assert_eq!(token.expose(), "r-cAnArY-0");

    // it becomes the grant of a target, once the files are written
    service
        .add_smtp("mail", machine.smtp(), Some(token))
        .unwrap();
    machine.add_phone_and_matcher(&service);
    assert_eq!(
        service.status()["mail"].condition,
        Condition::AuthorizeAgain
    );
    machine.write(&service);
    assert_eq!(service.status()["mail"].condition, Condition::Untested);

    // the journey of a notification, in another process
    let service = machine.read();
    let sent = |name: &str| (name.to_owned(), "sent");
    assert_eq!(told(&service), [sent("mail"), sent("phone")]);
    assert_eq!(machine.journal.lock().unwrap().len(), 1);
    assert_eq!(machine.provider.asked(), 2, "one code, one refresh");
    assert_eq!(told(&service), [sent("mail"), sent("phone")]);
    assert_eq!(machine.provider.asked(), 2, "the token is still fresh");

    // the daily run: nothing is due, and nobody is asked
    let run = service.refresh();
    assert_eq!((run.targets.len(), run.targets[0].refreshed), (1, false));
    assert_eq!(machine.provider.asked(), 2);

    // the end of the grant: found out by the next mail that needs a token, told over the other target once
    machine.provider.set(|state| state.revoked = true);
    for file in ["run", "state"] {
        let tokens = machine.folder.0.join(file);
        assert!(tokens.exists(), "{}", tokens.display());
    }
    let before = machine.told.lock().unwrap().len();
    let service = machine.read();
    let changed = SmtpSettings {
        oauth2_client_secret: Some(Secret::new(format!("{CANARY}-client-2"))),
        ..SmtpSettings::default()
    };
    service
        .update_smtp("mail", changed, None, vec![], None)
        .unwrap();
    machine.write(&service);
    spoil_token(&machine);
    let service = machine.read();
    assert_eq!(
        told(&service),
        [("mail".to_owned(), "refused"), sent("phone")]
    );
    let health = &service.status()["mail"];
    assert_eq!(health.condition, Condition::AuthorizeAgain);
    let told_now = machine.told.lock().unwrap().len() - before;
    assert_eq!(told_now, 2, "the notification and the news of the target");
    let _ = service.refresh();
    assert_eq!(machine.told.lock().unwrap().len() - before, 2, "told once");

    // a target that is deleted leaves nothing behind
    let service = machine.read();
    let left = MatcherSettings {
        target: Some(vec!["phone".to_owned()]),
        ..MatcherSettings::default()
    };
    service.update("all", left, &[], None).unwrap();
    service.delete(Kind::Smtp, "mail").unwrap();
    machine.write(&service);
    assert!(machine.read().status().is_empty());
    let records = std::fs::read_dir(machine.host().state_dir()).unwrap();
    let names: Vec<_> = records.map(|entry| entry.unwrap().file_name()).collect();
    assert!(
        !names
            .iter()
            .any(|name| name.to_string_lossy().ends_with(".json")),
        "{names:?}"
    );
}

/// Takes the access token out of the record, as its end would.
fn spoil_token(machine: &Machine) {
    use notify::state::{Lock, Record, Store};
    let host = machine.host();
    let store = Store::new(&host, &notify::disk::SystemDisk);
    let end = notify::Deadline::after(std::time::Duration::from_secs(10));
    let guard = Lock::new(&host, "mail").unwrap().take(end).unwrap();
    let mut record: Record = store.read("mail").unwrap().unwrap();
    let mark = record.mark();
    record.access_token = None;
    let reserved = store.reserve(&guard, "mail", Some(&record)).unwrap();
    store
        .commit(&guard, reserved, "mail", &mut record, Some(&mark))
        .unwrap();
    for entry in std::fs::read_dir(host.run_dir().join("oauth2")).unwrap() {
        std::fs::remove_file(entry.unwrap().path()).unwrap();
    }
}

#[test]
fn a_parameter_that_is_to_blame_is_named() {
    let machine = Machine::new();
    let service = machine.read();
    let blamed = |error: notify::Error| {
        let parameter = error.parameter().cloned();
        assert_eq!(error.code(), 400, "{error}");
        parameter.map(|parameter| parameter.name)
    };
    let settings = SmtpSettings {
        auth_method: Some("example-oauth2".to_owned()),
        ..machine.smtp()
    };
    let error = service.add_smtp("mail", settings, None).unwrap_err();
    assert_eq!(blamed(error), Some("auth-method"));
    let settings = SmtpSettings {
        oauth2_token_url: Some("http://localhost/token".to_owned()),
        ..machine.smtp()
    };
    let error = service.add_smtp("mail", settings, None).unwrap_err();
    assert_eq!(blamed(error), Some("oauth2-token-url"));
    let settings = SmtpSettings {
        auth_method: None,
        ..SmtpSettings {
            server: Some("localhost".to_owned()),
            mailto: Some(vec!["ann@example.org".to_owned()]),
            from_address: Some("pve@example.org".to_owned()),
            ..SmtpSettings::default()
        }
    };
    let token = Some(Secret::new(CANARY));
    let error = service.add_smtp("plain", settings, token).unwrap_err();
    assert_eq!(blamed(error), Some("oauth2-refresh-token"));
    assert!(
        service.config().get(Kind::Smtp, "plain").is_err(),
        "a call that fails changes nothing"
    );
}

#[test]
fn what_is_said_can_be_watched_and_shows_no_secret() {
    let machine = Machine::new();
    let service = machine.read();
    let transcript = Transcript::new();
    let shown = || {
        let (lines, left_out) = transcript.lines();
        assert_eq!(left_out, 0);
        let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
        for secret in ["cAnArY", "Y0FuQXJZ", "NBbkFyW", "jQW5Bclk"] {
            // as it is, and in Base64 at each of the three places a byte may have
            assert!(
                !lines.iter().any(|line| line.contains(secret)),
                "{lines:#?}"
            );
        }
        lines.join("\n")
    };
    let code = |transcript: &Transcript| {
        let request = machine.request();
        service.exchange_code_watched(&request, transcript)
    };
    // a provider that echoes everything
    machine.provider.order(json(
        "400 Bad Request",
        format!(r#"{{"error":"invalid_grant","error_description":"no {CANARY}-code"}}"#),
    ));
    code(&transcript).unwrap_err();
    machine.grants_a_code();
    let token = code(&transcript).unwrap();
    let said = shown();
    for wanted in [
        "> POST /token grant_type=authorization_code code=...",
        "< 400 error=invalid_grant error_description=no [secret]",
        "< 200 expires_in=3600 token_type=Bearer access_token=... refresh_token=...",
    ] {
        assert!(said.contains(wanted), "{wanted} in {said}");
    }
    // nobody listens
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let closed = format!("localhost:{}", listener.local_addr().unwrap().port());
    drop(listener);
    let gone = GotifySettings {
        server: Some(format!("http://{closed}/{CANARY}")),
        token: Some(Secret::new("AbC-cAnArY")),
        ..GotifySettings::default()
    };
    service.add("gone", gone).unwrap();
    service
        .test_target_watched("gone", &transcript)
        .unwrap_err();
    let said = shown();
    for wanted in ["> POST with ", "* localhost:"] {
        assert!(
            said.contains(&format!("{closed} {wanted}")),
            "{wanted} in {said}"
        );
    }
    assert!(said.contains(": the connection was refused"), "{said}");
    service
        .add_smtp("mail", machine.smtp(), Some(token))
        .unwrap();
    machine.write(&service);
    service.test_target_watched("mail", &transcript).unwrap();
    let said = shown();
    for wanted in [
        "> POST /token grant_type=refresh_token refresh_token=...",
        "* connected (TLSv1.3 TLS_AES_256_GCM_SHA384)",
        "< 220 mail.example.org ESMTP",
        "> EHLO node.example.org",
        "> AUTH XOAUTH2 (credentials)",
        "< 235 2.7.0 welcome",
        "> MAIL FROM:<pve@example.org>",
        "bytes of the message)",
        "> QUIT",
    ] {
        assert!(said.contains(wanted), "{wanted} in {said}");
    }
}
