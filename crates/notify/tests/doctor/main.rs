//! The doctor against faults: for each one the step that is to blame and a word of what is said were written down
//! before the run. Nothing is ever sent.

#[allow(dead_code)]
#[path = "../exchange/peer.rs"]
mod peer;

mod mail;
mod token;
mod web;

use std::net::SocketAddr;

use notify::config::Raw;
use notify::doctor::{Checkup, Grade};
use notify::service::{Memory, Service};
use notify::transcript::Transcript;
use notify::{Host, Secret};

use peer::{CANARY, Folder, Pki};

/// What is expected of a fault.
struct Row {
    /// What is wrong.
    fault: &'static str,
    /// The step that fails, or has a warning.
    step: &'static str,
    result: Grade,
    /// What its words have in them.
    words: &'static str,
}

impl Row {
    fn new(fault: &'static str, step: &'static str, words: &'static str) -> Self {
        Self {
            fault,
            step,
            result: Grade::Failed,
            words,
        }
    }
}

/// A machine of these tests.
struct Machine {
    folder: Folder,
}

impl Machine {
    fn new() -> Self {
        let folder = Folder::new();
        std::fs::write(folder.0.join("ca.crt"), Pki::shared().bundle()).unwrap();
        Self { folder }
    }

    fn file(&self, name: &str, text: &str) {
        std::fs::write(self.folder.0.join(name), text).unwrap();
    }

    fn service(&self, public: &str, private: &str) -> Service {
        let host = Host::standalone(&self.folder.0)
            .with_ca_bundle(self.folder.0.join("ca.crt"))
            .with_vendor_templates(concat!(env!("CARGO_MANIFEST_DIR"), "/../../templates"))
            .with_lookup(lookup)
            .with_sendmail(self.folder.0.join("sendmail"))
            .with_fqdn("node.example.org");
        let raw = Raw {
            public,
            private,
            ..Raw::default()
        };
        Service::read(raw, host, Memory::new()).unwrap()
    }

    fn check(&self, public: &str, private: &str) -> Checkup {
        examine(&self.service(public, private))
    }
}

/// No secret is in what the doctor says, nor in the transcript.
fn examine(service: &Service) -> Checkup {
    let transcript = Transcript::new();
    let checkup = service.check("t1", &|_| {}, Some(&transcript)).unwrap();
    let shown = format!(
        "{checkup:?} {} {:?}",
        serde_json::to_string(&checkup).unwrap(),
        transcript.lines()
    );
    assert!(!shown.contains(CANARY), "{shown}");
    checkup
}

fn lookup(name: &str, port: u16) -> std::io::Result<Vec<SocketAddr>> {
    match name {
        "nowhere.example.org" => Err(std::io::Error::other("no such name")),
        "empty.example.org" => Ok(Vec::new()),
        // nobody listens at the second one
        "half.example.org" => Ok(vec![
            ([127, 0, 0, 1], port).into(),
            ([127, 0, 0, 9], port).into(),
        ]),
        _ => Ok(vec![([127, 0, 0, 1], port).into()]),
    }
}

/// The step is to blame, those before it are well, and those behind it were not tried.
fn judge(row: &Row, checkup: &Checkup) {
    let shown: Vec<String> = checkup
        .steps
        .iter()
        .map(|step| format!("{}:{:?}", step.step, step.result))
        .collect();
    let about = format!("{}: {}", row.fault, shown.join(" "));
    let at = checkup
        .steps
        .iter()
        .position(|step| matches!(step.result, Grade::Failed | Grade::Warning));
    let at = at.unwrap_or_else(|| panic!("{about}: nothing was found"));
    let step = &checkup.steps[at];
    assert_eq!(
        (step.step, step.result),
        (row.step, row.result),
        "{about}: {step:?}"
    );
    let words = [&step.seen, &step.fix, &step.details].map(|text| text.clone().unwrap_or_default());
    let words = words.join("; ");
    assert!(words.contains(row.words), "{about}: {words}");
    assert!(step.fix.is_some(), "{about}: what fixes it: {step:?}");
    let behind = &checkup.steps[at + 1..];
    if row.result == Grade::Failed && !["program", "sender"].contains(&row.step) {
        let is_not_tried = |step: &notify::doctor::Step| step.result == Grade::NotTried;
        assert!(behind.iter().all(is_not_tried), "{about}");
        assert_eq!(checkup.result, Grade::Failed, "{about}");
    }
}

fn well(checkup: &Checkup) {
    for step in &checkup.steps {
        assert_eq!(step.result, Grade::Ok, "{step:?}");
    }
}

fn secret(text: &str) -> Secret {
    Secret::new(text)
}
