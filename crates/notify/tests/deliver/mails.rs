//! What mails look like to those who receive them: Python's email package and Debian's MIME::Parser
//! must both find the texts that went in.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use notify::SystemClock;
use serde_json::Value;

use crate::site::{NOW, Site, words};

const PYTHON: &str = r#"
import sys, json, email, email.policy
raw = sys.stdin.buffer.read()
mail = email.message_from_string(raw.decode(), policy=email.policy.default)
parts = [part for part in mail.walk() if not part.is_multipart()]
defects = [str(d) for part in mail.walk() for d in part.defects]
defects += [str(d) for _, v in mail.items() for d in getattr(v, "defects", [])]
print(json.dumps({
    "keys": [key.lower() for key in mail.keys()],
    "subject": str(mail["subject"]),
    "author": mail["from"].addresses[0].display_name,
    "from": mail["from"].addresses[0].addr_spec,
    "to": [a.addr_spec for a in mail["to"].addresses],
    "date": mail["date"].datetime.timestamp(),
    "id": str(mail["message-id"]),
    "auto": str(mail["auto-submitted"]),
    "type": mail.get_content_type(),
    "types": [part.get_content_type() for part in parts],
    "charsets": [part.get_content_charset() for part in parts],
    "texts": [part.get_content() for part in parts],
    "defects": defects,
}))
"#;

