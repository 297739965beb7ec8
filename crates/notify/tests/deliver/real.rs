//! Programs that others wrote: the mail server aiosmtpd, and msmtp as this machine's sendmail.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

use crate::site::{Site, words};

/// aiosmtpd with one user; tells every mail it takes as a line of JSON, and ends with its input.
const SERVER: &str = r#"
import asyncio, sys, json, email, email.policy
from aiosmtpd.smtp import SMTP, AuthResult
class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith("gone@"):
            return "550 5.1.1 no such user"
        envelope.rcpt_tos.append(address)
        return "250 ok"
    async def handle_DATA(self, server, session, envelope):
        mail = email.message_from_bytes(envelope.original_content, policy=email.policy.default)
        print(json.dumps({
            "login": session.auth_data, "from": envelope.mail_from, "to": envelope.rcpt_tos,
            "subject": str(mail["subject"]), "id": str(mail["message-id"]),
            "text": mail.get_body(("plain",)).get_content().replace("\r\n", "\n"),
        }), flush=True)
        return "250 taken"
def check(server, session, envelope, mechanism, login):
    good = login.login == b"pve" and login.password == b"pass cAnArY"
    return AuthResult(success=good, handled=False, auth_data="pve" if good else None)
async def main():
    loop = asyncio.get_running_loop()
    def session():
        return SMTP(Handler(), authenticator=check, auth_require_tls=False)
    server = await loop.create_server(session, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await loop.run_in_executor(None, sys.stdin.read)
asyncio.run(main())
"#;

struct Aiosmtpd {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
    port: u16,
}

impl Aiosmtpd {
    fn new() -> Self {
        let mut child = Command::new("/usr/bin/python3")
            .args(["-W", "ignore", "-c", SERVER])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let port = lines.next().unwrap().unwrap().parse().unwrap();
        Self { child, lines, port }
    }

    /// The next mail it has taken.
    fn mail(&mut self) -> Value {
        serde_json::from_str(&self.lines.next().unwrap().unwrap()).unwrap()
    }
}

impl Drop for Aiosmtpd {
    fn drop(&mut self) {
        drop(self.child.stdin.take());
        let _ = self.child.wait();
    }
}

fn relay(server: &Aiosmtpd, password: &str) -> Site {
    Site::new(
        &format!(
            "smtp: relay\n\tserver localhost\n\tport {}\n\tmode insecure\n\tusername pve\n\
             \tfrom-address pve@example.org\n\tmailto ann@example.org\n\tmailto gone@example.org\n",
            server.port
        ),
        &format!("smtp: relay\n\tpassword {password}\n"),
    )
}

#[test]
fn aiosmtpd_takes_a_mail_and_refuses_one_recipient() {
    let mut server = Aiosmtpd::new();
    let text = "\u{1f600}\n.\n..\nFrom me\n";
    let delivery = relay(&server, "pass cAnArY").send("a title \u{fc}", text);
    let all: Vec<_> = words(&delivery)
        .into_iter()
        .map(|(_, to, word)| (to, word))
        .collect();
    assert_eq!(
        all,
        [
            ("ann@example.org".to_owned(), "sent"),
            ("gone@example.org".to_owned(), "refused")
        ]
    );
    let mail = server.mail();
    assert_eq!(mail["login"], "pve");
    assert_eq!(mail["from"], "pve@example.org");
    assert_eq!(mail["to"], serde_json::json!(["ann@example.org"]));
    assert_eq!(mail["subject"], "a title \u{fc}");
    assert_eq!(mail["text"].as_str().unwrap().trim_end(), text.trim_end());
}

#[test]
fn aiosmtpd_refuses_a_password() {
    let server = Aiosmtpd::new();
    let error = relay(&server, "wrong cAnArY").test("relay").unwrap_err();
    let text = error.to_string();
    assert!(
        text.starts_with("Could not test target: could not notify via endpoint(s): relay: "),
        "{text}"
    );
    assert!(
        text.contains("535") && text.contains("check username and password"),
        "{text}"
    );
}

#[test]
fn msmtp_serves_as_sendmail_and_its_refusal_counts() {
    let mut server = Aiosmtpd::new();
    for (to, word) in [("ann@example.org", "sent"), ("gone@example.org", "refused")] {
        let site = Site::new(
            &format!("sendmail: local\n\tmailto {to}\n\tfrom-address pve@example.org\n"),
            "",
        );
        site.sendmail("exec /usr/bin/msmtp --file=\"$dir/msmtprc\" \"$@\"");
        let config = format!("account default\nhost 127.0.0.1\nport {}\n", server.port);
        site.file("msmtprc", &config);
        let delivery = site.send("a title \u{fc}", "line 1\n.\nline 3\n");
        assert_eq!(words(&delivery)[0].2, word, "{delivery:?}");
        if word == "sent" {
            let mail = server.mail();
            assert_eq!(mail["from"], "pve@example.org");
            assert_eq!(mail["to"], serde_json::json!([to]));
            assert_eq!(mail["subject"], "a title \u{fc}");
            assert_eq!(
                mail["text"].as_str().unwrap().trim_end(),
                "line 1\n.\nline 3"
            );
            assert!(mail["id"].as_str().unwrap().ends_with("@node.example.org>"));
        } else {
            let reason = delivery.targets[0].recipients[0].outcome.reason().unwrap();
            assert!(reason.contains("550 5.1.1 no such user"), "{reason}");
        }
    }
}
