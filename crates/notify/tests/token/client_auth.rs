//! How the application logs in to get access tokens: what has worked is kept in the record, for each kind
//! of request.

use std::io::Write;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use notify::oauth2::ClientAuth;
use notify::state::Standing;
use notify::{Deadline, Secret};

use crate::peer::{Server, client_auth, close, json, read_request};
use crate::site::Site;

const REFUSED: &str = r#"{"error":"invalid_client"}"#;

/// A provider that accepts one way for refreshes and one for the application itself.
struct Provider {
    server: Server,
    /// The way for each.
    rule: Arc<Mutex<[&'static str; 2]>>,
    asked: Arc<Mutex<Vec<&'static str>>>,
    /// How long a refusal takes.
    delay: Arc<Mutex<Duration>>,
}

impl Provider {
    fn new(refresh: &'static str, app: &'static str) -> Self {
        let rule = Arc::new(Mutex::new([refresh, app]));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (kept, seen) = (Arc::clone(&rule), Arc::clone(&asked));
        let delay = Arc::new(Mutex::new(Duration::ZERO));
        let pause = Arc::clone(&delay);
        let server = Server::tls(move |tls, number| {
            let request = read_request(tls);
            let way = client_auth(&request);
            let is_app = request.contains("grant_type=client_credentials");
            seen.lock().unwrap().push(way);
            let wanted = kept.lock().unwrap()[usize::from(is_app)];
            let body = format!(r#"{{"access_token":"a-cAnArY-{number}","expires_in":3600}}"#);
            let _ = tls.write_all(&match way == wanted {
                true => json("200 OK", body),
                false => {
                    let pause = *pause.lock().unwrap();
                    std::thread::sleep(pause);
                    json("401 Unauthorized", REFUSED)
                }
            });
            close(tls);
        });
        Self {
            server,
            rule,
            asked,
            delay,
        }
    }

    fn url(&self) -> String {
        format!("https://localhost:{}/token", self.server.address.port())
    }

    /// The ways of the requests since the last call.
    fn asked(&self) -> Vec<&'static str> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

/// A machine with a grant, whose settings name no way.
fn site(provider: &Provider) -> Site {
    let mut site = Site::consented(&provider.url());
    site.account.provider.client_auth = None;
    site
}

#[test]
fn what_has_worked_is_kept_for_each_kind_of_request() {
    for (refresh, app, asked) in [
        ("basic", "basic", [&["basic"][..], &["basic"]]),
        ("post", "basic", [&["basic", "post"], &["basic"]]),
        ("basic", "post", [&["basic"], &["basic", "post"]]),
        ("post", "post", [&["basic", "post"], &["basic", "post"]]),
    ] {
        let provider = Provider::new(refresh, app);
        let mut site = site(&provider);
        for (is_app, way, first) in [(false, refresh, asked[0]), (true, app, asked[1])] {
            site.account.identity.app_only = is_app;
            site.token().unwrap();
            assert_eq!(provider.asked(), first, "{refresh} {app}");
            site.clock.pass(3600);
            site.restart();
            site.token().unwrap();
            assert_eq!(provider.asked(), [way], "{refresh} {app}: it is known");
        }
    }
}

#[test]
fn a_new_consent_for_the_same_application_keeps_what_is_known() {
    let provider = Provider::new("post", "post");
    let mut site = site(&provider);
    site.token().unwrap();
    provider.asked();
    site.consent("r-cAnArY-1");
    site.token().unwrap();
    assert_eq!(provider.asked(), ["post"]);
    site.account.identity.client = "another".to_owned();
    site.consent("r-cAnArY-2");
    site.token().unwrap();
    assert_eq!(provider.asked(), ["basic", "post"]);
}

#[test]
fn a_way_that_has_worked_is_the_only_one_and_a_setting_mends_it_at_once() {
    let provider = Provider::new("post", "post");
    let mut site = site(&provider);
    site.token().unwrap();
    provider.asked();
    *provider.rule.lock().unwrap() = ["basic"; 2];
    site.clock.pass(3600);
    let text = site.refusal().to_string();
    assert!(
        text.contains(
            ", or set oauth2-client-auth to 'basic'; client authentication tried: 'post'"
        ),
        "{text}"
    );
    site.refusal();
    assert_eq!(provider.asked(), ["post"]);
    let record = site.record().unwrap();
    assert_eq!(record.standing, Standing::Misconfigured);
    assert_eq!(site.refresh_token(), "r-cAnArY-0", "the grant is kept");
    site.account.provider.client_auth = Some(ClientAuth::Basic);
    site.token().unwrap();
    assert_eq!(provider.asked(), ["basic"]);
}

#[test]
fn a_public_client_sends_no_secret() {
    let provider = Provider::new("none", "");
    let mut site = site(&provider);
    site.account.provider.client_auth = Some(ClientAuth::Public);
    site.account.client_secret = Secret::new("");
    site.token().unwrap();
    assert_eq!(provider.asked(), ["none"]);
}

/// An answer that came too late would be lost, and a new refresh token with it.
#[test]
fn with_little_time_left_the_other_way_waits_for_the_next_try() {
    let provider = Provider::new("post", "post");
    let site = site(&provider);
    *provider.delay.lock().unwrap() = Duration::from_millis(1500);
    let deadline = Deadline::after(Duration::from_secs(3));
    let error = site.keeper().access_token(&site.account, deadline);
    let text = error.unwrap_err().to_string();
    assert!(
        text.contains("client authentication tried: 'basic'"),
        "{text}"
    );
    assert_eq!(provider.asked(), ["basic"]);
    site.clock.pass(3601);
    crate::health::run(&site).unwrap();
    assert_eq!(provider.asked(), ["basic", "post"]);
}
