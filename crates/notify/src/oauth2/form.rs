//! A request to an endpoint of a provider that crate `oauth2` has no single request for: a form, and the
//! application's login (RFC 6749 section 2.3.1) where it has one.

use ::oauth2::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use ::oauth2::http::{HeaderValue, Method, Request};
use ::oauth2::url::{Url, form_urlencoded};
use ::oauth2::{HttpRequest, HttpResponse};
use base64::prelude::{BASE64_STANDARD, Engine};
use zeroize::Zeroizing;

use super::reply::Refusal;
use super::{Account, Asked, Asking, ClientAuth, Error, assertion, client_auth, http};
use crate::net::Trip;
use crate::{Deadline, Secret};

/// A request of an account's application.
pub(super) struct Form<'a> {
    pub(super) account: &'a Account,
    pub(super) kind: Asking,
    pub(super) url: &'a Url,
    pub(super) parameters: &'a [(&'a str, &'a str)],
    /// What is secret among them.
    pub(super) secret: Option<&'a Secret>,
}

impl Form<'_> {
    /// Asks in the application's way to log in, or in both where nobody has said which.
    pub(super) fn send(
        &self,
        trip: &Trip,
        deadline: Deadline,
        judge: impl Fn(&Asked<'_>, &HttpResponse) -> Result<(), Refusal>,
    ) -> Result<HttpResponse, Refusal> {
        let Account {
            provider,
            client_secret,
            identity,
            ..
        } = self.account;
        let login = (&*identity.client, client_secret);
        let proof = assertion::proof(provider, login, &identity.token_url)?;
        let asked = Asked {
            kind: self.kind,
            provider,
            client_id: &identity.client,
            secrets: [client_secret]
                .into_iter()
                .chain(self.secret)
                .chain(proof.iter().map(|(_, secret)| secret))
                .collect(),
        };
        let ask = |auth| {
            let request = self.request(auth, &proof)?;
            let answer = http::send(trip, &asked, request, deadline)?;
            judge(&asked, &answer)?;
            Ok(answer)
        };
        if client_secret.expose().is_empty() {
            // an application without a secret is a public one
            return ask(ClientAuth::Public);
        }
        client_auth::attempt(provider, self.kind, None, deadline, ask).map(|(answer, _)| answer)
    }

    fn request(&self, auth: ClientAuth, proof: &[(&str, Secret)]) -> Result<HttpRequest, Error> {
        let (id, secret) = (&self.account.identity.client, &self.account.client_secret);
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.extend_pairs(self.parameters);
        form.extend_pairs(proof.iter().map(|(name, value)| (name, value.expose())));
        if !matches!(auth, ClientAuth::Basic | ClientAuth::Bearer) {
            form.append_pair("client_id", id);
        }
        if auth == ClientAuth::Post {
            form.append_pair("client_secret", secret.expose());
        }
        let mut request = Request::builder()
            .method(Method::POST)
            .uri(self.url.as_str())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json");
        if auth == ClientAuth::Basic {
            request = request.header(AUTHORIZATION, basic(id, secret)?);
        }
        request
            .body(form.finish().into_bytes())
            .map_err(|_| Error::parameter("oauth2-token-url", "is not a valid URL"))
    }
}

/// Both halves are encoded as in a form before they are put together.
fn basic(id: &str, secret: &Secret) -> Result<HeaderValue, Error> {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let secret = Zeroizing::new(encoded(secret.expose()));
    let login = Zeroizing::new(format!("{}:{}", encoded(id), *secret));
    let header = Zeroizing::new(format!("Basic {}", BASE64_STANDARD.encode(&*login)));
    let mut value = HeaderValue::from_str(&header)
        .map_err(|_| Error::parameter("client-id", "does not fit into a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth2::Provider;
    use crate::state::{Identity, Peer};

    #[test]
    fn the_login_stands_where_its_way_says() {
        let url = Url::parse("https://login.example.org/device").unwrap();
        let account = Account {
            target: String::new(),
            provider: Provider::google(),
            client_secret: Secret::new("s&c r:t"),
            secret_ends: None,
            identity: Identity {
                client: "app:1".to_owned(),
                ..Identity::default()
            },
            peer: Peer::default(),
            refresh_before: None,
        };
        let form = Form {
            account: &account,
            kind: Asking::Code,
            url: &url,
            parameters: &[("scope", "mail")],
            secret: None,
        };
        for (auth, header, body) in [
            (
                ClientAuth::Post,
                None,
                "scope=mail&client_id=app%3A1&client_secret=s%26c+r%3At",
            ),
            (ClientAuth::Public, None, "scope=mail&client_id=app%3A1"),
            (
                ClientAuth::Basic,
                Some("Basic YXBwJTNBMTpzJTI2YytyJTNBdA=="),
                "scope=mail",
            ),
        ] {
            let made = form.request(auth, &[]).unwrap();
            let seen = made
                .headers()
                .get(AUTHORIZATION)
                .map(|value| value.to_str().unwrap());
            assert_eq!(seen, header, "{auth:?}");
            assert_eq!(std::str::from_utf8(made.body()).unwrap(), body, "{auth:?}");
        }
    }
}
