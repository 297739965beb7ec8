//! The four files: whatever stands in them is read or refused, and what was read and written is the
//! same when it is read again.
#![no_main]

#[path = "../../crates/notify/tests/configuration/checker.rs"]
mod checker;

use std::collections::HashSet;

use libfuzzer_sys::fuzz_target;
use notify::config::{Config, Kind, Raw, Written};

/// What separates the texts of the four files in one input.
const BETWEEN: char = '\u{1e}';

fuzz_target!(|text: &str| {
    let mut files = text.splitn(4, BETWEEN);
    let mut next = || files.next().unwrap_or_default();
    let raw = Raw {
        public: next(),
        private: next(),
        ext: next(),
        private_ext: next(),
    };
    let Ok(mut config) = Config::parse(raw) else {
        return;
    };
    let written = config.write().expect("what was read can be written");
    let mut wrong = checker::faults(&written, &kept(&config, &written));
    wrong.retain(|fault| !checker::is_guest(fault, text));
    assert_eq!(wrong, Vec::<String>::new(), "by the list of keys");
    let again = config.write().expect("twice");
    assert_eq!(texts(&written), texts(&again), "the same texts again");
    let mut read = Config::parse(raw_of(&written)).expect("what was written can be read");
    assert_eq!(shown(&config), shown(&read), "the same entries");
    assert_eq!(
        faults(&config),
        faults(&read),
        "the same faults, save those that writing mends"
    );
    let rewritten = read.write().expect("and written");
    assert_eq!(texts(&written), texts(&rewritten), "and stays as it is");
});

fn raw_of(written: &Written) -> Raw<'_> {
    Raw {
        public: &written.public,
        private: &written.private,
        ext: &written.ext,
        private_ext: &written.private_ext,
    }
}

fn texts(written: &Written) -> [&str; 4] {
    [
        &written.public,
        &written.private,
        &written.ext,
        &written.private_ext,
    ]
}

/// The names of the sections whose bytes may be kept: all but those of good entries.
fn kept(config: &Config, written: &Written) -> Vec<String> {
    let faulty: HashSet<_> = config.faults().iter().map(|fault| &*fault.name).collect();
    let entries = KINDS.into_iter().flat_map(|kind| config.of_kind(kind));
    let good: HashSet<_> = entries
        .map(|entity| entity.name())
        .filter(|name| !faulty.contains(name))
        .collect();
    let lines = texts(written).into_iter().flat_map(str::lines);
    let names = lines.filter_map(|line| line.split_once(':'));
    names
        .map(|(_, name)| name.trim())
        .filter(|name| !good.contains(name))
        .map(str::to_owned)
        .collect()
}

const KINDS: [Kind; 5] = [
    Kind::Gotify,
    Kind::Sendmail,
    Kind::Smtp,
    Kind::Webhook,
    Kind::Matcher,
];

/// All that the API shows of the entries.
fn shown(config: &Config) -> Vec<String> {
    let entries = KINDS.into_iter().flat_map(|kind| config.of_kind(kind));
    let mut texts: Vec<_> = entries
        .map(|entity| serde_json::to_string(entity).expect("an entry is JSON"))
        .collect();
    texts.sort_unstable();
    texts
}

/// The faulty entries. Of two with one name writing drops the one that does not count, and in the files
/// of our own what belongs to no entry; what binds an entry to its secrets it makes anew.
fn faults(config: &Config) -> Vec<(&str, &str, &str)> {
    let faults = config.faults().iter();
    faults
        .filter(|fault| !fault.reason.starts_with("the name is used twice"))
        .filter(|fault| fault.kind != "binding")
        .map(|fault| (fault.file, fault.kind.as_str(), fault.reason.as_str()))
        .collect()
}
