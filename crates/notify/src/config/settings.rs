//! What the API hands in to add or change an entry, and how that is applied.
//!
//! A setting that is not given stays as it is. An empty text means "none", since a file cannot hold
//! one; where a value is needed, the check refuses that.

use super::Error;
use super::entity::{Entity, Item};

/// The settings of one kind of entry.
pub trait Settings: sealed::Apply {}

impl<T: sealed::Apply> Settings for T {}

/// The settings of an entry that never has a grant: of any but a mail server.
pub trait WithoutGrant: Settings {}

impl WithoutGrant for super::GotifySettings {}
impl WithoutGrant for super::MatcherSettings {}
impl WithoutGrant for super::SendmailSettings {}
impl WithoutGrant for super::WebhookSettings {}

pub(super) mod sealed {
    use super::{Entity, Error, Item};

    /// How settings become part of an entry.
    #[expect(private_bounds, reason = "sealed")]
    pub trait Apply: Sized {
        type Of: Item + Clone + Into<Entity>;

        /// An entry without any setting.
        fn blank(name: &str) -> Self::Of;
        /// The entry, if it is of this kind.
        fn find(entity: &Entity) -> Option<&Self::Of>;
        /// Removes a setting; false if there is none of this name.
        fn delete(of: &mut Self::Of, key: &str) -> bool;
        /// Takes over what is given.
        fn apply(self, of: &mut Self::Of) -> Result<(), Error>;
        /// What must hold after a change, beyond the check of each value.
        fn complete(_of: &Self::Of) -> Result<(), Error> {
            Ok(())
        }
        /// Whether credentials are among what is given.
        fn gives_credentials(&self) -> bool {
            false
        }
        /// Whether what was deleted may be missing after this change.
        fn check_deleted(
            _old: &Self::Of,
            _item: &Self::Of,
            _delete: &[String],
        ) -> Result<(), Error> {
            Ok(())
        }
        /// What a change means for the credentials in store, and whether the settings fit together;
        /// `old` is missing for a new entry, `given` is [`Apply::gives_credentials`].
        fn settle(
            _old: Option<&Self::Of>,
            _item: &mut Self::Of,
            _given: bool,
        ) -> Result<(), Error> {
            Ok(())
        }
        /// Endpoints that must exist.
        fn targets(&self) -> &[String] {
            &[]
        }
        /// Whether applying this and deleting these leaves no secret of before.
        fn renews_secrets(&self, _of: &Self::Of, _delete: &[String]) -> bool {
            true
        }
    }
}

/// Takes over an optional text.
pub(super) fn set(to: &mut Option<String>, given: Option<String>) {
    if let Some(text) = given {
        *to = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
    }
}

/// Takes over an optional value.
pub(super) fn set_value<T>(to: &mut Option<T>, given: Option<T>) {
    if given.is_some() {
        *to = given;
    }
}

/// Takes over a value that is always there.
pub(super) fn replace<T>(to: &mut T, given: Option<T>) {
    if let Some(value) = given {
        *to = value;
    }
}
