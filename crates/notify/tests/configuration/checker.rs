//! A checker of files that we write, made from the list of keys that Proxmox VE 9.2 knows. It shares
//! no code with the product.

use notify::config::Written;

struct Rule {
    kind: &'static str,
    required: &'static [&'static str],
    single: &'static [&'static str],
    repeated: &'static [&'static str],
}

const PUBLIC: &[Rule] = &[
    Rule {
        kind: "sendmail",
        required: &[],
        single: &["from-address", "author", "comment", "disable"],
        repeated: &["mailto", "mailto-user"],
    },
    Rule {
        kind: "smtp",
        required: &["server", "from-address"],
        single: &["port", "mode", "username", "author", "comment", "disable"],
        repeated: &["mailto", "mailto-user"],
    },
    Rule {
        kind: "gotify",
        required: &["server"],
        single: &["comment", "disable"],
        repeated: &[],
    },
    Rule {
        kind: "webhook",
        required: &["url", "method"],
        single: &["body", "comment", "disable"],
        repeated: &["header", "secret"],
    },
    Rule {
        kind: "matcher",
        required: &[],
        single: &["mode", "invert-match", "comment", "disable"],
        repeated: &["match-field", "match-severity", "match-calendar", "target"],
    },
];

const PRIVATE: &[Rule] = &[
    Rule {
        kind: "gotify",
        required: &["token"],
        single: &[],
        repeated: &[],
    },
    Rule {
        kind: "smtp",
        required: &[],
        single: &["password"],
        repeated: &[],
    },
    Rule {
        kind: "webhook",
        required: &[],
        single: &[],
        repeated: &["secret"],
    },
];

const EXT: &[Rule] = &[Rule {
    kind: "smtp",
    required: &[],
    single: &[
        "auth-method",
        "oauth2-client-id",
        "oauth2-tenant-id",
        "oauth2-cloud",
        "oauth2-grant-type",
        "oauth2-token-url",
        "oauth2-authorize-url",
        "oauth2-scopes",
        "oauth2-refresh-before",
    ],
    repeated: &[],
}];

const PRIVATE_EXT: &[Rule] = &[
    Rule {
        kind: "smtp",
        required: &["oauth2-client-secret"],
        single: &[],
        repeated: &[],
    },
    Rule {
        kind: "binding",
        required: &["key"],
        single: &[],
        repeated: &["state"],
    },
];

/// Panics with the first fault.
pub fn check(written: &Written) {
    assert_eq!(faults(written, &[]), Vec::<String>::new());
}

/// All faults, save those of sections that are known to be faulty.
pub fn faults(written: &Written, known: &[String]) -> Vec<String> {
    let mut faults = Vec::new();
    for (file, text, rules) in [
        ("public", &written.public, PUBLIC),
        ("private", &written.private, PRIVATE),
        ("ext", &written.ext, EXT),
        ("private ext", &written.private_ext, PRIVATE_EXT),
    ] {
        faults.extend(
            file_faults(text, rules, known)
                .into_iter()
                .map(|fault| format!("{file}: {fault}\n{text}")),
        );
    }
    faults
}

fn file_faults(text: &str, rules: &[Rule], known: &[String]) -> Vec<String> {
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
        if !good_name(name) {
            faults.push(format!("bad name: {name}"));
        }
        let Some(rule) = rules.iter().find(|rule| rule.kind == kind) else {
            faults.push(format!("unknown type: {kind}"));
            continue;
        };
        let mut keys = Vec::new();
        for line in lines {
            let Some((key, value)) = line.strip_prefix('\t').and_then(|l| l.split_once(' ')) else {
                faults.push(format!("no property: {line:?}"));
                continue;
            };
            let (once, many) = (
                rule.single.contains(&key) || rule.required.contains(&key),
                rule.repeated.contains(&key),
            );
            if !once && !many {
                faults.push(format!("unknown key: {key}"));
            }
            if once && keys.contains(&key) {
                faults.push(format!("key used twice: {key}"));
            }
            if value.is_empty() || value.trim() != value || value.chars().any(char::is_control) {
                faults.push(format!("bad value: {line:?}"));
            }
            if !good_value(kind, key, value) {
                faults.push(format!("value not allowed: {line:?}"));
            }
            keys.push(key);
        }
        if !keys.is_sorted() {
            faults.push(format!("keys not sorted: {keys:?}"));
        }
        for key in rule.required.iter().filter(|key| !keys.contains(key)) {
            faults.push(format!("missing key: {key}"));
        }
    }
    faults
}

fn good_name(name: &str) -> bool {
    let mut chars = name.chars();
    let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    (2..=32).contains(&name.chars().count())
        && chars.next().is_some_and(word)
        && chars.all(|c| word(c) || c == '.' || c == '-')
}

fn good_value(kind: &str, key: &str, value: &str) -> bool {
    let length = value.chars().count();
    match (kind, key) {
        (_, "disable" | "invert-match") => matches!(value, "true" | "false"),
        (_, "mailto" | "mailto-user") => (2..=64).contains(&length),
        (_, "comment") => length <= 128,
        ("smtp", "port") => value.parse::<u16>().is_ok_and(|n| n.to_string() == value),
        ("smtp", "mode") => matches!(value, "insecure" | "starttls" | "tls"),
        ("matcher", "mode") => matches!(value, "all" | "any"),
        ("webhook", "method") => matches!(value, "post" | "put" | "get"),
        ("webhook", "url") => value.starts_with("http://") || value.starts_with("https://"),
        ("webhook", "header" | "secret") => value.starts_with("name="),
        ("matcher", "match-field") => value.starts_with("exact:") || value.starts_with("regex:"),
        _ => true,
    }
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
        ("gotify: a1\n\tserver x", "ends wrongly"),
        ("gotify: a1\n\tserver x\n\n\nmatcher: b1\n", "no header"),
    ] {
        let faults = file_faults(text, PUBLIC, &[]);
        assert!(
            faults.iter().any(|f| f.contains(fault)),
            "{text}: {faults:?}"
        );
    }
}
