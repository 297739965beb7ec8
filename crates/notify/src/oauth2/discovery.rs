//! What a provider says about itself (RFC 8414; OpenID Connect Discovery 1.0): where its endpoints are. It is
//! asked when an administrator sets a target up, and what it says is kept as the target's settings: a document
//! that changes later moves no token.

use ::oauth2::http::header::ACCEPT;
use ::oauth2::http::{Method, Request};
use ::oauth2::url::Url;
use serde::{Deserialize, Serialize};

use super::custom::{canonical, check_url, origin};
use super::http::unanswered;
use super::{CUSTOM, Error, explain};
use crate::Deadline;
use crate::cause::Oddity;
use crate::http;
use crate::net::Trip;
use crate::parameter::Parameter;

const ISSUER: &str = "issuer";
/// So many scopes are told.
const MAX_SCOPES: usize = 100;

/// The endpoints of a provider, by the names of a target's settings without `oauth2-`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub struct Discovered {
    /// Who it is.
    pub issuer: String,
    /// The consent page.
    pub authorize_url: String,
    /// The token endpoint.
    pub token_url: String,
    /// Where codes for another device are given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub device_url: Option<String>,
    /// Where grants are taken back.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoke_url: Option<String>,
    /// The scopes that it tells of.
    pub scopes_supported: Vec<String>,
    /// Whether its answers through the browser say who it is (RFC 9207).
    pub sends_iss: bool,
}

/// The fields of a document that count.
#[derive(Deserialize)]
struct Document {
    issuer: Option<String>,
    authorization_endpoint: Option<String>,
    token_endpoint: Option<String>,
    device_authorization_endpoint: Option<String>,
    revocation_endpoint: Option<String>,
    scopes_supported: Option<Vec<String>>,
    code_challenge_methods_supported: Option<Vec<String>>,
    authorization_response_iss_parameter_supported: Option<bool>,
}

/// Asks the issuer, as OpenID has it and then as RFC 8414 has it.
pub(crate) fn discover(trip: &Trip, issuer: &str, deadline: Deadline) -> Result<Discovered, Error> {
    check_url(issuer).map_err(|reason| Parameter::new(ISSUER, reason))?;
    let url = Url::parse(issuer).map_err(|_| Parameter::new(ISSUER, "is not a URL"))?;
    if url.query().is_some() {
        return Err(Parameter::new(ISSUER, "must not have a query (?...)").into());
    }
    for place in places(&url) {
        if let Some(document) = ask(trip, &place, deadline)? {
            return Ok(document.judged(issuer)?);
        }
    }
    Err(Parameter::new(ISSUER, "has no discovery document")
        .fix("check it, or enter oauth2-authorize-url and oauth2-token-url by hand")
        .into())
}

/// Where its document may be.
fn places(issuer: &Url) -> [Url; 2] {
    let path = issuer.path().trim_end_matches('/');
    let with = |path: String| {
        let mut url = issuer.clone();
        url.set_path(&path);
        url
    };
    [
        with(format!("{path}/.well-known/openid-configuration")),
        with(format!("/.well-known/oauth-authorization-server{path}")),
    ]
}

/// The document; `None` where there is none.
fn ask(trip: &Trip, url: &Url, deadline: Deadline) -> Result<Option<Document>, Error> {
    let request = Request::builder()
        .method(Method::GET)
        .uri(url.as_str())
        .header(ACCEPT, "application/json")
        .body(Vec::new())
        .map_err(|_| Parameter::new(ISSUER, "is not a URL"))?;
    let answer =
        http::exchange(trip, request, deadline).map_err(|failure| unanswered(CUSTOM, failure))?;
    match answer.status().as_u16() {
        200 => serde_json::from_slice(answer.body())
            .map(Some)
            .map_err(|_| {
                Parameter::new(ISSUER, "has a discovery document that is not valid").into()
            }),
        429 => Err(explain::odd(CUSTOM, Oddity::TooManyRequests)),
        400..500 => Ok(None),
        500.. => Err(explain::odd(CUSTOM, Oddity::ServerStatus)),
        status => Err(Parameter::new(
            ISSUER,
            format!("does not answer with a discovery document (HTTP {status})"),
        )
        .into()),
    }
}

