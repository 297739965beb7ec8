//! Text in columns.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use notify::{Clock, SystemClock};

/// The width of a terminal that everybody has.
const WIDTH: usize = 80;

/// The text in lines of at most 80 columns, all but the first of which begin with `indent`; a word that is
/// longer stays whole.
pub fn wrap(text: &str, indent: &str) -> String {
    let mut lines = vec![String::new()];
    for word in text.split_inclusive(' ') {
        let line = lines.last().map_or(0, |line| line.chars().count());
        let begins = lines.last().is_none_or(|line| line.trim().is_empty());
        if !begins && line + word.trim_end().chars().count() > WIDTH {
            lines.push(format!("{indent}{word}"));
        } else if let Some(last) = lines.last_mut() {
            last.push_str(word);
        }
    }
    let lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    lines.join("\n")
}

/// A moment in local time.
pub fn moment(seconds: i64) -> String {
    match SystemClock.local(seconds) {
        Some(at) => format!(
            "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
            at.year, at.month, at.day, at.hour, at.minute, at.second
        ),
        None => seconds.to_string(),
    }
}

/// Seconds from now until this moment.
pub fn left(until: i64) -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = now.unwrap_or(Duration::ZERO).as_secs();
    u64::try_from(until).unwrap_or(0).saturating_sub(now)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_no_word_is_cut() {
        assert_eq!(wrap("  short text", "    "), "  short text");
        let word = "x".repeat(100);
        assert_eq!(
            wrap(&format!("a {word} b"), "  "),
            format!("a\n  {word}\n  b")
        );
        let text = "word ".repeat(40);
        let lines = wrap(text.trim(), "  ");
        assert!(lines.lines().all(|line| line.len() <= 80));
        assert_eq!(lines.split_whitespace().count(), 40);
    }
}
