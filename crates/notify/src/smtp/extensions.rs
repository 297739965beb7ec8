//! What a server says it can, in its reply to EHLO (RFC 5321 section 4.1.1.1).

use std::str::SplitAsciiWhitespace;

use super::reply::Raw;

/// The extensions that matter to a submission.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Extensions {
    pub(super) starttls: bool,
    pub(super) pipelining: bool,
    pub(super) eight_bit: bool,
    pub(super) utf8: bool,
    /// Whether SIZE is offered at all.
    pub(super) size: bool,
    /// The largest mail, in octets, where one is named.
    pub(super) limit: Option<u64>,
    /// The lines behind the greeting, in upper case.
    lines: String,
}

impl Extensions {
    pub(super) fn of(reply: &Raw) -> Self {
        let lines = reply.text.split_once('\n').map_or("", |(_, lines)| lines);
        let lines = lines.to_ascii_uppercase();
        let mut found = Self::default();
        for line in lines.lines() {
            let (keyword, mut words) = keyword(line);
            match keyword {
                "STARTTLS" => found.starttls = true,
                "PIPELINING" => found.pipelining = true,
                "8BITMIME" => found.eight_bit = true,
                "SMTPUTF8" => found.utf8 = true,
                "SIZE" => {
                    found.size = true;
                    let limit = words.next().and_then(|word| word.parse().ok());
                    found.limit = limit.filter(|&limit| limit > 0);
                }
                _ => {}
            }
        }
        Self { lines, ..found }
    }

    /// The mechanisms of AUTH, in the server's order; some may come twice.
    pub(super) fn mechanisms(&self) -> impl Iterator<Item = &str> {
        let lines = self.lines.lines().map(keyword);
        lines
            .filter(|(keyword, _)| *keyword == "AUTH")
            .flat_map(|(_, words)| words)
    }

    /// Whether AUTH has this mechanism.
    pub(super) fn offers(&self, mechanism: &str) -> bool {
        self.mechanisms().any(|offered| offered == mechanism)
    }

    /// All keywords, as the end of a sentence.
    pub(super) fn names(&self) -> String {
        let keywords = self.lines.lines().map(|line| keyword(line).0);
        list(keywords.filter(|keyword| !keyword.is_empty()))
    }

    /// All mechanisms, as the end of a sentence.
    pub(super) fn mechanism_names(&self) -> String {
        list(self.mechanisms())
    }
}

/// What a line offers, in upper case, and the words behind it. Some servers, and all before RFC 4954,
/// write `AUTH=` in front of the first mechanism.
fn keyword(line: &str) -> (&str, SplitAsciiWhitespace<'_>) {
    if let Some(mechanisms) = line.trim_ascii_start().strip_prefix("AUTH=") {
        return ("AUTH", mechanisms.split_ascii_whitespace());
    }
    let mut words = line.split_ascii_whitespace();
    (words.next().unwrap_or_default(), words)
}

fn list<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut different: Vec<&str> = Vec::new();
    for word in words {
        if !different.contains(&word) {
            different.push(word);
        }
    }
    if different.is_empty() {
        "nothing".to_owned()
    } else {
        different.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&str]) -> Extensions {
        let text = lines.join("\n");
        Extensions::of(&Raw { code: 250, text })
    }

    #[test]
    fn keywords_count_in_any_case_and_the_greeting_does_not() {
        let found = of(&[
            "STARTTLS hello",
            "pipelining",
            "8bitmime",
            "SMTPUTF8",
            "size 1000",
            "X-OTHER 1",
            "",
        ]);
        assert!(!found.starttls && found.pipelining && found.eight_bit && found.utf8);
        assert_eq!(found.limit, Some(1000));
        assert_eq!(
            found.names(),
            "PIPELINING, 8BITMIME, SMTPUTF8, SIZE, X-OTHER"
        );
        assert_eq!(of(&["hello"]).names(), "nothing");
    }

    #[test]
    fn a_size_without_a_usable_number_is_no_limit() {
        for (line, offered, limit) in [
            ("SIZE", true, None),
            ("SIZE 0", true, None),
            ("SIZE 18446744073709551616", true, None),
            ("SIZE -1", true, None),
            ("SIZE 35882577", true, Some(35_882_577)),
            ("SIZES 1", false, None),
        ] {
            let found = of(&["hello", line]);
            assert_eq!((found.size, found.limit), (offered, limit), "{line}");
        }
    }

    #[test]
    fn both_forms_of_auth_are_joined() {
        let found = of(&["hello", "AUTH PLAIN login", "AUTH=LOGIN XOAUTH2", "AUTH"]);
        assert_eq!(found.mechanism_names(), "PLAIN, LOGIN, XOAUTH2");
        assert!(found.offers("LOGIN") && !found.offers("OAUTHBEARER"));
    }
}
