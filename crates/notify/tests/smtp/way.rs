//! The way to the server: addresses in turn, TLS in both modes, certificates, ports of another kind.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener};
use std::sync::OnceLock;
use std::time::Duration;
use std::{env, fs};

use notify::Host;
use notify::config::SmtpMode;

use crate::mta::{MODERN, Mail, Mta, key};
use crate::peer::{Folder, Pki, Server, hold, with_mounts};

fn closed() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
}

#[test]
fn f24_each_address_of_a_name_is_tried() {
    static ADDRESSES: OnceLock<Vec<SocketAddr>> = OnceLock::new();
    let mta = Mta::new(MODERN).start();
    let dead = SocketAddr::from(([0, 0, 0, 0, 0, 0, 0, 1], closed().port()));
    ADDRESSES
        .set(vec![dead, closed(), mta.server.address])
        .unwrap();
    let mut mail = Mail::to(&mta);
    mail.host = mail
        .host
        .with_lookup(|_, _| Ok(ADDRESSES.get().unwrap().clone()));
    assert_eq!(mail.outcomes(), ["sent"]);
}

#[test]
fn f24_the_way_fails_with_the_phase_named() {
    let mail = Mail::to_port(closed().port());
    let error = mail.refusal();
    assert_eq!((key(&error), error.is_temporary()), ("refused", true));
    assert_eq!(error.code(), 502);

    let mut mail = Mail::to_port(25);
    mail.server.name = "mail.example.org".to_owned();
    mail.host = mail
        .host
        .with_lookup(|_, _| Err(std::io::Error::other("unknown")));
    let error = mail.refusal();
    assert_eq!((key(&error), error.is_temporary()), ("lookup", true));
    assert!(
        error.to_string().starts_with("mail.example.org:25: "),
        "{error}"
    );

    mail.budget = Duration::from_millis(300);
    mail.host = mail.host.with_lookup(|_, _| {
        loop {
            std::thread::park();
        }
    });
    let error = mail.refusal();
    assert_eq!((key(&error), error.code()), ("timeout-lookup", 504));
}

#[test]
fn the_proxy_of_the_datacenter_is_not_for_mail() {
    let mta = Mta::new(MODERN).start();
    let mail = Mail::to(&mta);
    let proxy = Server::tcp(|mut tcp, _| hold(&mut tcp));
    let setting = format!("http_proxy: http://127.0.0.1:{}\n", proxy.address.port());
    std::fs::write(mail.host.config_dir().join("datacenter.cfg"), setting).unwrap();
    assert_eq!(mail.outcomes(), ["sent"]);
    assert_eq!(proxy.count(), 0);
}

#[test]
fn f29_certificates_that_do_not_count_get_nothing() {
    for mode in [SmtpMode::Starttls, SmtpMode::Tls] {
        let script = Mta::new(MODERN);
        let script = if mode == SmtpMode::Tls {
            script.tls_at_once()
        } else {
            script
        };
        let mta = script.start();
        let mut mail = Mail::to(&mta).mode(mode).password();
        // the same certificate under another name
        mail.server.name = "other.example.org".to_owned();
        let error = mail.refusal();
        assert_eq!(
            (key(&error), error.is_temporary()),
            ("certificate-name", false)
        );
        // from an authority that is not trusted
        mail.server.name = "localhost".to_owned();
        std::fs::write(
            mail.host.config_dir().join("ca.crt"),
            Pki::new("Other CA").bundle(),
        )
        .unwrap();
        let error = mail.refusal();
        assert_eq!(
            (key(&error), error.is_temporary()),
            ("certificate-chain", false)
        );
        let said = mta.verbs();
        assert!(!said.contains(&"AUTH".to_owned()) && !said.contains(&"MAIL".to_owned()));
    }
}

#[test]
fn the_wrong_mode_for_a_port_has_its_own_advice() {
    let mta = Mta::new(MODERN).start();
    let error = Mail::to(&mta).mode(SmtpMode::Tls).refusal();
    assert_eq!((key(&error), error.is_temporary()), ("smtp-not-tls", false));
    assert!(error.to_string().contains("needs mode starttls"), "{error}");

    let mta = Mta::new(MODERN).tls_at_once().start();
    let mut mail = Mail::to(&mta).mode(SmtpMode::Starttls);
    mail.budget = Duration::from_millis(400);
    let error = mail.refusal();
    assert_eq!((key(&error), error.code()), ("smtp-timeout-greeting", 504));
    assert!(error.to_string().contains("needs mode tls"), "{error}");
}

