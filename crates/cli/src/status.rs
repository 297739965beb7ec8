//! `status`: how the OAuth2 logins do, and what to do about those that do not.

use notify::config::Kind;
use notify::message::Message;
use notify::upkeep::{Condition, Health};

use crate::args::Status;
use crate::failure::Failure;
use crate::machine::Machine;
use crate::out::Out;
use crate::text::{moment, wrap};

pub fn run(machine: &Machine, args: &Status, out: &Out) -> Result<(), Failure> {
    let service = machine.read()?;
    let mut all = service.status();
    if let Some(name) = &args.name {
        service
            .config()
            .get(Kind::Smtp, name)
            .map_err(notify::Error::from)?;
        all.retain(|other, _| other == name);
        if all.is_empty() {
            let cause = format!("target '{name}' does not log in with OAuth2");
            return Err(Failure::Wrong(
                Message::new(cause).fix("set its auth-method"),
            ));
        }
    }
    if all.is_empty() {
        out.tell("no target logs in with OAuth2");
    }
    if args.name.is_none() {
        for target in service.config().targets() {
            let is_password = !all.contains_key(target.name);
            if let Some(warning) = target.warning.filter(|_| is_password) {
                out.event(&serde_json::json!({"name": target.name, "warning": warning}));
                let lines = wrap(&format!("  warning: {warning}"), "    ");
                out.say(&format!("{}: no OAuth2\n{lines}", target.name));
            }
        }
    }
    for health in all.values() {
        out.event(&serde_json::to_value(health).unwrap_or_default());
        out.say(&shown(health));
    }
    match all.values().any(|health| needs_attention(health.condition)) {
        true => Err(Failure::Attention),
        false => Ok(()),
    }
}

/// Whether somebody has to do something, or should look.
fn needs_attention(condition: Condition) -> bool {
    match condition {
        Condition::Ok | Condition::Untested | Condition::Due => false,
        Condition::Failing | Condition::AuthorizeAgain | Condition::Misconfigured => true,
    }
}

/// Name and condition, then what is known, a line each.
fn shown(health: &Health) -> String {
    let condition = serde_json::to_value(health.condition).unwrap_or_default();
    let mut lines = vec![format!(
        "{}: {}",
        health.name,
        condition.as_str().unwrap_or_default()
    )];
    let moments = [
        ("consented", health.consented),
        ("last refresh", health.last_refresh),
        ("last mail", health.last_send),
        ("expected end", health.expected_end),
        ("secret expires", health.secret_expires),
        ("retry at", health.retry_at),
        ("last error", health.last_error_at),
    ];
    for (title, at) in moments {
        lines.extend(at.map(|at| format!("  {title}: {}", moment(at))));
    }
    for (title, text) in [
        ("cause", &health.cause),
        ("fix", &health.cure),
        ("details", &health.details),
        ("warning", &health.warning),
    ] {
        lines.extend(
            text.iter()
                .map(|text| wrap(&format!("  {title}: {text}"), "    ")),
        );
    }
    lines.join("\n")
}
