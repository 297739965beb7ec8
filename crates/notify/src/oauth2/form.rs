//! A request to an endpoint of a provider that crate `oauth2` has no single request for: a form, and the
//! application's login (RFC 6749 section 2.3.1) where it has one.

use ::oauth2::HttpRequest;
use ::oauth2::http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use ::oauth2::http::{HeaderValue, Method, Request};
use ::oauth2::url::{Url, form_urlencoded};
use base64::prelude::{BASE64_STANDARD, Engine};
use zeroize::Zeroizing;

use super::{ClientAuth, Error, Provider};
use crate::Secret;

/// Who asks: the application's id and secret, and how it logs in.
#[derive(Clone, Copy)]
pub(super) struct Asker<'a> {
    pub(super) id: &'a str,
    pub(super) secret: &'a Secret,
    pub(super) auth: ClientAuth,
}

impl<'a> Asker<'a> {
    /// An application at this provider; without a secret it is a public one.
    pub(super) fn new(provider: &Provider, id: &'a str, secret: &'a Secret) -> Self {
        let auth = match secret.expose() {
            "" => ClientAuth::Public,
            _ => provider.client_auth.unwrap_or(ClientAuth::Basic),
        };
        Self { id, secret, auth }
    }
}

/// The request.
pub(super) fn request(
    url: &Url,
    asker: &Asker<'_>,
    parameters: &[(&str, &str)],
) -> Result<HttpRequest, Error> {
    let mut form = form_urlencoded::Serializer::new(String::new());
    form.extend_pairs(parameters);
    if asker.auth != ClientAuth::Basic {
        form.append_pair("client_id", asker.id);
    }
    if asker.auth == ClientAuth::Post {
        form.append_pair("client_secret", asker.secret.expose());
    }
    let mut request = Request::builder()
        .method(Method::POST)
        .uri(url.as_str())
        .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
        .header(ACCEPT, "application/json");
    if asker.auth == ClientAuth::Basic {
        request = request.header(AUTHORIZATION, basic(asker)?);
    }
    request
        .body(form.finish().into_bytes())
        .map_err(|_| Error::parameter("oauth2-token-url", "is not a valid URL"))
}

/// Both halves are encoded as in a form before they are put together.
fn basic(asker: &Asker<'_>) -> Result<HeaderValue, Error> {
    let encoded = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
    let secret = Zeroizing::new(encoded(asker.secret.expose()));
    let login = Zeroizing::new(format!("{}:{}", encoded(asker.id), *secret));
    let header = Zeroizing::new(format!("Basic {}", BASE64_STANDARD.encode(&*login)));
    let mut value = HeaderValue::from_str(&header)
        .map_err(|_| Error::parameter("client-id", "does not fit into a header"))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_login_stands_where_its_way_says() {
        let url = Url::parse("https://login.example.org/device").unwrap();
        let secret = Secret::new("s&c r:t");
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
            let asker = Asker {
                id: "app:1",
                secret: &secret,
                auth,
            };
            let made = request(&url, &asker, &[("scope", "mail")]).unwrap();
            let seen = made
                .headers()
                .get(AUTHORIZATION)
                .map(|value| value.to_str().unwrap());
            assert_eq!(seen, header, "{auth:?}");
            assert_eq!(std::str::from_utf8(made.body()).unwrap(), body, "{auth:?}");
        }
    }

    #[test]
    fn an_application_without_a_secret_is_a_public_one() {
        let google = Provider::google();
        let (none, some) = (Secret::new(""), Secret::new("x"));
        assert_eq!(Asker::new(&google, "a", &none).auth, ClientAuth::Public);
        assert_eq!(Asker::new(&google, "a", &some).auth, ClientAuth::Post);
    }
}