/// Agrees to TLS, reads the beginning of the handshake and then ends the connection.
fn breaking_off(mode: SmtpMode, with_reset: bool) -> Server {
    Server::tcp(move |tcp, _| {
        let mut link = BufReader::new(tcp);
        if mode == SmtpMode::Starttls {
            link.get_mut().write_all(b"220 hello\r\n").unwrap();
            for reply in [&b"250-hello\r\n250 STARTTLS\r\n"[..], b"220 go\r\n"] {
                link.read_line(&mut String::new()).unwrap();
                link.get_mut().write_all(reply).unwrap();
            }
        }
        let _ = link.read(&mut [0; 4096]);
        if with_reset {
            let linger = Some(Duration::ZERO);
            socket2::SockRef::from(link.get_ref())
                .set_linger(linger)
                .unwrap();
        }
    })
}

#[test]
fn f38_a_handshake_that_breaks_off_is_temporary() {
    for mode in [SmtpMode::Starttls, SmtpMode::Tls] {
        for with_reset in [false, true] {
            let server = breaking_off(mode, with_reset);
            let error = Mail::to_port(server.address.port()).mode(mode).refusal();
            let found = (key(&error), error.is_temporary(), error.code());
            assert_eq!(found, ("lost-handshake", true, 502), "{mode:?} {error}");
        }
    }
}

#[test]
fn a_bundle_that_cannot_be_read_stops_tls_and_nothing_else() {
    let mta = Mta::new(MODERN).start();
    let mut mail = Mail::to(&mta).mode(SmtpMode::Starttls);
    mail.host = mail.host.with_ca_bundle("/nonexistent/ca.crt");
    assert_eq!(mail.refusal().code(), 500);
    assert_eq!(mta.server.count(), 0);
    assert_eq!(mail.mode(SmtpMode::Insecure).outcomes(), ["sent"]);
}

#[test]
fn a_deadline_that_has_passed_sends_nothing() {
    let mta = Mta::new(MODERN).start();
    let mut mail = Mail::to(&mta);
    mail.budget = Duration::ZERO;
    assert_eq!(mail.refusal().code(), 504);
    assert_eq!(mta.verbs(), Vec::<String>::new());
}

const PORT: &str = "NOTIFY_TEST_WAY_PORT";
const MODE: &str = "NOTIFY_TEST_WAY_MODE";

/// Hands a mail in that trusts whom the system trusts.
#[test]
#[ignore = "run by the test below"]
fn child() {
    let mut mail = Mail::to_port(env::var(PORT).unwrap().parse().unwrap());
    mail.host = Host::standalone(mail.host.config_dir())
        .with_fqdn("pve.example.org")
        .with_lookup(|_, port| Ok(vec![([127, 0, 0, 1], port).into()]));
    let mode = env::var(MODE).unwrap().parse().unwrap();
    assert_eq!(mail.mode(mode).password().outcomes(), ["sent"]);
}

#[test]
fn a_second_look_begins_the_conversation_anew() {
    for (mode, verbs) in [
        ("tls", vec!["EHLO", "AUTH", "MAIL", "RCPT", "DATA", "QUIT"]),
        (
            "starttls",
            vec![
                "EHLO", "STARTTLS", "EHLO", "STARTTLS", "EHLO", "AUTH", "MAIL", "RCPT", "DATA",
                "QUIT",
            ],
        ),
    ] {
        let script = Mta::new(MODERN);
        let script = match mode {
            "tls" => script.tls_at_once(),
            _ => script,
        };
        let mta = script.start();
        // the bundle has the authority, the hashed folder has not
        let system = Folder::new();
        fs::write(system.0.join("ca-certificates.crt"), Pki::shared().bundle()).unwrap();
        let Some(mut child) = with_mounts(&[(&system.0, "/etc/ssl/certs")]) else {
            return;
        };
        child
            .arg(env::current_exe().unwrap())
            .args(["--exact", "way::child", "--ignored"])
            .env_remove("SSL_CERT_FILE")
            .env_remove("SSL_CERT_DIR")
            .env(PORT, mta.port().to_string())
            .env(MODE, mode);
        let output = child.output().unwrap();
        assert!(output.status.success(), "{mode}: {output:?}");
        assert_eq!(mta.server.count(), 2, "{mode}");
        assert_eq!(mta.verbs(), verbs, "{mode}");
    }
}
