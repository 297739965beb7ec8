//! `discover`: the endpoints of a provider that is not known, to be looked at before they become settings.

use crate::args::Discover;
use crate::failure::Failure;
use crate::machine::Machine;
use crate::out::Out;
use crate::text::wrap;

pub fn run(machine: &Machine, args: &Discover, out: &Out) -> Result<(), Failure> {
    let service = machine.read()?;
    out.progress("asking the provider ...");
    let found = service.discover(&args.issuer);
    out.progress("");
    let found = found?;
    out.event(&serde_json::to_value(&found).unwrap_or_default());
    out.say("--auth-method custom-oauth2");
    for (setting, url) in [
        // as a setting it says that answers have it
        ("issuer", found.sends_iss.then_some(&found.issuer)),
        ("authorize-url", Some(&found.authorize_url)),
        ("token-url", Some(&found.token_url)),
        ("device-url", found.device_url.as_ref()),
        ("revoke-url", found.revoke_url.as_ref()),
    ] {
        if let Some(url) = url {
            out.say(&format!("--oauth2-{setting} {}", quoted(url)));
        }
    }
    if !found.scopes_supported.is_empty() {
        let scopes = found.scopes_supported.join(" ");
        out.say(&wrap(&format!("scopes of the provider: {scopes}"), "  "));
    }
    Ok(())
}

/// As one word of a shell: an address may hold what a shell would carry out.
fn quoted(url: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~:/@%+,=".contains(c);
    match url.chars().all(is_plain) {
        true => url.to_owned(),
        false => format!("'{}'", url.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn no_shell_carries_an_address_out() {
        for (url, word) in [
            (
                "https://a.example.org:8443/t",
                "https://a.example.org:8443/t",
            ),
            (
                "https://a.example.org/t?a=b&c=d",
                "'https://a.example.org/t?a=b&c=d'",
            ),
            (
                "https://a.example.org/$(id);`id`",
                "'https://a.example.org/$(id);`id`'",
            ),
            ("https://a.example.org/'x", "'https://a.example.org/'\\''x'"),
        ] {
            assert_eq!(quoted(url), word);
        }
    }
}
