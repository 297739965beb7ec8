//! Where in the data an error happened: `.rows[3].name`.
//!
//! Built from the inside out while an error travels up.

use std::fmt;

/// Keys are shown up to this many characters.
const KEY_MAX: usize = 64;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Path(Vec<String>);

impl Path {
    pub(crate) fn in_key(&mut self, key: &str) {
        let mut shown: String = key
            .chars()
            .take(KEY_MAX)
            .flat_map(char::escape_debug)
            .collect();
        if key.chars().nth(KEY_MAX).is_some() {
            shown.push('…');
        }
        self.0.push(format!(".{shown}"));
    }

    pub(crate) fn in_index(&mut self, index: usize) {
        self.0.push(format!("[{index}]"));
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0
            .iter()
            .rev()
            .try_for_each(|segment| f.write_str(segment))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_from_the_outside_in() {
        let mut path = Path::default();
        path.in_key("name");
        path.in_index(3);
        path.in_key("rows");
        assert_eq!(path.to_string(), ".rows[3].name");
    }

    #[test]
    fn shortens_and_escapes_keys() {
        let mut path = Path::default();
        path.in_key(&format!("\u{1b}{}", "k".repeat(100)));
        assert_eq!(path.to_string(), format!(".\\u{{1b}}{}…", "k".repeat(63)));
    }
}
