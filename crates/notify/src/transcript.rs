//! What was said between this machine and its peers, written down on request: for somebody who looks for
//! the reason of a failure.
//!
//! No line holds a secret. What goes out with credentials in it is shown without them; what comes in passes
//! the same redactor as every message. A transcript is bounded: what comes after the last line is counted.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// The most lines.
const MAX_LINES: usize = 400;
/// The most characters of a line.
const MAX_LINE: usize = 400;

/// Who said it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// This machine.
    Us,
    /// The peer.
    Peer,
    /// Nobody: what happened.
    Note,
}

/// One line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Whom this machine talks to, as `host:port`.
    pub peer: String,
    /// Who said it.
    pub speaker: Speaker,
    /// What: free of secrets and control characters.
    pub text: String,
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = match self.speaker {
            Speaker::Us => '>',
            Speaker::Peer => '<',
            Speaker::Note => '*',
        };
        write!(f, "{} {sign} {}", self.peer, self.text)
    }
}

/// A transcript that is being written; all clones are the same one.
#[derive(Clone, Debug, Default)]
pub struct Transcript(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    lines: Vec<Line>,
    left_out: usize,
}

impl Transcript {
    /// An empty one.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The lines so far, and how many more there were.
    #[must_use]
    pub fn lines(&self) -> (Vec<Line>, usize) {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (kept.lines.clone(), kept.left_out)
    }

    /// The same as text, a line each; the last one says how many more there were.
    #[must_use]
    pub fn texts(&self) -> Vec<String> {
        let (lines, left_out) = self.lines();
        let more = (left_out > 0).then(|| format!("({left_out} more lines)"));
        lines.iter().map(ToString::to_string).chain(more).collect()
    }

    fn add(&self, peer: &str, speaker: Speaker, text: &str) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.lines.len() >= MAX_LINES {
            kept.left_out += 1;
            return;
        }
        let plain = text.trim_end().chars().take(MAX_LINE);
        let plain = plain.map(|c| if c.is_control() { ' ' } else { c });
        kept.lines.push(Line {
            peer: peer.to_owned(),
            speaker,
            text: plain.collect(),
        });
    }
}

/// Where lines go, if anybody asked for them.
#[derive(Clone, Debug, Default)]
pub(crate) struct Listener(Option<Transcript>);

impl Listener {
    pub(crate) fn new(transcript: &Transcript) -> Self {
        Self(Some(transcript.clone()))
    }

    /// `text` is made only where somebody listens, and must hold no secret.
    pub(crate) fn hear<T: AsRef<str>>(
        &self,
        peer: &str,
        speaker: Speaker,
        text: impl FnOnce() -> T,
    ) {
        if let Some(transcript) = &self.0 {
            transcript.add(peer, speaker, text().as_ref());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_bounded_and_plain() {
        let transcript = Transcript::new();
        let listener = Listener::new(&transcript);
        let long = "x".repeat(MAX_LINE + 1);
        listener.hear("mail.example.org:25", Speaker::Peer, || "250 a\u{1b}b\r\n");
        for _ in 0..MAX_LINES + 4 {
            listener.hear("mail.example.org:25", Speaker::Us, || long.as_str());
        }
        let (lines, left_out) = transcript.lines();
        assert_eq!(lines[0].to_string(), "mail.example.org:25 < 250 a b");
        assert_eq!(lines[1].text.len(), MAX_LINE);
        assert_eq!((lines.len(), left_out), (MAX_LINES, 5));
        Listener::default().hear("", Speaker::Note, || -> &str { panic!("nobody listens") });
    }
}