const PERL: &str = r#"
use v5.36;
use MIME::Parser;
use MIME::WordDecoder qw(mime_to_perl_string);
use Encode qw(decode);
use JSON::PP;
binmode STDIN;
my $parser = MIME::Parser->new;
$parser->output_to_core(1);
$parser->tmp_to_core(1);
my $mail = $parser->parse(\*STDIN);
my $head = $mail->head;
my $get = sub ($key) { my $value = $head->get($key) // ''; $value =~ s/\r?\n[ ]/ /g; $value =~ s/\s+\z//; mime_to_perl_string($value) };
print JSON::PP->new->ascii->encode({
    subject => $get->('Subject'),
    to      => [split /,\s*/, decode('UTF-8', $head->get('To') =~ s/\s+\z//r)],
    type    => $mail->effective_type,
    types   => [map { $_->effective_type } $mail->parts],
    texts   => [map { decode('UTF-8', $_->bodyhandle->as_string) } $mail->parts],
    errors  => [$parser->results->errors, $parser->results->warnings],
});
"#;

fn parse(program: &str, args: &[&str], mail: &[u8]) -> Value {
    let mut child = Command::new(program)
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(mail).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(
        output.status.success(),
        "{program}: {}",
        String::from_utf8_lossy(mail)
    );
    serde_json::from_slice(&output.stdout).unwrap()
}

/// The mail of a sendmail target with this author, and the folder it went to.
fn mail(author: &str, title: &str, text: &str) -> Vec<u8> {
    let site = Site::new(
        &format!(
            "sendmail: local\n\tmailto ann@example.org\n\tmailto \"b, c\"@b\u{fc}cher.example\n\
             \tfrom-address pve@example.org\n\tauthor {author}\n"
        ),
        "",
    );
    site.sendmail("cat >\"$dir/mail\"");
    assert_eq!(
        site.send(title, text).targets[0].recipients[0]
            .outcome
            .as_str(),
        "sent"
    );
    std::fs::read(site.path("mail")).unwrap()
}

fn html(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#x27;"),
            '`' => out.push_str("&#x60;"),
            '=' => out.push_str("&#x3D;"),
            c => write!(out, "{c}").unwrap(),
        }
    }
    out
}

#[test]
fn f37_two_independent_parsers_read_what_was_written() {
    let long = format!("begin {} end", "x".repeat(2000));
    let words = "a word and ".repeat(300);
    for (author, title, text) in [
        ("Proxmox VE", "All is well", "line 1\nline 2\n"),
        (
            "A \"B\", C <c> (d) \\e",
            "quotes \" and ' = ?",
            "a=b\n=3D\n",
        ),
        (
            "\u{1f600} \u{fc}ber, (x)",
            "\u{1f600} emoji \u{fc}",
            "\u{1f600}\u{fc}\n",
        ),
        (
            "\u{5e9}\u{5dc}\u{5d5}\u{5dd}",
            "\u{5e9}\u{5dc}\u{5d5}\u{5dd} right to left",
            "\u{5e9}\u{5dc}\n",
        ),
        ("x", "=?utf-8?q?not_encoded?=", "=?utf-8?q?x?=\n"),
        (long.as_str(), long.as_str(), long.as_str()),
        ("y", words.as_str(), words.as_str()),
        ("z", "dots", "a\n.\n..\n.x\nFrom me\n.\n"),
        ("z", "controls", "a\0b\x07\x1bc\tx\n"),
        ("z", "line ends", "a\rb\r\nc\nd  \n \n"),
        ("z", "tags", "<script>alert('x')</script> & more\n"),
        ("z", "", ""),
    ] {
        let raw = mail(author, title, text);
        let seen = parse("/usr/bin/python3", &["-c", PYTHON], &raw);
        let mail = String::from_utf8(raw.clone()).expect("ASCII only");
        assert!(mail.is_ascii(), "{mail}");
        assert!(
            mail.lines().all(|line| line.len() <= 998),
            "a long line for {title}"
        );
        assert!(
            mail.lines().all(|line| line != "."),
            "a lone dot for {title}"
        );
        assert!(!mail.contains('\0'), "a NUL for {title}");
        assert_eq!(seen["defects"], serde_json::json!([]), "{mail}");
        let lines = text.replace("\r\n", "\n").replace('\r', "\n");
        // one of the two texts may end with a line end of its own
        let same = |seen: &Value, wanted: &str| {
            assert_eq!(
                seen.as_str()
                    .unwrap()
                    .replace("\r\n", "\n")
                    .trim_end_matches('\n'),
                wanted.trim_end_matches('\n'),
                "{mail}"
            );
        };
        assert_eq!(
            seen["subject"].as_str().unwrap().trim_end(),
            title.trim_end()
        );
        // Python leaves blanks between the encoded words of a name
        let bare = |text: &str| text.replace(' ', "");
        assert_eq!(bare(seen["author"].as_str().unwrap()), bare(author));
        assert_eq!(seen["from"], "pve@example.org");
        assert_eq!(seen["to"][0], "ann@example.org");
        assert_eq!(seen["to"][1], "\"b, c\"@xn--bcher-kva.example");
        assert_eq!(seen["date"].as_f64(), Some(NOW as f64));
        assert_eq!(seen["auto"], "auto-generated");
        assert_eq!(seen["type"], "multipart/alternative");
        assert_eq!(
            seen["types"],
            serde_json::json!(["text/plain", "text/html"])
        );
        assert_eq!(seen["charsets"], serde_json::json!(["utf-8", "utf-8"]));
        same(&seen["texts"][0], &lines);
        same(&seen["texts"][1], &format!("<p>{}</p>", html(&lines)));

        let seen = parse("/usr/bin/perl", &["-e", PERL], &raw);
        assert_eq!(seen["errors"], serde_json::json!([]), "{mail}");
        assert_eq!(
            seen["subject"].as_str().unwrap().trim_end(),
            title.trim_end()
        );
        assert_eq!(seen["type"], "multipart/alternative");
        assert_eq!(
            seen["types"],
            serde_json::json!(["text/plain", "text/html"])
        );
        same(&seen["texts"][0], &lines);
        same(&seen["texts"][1], &format!("<p>{}</p>", html(&lines)));
    }
}

#[test]
fn f37_letters_beyond_ascii_in_an_address_have_a_mail_of_their_own() {
    let site = Site::new(
        "sendmail: local\n\tmailto j\u{f6}rg@example.org\n\tmailto ann@example.org\n\
         \tmailto root\n\tfrom-address pve@example.org\n",
        "",
    );
    site.sendmail("cat >\"$dir/$(wc -l <\"$dir/runs\")\"; echo \"$*\" >>\"$dir/calls\"");
    let delivery = site.send("title", "text");
    assert!(words(&delivery).iter().all(|(_, _, word)| *word == "sent"));
    assert_eq!(
        site.noted("calls").lines().collect::<Vec<_>>(),
        [
            "-B 8BITMIME -f pve@example.org -- ann@example.org root",
            "-B 8BITMIME -f pve@example.org -- j\u{f6}rg@example.org",
        ]
    );
    let [mut plain, mut other] = ["1", "2"].map(|name| {
        let raw = std::fs::read(site.path(name)).unwrap();
        let seen = parse("/usr/bin/python3", &["-c", PYTHON], &raw);
        let perl = parse("/usr/bin/perl", &["-e", PERL], &raw);
        assert_eq!(perl["errors"], serde_json::json!([]));
        assert_eq!(perl["to"], seen["to"]);
        assert_eq!(raw.is_ascii(), name == "1");
        seen
    });
    assert_eq!(plain["to"], serde_json::json!(["ann@example.org", "root"]));
    assert_eq!(other["to"], serde_json::json!(["j\u{f6}rg@example.org"]));
    assert_ne!(plain["id"].take(), other["id"].take());
    assert_eq!(plain["texts"], other["texts"]);
}

#[test]
fn f37_no_text_adds_a_header_line() {
    let evil = "a\r\nBcc: evil@example.org\r\n\r\nbody\0";
    let raw = mail("x", evil, "text");
    let seen = parse("/usr/bin/python3", &["-c", PYTHON], &raw);
    let mut keys: Vec<&str> = seen["keys"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(Value::as_str)
        .collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        [
            "auto-submitted",
            "content-type",
            "date",
            "from",
            "message-id",
            "mime-version",
            "subject",
            "to"
        ]
    );
    assert!(
        seen["subject"]
            .as_str()
            .unwrap()
            .starts_with("a Bcc: evil@example.org")
    );
}

#[test]
fn every_mail_has_a_message_id_of_its_own() {
    let site = Site::new("sendmail: local\n\tmailto root\n", "");
    site.sendmail("grep -i '^Message-ID:' >>\"$dir/ids\"");
    for _ in 0..50 {
        assert_eq!(site.outcome().0, "sent");
    }
    let ids = site.noted("ids");
    let mut ids: Vec<&str> = ids.lines().collect();
    for id in &ids {
        let id = id.split_once(": <").unwrap().1;
        let (left, right) = id.split_once('@').unwrap();
        assert_eq!((left.len(), right), (32, "node.example.org>"), "{id}");
    }
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), 50);
}

