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
        ("issuer", Some(&found.issuer)),
        ("authorize-url", Some(&found.authorize_url)),
        ("token-url", Some(&found.token_url)),
        ("device-url", found.device_url.as_ref()),
        ("revoke-url", found.revoke_url.as_ref()),
    ] {
        if let Some(url) = url {
            out.say(&format!("--oauth2-{setting} {url}"));
        }
    }
    if !found.scopes_supported.is_empty() {
        let scopes = found.scopes_supported.join(" ");
        out.say(&wrap(&format!("scopes of the provider: {scopes}"), "  "));
    }
    Ok(())
}
