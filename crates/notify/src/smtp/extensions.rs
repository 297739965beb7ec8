//! What a server says it can, in its reply to EHLO (RFC 5321 section 4.1.1.1).

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
    /// The mechanisms of AUTH in upper case, in the server's order.
    pub(super) mechanisms: Vec<String>,
    /// The keywords of all of them, for people.
    keywords: Vec<String>,
}

impl Extensions {
    pub(super) fn of(reply: &Raw) -> Self {
        let mut found = Self::default();
        for line in reply.lines.iter().skip(1) {
            // some servers, and all before RFC 4954, write `AUTH=` in front of the first mechanism
            let line = line.to_ascii_uppercase().replacen("AUTH=", "AUTH ", 1);
            let mut words = line.split_ascii_whitespace();
            let Some(keyword) = words.next() else {
                continue;
            };
            found.keywords.push(keyword.to_owned());
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
                "AUTH" => {
                    for word in words {
                        if !found.offers(word) {
                            found.mechanisms.push(word.to_owned());
                        }
                    }
                }
                _ => {}
            }
        }
        found
    }

    /// Whether AUTH has this mechanism.
    pub(super) fn offers(&self, mechanism: &str) -> bool {
        self.mechanisms.iter().any(|offered| offered == mechanism)
    }

    /// All keywords, as the end of a sentence.
    pub(super) fn names(&self) -> String {
        list(&self.keywords)
    }

    /// All mechanisms, as the end of a sentence.
    pub(super) fn mechanism_names(&self) -> String {
        list(&self.mechanisms)
    }
}

fn list(words: &[String]) -> String {
    if words.is_empty() {
        "nothing".to_owned()
    } else {
        words.join(", ")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&str]) -> Extensions {
        let lines = lines.iter().map(ToString::to_string).collect();
        Extensions::of(&Raw { code: 250, lines })
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
