//! One mail address: with a domain, which is brought into the form of name servers (A-labels), or the
//! bare name of a user of this machine.

use std::fmt;

use lettre::Address;

/// An address without display name; displays as it goes on the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mailbox {
    /// `name@domain`.
    Full(Address),
    /// A user of this machine, whom only its own mail system knows.
    Local(String),
}

impl Mailbox {
    /// Reads `name@domain`, `Some Name <name@domain>` or `name`. The error is the end of a sentence
    /// that begins with the text.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        if text.contains(char::is_control) {
            return Err("has control characters");
        }
        let text = text.trim();
        let bare = match text.strip_suffix('>').and_then(|t| t.rsplit_once('<')) {
            Some((_, bare)) => bare.trim(),
            None => text,
        };
        let Some((user, domain)) = bare.rsplit_once('@') else {
            return if is_local(bare) {
                Ok(Self::Local(bare.to_owned()))
            } else {
                Err("is neither an e-mail address nor a user name")
            };
        };
        let domain = if domain.starts_with('[') {
            domain.to_owned()
        } else {
            idna::domain_to_ascii(domain).map_err(|_| "has an invalid domain")?
        };
        Address::new(user, domain)
            .map(Self::Full)
            .map_err(|_| "is not an e-mail address")
    }

    /// Whether every server can take it.
    pub(crate) fn is_ascii(&self) -> bool {
        match self {
            Self::Full(address) => AsRef::<str>::as_ref(address).is_ascii(),
            Self::Local(name) => name.is_ascii(),
        }
    }

    /// With a domain, as SMTP needs it.
    pub(crate) fn full(&self) -> Option<&Address> {
        match self {
            Self::Full(address) => Some(address),
            Self::Local(_) => None,
        }
    }
}

/// An atom of RFC 5322 with dots, which no program takes for an option.
fn is_local(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && !name.starts_with('-')
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b))
}

impl fmt::Display for Mailbox {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Full(address) => address.fmt(f),
            Self::Local(name) => f.write_str(name),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Mailbox;

    #[test]
    fn every_written_form_becomes_the_form_of_the_wire() {
        for (text, wire) in [
            ("ann@example.org", "ann@example.org"),
            ("Ann <ann@example.org>", "ann@example.org"),
            ("\"Ann, B\" <ann@example.org>", "ann@example.org"),
            ("ann@B\u{fc}cher.example", "ann@xn--bcher-kva.example"),
            ("j\u{f6}rg@example.org", "j\u{f6}rg@example.org"),
            ("\"a b\"@example.org", "\"a b\"@example.org"),
            ("a+b@[192.0.2.1]", "a+b@[192.0.2.1]"),
            ("ann@localhost", "ann@localhost"),
            ("root", "root"),
        ] {
            assert_eq!(Mailbox::parse(text).unwrap().to_string(), wire, "{text}");
        }
    }

    #[test]
    fn nothing_else_is_an_address() {
        for text in [
            "",
            "@example.org",
            "ann@",
            "a b@example.org",
            "ann@exa mple.org",
            "ann@example.org\r\nRCPT TO:<b@example.org>",
            "ann@example.org\0",
            "ann@example..org",
            "-bd",
            "a b",
            "<>",
            "ann@example.org>, <b@example.org",
        ] {
            assert!(Mailbox::parse(text).is_err(), "{text:?}");
        }
    }
}
