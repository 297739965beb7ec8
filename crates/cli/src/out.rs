//! What a command says: words for a person, or one JSON object a line for a program.

use std::io::{IsTerminal, Write, stderr, stdout};

use serde_json::{Value, json};

use crate::failure::Failure;
use crate::text::wrap;

/// Where it goes. A reader who has left is not missed.
pub struct Out {
    json: bool,
}

impl Out {
    pub fn new(json: bool) -> Self {
        Self { json }
    }

    pub fn is_json(&self) -> bool {
        self.json
    }

    /// Whether a person looks at it.
    pub fn is_terminal(&self) -> bool {
        !self.json && stdout().is_terminal()
    }

    /// Words for a person; nothing for a program.
    pub fn say(&self, text: &str) {
        if !self.json {
            let _ = writeln!(stdout(), "{text}");
        }
    }

    /// The same in lines of 80 columns.
    pub fn tell(&self, text: &str) {
        self.say(&wrap(text, ""));
    }

    /// An event for a program; nothing for a person.
    pub fn event(&self, value: &Value) {
        if self.json {
            let _ = writeln!(stdout(), "{value}");
        }
    }

    /// A line that is written over by the next one; only where a person looks.
    pub fn progress(&self, text: &str) {
        if self.is_terminal() {
            let mut out = stdout();
            let _ = write!(out, "\r\x1b[K{text}");
            let _ = out.flush();
        }
    }

    /// A question before which no line ends.
    pub fn prompt(&self, text: &str) {
        let mut out = stderr();
        let _ = write!(out, "{text}");
        let _ = out.flush();
    }

    /// What works, but should be known.
    pub fn warning(&self, text: &str) {
        match self.json {
            true => self.event(&json!({ "event": "warning", "text": text })),
            false => {
                let _ = writeln!(stderr(), "{}", wrap(&format!("warning: {text}"), "  "));
            }
        }
    }

    /// Why the command has failed: cause, fix and details each on lines of their own.
    pub fn failure(&self, failure: &Failure) {
        let Some(message) = failure.message() else {
            return;
        };
        if self.json {
            let mut error = serde_json::to_value(&message).unwrap_or_default();
            if let (Failure::Service(cause), Some(map)) = (failure, error.as_object_mut()) {
                map.insert("code".to_owned(), cause.code().into());
                if let Some(parameter) = cause.parameter() {
                    map.insert("parameter".to_owned(), parameter.name.into());
                }
            }
            self.event(&json!({ "event": "error", "error": error }));
            return;
        }
        let mut lines = vec![wrap(&format!("pve-notify: {}", message.headline()), "  ")];
        let details = message.shown_details();
        for (title, part) in [("fix", &message.fix), ("details", &details)] {
            lines.extend(
                part.iter()
                    .map(|part| wrap(&format!("{title}: {part}"), "  ")),
            );
        }
        let _ = writeln!(stderr(), "{}", lines.join("\n"));
    }
}
