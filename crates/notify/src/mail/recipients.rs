//! Whom a mail goes to: the addresses of `mailto`, then those of the users of `mailto-user`, each
//! once. What cannot be used holds nobody else up.

use super::Mailbox;
use crate::Host;
use crate::message::Message;

/// The text for a mail without recipients, as Proxmox VE has it.
pub(crate) const NOBODY: &str = "no recipients provided for the mail, cannot send it.";

/// The recipients of one target.
#[derive(Debug, Default)]
pub(crate) struct Recipients {
    /// Those that a mail can be addressed to.
    pub(crate) good: Vec<Mailbox>,
    /// Those that it cannot, with the reason.
    pub(crate) bad: Vec<(String, Message)>,
    /// Users without address.
    pub(crate) warnings: Vec<String>,
}

impl Recipients {
    /// Collects them. A name without domain is a user of this machine, which only its own mail system
    /// (`local`) knows.
    pub(crate) fn collect(host: &Host, mailto: &[String], users: &[String], local: bool) -> Self {
        let mut found = Self::default();
        for address in mailto {
            found.add(address, local);
        }
        if users.is_empty() {
            return found;
        }
        let known = match host.user_addresses() {
            Ok(known) => known,
            Err(error) => {
                let warning = format!("e-mail addresses of users cannot be looked up: {error}");
                found.warnings.push(warning);
                return found;
            }
        };
        for user in users {
            match known.get(user) {
                Some(address) => found.add(address, local),
                None => found.warnings.push(format!(
                    "user '{user}' has no e-mail address and gets no mail; enter one in the user's \
                     settings, or delete the user from mailto-user"
                )),
            }
        }
        found
    }

    fn add(&mut self, text: &str, local: bool) {
        let reason = match Mailbox::parse(text) {
            Ok(Mailbox::Local(_)) if !local => "has no domain",
            Ok(mailbox) => {
                if !self.good.contains(&mailbox) {
                    self.good.push(mailbox);
                }
                return;
            }
            Err(reason) => reason,
        };
        let shown = text.escape_debug().to_string();
        if self.bad.iter().all(|(seen, _)| *seen != shown) {
            let why = Message::new(format!("Invalid input: recipient '{shown}' {reason}"))
                .fix("fix or delete it");
            self.bad.push((shown, why));
        }
    }
}
