//! `exchange`: the call of scripts that have a code and want its token. No secret comes from the command line.

use std::fs::File;
use std::io::{Read, stdin};
use std::path::Path;

use notify::Secret;
use notify::oauth2::CodeExchange;
use serde_json::json;
use zeroize::Zeroizing;

use crate::args::Exchange;
use crate::failure::Failure;
use crate::machine::Machine;
use crate::out::Out;

/// The largest file, in bytes.
const MAX: u64 = 64 * 1024;

pub fn run(machine: &Machine, args: &Exchange, out: &Out) -> Result<(), Failure> {
    let service = machine.read()?;
    let optional = |path: &Option<std::path::PathBuf>| path.as_deref().map(secret).transpose();
    let request = CodeExchange {
        auth_method: args.auth_method.clone(),
        client_id: args.client_id.clone(),
        client_secret: optional(&args.client_secret_file)?.unwrap_or_else(|| Secret::new("")),
        tenant_id: args.tenant_id.clone(),
        authorization_code: secret(&args.authorization_code_file)?,
        redirect_uri: args.redirect_uri.clone(),
        code_verifier: optional(&args.code_verifier_file)?,
        token_url: args.token_url.clone(),
        scopes: args.scopes.clone(),
        client_auth: args.client_auth.clone(),
    };
    let token = service.exchange_code(&request)?;
    out.event(&json!({ "event": "token", "refresh-token": token.expose() }));
    out.say(token.expose());
    Ok(())
}

/// What a file holds, without the newline at its end; `-` is standard input.
fn secret(path: &Path) -> Result<Secret, Failure> {
    let failed = |error: std::io::Error| Failure::here(format!("{}: {error}", path.display()));
    let mut text = Zeroizing::new(String::new());
    match path.to_str() {
        Some("-") => stdin().lock().take(MAX + 1).read_to_string(&mut text),
        _ => File::open(path)
            .map_err(failed)?
            .take(MAX + 1)
            .read_to_string(&mut text),
    }
    .map_err(failed)?;
    if text.len() as u64 > MAX {
        return Err(Failure::here(format!(
            "{}: larger than 64 KiB",
            path.display()
        )));
    }
    let text = text.strip_suffix('\n').unwrap_or(&text);
    Ok(Secret::new(text.strip_suffix('\r').unwrap_or(text)))
}
