//! Templates of mails and webhooks: each is refused or rendered, within bounds.
#![no_main]

use std::path::PathBuf;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use notify::FixedClock;
use notify::template::{Part, Templates, webhook};

const BETWEEN: char = '\u{1e}';

/// The folder that the runner made for this process; files in memory.
static DIR: LazyLock<PathBuf> =
    LazyLock::new(|| PathBuf::from(std::env::var_os("FUZZ_DIR").expect("FUZZ_DIR is set")));

fuzz_target!(|text: &str| {
    let (template, data) = text.split_once(BETWEEN).unwrap_or((text, "{}"));
    let Ok(data) = serde_json::from_str(data) else {
        return;
    };
    let clock = FixedClock {
        now: 1_700_000_000,
        offset: 3600,
    };
    let _ = webhook::render(template, &data, &clock);

    for suffix in ["subject.txt", "body.txt", "body.html"] {
        let path = DIR.join(format!("fuzz-{suffix}.hbs"));
        std::fs::write(path, template).expect("the folder is writable");
    }
    let templates = Templates::new(&*DIR, "/nonexistent");
    let mut problems = Vec::new();
    for part in [Part::Subject, Part::Text, Part::Html] {
        let rendered = templates.render("fuzz", part, &data, &clock, &mut problems);
        if let (Part::Subject, Ok(text)) = (part, &rendered) {
            assert!(!text.contains(['\r', '\n']), "a subject is one line");
        }
        assert!(
            rendered.is_ok() || !problems.is_empty(),
            "the reason is told"
        );
    }
});
