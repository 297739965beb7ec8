//! The notification configuration: four files, read once into typed entries, changed, written back.
//!
//! `notifications.cfg` and `priv/notifications.cfg` are Proxmox VE's and hold only what its version
//! 9.2 knows. `notifications-ext.cfg` and `priv/notifications-ext.cfg` are ours: same syntax, joined
//! to the former by the target's name. A faulty entry disables itself alone ([`Fault`]) and its bytes
//! stay. After a write that was cut short no secret meets another's host (`binding`).

mod binding;
mod builtin;
mod digest;
mod edit;
mod entity;
mod error;
mod fault;
mod fields;
mod gotify;
mod limits;
mod list;
mod matcher;
mod moved;
mod pair;
mod read;
mod section;
mod sendmail;
mod server;
mod settings;
mod side;
mod smtp;
mod webhook;
mod write;

use std::collections::HashMap;

pub use entity::{Entity, Kind, Origin};
pub use error::Error;
pub use fault::Fault;
pub use gotify::{Gotify, GotifySettings};
pub use list::Target;
pub use matcher::{Matcher, MatcherSettings};
pub use pair::{HttpMethod, Pair};
pub use sendmail::{Sendmail, SendmailSettings};
pub(crate) use server::without_brackets;
pub use settings::{Settings, WithoutGrant};
pub use smtp::{Smtp, SmtpMode, SmtpSettings};
pub use webhook::{Webhook, WebhookSettings};
pub use write::Written;

use binding::{History, Record};
use side::Side;

const PUBLIC: &str = "notifications.cfg";
const PRIVATE: &str = "priv/notifications.cfg";
const EXT: &str = "notifications-ext.cfg";
const PRIVATE_EXT: &str = "priv/notifications-ext.cfg";

/// The texts of the four files; a missing file is an empty text.
#[derive(Clone, Copy, Default)]
pub struct Raw<'a> {
    /// `notifications.cfg`
    pub public: &'a str,
    /// `priv/notifications.cfg`
    pub private: &'a str,
    /// `notifications-ext.cfg`
    pub ext: &'a str,
    /// `priv/notifications-ext.cfg`
    pub private_ext: &'a str,
}

/// The notification configuration.
#[derive(Clone, Debug)]
pub struct Config {
    /// In the order of the file, then what was added; `None` where an entry was deleted.
    slots: Vec<Option<Slot>>,
    /// The good entries by name.
    index: HashMap<String, usize>,
    /// The faulty ones.
    faulty: HashMap<String, usize>,
    private: Side,
    ext: Side,
    private_ext: Side,
    faults: Vec<Fault>,
    /// Endpoints that are listed but must not be used, and why.
    blocked: HashMap<String, Error>,
    /// What was on disk for every name that was changed since.
    history: HashMap<String, History>,
    /// Records of writes that were cut short and not mended yet.
    records: HashMap<String, Record>,
    digest: String,
}

/// A place in the public file.
#[derive(Clone, Debug)]
struct Slot {
    content: Content,
    /// Not from the file.
    fresh: bool,
}

#[derive(Clone, Debug)]
enum Content {
    Good(Box<Entity>),
    /// Faulty, with its bytes.
    Faulty(Box<Fault>, String),
}

impl Slot {
    fn fresh(entity: Entity) -> Self {
        Self {
            content: Content::Good(Box::new(entity)),
            fresh: true,
        }
    }

    /// The type, as written in the file.
    fn kind(&self) -> &str {
        match &self.content {
            Content::Good(entity) => entity.kind().as_str(),
            Content::Faulty(fault, _) => &fault.kind,
        }
    }

    fn name(&self) -> &str {
        match &self.content {
            Content::Good(entity) => entity.name(),
            Content::Faulty(fault, _) => &fault.name,
        }
    }

    fn entity(&self) -> Option<&Entity> {
        match &self.content {
            Content::Good(entity) => Some(entity),
            Content::Faulty(..) => None,
        }
    }
}

impl Config {
    /// The entries and lines that could not be used, in the order of the files.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// SHA-256 of the files as they were read, in hexadecimal digits; changes do not count.
    #[must_use]
    pub fn digest(&self) -> &str {
        &self.digest
    }

    /// Whether a target is as nobody wrote it: a write was cut short, or is going on.
    #[must_use]
    pub fn is_torn(&self) -> bool {
        !self.records.is_empty()
    }

    fn entity(&self, name: &str) -> Option<&Entity> {
        let slot = self.slots.get(*self.index.get(name)?)?.as_ref()?;
        slot.entity()
    }

    fn entity_mut(&mut self, name: &str) -> Option<&mut Entity> {
        let slot = self.slots.get_mut(*self.index.get(name)?)?.as_mut()?;
        match &mut slot.content {
            Content::Good(entity) => Some(entity),
            Content::Faulty(..) => None,
        }
    }

    /// The faulty entry of this name.
    fn faulty(&self, name: &str) -> Option<&Fault> {
        Some(self.faulty_content(name)?.0)
    }

    /// Its bytes.
    fn faulty_text(&self, name: &str) -> Option<&str> {
        Some(self.faulty_content(name)?.1)
    }

    fn faulty_content(&self, name: &str) -> Option<(&Fault, &str)> {
        let slot = self.slots.get(*self.faulty.get(name)?)?.as_ref()?;
        match &slot.content {
            Content::Faulty(fault, text) => Some((fault, text)),
            Content::Good(_) => None,
        }
    }
}
