//! An entry of the configuration: one of four kinds of endpoint, or a matcher.

use serde::Serialize;

use super::fault::{Flaw, Invalid};
use super::fields::Rows;
use super::section::Section;
use super::{Gotify, Matcher, Sendmail, Smtp, Webhook};

/// The kinds of entries, in the order in which targets are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A Gotify server.
    Gotify,
    /// This machine's sendmail.
    Sendmail,
    /// A mail server.
    Smtp,
    /// Any HTTP server.
    Webhook,
    /// Decides which notification goes to which endpoint.
    Matcher,
}

impl Kind {
    pub(super) const ALL: [Self; 5] = [
        Self::Gotify,
        Self::Sendmail,
        Self::Smtp,
        Self::Webhook,
        Self::Matcher,
    ];

    /// The word in files and in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Gotify => "gotify",
            Self::Sendmail => "sendmail",
            Self::Smtp => "smtp",
            Self::Webhook => "webhook",
            Self::Matcher => "matcher",
        }
    }

    pub(super) fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    /// What messages call it.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Matcher => "matcher",
            _ => "endpoint",
        }
    }
}

/// Where an entry comes from; never written to a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Origin {
    /// Somebody made it.
    #[default]
    UserCreated,
    /// Always there unless deleted.
    Builtin,
    /// Always there, but somebody changed it.
    ModifiedBuiltin,
}

/// An entry. Serialises to the API's answer, without secrets.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
#[expect(missing_docs, reason = "the kinds speak for themselves")]
#[expect(clippy::large_enum_variant, reason = "the configuration boxes each")]
pub enum Entity {
    Gotify(Gotify),
    Sendmail(Sendmail),
    Smtp(Smtp),
    Webhook(Webhook),
    Matcher(Matcher),
}

/// The same expression for whichever kind it is.
macro_rules! each {
    ($entity:expr, $item:ident => $do:expr) => {
        match $entity {
            Entity::Gotify($item) => $do,
            Entity::Sendmail($item) => $do,
            Entity::Smtp($item) => $do,
            Entity::Webhook($item) => $do,
            Entity::Matcher($item) => $do,
        }
    };
}

/// What every kind of entry can do.
pub(super) trait Item: Sized {
    const KIND: Kind;

    /// Reads a section of the public file.
    fn read(section: &Section<'_>) -> Result<Self, Flaw>;
    /// Checks every value.
    fn check(&self) -> Result<(), Invalid>;
    /// What stands in the public file.
    fn public(&self) -> Rows<'_>;

    /// Takes over a section of the private file.
    fn read_private(&mut self, section: &Section<'_>) -> Result<(), Flaw> {
        Err(no_such_section(section))
    }
    /// What stands in the private file, if this entry has a section there.
    fn private(&self) -> Option<Rows<'_>> {
        None
    }
    /// Takes over a section of the public file of our own.
    fn read_ext(&mut self, section: &Section<'_>) -> Result<(), Flaw> {
        Err(no_such_section(section))
    }
    /// What stands in the public file of our own, if anything.
    fn ext(&self) -> Option<Rows<'_>> {
        None
    }
    /// Takes over a section of the private file of our own.
    fn read_private_ext(&mut self, section: &Section<'_>) -> Result<(), Flaw> {
        Err(no_such_section(section))
    }
    /// What of that is in use now, to notice a write that was cut short.
    fn bound_private_ext(&self) -> Option<Rows<'_>> {
        self.private_ext()
    }
    /// What stands in the private file of our own, if anything.
    fn private_ext(&self) -> Option<Rows<'_>> {
        None
    }
    /// Who it logs in to, and as whom: what a secret is bound to.
    fn peer(&self) -> Vec<String> {
        Vec::new()
    }
}

fn no_such_section(section: &Section<'_>) -> Flaw {
    Flaw::new(
        section.line,
        format!("unknown section type '{}'", section.kind),
    )
}

impl Entity {
    pub(super) fn read(section: &Section<'_>) -> Result<Self, Flaw> {
        match Kind::from_word(section.kind) {
            Some(Kind::Gotify) => Gotify::read(section).map(Self::Gotify),
            Some(Kind::Sendmail) => Sendmail::read(section).map(Self::Sendmail),
            Some(Kind::Smtp) => Smtp::read(section).map(Self::Smtp),
            Some(Kind::Webhook) => Webhook::read(section).map(Self::Webhook),
            Some(Kind::Matcher) => Matcher::read(section).map(Self::Matcher),
            None => Err(Flaw::unknown_type(section.line, section.kind)),
        }
    }

    /// Which kind it is.
    #[must_use]
    pub fn kind(&self) -> Kind {
        fn kind<T: Item>(_: &T) -> Kind {
            T::KIND
        }
        each!(self, item => kind(item))
    }

    /// Its name.
    #[must_use]
    pub fn name(&self) -> &str {
        each!(self, item => &item.name)
    }

    /// Where it comes from.
    #[must_use]
    pub fn origin(&self) -> Origin {
        each!(self, item => item.origin)
    }

    /// Its comment.
    #[must_use]
    pub fn comment(&self) -> Option<&str> {
        each!(self, item => item.comment.as_deref())
    }

    /// Whether it is switched off.
    #[must_use]
    pub fn disable(&self) -> Option<bool> {
        each!(self, item => item.disable)
    }

    pub(super) fn set_origin(&mut self, origin: Origin) {
        each!(self, item => item.origin = origin);
    }

    pub(super) fn check(&self) -> Result<(), Invalid> {
        each!(self, item => item.check())
    }

    pub(super) fn public(&self) -> Rows<'_> {
        each!(self, item => item.public())
    }

    pub(super) fn private(&self) -> Option<Rows<'_>> {
        each!(self, item => item.private())
    }

    pub(super) fn ext(&self) -> Option<Rows<'_>> {
        each!(self, item => item.ext())
    }

    pub(super) fn bound_private_ext(&self) -> Option<Rows<'_>> {
        each!(self, item => item.bound_private_ext())
    }

    pub(super) fn private_ext(&self) -> Option<Rows<'_>> {
        each!(self, item => item.private_ext())
    }

    pub(super) fn peer(&self) -> Vec<String> {
        each!(self, item => item.peer())
    }

    pub(super) fn read_private(&mut self, section: &Section<'_>) -> Result<(), Flaw> {
        each!(self, item => item.read_private(section))
    }

    pub(super) fn read_ext(&mut self, section: &Section<'_>) -> Result<(), Flaw> {
        each!(self, item => item.read_ext(section))
    }

    pub(super) fn read_private_ext(&mut self, section: &Section<'_>) -> Result<(), Flaw> {
        each!(self, item => item.read_private_ext(section))
    }
}
