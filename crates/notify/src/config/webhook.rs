//! Any HTTP server. The secrets that its templates may use stand in the private file.

use serde::{Deserialize, Serialize};

use super::Error as Refusal;
use super::Error;
use super::entity::{Entity, Item, Kind, Origin};
use super::fault::{Flaw, Invalid};
use super::fields::{Fields, Rows};
use super::limits;
use super::pair::{self, HttpMethod, Pair};
use super::section::Section;
use super::settings::sealed::Apply;
use super::settings::{replace, set, set_value};

/// Any HTTP server.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the keys of the file")]
pub struct Webhook {
    pub name: String,
    pub method: HttpMethod,
    /// The path is a template.
    pub url: String,
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "pair::whole")]
    pub header: Vec<Pair>,
    /// A template, base64 encoded.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub comment: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disable: Option<bool>,
    pub origin: Origin,
    /// From the private file; answers show only the names.
    #[serde(skip_serializing_if = "Vec::is_empty", serialize_with = "pair::names")]
    pub secret: Vec<Pair>,
    /// Whether there is a section in the private file; without it nothing can be sent.
    #[serde(skip)]
    pub has_private: bool,
    /// From the public file, where normally none stands; kept as it is.
    #[serde(skip)]
    pub(super) public_secret: Vec<Pair>,
}

/// What can be set.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
#[expect(missing_docs, reason = "the parameters of the API")]
pub struct WebhookSettings {
    pub method: Option<HttpMethod>,
    pub url: Option<String>,
    pub header: Option<Vec<Pair>>,
    pub body: Option<String>,
    /// All secrets to keep; one without value keeps its old value.
    pub secret: Option<Vec<Pair>>,
    pub comment: Option<String>,
    pub disable: Option<bool>,
}

const KEYS: [&str; 7] = [
    "url", "method", "header", "body", "secret", "comment", "disable",
];
const NOT_BASE64: &str = "does not have valid base64 encoded data";

impl Item for Webhook {
    const KIND: Kind = Kind::Webhook;

    fn read(section: &Section<'_>) -> Result<Self, Flaw> {
        let fields = Fields::new(section, &KEYS)?;
        fields.required("method")?;
        let item = Self {
            name: section.name.to_owned(),
            method: fields.one("method")?.unwrap_or_default(),
            url: fields.required("url")?,
            header: fields.many("header")?,
            body: fields.one("body")?,
            comment: fields.one("comment")?,
            disable: fields.flag("disable")?,
            public_secret: fields.many("secret")?,
            ..Self::default()
        };
        item.check().map_err(|invalid| fields.locate(invalid))?;
        Ok(item)
    }

    fn check(&self) -> Result<(), Invalid> {
        limits::url("url", &self.url)?;
        limits::comment(self.comment.as_ref())?;
        if self
            .body
            .as_ref()
            .is_some_and(|body| !pair::is_base64(body))
        {
            return Err(Invalid::new("body", 0, NOT_BASE64));
        }
        let bad = |pair: &Pair| !pair.is_base64();
        match self.header.iter().position(bad) {
            Some(index) => Err(Invalid::new("header", index, NOT_BASE64)),
            None => Ok(()),
        }
    }

    fn public(&self) -> Rows<'_> {
        let mut rows = Rows::default();
        rows.text("url", [&self.url]);
        rows.show("method", [self.method.as_str()]);
        rows.show("header", &self.header);
        rows.text("body", &self.body);
        rows.show("secret", &self.public_secret);
        rows.text("comment", &self.comment);
        rows.show("disable", self.disable);
        rows
    }

    fn read_private(&mut self, section: &Section<'_>) -> Result<(), Flaw> {
        let fields = Fields::private(section, &["secret"])?;
        let secrets: Vec<Pair> = fields.many("secret")?;
        if let Some(index) = secrets.iter().position(|secret| !secret.is_base64()) {
            return Err(fields.locate(Invalid::new("secret", index, NOT_BASE64)));
        }
        self.secret = secrets;
        self.has_private = true;
        Ok(())
    }

    fn private(&self) -> Option<Rows<'_>> {
        let mut rows = Rows::default();
        rows.show("secret", &self.secret);
        self.has_private.then_some(rows)
    }

    fn peer(&self) -> Vec<String> {
        vec![self.url.clone()]
    }
}

fn refuse(what: &'static str, pair: &Pair, reason: &'static str) -> Error {
    let name = pair.name.clone();
    Refusal::Webhook { what, name, reason }
}

/// Every header needs a value.
fn check_headers(headers: &[Pair]) -> Result<(), Error> {
    for header in headers {
        if !header.has_value() {
            return Err(refuse("header", header, "has empty value"));
        }
        if !header.is_base64() {
            return Err(refuse("header", header, NOT_BASE64));
        }
    }
    Ok(())
}

/// The new secrets; those without a value take it from the old ones.
fn merge_secrets(old: &[Pair], mut given: Vec<Pair>) -> Result<Vec<Pair>, Error> {
    let mut seen = std::collections::HashSet::new();
    for secret in &mut given {
        if !secret.is_base64() {
            return Err(refuse("secret", secret, NOT_BASE64));
        }
        if secret.value.is_none() {
            match old.iter().find(|known| known.name == secret.name) {
                Some(known) => secret.value.clone_from(&known.value),
                None => return Err(refuse("secret", secret, "not known")),
            }
        }
        if !seen.insert(secret.name.clone()) {
            return Err(refuse("secret", secret, "defined multiple times"));
        }
    }
    Ok(given)
}

impl Apply for WebhookSettings {
    type Of = Webhook;

    fn blank(name: &str) -> Webhook {
        Webhook {
            name: name.to_owned(),
            has_private: true,
            ..Webhook::default()
        }
    }

    fn find(entity: &Entity) -> Option<&Webhook> {
        match entity {
            Entity::Webhook(item) => Some(item),
            _ => None,
        }
    }

    fn delete(item: &mut Webhook, key: &str) -> bool {
        match key {
            "header" => item.header.clear(),
            "body" => item.body = None,
            "secret" => {
                item.secret.clear();
                item.has_private = true;
            }
            "comment" => item.comment = None,
            "disable" => item.disable = None,
            _ => return false,
        }
        true
    }

    fn apply(self, item: &mut Webhook) -> Result<(), Error> {
        replace(&mut item.method, self.method);
        replace(&mut item.url, self.url);
        if let Some(headers) = self.header {
            check_headers(&headers)?;
            item.header = headers;
        }
        set(&mut item.body, self.body);
        if let Some(secrets) = self.secret {
            item.secret = merge_secrets(&item.secret, secrets)?;
            item.has_private = true;
        }
        set(&mut item.comment, self.comment);
        set_value(&mut item.disable, self.disable);
        Ok(())
    }

    fn renews_secrets(&self, item: &Webhook, delete: &[String]) -> bool {
        match &self.secret {
            Some(given) => given.iter().all(|secret| secret.value.is_some()),
            None => item.secret.is_empty() || delete.iter().any(|key| key == "secret"),
        }
    }
}

impl From<Webhook> for Entity {
    fn from(item: Webhook) -> Self {
        Self::Webhook(item)
    }
}
