//! A sandbox as a real process, and what a client does with it.

#![allow(dead_code, reason = "each test file uses its part")]

#[path = "../../src/agent.rs"]
mod agent;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use openssl::ssl::{ShutdownState, SslConnector, SslMethod, SslStream};
use serde_json::{Value, json};

pub const REDIRECT_URI: &str = "https://localhost:8006/";

pub struct Sandbox {
    child: Child,
    pub dir: PathBuf,
    pub published: Value,
}

impl Sandbox {
    /// Starts one in a folder of its own and waits until it says that it is ready.
    pub fn start() -> Self {
        let dir = std::env::temp_dir().join(format!(
            "sandbox-test-{}-{:?}",
            std::process::id(),
            std::thread::current().id()
        ));
        let mut child = Command::new(env!("CARGO_BIN_EXE_sandbox"))
            .args(["serve", "--stop-with-stdin", "--dir"])
            .arg(&dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        assert!(line.starts_with("ready https://localhost:"), "{line}");
        let text = std::fs::read_to_string(dir.join("sandbox.json")).unwrap();
        Self {
            child,
            dir,
            published: serde_json::from_str(&text).unwrap(),
        }
    }

    pub fn client(&self, provider: &str) -> &Value {
        let clients = self.published["clients"].as_array().unwrap();
        clients
            .iter()
            .find(|client| client["provider"] == provider)
            .unwrap()
    }

    pub fn endpoint(&self, provider: &str, which: &str) -> String {
        let url = self.published["providers"][provider][which]
            .as_str()
            .unwrap();
        let tenant = self.client(provider)["tenant-id"]
            .as_str()
            .unwrap_or_default();
        url.replace("{tenant}", tenant)
    }

    /// The authorize URL of a client that wants a refresh token, with more parameters.
    pub fn authorize_url(&self, provider: &str, more: &[(&str, &str)]) -> String {
        let scopes = self.published["providers"][provider]["scopes"]
            .as_array()
            .unwrap();
        let scopes: Vec<&str> = scopes.iter().filter_map(Value::as_str).collect();
        let mut url = url::Url::parse(&self.endpoint(provider, "authorize-url")).unwrap();
        url.query_pairs_mut()
            .append_pair(
                "client_id",
                self.client(provider)["client-id"].as_str().unwrap(),
            )
            .append_pair("response_type", "code")
            .append_pair("redirect_uri", REDIRECT_URI)
            .append_pair("scope", &scopes.join(" "))
            .append_pair("state", "of & the=moment")
            .extend_pairs(more);
        url.into()
    }

    /// Plays the person; the fields of the redirect URL.
    pub fn consent(&self, url: &str, options: &[&str]) -> Result<Vec<(String, String)>, String> {
        let password = self.published["users"][0]["password"].as_str().unwrap();
        self.consent_as(url, password, options)
    }

    pub fn consent_as(
        &self,
        url: &str,
        password: &str,
        options: &[&str],
    ) -> Result<Vec<(String, String)>, String> {
        let output = Command::new(env!("CARGO_BIN_EXE_sandbox"))
            .args([
                "consent",
                "--login",
                "admin@example.org",
                "--password",
                password,
                "--dir",
            ])
            .arg(&self.dir)
            .args(options)
            .arg(url)
            .output()
            .unwrap();
        if !output.status.success() {
            return Err(String::from_utf8(output.stderr).unwrap());
        }
        let redirect = String::from_utf8(output.stdout).unwrap();
        assert!(redirect.starts_with(REDIRECT_URI), "{redirect}");
        let redirect = url::Url::parse(redirect.trim()).unwrap();
        Ok(redirect.query_pairs().into_owned().collect())
    }

    /// A code for a client that wants a refresh token.
    pub fn code(&self, provider: &str, more: &[(&str, &str)]) -> String {
        let mut parameters = vec![("access_type", "offline"), ("prompt", "consent")];
        parameters.extend(more);
        let fields = self
            .consent(&self.authorize_url(provider, &parameters), &[])
            .unwrap();
        field(&fields, "code")
    }

    /// Redeems a code with the secret in the body.
    pub fn redeem(&self, provider: &str, code: &str, more: &[(&str, &str)]) -> (u16, Value) {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", REDIRECT_URI),
        ];
        form.extend(more);
        self.ask(provider, &form)
    }

