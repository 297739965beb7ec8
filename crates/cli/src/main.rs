//! `pve-notify`: OAuth2 logins of the notification targets, from a terminal.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(pve_notify::run())
}
