//! A Gotify server. Its token stands in the private file.

use serde::{Deserialize, Serialize};

use super::Error;
use super::entity::{Entity, Item, Kind, Origin};
use super::fault::{Flaw, Invalid};
use super::fields::{Fields, Rows};
use super::limits;
use super::section::Section;
use super::settings::sealed::Apply;
use super::settings::{replace, set, set_value};
use crate::Secret;

/// A Gotify server.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the keys of the file")]
pub struct Gotify {
    pub name: String,
    pub server: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable: Option<bool>,
    pub origin: Origin,
    /// Without it nothing can be sent.
    #[serde(skip)]
    pub token: Option<Secret>,
}

/// What can be set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the parameters of the API")]
pub struct GotifySettings {
    pub server: Option<String>,
    pub token: Option<Secret>,
    pub comment: Option<String>,
    pub disable: Option<bool>,
}

impl Item for Gotify {
    const KIND: Kind = Kind::Gotify;

    fn read(section: &Section<'_>) -> Result<Self, Flaw> {
        let fields = Fields::new(section, &["server", "comment", "disable", "filter"])?;
        fields.one::<String>("filter")?;
        let item = Self {
            name: section.name.to_owned(),
            server: fields.required("server")?,
            comment: fields.one("comment")?,
            disable: fields.flag("disable")?,
            ..Self::default()
        };
        item.check().map_err(|invalid| fields.locate(invalid))?;
        Ok(item)
    }

    fn check(&self) -> Result<(), Invalid> {
        limits::text("server", Some(&self.server))?;
        limits::secret("token", self.token.as_ref())?;
        limits::comment(self.comment.as_ref())
    }

    fn public(&self) -> Rows<'_> {
        let mut rows = Rows::default();
        rows.text("server", [&self.server]);
        rows.text("comment", &self.comment);
        rows.show("disable", self.disable);
        rows
    }

    fn read_private(&mut self, section: &Section<'_>) -> Result<(), Flaw> {
        let fields = Fields::private(section, &["token"])?;
        fields.required("token")?;
        let token = fields.secret("token")?;
        limits::secret("token", token.as_ref()).map_err(|invalid| fields.locate(invalid))?;
        self.token = token;
        Ok(())
    }

    fn private(&self) -> Option<Rows<'_>> {
        let token = self.token.as_ref()?;
        let mut rows = Rows::default();
        rows.secret("token", Some(token));
        Some(rows)
    }

    fn peer(&self) -> Vec<String> {
        vec![self.server.clone()]
    }
}

impl Apply for GotifySettings {
    type Of = Gotify;

    fn blank(name: &str) -> Gotify {
        Gotify {
            name: name.to_owned(),
            ..Gotify::default()
        }
    }

    fn find(entity: &Entity) -> Option<&Gotify> {
        match entity {
            Entity::Gotify(item) => Some(item),
            _ => None,
        }
    }

    fn delete(item: &mut Gotify, key: &str) -> bool {
        match key {
            "comment" => item.comment = None,
            "disable" => item.disable = None,
            _ => return false,
        }
        true
    }

    fn apply(self, item: &mut Gotify) -> Result<(), Error> {
        if let Some(server) = self.server.as_ref().filter(|server| !server.is_empty()) {
            limits::url("server", server)?;
            if server.contains(['?', '#']) {
                let reason = "must be the address of the server, without query and fragment";
                return Err(Error::parameter("server", reason));
            }
        }
        replace(&mut item.server, self.server);
        set_value(&mut item.token, self.token);
        set(&mut item.comment, self.comment);
        set_value(&mut item.disable, self.disable);
        Ok(())
    }

    fn renews_secrets(&self, _: &Gotify, _: &[String]) -> bool {
        self.token.is_some()
    }
}

impl From<Gotify> for Entity {
    fn from(item: Gotify) -> Self {
        Self::Gotify(item)
    }
}
