//! The same cause has the same verdict and as many tries, whichever path it comes up on: a mail server, a
//! web server, and the token endpoint of a mail server's login.

use std::io::Write;
use std::net::TcpListener;

use openssl::ssl::{Ssl, SslStream, SslVerifyMode, SslVersion};

use crate::alert::SECRET;
use crate::peer::{Pki, Server, answer, close, hold, json, read_request};
use crate::site::Site;

/// The verdicts on a peer at this port, for a notification, a token and perhaps a mail, with the tries.
fn verdicts(port: u16, with_mail: bool, change: impl FnOnce(&Site)) -> Vec<(&'static str, u32)> {
    let mail = |name: &str, port: u16, more: &str| {
        format!(
            "smtp: {name}\n\tserver localhost\n\tport {port}\n\tmode tls\n\tfrom-address \
             pve@example.org\n\tmailto ann@example.org\n{more}\n"
        )
    };
    let login = "\tusername pve@example.org\n\tauth-method google-oauth2\n\
                 \toauth2-client-id 1.apps.example.org\n";
    let mut public = format!(
        "gotify: phone\n\tserver https://localhost:{port}/\n\n{}",
        mail("relay", 9, login),
    );
    if with_mail {
        public.push_str(&mail("mail", port, ""));
    }
    let private = format!("smtp: mail\n\ngotify: phone\n\ttoken AbC-cAnArY\n\n{SECRET}");
    let site = Site::new(&public, &private);
    let url = format!("https://localhost:{port}/token");
    let providers = serde_json::json!({"google-oauth2": {"token-url": url}});
    site.file("oauth2-providers.json", &providers.to_string());
    site.consent("relay");
    change(&site);
    let delivery = site.send("title", "text");
    let targets = delivery.targets.iter();
    targets
        .map(|target| (target.recipients[0].outcome.as_str(), target.attempts))
        .collect()
}

#[test]
fn a_certificate_that_nobody_trusts() {
    let server = Server::tls(|tls, _| close(tls));
    let other = rcgen::generate_simple_self_signed(["ca.example.org".to_owned()]).unwrap();
    let found = verdicts(server.address.port(), true, |site| {
        site.file("ca.crt", &other.cert.pem());
    });
    assert_eq!(found, [("refused", 1); 3]);
}

#[test]
fn a_closed_port() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    drop(listener);
    let found = verdicts(port, true, |_| {});
    // the token endpoint is not asked twice in a minute, so that no second try is made
    assert_eq!(found, [("unsent", 2), ("unsent", 1), ("unsent", 2)]);
}

#[test]
fn passing_troubles_of_web_servers_and_token_endpoints() {
    for status in ["503 Busy", "429 Slow down"] {
        let server = Server::tls(move |tls, _| {
            read_request(tls);
            let _ = tls.write_all(&answer(status, "", "no"));
            close(tls);
        });
        let found = verdicts(server.address.port(), false, |_| {});
        assert_eq!(found.map_words(), ["unsent"; 2], "{status}: {found:?}");
    }
}

/// Within the pause after it too, in which the provider is not asked.
#[test]
fn a_client_that_the_provider_does_not_accept() {
    let server = Server::tls(|tls, _| {
        read_request(tls);
        let _ = tls.write_all(&json("401 No", r#"{"error":"invalid_client"}"#));
        close(tls);
    });
    let found = verdicts(server.address.port(), false, |site| {
        let first = site.send("title", "text");
        let words = first.targets.iter();
        let words: Vec<_> = words
            .map(|target| target.recipients[0].outcome.as_str())
            .collect();
        assert_eq!(words, ["refused"; 2]);
    });
    assert_eq!(found, [("refused", 1); 2]);
}

/// The notification may have arrived; of the token nobody knows, but the mail has not gone out.
#[test]
fn an_answer_that_is_lost() {
    let server = Server::tls(|tls, _| {
        read_request(tls);
        close(tls);
    });
    let found = verdicts(server.address.port(), false, |_| {});
    assert_eq!(found.map_words(), ["unknown", "unsent"]);
}

/// In TLS 1.3 such a server lets the handshake end well and objects only then.
#[test]
fn a_client_certificate_that_is_demanded() {
    for version in [SslVersion::TLS1_2, SslVersion::TLS1_3] {
        let context = Pki::shared().server(|_| {});
        let server = Server::tcp(move |tcp, _| {
            let mut ssl = Ssl::new(&context).unwrap();
            ssl.set_max_proto_version(Some(version)).unwrap();
            ssl.set_verify(SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT);
            let mut stream = SslStream::new(ssl, tcp).unwrap();
            let _ = stream.accept();
            hold(stream.get_mut());
        });
        let found = verdicts(server.address.port(), true, |_| {});
        assert_eq!(found, [("refused", 1); 3], "{version:?}");
    }
}

/// Of a proxy that works, some say that the server does not answer.
#[test]
fn a_proxy_that_cannot_reach_the_server() {
    for (status, word) in [
        ("503 Service Unavailable", "unsent"),
        ("502 Bad Gateway", "unsent"),
        ("504 Gateway Timeout", "unsent"),
        ("403 Forbidden", "refused"),
    ] {
        let proxy = Server::tcp(move |mut tcp, _| {
            read_request(&mut tcp);
            let _ = tcp.write_all(&answer(status, "", "no"));
        });
        let found = verdicts(9, false, |site| {
            site.file(
                "datacenter.cfg",
                &format!("http_proxy: {}\n", proxy.address),
            );
        });
        assert_eq!(found.map_words(), [word; 2], "{status}: {found:?}");
    }
}

trait Words {
    fn map_words(&self) -> Vec<&'static str>;
}

impl Words for Vec<(&'static str, u32)> {
    fn map_words(&self) -> Vec<&'static str> {
        self.iter().map(|(word, _)| *word).collect()
    }
}
