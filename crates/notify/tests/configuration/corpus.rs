//! Every file of `tests/configuration/corpus` gives the answers that stand beside it.
//!
//! `NAME.cfg` is the public file, `NAME.priv.cfg`, `NAME.ext.cfg` and `NAME.priv-ext.cfg` are the
//! others. With `BLESS=1` the answers are written anew, for somebody to read them.

use std::path::{Path, PathBuf};
use std::{env, fs};

use notify::config::{Config, Kind, Raw};
use serde_json::{Map, Value, json};

use crate::checker;

const KINDS: [Kind; 5] = [
    Kind::Gotify,
    Kind::Sendmail,
    Kind::Smtp,
    Kind::Webhook,
    Kind::Matcher,
];

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/configuration/corpus")
}

fn read(name: &str, suffix: &str) -> String {
    fs::read_to_string(folder().join(format!("{name}{suffix}.cfg"))).unwrap_or_default()
}

fn names() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter_map(|file| Some(file.strip_suffix(".cfg")?.to_owned()))
        .filter(|name| !name.contains('.'))
        .collect();
    names.sort_unstable();
    names
}

fn answers(files: [&str; 4]) -> Value {
    let [public, private, ext, private_ext] = files;
    let parsed = Config::parse(Raw {
        public,
        private,
        ext,
        private_ext,
    });
    let mut config = match parsed {
        Ok(config) => config,
        Err(error) => return json!({ "code": error.code(), "message": error.to_string() }),
    };
    let mut all = Map::new();
    all.insert("targets".to_owned(), json!(config.targets()));
    for kind in KINDS {
        let list = config.of_kind(kind);
        if !list.is_empty() {
            all.insert(kind.as_str().to_owned(), json!(list));
        }
    }
    let unusable: Map<String, Value> = config
        .targets()
        .iter()
        .filter_map(|target| {
            let error = config.endpoint(target.name).err()?;
            Some((target.name.to_owned(), json!(error.to_string())))
        })
        .collect();
    all.insert("unusable".to_owned(), unusable.into());
    all.insert("faults".to_owned(), json!(config.faults()));
    let written = config.write().unwrap();
    let known: Vec<String> = config.faults().iter().map(|f| f.name.clone()).collect();
    let mut faults = checker::faults(&written, &known);
    faults.retain(|fault| !checker::is_guest(fault, &format!("{public}{private}")));
    assert_eq!(faults, Vec::<String>::new());
    for (name, text, from) in [
        ("public", &written.public, public),
        ("private", &written.private, private),
        ("ext", &written.ext, ext),
        ("private-ext", &written.private_ext, private_ext),
    ] {
        if text != from {
            all.insert(format!("written {name}"), json!(text));
        }
    }
    // what was written is stable
    let mut again = Config::parse(Raw {
        public: &written.public,
        private: &written.private,
        ext: &written.ext,
        private_ext: &written.private_ext,
    })
    .unwrap();
    let second = again.write().unwrap();
    assert_eq!(second.public, written.public);
    assert_eq!(second.private, written.private);
    assert_eq!(second.ext, written.ext);
    assert_eq!(second.private_ext, written.private_ext);
    all.into()
}

#[test]
fn every_file_of_the_corpus_gives_the_answers_beside_it() {
    let names = names();
    assert!(names.len() >= 40, "{} files", names.len());
    let mut wrong = Vec::new();
    for name in &names {
        let files = ["", ".priv", ".ext", ".priv-ext"].map(|suffix| read(name, suffix));
        let found = answers(files.each_ref().map(String::as_str));
        let path = folder().join(format!("{name}.json"));
        if env::var_os("BLESS").is_some() {
            fs::write(&path, serde_json::to_string_pretty(&found).unwrap() + "\n").unwrap();
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        let expected: Value = serde_json::from_str(&expected).unwrap_or_default();
        if found != expected {
            wrong.push(format!("{name}: found {found:#}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_answer_and_no_fault_shows_a_secret() {
    for name in names() {
        let text = fs::read_to_string(folder().join(format!("{name}.json"))).unwrap();
        let mut answers: Value = serde_json::from_str(&text).unwrap();
        if let Some(answers) = answers.as_object_mut() {
            answers.retain(|key, _| !key.starts_with("written"));
        }
        let text = answers.to_string();
        for secret in [
            "s3cret", "cl1ent", "AbCdEf", "hidden", "azE=", "azI=", "canary",
        ] {
            assert!(!text.contains(secret), "{name} shows {secret}");
        }
    }
}

#[test]
fn no_prefix_of_a_file_panics() {
    for name in names() {
        let public = read(&name, "");
        let private = read(&name, ".priv");
        for (end, _) in public.char_indices() {
            let _ = Config::parse(Raw {
                public: &public[..end],
                private: &private,
                ..Raw::default()
            })
            .map(|mut config| config.write());
        }
        for (end, _) in private.char_indices() {
            let _ = Config::parse(Raw {
                public: &public,
                private: &private[..end],
                ..Raw::default()
            })
            .map(|mut config| config.write());
        }
    }
}