#[test]
fn a_message_id_names_this_machine_or_the_sender_and_never_localhost() {
    for (name, from, wanted) in [
        (
            "node.example.org",
            "pve@mail.example.org",
            "node.example.org",
        ),
        ("node", "pve@mail.example.org", "mail.example.org"),
        ("localhost", "pve@mail.example.org", "mail.example.org"),
        (
            "localhost.localdomain",
            "pve@mail.example.org",
            "mail.example.org",
        ),
        (
            "LocalHost.LocalDomain",
            "pve@mail.example.org",
            "mail.example.org",
        ),
        ("node.localhost", "pve@mail.example.org", "mail.example.org"),
        (
            "localhost6.localdomain6",
            "pve@mail.example.org",
            "mail.example.org",
        ),
        (
            "node.localdomain",
            "pve@mail.example.org",
            "node.localdomain",
        ),
        (
            "localhost.example.org",
            "pve@mail.example.org",
            "mail.example.org",
        ),
        ("node", "pve@B\u{fc}cher.example", "xn--bcher-kva.example"),
        // nobody but the kernel knows a name, perhaps not even that
        ("localhost.localdomain", "pve@localhost.localdomain", ""),
        ("localhost.localdomain", "pve@LOCALHOST", ""),
        ("localhost", "root", ""),
    ] {
        let public = format!("sendmail: local\n\tmailto root\n\tfrom-address {from}\n");
        let mut site = Site::new(&public, "");
        site.host = site.host.with_fqdn(name);
        site.sendmail("grep -i '^Message-ID:' >>\"$dir/ids\"");
        assert_eq!(site.outcome().0, "sent", "{name} {from}");
        let id = site.noted("ids");
        let right = id
            .trim()
            .strip_suffix('>')
            .unwrap()
            .split_once('@')
            .unwrap()
            .1;
        assert!(!right.to_lowercase().contains("localhost"), "{id}");
        assert!(right == wanted || wanted.is_empty(), "{name} {from}: {id}");
    }
}

/// Prints the date of a mail; the test below runs it in other zones.
#[test]
#[ignore = "run by the test below"]
#[allow(clippy::print_stdout)] // the test below reads it
fn child_in_a_zone() {
    let site = Site::new("sendmail: local\n\tmailto root\n", "").with_clock(&SystemClock);
    site.sendmail("grep '^Date:' >\"$dir/date\"");
    assert_eq!(site.outcome().0, "sent");
    println!("{}", site.noted("date"));
}

#[test]
fn the_date_has_the_machines_offset_at_that_moment() {
    for (zone, wanted) in [
        ("UTC", "Date: Tue, 14 Nov 2023 22:13:20 +0000"),
        ("Europe/Vienna", "Date: Tue, 14 Nov 2023 23:13:20 +0100"),
        ("America/St_Johns", "Date: Tue, 14 Nov 2023 18:43:20 -0330"),
        ("Asia/Kathmandu", "Date: Wed, 15 Nov 2023 03:58:20 +0545"),
        // summer there
        ("Australia/Sydney", "Date: Wed, 15 Nov 2023 09:13:20 +1100"),
    ] {
        let child = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "mails::child_in_a_zone",
                "--ignored",
                "--nocapture",
            ])
            .env("TZ", zone)
            .output()
            .unwrap();
        let said = String::from_utf8(child.stdout).unwrap();
        assert!(said.lines().any(|line| line == wanted), "{zone}: {said}");
    }
}

#[test]
fn f37_a_large_text_arrives_whole() {
    let line = "0123456789 \u{fc}\n";
    let text = line.repeat(30_000);
    let raw = mail("x", "large", &text);
    let seen = parse("/usr/bin/python3", &["-c", PYTHON], &raw);
    assert_eq!(
        seen["texts"][0].as_str().unwrap().trim_end(),
        text.trim_end()
    );
}

#[test]
fn f37_a_text_beyond_all_bounds_is_refused() {
    let site = Site::new("sendmail: local\n\tmailto root\n", "");
    site.sendmail(":");
    let text = "x".repeat(20 * 1024 * 1024);
    let delivery = site.send("title", &text);
    let outcome = &delivery.targets[0].recipients[0].outcome;
    assert_eq!(outcome.as_str(), "refused");
    assert!(
        outcome.reason().unwrap().starts_with("failed to render"),
        "{outcome:?}"
    );
    assert!(
        delivery
            .log
            .iter()
            .any(|line| line.text.contains("larger than 16 MiB"))
    );
}