impl Document {
    /// Section 3.3: the document is the issuer's own, to the letter.
    fn judged(self, issuer: &str) -> Result<Discovered, Parameter> {
        let fault = |reason: &str| Parameter::new(ISSUER, reason);
        match &self.issuer {
            Some(named) if named == issuer => {}
            Some(named) if check_url(named).is_ok() => {
                return Err(fault(&format!(
                    "has a discovery document of another issuer, '{named}'"
                ))
                .fix("enter the issuer as the provider writes it"));
            }
            _ => return Err(fault("has a discovery document without a valid issuer")),
        }
        let endpoint = |url: Option<String>, what: &str| {
            let url = url.ok_or_else(|| fault(&format!("has no {what}")))?;
            canonical(&url).map_err(|reason| fault(&format!("has a {what} that {reason}")))
        };
        let authorize_url = endpoint(self.authorization_endpoint, "authorization endpoint")?;
        let token_url = endpoint(self.token_endpoint, "token endpoint")?;
        let methods = self.code_challenge_methods_supported;
        if methods.is_some_and(|methods| methods.iter().all(|method| method != "S256")) {
            return Err(fault("does not support PKCE with S256"));
        }
        // what gets a token or a secret is where tokens come from
        let place = origin(&token_url);
        let beside = |url: Option<String>| {
            let url = canonical(&url?).ok()?;
            (origin(&url) == place).then_some(url)
        };
        let scopes = self.scopes_supported.unwrap_or_default().into_iter();
        let is_scope =
            |scope: &String| super::custom::check_scopes(std::slice::from_ref(scope)).is_ok();
        Ok(Discovered {
            issuer: issuer.to_owned(),
            authorize_url,
            token_url,
            device_url: beside(self.device_authorization_endpoint),
            revoke_url: beside(self.revocation_endpoint),
            scopes_supported: scopes.filter(is_scope).take(MAX_SCOPES).collect(),
            sends_iss: self.authorization_response_iss_parameter_supported == Some(true),
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const OP: &str = "https://login.example.org/tenant";

    fn judged(more: &Value) -> Result<Discovered, Parameter> {
        let mut document = json!({
            "issuer": OP,
            "authorization_endpoint": "https://www.example.org/auth",
            "token_endpoint": "https://login.example.org/token",
            "revocation_endpoint": "https://login.example.org/revoke",
            "device_authorization_endpoint": "https://login.example.org:8443/device",
            "authorization_response_iss_parameter_supported": null,
            "scopes_supported": ["openid", "a b", "mail"],
        });
        let map = document.as_object_mut().unwrap();
        map.extend(more.as_object().unwrap().clone());
        serde_json::from_value::<Document>(document)
            .unwrap()
            .judged(OP)
    }

    #[test]
    fn a_document_gives_endpoints_and_none_that_is_elsewhere() {
        let found = judged(&json!({})).unwrap();
        assert_eq!(found.authorize_url, "https://www.example.org/auth");
        assert_eq!(
            found.revoke_url.as_deref(),
            Some("https://login.example.org/revoke")
        );
        assert_eq!(found.device_url, None);
        assert_eq!(found.scopes_supported, ["openid", "mail"]);
        assert!(!found.sends_iss);
        assert!(judged(&json!({"code_challenge_methods_supported": ["plain", "S256"]})).is_ok());
        for (more, reason) in [
            (
                json!({"issuer": "https://login.example.org/tenant/"}),
                "of another issuer, 'https://login",
            ),
            (
                json!({"issuer": "javascript:alert(1)"}),
                "without a valid issuer",
            ),
            (json!({"issuer": null}), "without a valid issuer"),
            (json!({"token_endpoint": null}), "has no token endpoint"),
            (
                json!({"token_endpoint": "http://login.example.org/token"}),
                "token endpoint that must begin with https",
            ),
            (
                json!({"authorization_endpoint": "https://u@www.example.org/"}),
                "authorization endpoint that must not",
            ),
            (
                json!({"code_challenge_methods_supported": ["plain"]}),
                "PKCE",
            ),
        ] {
            let error = judged(&more).unwrap_err();
            assert_eq!(error.name, "issuer");
            assert!(error.reason.contains(reason), "{more}: {error}");
        }
    }

    #[test]
    fn the_document_is_where_the_specifications_say() {
        for (issuer, openid, rfc8414) in [
            (
                "https://login.example.org",
                "https://login.example.org/.well-known/openid-configuration",
                "https://login.example.org/.well-known/oauth-authorization-server",
            ),
            (
                "https://login.example.org/a/b/",
                "https://login.example.org/a/b/.well-known/openid-configuration",
                "https://login.example.org/.well-known/oauth-authorization-server/a/b",
            ),
        ] {
            let all = places(&Url::parse(issuer).unwrap()).map(String::from);
            assert_eq!(all, [openid, rfc8414]);
        }
    }
}
