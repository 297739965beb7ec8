//! The rules for what a person is told, as a check that rows and errors share.

use super::Role;

/// The longest cause and the longest fix, in characters.
const CAUSE: usize = 80;
const FIX: usize = 100;

/// Where a text may begin with a capital letter: these names have one.
const NAMES: [&str; 5] = ["Microsoft", "Google", "SMTP", "TLS", "Conditional"];

/// Words that are unclear to those who learned English from manuals, with their forms.
const BANNED: [&str; 62] = [
    "mend",
    "mends",
    "mended",
    "hand in",
    "hands in",
    "handed in",
    "set aside",
    "sets aside",
    "way",
    "ways",
    "the line",
    "stand",
    "stands",
    "stood",
    "standing",
    "turn",
    "turns",
    "turned",
    "put down",
    "puts down",
    "take",
    "takes",
    "took",
    "taken",
    "come",
    "comes",
    "came",
    "coming",
    "be none",
    "is none",
    "are none",
    "is no",
    "are no",
    "has to",
    "have to",
    "had to",
    "by itself",
    "by themselves",
    "anew",
    "in the clear",
    "beyond",
    "whoever",
    "blank",
    "blanks",
    "at all",
    // a second word for what has one already
    "endpoint",
    "renew",
    "renews",
    "renewed",
    "admin",
    "login",
    "logins",
    "the grant",
    "its grant",
    "a grant",
    "remove",
    "removed",
    "correct",
    "repair",
    "plaintext",
    "cleartext",
    "email",
];

/// Terms by the only way to write them.
const SPELLED: [&str; 5] = [
    "client ID",
    "client secret",
    "tenant ID",
    "redirect URI",
    "mail server",
];

/// What a template or a draft leaves behind.
const PLACEHOLDERS: [&str; 9] = ["{", "}", "<", "%s", "%d", "TODO", "XXX", "???", "NAME"];

/// Who may be asked to act beside the reader, and words that would name somebody else.
const ROLES: [&str; 3] = [
    "tenant administrator",
    "mail server administrator",
    "mailbox owner",
];
const SOMEBODY: [&str; 7] = [
    "administrator",
    "owner",
    "user",
    "person",
    "recipient",
    "provider",
    "operator",
];

/// The rules that a cause and its fix break.
pub(crate) fn broken(cause: &str, fix: Option<&str>) -> Vec<&'static str> {
    let fix_text = fix.unwrap_or("fix it");
    let both = [cause, fix_text];
    let any = |rule: &dyn Fn(&str) -> bool| both.iter().any(|text| rule(text));
    let rules = [
        ("cause too long", cause.chars().count() > CAUSE),
        ("fix too long", fix_text.chars().count() > FIX),
        ("banned word", any(&has_banned_word)),
        ("term", any(&has_other_spelling)),
        ("placeholder", any(&has_placeholder)),
        ("lower case", !begins_well(cause) || !begins_lower(fix_text)),
        ("end", any(&ends_badly)),
        ("role", !has_known_role(fix_text)),
        ("only wait", fix_text.starts_with("wait")),
        ("command", asks_without_command(fix_text)),
        ("characters", any(&has_odd_characters)),
    ];
    let broken = rules.into_iter().filter(|(_, is_broken)| *is_broken);
    broken.map(|(rule, _)| rule).collect()
}

/// The text without what is in double quotes: the names of pages and buttons of others.
fn own(text: &str) -> String {
    text.split('"').step_by(2).collect::<Vec<_>>().join(" ")
}

/// The words in lower case, each with a blank before and after it.
fn words(text: &str) -> String {
    let text = own(text).to_lowercase();
    let words: Vec<&str> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    format!(" {} ", words.join(" "))
}

fn has_banned_word(text: &str) -> bool {
    let words = words(text)
        .replace(" there is no ", " ")
        .replace(" token endpoint ", " ")
        .replace(" auth login ", " ");
    let has = |phrase: &&str| words.contains(&format!(" {phrase} "));
    BANNED.iter().any(has)
}

fn has_other_spelling(text: &str) -> bool {
    let text = own(text);
    let lower = text.to_lowercase();
    SPELLED
        .iter()
        .any(|term| lower.matches(&term.to_lowercase()).count() != text.matches(term).count())
}

fn has_placeholder(text: &str) -> bool {
    let text = own(text);
    PLACEHOLDERS.iter().any(|mark| text.contains(mark))
}

fn begins_lower(text: &str) -> bool {
    text.starts_with(|c: char| c.is_lowercase() || c.is_ascii_digit())
}

fn begins_well(text: &str) -> bool {
    let first = text.split([' ', '\'']).next().unwrap_or_default();
    begins_lower(text) || NAMES.contains(&first)
}

fn ends_badly(text: &str) -> bool {
    text.is_empty() || text.ends_with(['.', '!', ':', ';', ',', ' '])
}

fn has_known_role(fix: &str) -> bool {
    let Some((who, _)) = fix.split_once(": ") else {
        return true;
    };
    let names_somebody = SOMEBODY.iter().any(|word| who.ends_with(word));
    !names_somebody || ROLES.contains(&who)
}

/// Whoever needs a new consent is told of the command.
fn asks_without_command(fix: &str) -> bool {
    words(fix).contains(" authorize ") && !fix.contains("pve-notify authorize")
}

fn has_odd_characters(text: &str) -> bool {
    text.contains(char::is_control) || text.contains("  ") || text.contains('`')
}

#[test]
fn each_rule_finds_what_breaks_it() {
    let long = "a ".repeat(41);
    let long = long.trim_end();
    let longer = format!("{long} of which nobody knows");
    assert_eq!(broken("the port is closed", Some("open it")), [""; 0]);
    assert_eq!(broken("the port is closed", None), [""; 0]);
    for (cause, fix, rule) in [
        (long, "open it", "cause too long"),
        ("it failed", &longer, "fix too long"),
        ("it has to be open", "open it", "banned word"),
        ("the port is no port", "open it", "banned word"),
        ("it failed", "hand in the code", "banned word"),
        ("the client id is wrong", "set it", "term"),
        ("it failed", "set the Tenant ID", "term"),
        ("it failed", "set {setting}", "placeholder"),
        ("It failed", "open it", "lower case"),
        ("it failed", "Open it", "lower case"),
        ("it failed.", "open it", "end"),
        ("it failed", "open it;", "end"),
        ("", "open it", "end"),
        ("it failed", "the owner: open it", "role"),
        ("it failed", "administrator: open it", "role"),
        ("it failed", "wait a minute", "only wait"),
        ("it failed", "authorize the target", "command"),
        ("it  failed", "open it", "characters"),
    ] {
        let found = broken(cause, Some(fix));
        assert!(found.contains(&rule), "{cause}; {fix}: {found:?}");
        assert!(found.len() == 1 || cause.is_empty(), "{found:?}");
    }
    for words in BANNED {
        let text = format!("it {words} it");
        assert_eq!(broken(&text, None), ["banned word"], "{text}");
    }
    for (role, is_known) in [
        (Role::Tenant, true),
        (Role::MailServer, true),
        (Role::MailboxOwner, true),
    ] {
        let fix = format!("{}open it", role.prefix());
        assert_eq!(
            broken("it failed", Some(&fix)).is_empty(),
            is_known,
            "{fix}"
        );
    }
}
