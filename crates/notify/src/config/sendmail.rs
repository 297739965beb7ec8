//! This machine's sendmail.

use serde::{Deserialize, Serialize};

use super::Error;
use super::entity::{Entity, Item, Kind, Origin};
use super::fault::{Flaw, Invalid};
use super::fields::{Fields, Rows};
use super::limits;
use super::section::Section;
use super::settings::sealed::Apply;
use super::settings::{replace, set, set_value};

/// This machine's sendmail.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the keys of the file")]
pub struct Sendmail {
    pub name: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mailto: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mailto_user: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub author: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable: Option<bool>,
    pub origin: Origin,
}

/// What can be set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the parameters of the API")]
pub struct SendmailSettings {
    pub mailto: Option<Vec<String>>,
    pub mailto_user: Option<Vec<String>>,
    pub from_address: Option<String>,
    pub author: Option<String>,
    pub comment: Option<String>,
    pub disable: Option<bool>,
}

const KEYS: [&str; 7] = [
    "mailto",
    "mailto-user",
    "from-address",
    "author",
    "comment",
    "disable",
    "filter",
];

impl Item for Sendmail {
    const KIND: Kind = Kind::Sendmail;

    fn read(section: &Section<'_>) -> Result<Self, Flaw> {
        let fields = Fields::new(section, &KEYS)?;
        fields.one::<String>("filter")?;
        let item = Self {
            name: section.name.to_owned(),
            mailto: fields.many("mailto")?,
            mailto_user: fields.many("mailto-user")?,
            from_address: fields.one("from-address")?,
            author: fields.one("author")?,
            comment: fields.one("comment")?,
            disable: fields.flag("disable")?,
            origin: Origin::default(),
        };
        item.check().map_err(|invalid| fields.locate(invalid))?;
        Ok(item)
    }

    fn check(&self) -> Result<(), Invalid> {
        limits::recipients("mailto", &self.mailto)?;
        limits::recipients("mailto-user", &self.mailto_user)?;
        limits::text("from-address", self.from_address.as_ref())?;
        limits::text("author", self.author.as_ref())?;
        limits::comment(self.comment.as_ref())
    }

    fn public(&self) -> Rows<'_> {
        let mut rows = Rows::default();
        rows.text("mailto", &self.mailto);
        rows.text("mailto-user", &self.mailto_user);
        rows.text("from-address", &self.from_address);
        rows.text("author", &self.author);
        rows.text("comment", &self.comment);
        rows.show("disable", self.disable);
        rows
    }
}

impl Apply for SendmailSettings {
    type Of = Sendmail;

    fn blank(name: &str) -> Sendmail {
        Sendmail {
            name: name.to_owned(),
            ..Sendmail::default()
        }
    }

    fn find(entity: &Entity) -> Option<&Sendmail> {
        match entity {
            Entity::Sendmail(item) => Some(item),
            _ => None,
        }
    }

    fn delete(item: &mut Sendmail, key: &str) -> bool {
        match key {
            "mailto" => item.mailto.clear(),
            "mailto-user" => item.mailto_user.clear(),
            "from-address" => item.from_address = None,
            "author" => item.author = None,
            "comment" => item.comment = None,
            "disable" => item.disable = None,
            _ => return false,
        }
        true
    }

    fn apply(self, item: &mut Sendmail) -> Result<(), Error> {
        replace(&mut item.mailto, self.mailto);
        replace(&mut item.mailto_user, self.mailto_user);
        set(&mut item.from_address, self.from_address);
        set(&mut item.author, self.author);
        set(&mut item.comment, self.comment);
        set_value(&mut item.disable, self.disable);
        Ok(())
    }

    fn complete(item: &Sendmail) -> Result<(), Error> {
        if item.mailto.is_empty() && item.mailto_user.is_empty() {
            return Err(super::Error::NoRecipient);
        }
        Ok(())
    }
}

impl From<Sendmail> for Entity {
    fn from(item: Sendmail) -> Self {
        Self::Sendmail(item)
    }
}
