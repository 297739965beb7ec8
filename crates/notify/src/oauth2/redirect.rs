//! Addresses that a provider leads a browser back to: which of them are of use.
//!
//! Google, developers.google.com/identity/protocols/oauth2/web-server#uri-validation: https unless it is
//! localhost, no raw IP address, a public top-level domain.

use ::oauth2::url::{Host, Url};
use serde::Serialize;

use super::check;
use super::{GOOGLE, Provider};

/// Where a web page of ours takes the answer, on a node and on any other machine.
const CALLBACK_PAGES: [&str; 2] = ["/pve2/js/notify/callback.html", "/callback.html"];
/// Leads nowhere, and every provider takes it: the person copies the address from the browser.
pub(crate) const NOWHERE: &str = "http://localhost:8006/";
/// Names that no public name server knows: RFC 6761, 6762 and 8375, ICANN's list of name collisions, and what
/// routers make up.
const PRIVATE: [&str; 15] = [
    "arpa",
    "corp",
    "dom",
    "example",
    "home",
    "internal",
    "intern",
    "intra",
    "invalid",
    "lan",
    "local",
    "localdomain",
    "onion",
    "private",
    "test",
];

/// A redirect URI and what becomes of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Redirect {
    /// The address, as it is registered at the provider.
    pub uri: String,
    /// Whether the provider takes it, as far as is known.
    pub usable: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
}

impl Redirect {
    /// This address at this provider.
    pub(crate) fn of(uri: &str, provider: &Provider) -> Self {
        let reason = refused(uri, provider);
        Self {
            uri: uri.to_owned(),
            usable: reason.is_none(),
            reason,
        }
    }

    /// The addresses to choose from: this one, those of the web server that it names, or of this machine under
    /// its full name where it names none, and the one that leads nowhere.
    pub(crate) fn all(uri: &str, host: Option<&str>, provider: &Provider) -> Vec<Self> {
        let own = host.map(|host| format!("https://{host}:8006/"));
        let server = match (own, uri == NOWHERE) {
            (Some(own), true) => Some(own),
            (None, true) => None,
            (_, false) => Some(uri.to_owned()),
        };
        let mut uris = vec![uri.to_owned()];
        if let Some(url) = server.and_then(|server| Url::parse(&server).ok()) {
            let page = match is_callback_page(uri) {
                true => url.path(),
                // the port tells a node, which has no other
                false if url.port() == Some(8006) => CALLBACK_PAGES[0],
                false => CALLBACK_PAGES[1],
            };
            let places = [page, "/"].map(|path| url.join(path));
            uris.extend(places.into_iter().flatten().map(String::from));
        }
        uris.push(NOWHERE.to_owned());
        let mut all: Vec<Self> = Vec::new();
        for uri in uris {
            if check::redirect_uri(&uri).is_ok() && all.iter().all(|known| known.uri != uri) {
                all.push(Self::of(&uri, provider));
            }
        }
        all
    }
}

/// Whether a page of ours is there, which reads the answer's fragment as well as its query.
pub(super) fn is_callback_page(uri: &str) -> bool {
    Url::parse(uri).is_ok_and(|url| CALLBACK_PAGES.contains(&url.path()))
}

/// Why the provider would refuse it.
fn refused(uri: &str, provider: &Provider) -> Option<&'static str> {
    if provider.name != GOOGLE {
        return None;
    }
    match Url::parse(uri).ok()?.host()? {
        Host::Ipv4(address) if address.is_loopback() => None,
        Host::Ipv6(address) if address.is_loopback() => None,
        Host::Ipv4(_) | Host::Ipv6(_) => Some("Google does not allow IP addresses"),
        Host::Domain(name) => {
            let name = name.trim_end_matches('.').to_ascii_lowercase();
            match name.rsplit_once('.') {
                _ if name == "localhost" || name.ends_with(".localhost") => None,
                Some((_, top)) if !PRIVATE.contains(&top) => None,
                _ => Some("Google allows only names below a public top-level domain"),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::oauth2::Cloud;

    #[test]
    fn google_takes_public_names_and_this_machine() {
        for (uri, usable) in [
            ("https://pve.example.org:8006/", true),
            ("https://PVE.Example.Org./callback.html", true),
            ("http://localhost/", true),
            ("http://127.0.0.1:8080/", true),
            ("http://[::1]/", true),
            ("https://192.0.2.10:8006/", false),
            ("https://[2001:db8::1]:8006/", false),
            ("https://pve:8006/", false),
            ("https://pve.local:8006/", false),
            ("https://pve.home.arpa/", false),
            ("https://pve.LAN/", false),
        ] {
            let google = Redirect::of(uri, &Provider::google());
            assert_eq!(
                (google.usable, google.reason.is_none()),
                (usable, usable),
                "{uri}"
            );
            assert!(
                Redirect::of(uri, &Provider::microsoft(Cloud::Global)).usable,
                "{uri}"
            );
        }
    }

    #[test]
    fn the_choice_has_the_page_the_web_interface_and_the_way_of_a_copied_address() {
        let uris = |uri, host| {
            let all = Redirect::all(uri, host, &Provider::google());
            let all = all.into_iter().map(|one| (one.uri, one.usable));
            all.collect::<Vec<_>>()
        };
        let row = |uri: &str, usable| (uri.to_owned(), usable);
        assert_eq!(
            uris("https://pve.local:8006/", None),
            [
                row("https://pve.local:8006/", false),
                row("https://pve.local:8006/pve2/js/notify/callback.html", false),
                row(NOWHERE, true),
            ]
        );
        assert_eq!(
            uris(
                "https://mail.example.org/callback.html",
                Some("pve.example.org")
            ),
            [
                row("https://mail.example.org/callback.html", true),
                row("https://mail.example.org/", true),
                row(NOWHERE, true),
            ]
        );
        let page = "https://pve.example.org:8006/pve2/js/notify/callback.html";
        let ui = "https://pve.example.org:8006/";
        assert_eq!(
            uris(NOWHERE, Some("pve.example.org")),
            [row(NOWHERE, true), row(page, true), row(ui, true)]
        );
        for host in [None, Some("a b.example.org"), Some("")] {
            assert_eq!(uris(NOWHERE, host), [row(NOWHERE, true)], "{host:?}");
        }
    }
}
