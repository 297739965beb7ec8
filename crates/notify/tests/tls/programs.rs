//! The two whose verdicts are compared: `openssl s_client` and a mail of ours.

use std::net::{IpAddr, SocketAddr};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;
use std::{fs, io};

use lettre::Address;
use lettre::address::Envelope;
use notify::config::SmtpMode;
use notify::smtp::{Body, Login, Server, submit};
use notify::{Deadline, Host};

/// What one of them found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    pub is_accepted: bool,
    /// What it said.
    pub said: String,
}

/// Connects as `openssl s_client` does, with this file of trusted certificates or with the default.
pub fn s_client(trust: Option<&Path>, name: &str, port: u16) -> Found {
    let mut client = Command::new("openssl");
    client.args(["s_client", "-verify_return_error", "-connect"]);
    match name.parse::<IpAddr>() {
        Ok(address) => {
            client.arg(SocketAddr::new(address, port).to_string());
            client.args(["-noservername", "-verify_ip", name]);
        }
        Err(_) => {
            client.arg(format!("127.0.0.1:{port}"));
            client.args(["-servername", name, "-verify_hostname", name]);
        }
    }
    if let Some(trust) = trust {
        client.arg("-CAfile").arg(trust);
        client.args(["-no-CApath", "-no-CAstore"]);
    }
    let output = client.stdin(Stdio::null()).output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let is_verified = text(&output.stdout).contains("Verify return code: 0 (ok)");
    Found {
        is_accepted: output.status.success() && is_verified,
        said: text(&output.stderr),
    }
}

/// Hands in a mail, with this file of trusted certificates or with the default; `dir` is an empty folder.
pub fn ours(trust: Option<&Path>, name: &str, port: u16, dir: &Path) -> Found {
    fs::create_dir_all(dir).unwrap();
    let mut host = Host::standalone(dir)
        .with_fqdn("pve.example.org")
        .with_lookup(loopback);
    if let Some(trust) = trust {
        host = host.with_ca_bundle(trust);
    }
    let server = Server {
        name: name.to_owned(),
        port,
        mode: SmtpMode::Tls,
    };
    let address = |text: &str| text.parse::<Address>().unwrap();
    let to = vec![address("admin@example.org")];
    let envelope = Envelope::new(Some(address("pve@example.org")), to).unwrap();
    let result = submit(
        &host,
        &server,
        &Login::None,
        &envelope,
        &Body::new(b"Subject: test\r\n\r\nhello\r\n"),
        &Deadline::after(Duration::from_secs(20)),
    );
    match result {
        Ok(outcomes) => Found {
            is_accepted: outcomes.iter().all(|(_, one)| one.as_str() == "sent"),
            said: format!("{outcomes:?}"),
        },
        Err(error) => Found {
            is_accepted: false,
            said: error.to_string(),
        },
    }
}

/// Every name is this machine.
fn loopback(name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    let address = name.parse().unwrap_or(IpAddr::from([127, 0, 0, 1]));
    Ok(vec![SocketAddr::new(address, port)])
}
