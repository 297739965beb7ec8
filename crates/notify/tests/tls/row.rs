//! One row of the table: a server, a store, a name, and the verdict that both programs must come to.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::{fs, thread};

use openssl::ssl::SslContextBuilder;

use crate::pki::{Issued, Workshop};
use crate::programs::{Found, ours, s_client};
use crate::server::Server;

pub const NAME: &str = "mail.example.org";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Accepted,
    /// One of these words, parted by `|`, is in our message.
    Refused(&'static str),
}
pub use Verdict::{Accepted, Refused};

/// Changes the settings of a server.
pub type Tune = fn(&mut SslContextBuilder);

/// What a row needs: PEM texts, a key and a name.
pub struct Setup {
    pub chain: String,
    pub key: Option<PathBuf>,
    pub store: String,
    pub name: String,
    pub tune: Tune,
}

impl Setup {
    /// A server that shows these certificates, its own first, to clients that trust `store`.
    pub fn new(chain: &[&Issued], store: &[&Issued]) -> Self {
        let text = |list: &[&Issued]| list.iter().map(|one| one.pem()).collect();
        Self {
            chain: text(chain),
            key: chain.first().map(|leaf| leaf.key.clone()),
            store: text(store),
            name: NAME.to_owned(),
            tune: |_| {},
        }
    }

    pub fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    pub fn tuned(mut self, tune: Tune) -> Self {
        self.tune = tune;
        self
    }

    pub fn start(&self) -> Server {
        let key = self.key.as_ref().map(|path| fs::read(path).unwrap());
        Server::start(&self.chain, &key.unwrap_or_default(), self.tune)
    }
}

pub struct Row {
    pub title: &'static str,
    pub verdict: Verdict,
    pub setup: Box<dyn Fn(&Workshop) -> Setup + Send + Sync>,
}

pub fn row(
    title: &'static str,
    verdict: Verdict,
    setup: impl Fn(&Workshop) -> Setup + Send + Sync + 'static,
) -> Row {
    let setup = Box::new(setup);
    Row {
        title,
        verdict,
        setup,
    }
}

impl Row {
    /// What is wrong with the verdicts of the two, if anything is.
    pub fn faults(&self, workshop: &Workshop, dir: &Path) -> Vec<String> {
        let setup = (self.setup)(workshop);
        let server = setup.start();
        fs::create_dir(dir).unwrap();
        let store = dir.join("store.crt");
        fs::write(&store, &setup.store).unwrap();
        let theirs = s_client(Some(&store), &setup.name, server.port);
        let own = ours(Some(&store), &setup.name, server.port, &dir.join("host"));
        let mut faults = compare(self.verdict, &theirs, &own);
        if usize::from(own.is_accepted) != server.mails() {
            faults.push(format!("{} mails arrived", server.mails()));
        }
        faults
    }
}

/// What no message may have: numbers and files of the library, dumps of types.
const NEVER: &[&str] = &[
    "error:0",
    ".c:",
    "../",
    "SSL routines",
    "routines:",
    "ErrorStack",
    "ErrorCode",
    "Error {",
    "Some(",
];
/// What only a port without TLS may be told.
const WITHOUT_TLS: &[&str] = &["begins without TLS", "begin with TLS", "not speak TLS"];

pub fn compare(wanted: Verdict, theirs: &Found, own: &Found) -> Vec<String> {
    let is_wanted = wanted == Accepted;
    let mut faults = Vec::new();
    if theirs.is_accepted != is_wanted {
        faults.push(format!("s_client: {theirs:?}"));
    }
    if own.is_accepted != is_wanted {
        faults.push(format!("ours: {own:?}"));
    }
    if let (Refused(words), false) = (wanted, own.is_accepted) {
        faults.extend(bad_words(words, &own.said));
        faults.extend(unwanted(WITHOUT_TLS, &own.said));
    }
    faults
}

/// What is wrong with a message that should have one of these words.
pub fn bad_words(words: &str, said: &str) -> Vec<String> {
    let has = |word: &str| said.to_lowercase().contains(&word.to_lowercase());
    let mut faults = Vec::new();
    if !words.split('|').any(has) {
        faults.push(format!("words: no {words:?} in {said:?}"));
    }
    faults.extend(unwanted(NEVER, said));
    faults
}

fn unwanted(words: &[&str], said: &str) -> Vec<String> {
    let there = words.iter().filter(|word| said.contains(**word));
    there
        .map(|word| format!("words: {word:?} in {said:?}"))
        .collect()
}

/// Looks at all of them, some at a time, and fails if there is a fault in one.
pub fn check_all<T: Sync>(
    rows: &[T],
    title: impl Fn(&T) -> &str + Sync,
    faults: impl Fn(&T, usize) -> Vec<String> + Sync,
) {
    let numbers = std::sync::Mutex::new(0..rows.len());
    let found = std::sync::Mutex::new(Vec::new());
    let work = || {
        loop {
            let next = numbers.lock().unwrap().next();
            let Some(number) = next else { return };
            // a row that cannot be looked at must not hide the others
            let look = AssertUnwindSafe(|| faults(&rows[number], number));
            let seen = catch_unwind(look).unwrap_or_else(|_| vec!["it panicked".to_owned()]);
            for fault in seen {
                let line = format!("{}: {fault}", title(&rows[number]));
                found.lock().unwrap().push((number, line));
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(work);
        }
    });
    let mut found = found.into_inner().unwrap();
    found.sort();
    let lines: Vec<String> = found.into_iter().map(|(_, line)| line).collect();
    let count = lines.len();
    assert!(
        lines.is_empty(),
        "{count} faults in {} rows:\n{}",
        rows.len(),
        lines.join("\n")
    );
}
