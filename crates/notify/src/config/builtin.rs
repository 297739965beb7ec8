//! The entries that Proxmox VE always has: mail to root, and a matcher that sends everything there.

use super::Slot;
use super::entity::{Entity, Origin};
use super::{Matcher, Sendmail};
use crate::matcher::{Mode, Rules};

fn mail_to_root() -> Sendmail {
    Sendmail {
        name: "mail-to-root".to_owned(),
        mailto_user: vec!["root@pam".to_owned()],
        comment: Some("Send mails to root@pam's email address".to_owned()),
        origin: Origin::Builtin,
        ..Sendmail::default()
    }
}

fn default_matcher() -> Matcher {
    Matcher {
        name: "default-matcher".to_owned(),
        target: vec!["mail-to-root".to_owned()],
        mode: Some(Mode::All),
        rules: Rules::default(),
        comment: Some("Route all notifications to mail-to-root".to_owned()),
        origin: Origin::Builtin,
        ..Matcher::default()
    }
}

/// Where an entry of this content comes from.
pub(super) fn origin(entity: &Entity) -> Origin {
    let equal = match (entity.name(), entity) {
        ("mail-to-root", Entity::Sendmail(item)) => {
            let builtin = mail_to_root();
            Sendmail {
                origin: builtin.origin,
                ..item.clone()
            } == builtin
        }
        ("default-matcher", Entity::Matcher(item)) => {
            let builtin = default_matcher();
            Matcher {
                origin: builtin.origin,
                ..item.clone()
            } == builtin
        }
        ("mail-to-root" | "default-matcher", _) => false,
        _ => return Origin::UserCreated,
    };
    if equal {
        Origin::Builtin
    } else {
        Origin::ModifiedBuiltin
    }
}

/// Whether deleting an entry of this name only resets it.
pub(super) fn is_builtin(name: &str) -> bool {
    matches!(name, "mail-to-root" | "default-matcher")
}

/// The builtin entries, as if they had just been added.
pub(super) fn all() -> [Slot; 2] {
    [
        Slot::fresh(mail_to_root().into()),
        Slot::fresh(default_matcher().into()),
    ]
}
