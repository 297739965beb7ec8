//! What a mail server says: whatever it is, there is an outcome, in time and true.
#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use fuzz::Peer;
use lettre::address::{Address, Envelope};
use libfuzzer_sys::fuzz_target;
use notify::config::SmtpMode;
use notify::outcome::Outcome;
use notify::smtp::{Body, Login, Server, submit};
use notify::{Deadline, Host, Secret};

static PEER: LazyLock<Peer> = LazyLock::new(Peer::start);

fuzz_target!(|words: &[u8]| {
    PEER.says(words);
    let server = Server {
        name: "127.0.0.1".to_owned(),
        port: PEER.port,
        mode: SmtpMode::Insecure,
    };
    let login = Login::Password {
        user: "pve".to_owned(),
        password: Secret::new("canary"),
    };
    let address = |text: &str| text.parse::<Address>().expect("an address");
    let recipients = vec![address("ann@example.org"), address("ben@example.org")];
    let envelope =
        Envelope::new(Some(address("pve@example.org")), recipients).expect("an envelope");
    let deadline = Deadline::after(Duration::from_secs(3));
    let host = Host::pve();
    let mail = b"Subject: test\r\n\r\n.text\r\n";
    let with_login = words.first().is_some_and(|first| first % 2 == 0);
    let login = if with_login { login } else { Login::None };
    match submit(&host, &server, &login, &envelope, &Body::new(mail), &deadline) {
        Ok(outcomes) => {
            assert_eq!(outcomes.len(), 2);
            let sent = outcomes.iter().any(|(_, o)| matches!(o, Outcome::Sent));
            let accepted = words.windows(3).filter(|code| code == b"250").count();
            assert!(!sent || accepted > 0, "sent only where the server said so");
            for (_, outcome) in outcomes {
                let reason = outcome.reason().unwrap_or_default();
                assert!(!reason.contains(char::is_control), "{reason:?}");
            }
        }
        Err(error) => {
            let text = error.to_string();
            assert!(!text.contains(char::is_control), "{text:?}");
            assert!(text.len() < 4096);
        }
    }
});
