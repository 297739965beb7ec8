//! Addresses that a provider leads a browser back to: which of them are of use.
//!
//! Google, developers.google.com/identity/protocols/oauth2/web-server#uri-validation: https unless it is
//! localhost, no raw IP address, a public top-level domain.

use ::oauth2::url::{Host, Url};
use serde::Serialize;

use super::Provider;
use super::check;

/// Where a web page of ours takes the answer, on a node and on any other machine.
const CALLBACK_PAGES: [&str; 2] = ["/pve2/js/notify/callback.html", "/callback.html"];
/// Leads nowhere: the person copies the address from the browser.
const NOWHERE: &str = "http://localhost/";
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
    /// The address, as it has to be registered at the provider.
    pub uri: String,
    /// Whether the provider takes it, as far as is known.
    pub usable: bool,
    /// Why not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<&'static str>,
    /// Whether the person has to copy the address from the browser, as nothing of ours is there.
    pub paste: bool,
}

impl Redirect {
    /// This address at this provider.
    pub(crate) fn of(uri: &str, provider: &Provider) -> Self {
        let reason = refused(uri, provider);
        Self {
            uri: uri.to_owned(),
            usable: reason.is_none(),
            reason,
            paste: !is_callback_page(uri),
        }
    }

    /// The addresses to choose from: this one, those of the same web server, and the one that leads nowhere.
    pub(crate) fn all(uri: &str, provider: &Provider) -> Vec<Self> {
        let mut uris = vec![uri.to_owned()];
        if let Ok(url) = Url::parse(uri) {
            let page = match is_callback_page(uri) {
                true => url.path(),
                // the port tells a node, which has no other
                false if url.port() == Some(8006) => CALLBACK_PAGES[0],
                false => CALLBACK_PAGES[1],
            };
            uris.extend(
                [page, "/"]
                    .iter()
                    .filter_map(|path| Some(url.join(path).ok()?.into())),
            );
        }
        uris.push(NOWHERE.to_owned());
        let mut all: Vec<Self> = Vec::new();
        for uri in uris {
            if all.iter().all(|known| known.uri != uri) {
                all.push(Self::of(&uri, provider));
            }
        }
        all
    }

    /// The first of them that is usable, for a caller who has named none.
    pub(crate) fn best(host: Option<&str>, provider: &Provider) -> String {
        let own = host.map(|host| format!("https://{host}:8006{}", CALLBACK_PAGES[0]));
        own.filter(|uri| check::redirect_uri(uri).is_ok() && refused(uri, provider).is_none())
            .unwrap_or_else(|| NOWHERE.to_owned())
    }
}

/// Whether a page of ours is there, which reads the answer's fragment as well as its query.
pub(super) fn is_callback_page(uri: &str) -> bool {
    Url::parse(uri).is_ok_and(|url| CALLBACK_PAGES.contains(&url.path()))
}

/// Why the provider would refuse it.
fn refused(uri: &str, provider: &Provider) -> Option<&'static str> {
    if provider.name != "google-oauth2" {
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
        let uris = |uri| {
            let all = Redirect::all(uri, &Provider::google());
            let all = all.into_iter().map(|one| (one.uri, one.usable, one.paste));
            all.collect::<Vec<_>>()
        };
        let row = |uri: &str, usable, paste| (uri.to_owned(), usable, paste);
        assert_eq!(
            uris("https://pve.local:8006/"),
            [
                row("https://pve.local:8006/", false, true),
                row(
                    "https://pve.local:8006/pve2/js/notify/callback.html",
                    false,
                    false
                ),
                row("http://localhost/", true, true),
            ]
        );
        assert_eq!(
            uris("https://mail.example.org/callback.html"),
            [
                row("https://mail.example.org/callback.html", true, false),
                row("https://mail.example.org/", true, true),
                row("http://localhost/", true, true),
            ]
        );
    }

    #[test]
    fn who_names_none_gets_the_page_of_this_machine_if_it_has_a_public_name() {
        let best = |host| Redirect::best(host, &Provider::google());
        let page = "https://pve.example.org:8006/pve2/js/notify/callback.html";
        assert_eq!(best(Some("pve.example.org")), page);
        for host in [
            None,
            Some("pve"),
            Some("pve.local"),
            Some("192.0.2.1"),
            Some("a b.example.org"),
        ] {
            assert_eq!(best(host), "http://localhost/", "{host:?}");
        }
    }
}