    pub fn refresh(&self, provider: &str, token: &Value) -> (u16, Value) {
        let token = token.as_str().unwrap();
        self.ask(
            provider,
            &[("grant_type", "refresh_token"), ("refresh_token", token)],
        )
    }

    /// Asks the token endpoint as the client, whose id and secret are added.
    pub fn ask(&self, provider: &str, form: &[(&str, &str)]) -> (u16, Value) {
        let client = self.client(provider);
        let mut form = form.to_vec();
        for (name, key) in [
            ("client_id", "client-id"),
            ("client_secret", "client-secret"),
        ] {
            if !form.iter().any(|(given, _)| *given == name) {
                form.push((name, client[key].as_str().unwrap()));
            }
        }
        self.post(&self.endpoint(provider, "token-url"), &form)
            .unwrap()
    }

    pub fn post(&self, url: &str, form: &[(&str, &str)]) -> Result<(u16, Value), ureq::Error> {
        let mut answer = self.agent().post(url).send_form(form.iter().copied())?;
        let text = answer.body_mut().read_to_string()?;
        Ok((
            answer.status().as_u16(),
            serde_json::from_str(&text).unwrap_or(Value::String(text)),
        ))
    }

    pub fn agent(&self) -> ureq::Agent {
        let config = ureq::Agent::config_builder()
            .proxy(None)
            .max_redirects(0)
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(10)))
            .build();
        agent::trusting(&self.dir.join("ca.crt"), config).unwrap()
    }

    /// Gives an order to the control URL; its counters.
    pub fn control(&self, order: &Value) -> Value {
        let token = self.published["control-token"].as_str().unwrap();
        let mut answer = self
            .agent()
            .post(self.published["control-url"].as_str().unwrap())
            .header("Authorization", &format!("Bearer {token}"))
            .send(order.to_string())
            .unwrap();
        let text = answer.body_mut().read_to_string().unwrap();
        assert_eq!(answer.status(), 200, "{text}");
        serde_json::from_str(&text).unwrap()
    }

    pub fn order(&self, fault: Value) {
        self.control(&json!({ "faults": [fault] }));
    }

    /// The bytes that come back for a token request, up to `most`, and whether the end was clean.
    pub fn raw(&self, most: usize) -> (Vec<u8>, bool) {
        let mut tls = self.connect();
        let request = "POST /google/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n";
        tls.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        let mut chunk = [0; 16 * 1024];
        loop {
            match tls.read(&mut chunk) {
                // without a goodbye that is the end, too
                Ok(0) => return (bytes, tls.get_shutdown() == ShutdownState::RECEIVED),
                Ok(count) => bytes.extend_from_slice(&chunk[..count]),
                Err(_) => return (bytes, false),
            }
            if bytes.len() >= most {
                return (bytes, false);
            }
        }
    }

    /// A connection whose reads end after a second.
    pub fn connect(&self) -> SslStream<TcpStream> {
        let port = url::Url::parse(self.published["url"].as_str().unwrap())
            .unwrap()
            .port();
        let tcp = TcpStream::connect(("127.0.0.1", port.unwrap())).unwrap();
        tcp.set_read_timeout(Some(Duration::from_secs(1))).unwrap();
        let mut tls = SslConnector::builder(SslMethod::tls_client()).unwrap();
        tls.set_ca_file(self.dir.join("ca.crt")).unwrap();
        tls.build().connect("localhost", tcp).unwrap()
    }

    /// Closes its standard input and waits for its end.
    pub fn stop(&mut self) -> std::process::ExitStatus {
        drop(self.child.stdin.take());
        self.child.wait().unwrap()
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.dir);
    }
}

pub fn field(fields: &[(String, String)], name: &str) -> String {
    fields
        .iter()
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.clone())
        .unwrap_or_default()
}
