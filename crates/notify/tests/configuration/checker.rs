//! A checker of files that we write, made from the list of keys that Proxmox VE 9.2 knows: `keys.json`,
//! by which the tests in Perl and the fuzzer check as well. It shares no code with the product.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use notify::config::Written;
use regex::Regex;
use serde_json::Value;

/// The patterns of values by key.
type Keys = BTreeMap<String, Regex>;

/// What a section of one type may have.
struct Rule {
    required: Keys,
    single: Keys,
    repeated: Keys,
}

struct Rules {
    name: Regex,
    /// File, then type.
    files: BTreeMap<String, BTreeMap<String, Rule>>,
}

static RULES: LazyLock<Rules> = LazyLock::new(|| {
    let table: Value = serde_json::from_str(include_str!("keys.json")).unwrap();
    let files = pairs(&table["files"], |kinds| pairs(kinds, rule));
    Rules {
        name: pattern(&table["name"]),
        files,
    }
});

impl Rules {
    /// The keys of ours.
    fn ours(&self) -> impl Iterator<Item = &str> {
        let files = ["notifications-ext.cfg", "priv/notifications-ext.cfg"];
        let rules = files.into_iter().flat_map(|file| self.files[file].values());
        let keys = rules.flat_map(|rule| rule.required.keys().chain(rule.single.keys()));
        keys.map(String::as_str)
    }
}

fn pairs<T>(object: &Value, make: impl Fn(&Value) -> T) -> BTreeMap<String, T> {
    let pairs = object.as_object().into_iter().flatten();
    pairs
        .map(|(key, value)| (key.clone(), make(value)))
        .collect()
}

fn pattern(value: &Value) -> Regex {
    Regex::new(value.as_str().unwrap()).unwrap()
}

fn rule(value: &Value) -> Rule {
    let keys = |of| pairs(&value[of], pattern);
    Rule {
        required: keys("required"),
        single: keys("single"),
        repeated: keys("repeated"),
    }
}

/// All faults, save those of sections that are known to be faulty.
pub fn faults(written: &Written, known: &[String]) -> Vec<String> {
    let mut faults = Vec::new();
    for (file, text) in [
        ("notifications.cfg", &written.public),
        ("priv/notifications.cfg", &written.private),
        ("notifications-ext.cfg", &written.ext),
        ("priv/notifications-ext.cfg", &written.private_ext),
    ] {
        let found = file_faults(text, file, known).into_iter();
        faults.extend(found.map(|fault| format!("{file}: {fault}\n{text}")));
    }
    faults
}

/// Whether a fault is a key of ours that somebody had put into Proxmox VE's own files: it stays there.
pub fn is_guest(fault: &str, before: &str) -> bool {
    let key = fault.split_once("unknown key: ");
    let key = key.and_then(|(_, rest)| rest.lines().next());
    key.is_some_and(|key| RULES.ours().any(|ours| ours == key) && before.contains(key))
}

fn file_faults(text: &str, file: &str, known: &[String]) -> Vec<String> {
    let mut faults = Vec::new();
    if text.is_empty() {
        return faults;
    }
    if !text.ends_with('\n') || text.ends_with("\n\n") || text.starts_with('\n') {
        faults.push("begins or ends wrongly".to_owned());
    }
    let mut names = Vec::new();
    for section in text.trim_end_matches('\n').split("\n\n") {
        let mut lines = section.split('\n');
        let header = lines.next().unwrap_or_default();
        let name = header.split_once(':').map_or("", |(_, name)| name.trim());
        if known.iter().any(|known| known == name) {
            continue;
        }
        let Some((kind, name)) = header.split_once(": ") else {
            faults.push(format!("no header: {section}"));
            continue;
        };
        if names.contains(&name) && kind != "binding" {
            faults.push(format!("name used twice: {name}"));
        }
        if kind != "binding" {
            names.push(name);
        }
        if !RULES.name.is_match(name) {
            faults.push(format!("bad name: {name}"));
        }
        match RULES.files[file].get(kind) {
            Some(rule) => section_faults(lines, rule, &mut faults),
            None => faults.push(format!("unknown type: {kind}")),
        }
    }
    faults
}

fn section_faults<'a>(lines: impl Iterator<Item = &'a str>, rule: &Rule, faults: &mut Vec<String>) {
    let mut keys = Vec::new();
    for line in lines {
        let Some((key, value)) = line.strip_prefix('\t').and_then(|l| l.split_once(' ')) else {
            faults.push(format!("no property: {line:?}"));
            continue;
        };
        let once = rule.single.get(key).or_else(|| rule.required.get(key));
        let Some(pattern) = once.or_else(|| rule.repeated.get(key)) else {
            faults.push(format!("unknown key: {key}"));
            continue;
        };
        if once.is_some() && keys.contains(&key) {
            faults.push(format!("key used twice: {key}"));
        }
        if value.is_empty() || value.trim() != value || value.chars().any(char::is_control) {
            faults.push(format!("bad value: {line:?}"));
        }
        if !pattern.is_match(value) {
            faults.push(format!("value not allowed: {line:?}"));
        }
        keys.push(key);
    }
    if !keys.is_sorted() {
        faults.push(format!("keys not sorted: {keys:?}"));
    }
    let missing = rule
        .required
        .keys()
        .filter(|key| !keys.contains(&key.as_str()));
    faults.extend(missing.map(|key| format!("missing key: {key}")));
}

#[test]
fn the_checker_sees_faults() {
    for (text, fault) in [
        (
            "smtp: a1\n\tserver x\n\tfrom-address y\n",
            "keys not sorted",
        ),
        ("smtp: a1\n\tserver x\n", "missing key: from-address"),
        ("gotify: a1\n\tserver x\n\ttoken y\n", "unknown key: token"),
        ("gotify: a1\n\tserver x\n\tserver y\n", "key used twice"),
        ("gotify: a1\n\tserver \n", "bad value"),
        ("gotify: a1\n server x\n", "no property"),
        ("gotify: -a\n\tserver x\n", "bad name"),
        ("gotify: a1\n\tserver x\n\nmatcher: a1\n", "name used twice"),
        ("pager: a1\n", "unknown type"),
        ("gotify: a1\n\tdisable 1\n\tserver x\n", "value not allowed"),
        (
            "smtp: a1\n\tfrom-address y\n\tport 65536\n\tserver x\n",
            "value not allowed",
        ),
        ("sendmail: a1\n\tmailto a\n", "value not allowed"),
        ("gotify: a1\n\tserver x", "ends wrongly"),
        ("gotify: a1\n\tserver x\n\n\nmatcher: b1\n", "no header"),
    ] {
        let faults = file_faults(text, "notifications.cfg", &[]);
        assert!(
            faults.iter().any(|f| f.contains(fault)),
            "{text}: {faults:?}"
        );
    }
}
