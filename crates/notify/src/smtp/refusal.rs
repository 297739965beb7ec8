//! What a reply means that refuses something.
//!
//! A pattern is a list of words that must all hold: a reply code (`535`, or `5xx` for its class), an
//! enhanced code (`5.7.8`), the step (`RCPT`), `TOKEN` or `PASSWORD` for the kind of login, and in
//! lower case a word that the server's text contains. The first pattern that holds decides, so the
//! finest come first.

use super::{Reply, Step};
use crate::cause::Refusal;

#[rustfmt::skip]
static TABLE: &[(&[&str], Refusal)] = &[
    // limits that come in the clothes of other refusals
    (&["4.3.2 concurrent", "432 4.3.2", "432 concurrent"], Refusal::Throttled),
    // before any login; many servers tell of the name in EHLO only at the first recipient
    (&["helo command rejected", "EHLO 421 ehlo", "RCPT 504 5.5.2"], Refusal::NameRefused),
    (&["AUTH 5xx line long", "AUTH 5xx line length"], Refusal::AuthLineTooLong),
    (&["GREETING 554", "GREETING 521", "GREETING 550", "521"], Refusal::NotWelcome),
    (&["EHLO 550", "EHLO 501", "EHLO 504", "EHLO 554"], Refusal::NameRefused),
    (&["STARTTLS 4xx", "STARTTLS 5xx"], Refusal::TlsUnavailable),
    // logins
    (&["432 4.7.12", "AUTH 432"], Refusal::PasswordTransition),
    (&["AUTH 535 5.7.139"], Refusal::AuthDisabled),
    (&["TOKEN 535 5.7.3"], Refusal::TokenAudience),
    (&["550 5.7.30"], Refusal::BasicAuthOver),
    (&["AUTH 534 5.7.9"], Refusal::AppPassword),
    (&["AUTH 534 5.7.14"], Refusal::WebLogin),
    (&["501 5.5.127"], Refusal::TokenTooOld),
    (&["TOKEN 535", "TOKEN 501"], Refusal::TokenRefused),
    (&["AUTH 535", "AUTH 5.7.8"], Refusal::LoginRefused),
    (&["AUTH 525", "AUTH 5.7.13"], Refusal::AccountDisabled),
    (&["AUTH 538", "AUTH 523", "5.7.11", "5.7.10"], Refusal::EncryptionNeeded),
    (&["AUTH 534"], Refusal::MechanismWeak),
    (&["AUTH 504", "AUTH 5.7.4", "AUTH 502", "AUTH 503", "AUTH 500 5.5.1"], Refusal::MechanismUnknown),
    (&["AUTH 500", "AUTH 5.5.6"], Refusal::AuthLineTooLong),
    (&["454 too many", "AUTH 421"], Refusal::TooManyLogins),
    (&["AUTH 454", "AUTH 4xx"], Refusal::AuthUnavailable),
    (&["530 starttls"], Refusal::StarttlsNeeded),
    (&["530 5.7.57", "530"], Refusal::LoginNeeded),
    // limits in time
    (&["5.4.5", "quota exceeded sending", "550 daily"], Refusal::SendingQuota),
    (&["4xx greylist", "4xx graylist", "4xx grey-list"], Refusal::Greylisted),
    (&["4.7.28", "421 4.7.0", "450 4.7.0"], Refusal::Rate),
    // senders
    (&["5.7.708"], Refusal::TenantBlocked),
    (&["5.1.8 outbound"], Refusal::SenderBlocked),
    (&["5.2.252", "5.7.60"], Refusal::SendAs),
    (&["MAIL 553", "RCPT 553 sender", "MAIL 5.7.1", "RCPT 5.7.1 sender", "553 5.7.1"], Refusal::SenderNotOwned),
    (&["5.1.8", "5.1.7", "4.1.8", "4.1.7", "MAIL 550", "MAIL 501", "MAIL 5.5.4"], Refusal::SenderRejected),
    // recipients
    (&["RCPT 550 5.1.1", "5.1.1", "5.1.10", "5.1.6", "5.2.1"], Refusal::NoSuchMailbox),
    (&["5.1.2", "4.1.2", "5.4.4", "556"], Refusal::NoSuchDomain),
    (&["RCPT 553", "RCPT 501", "5.1.3"], Refusal::BadAddress),
    (&["4.2.2", "5.2.2"], Refusal::MailboxFull),
    (&["4.5.3", "5.5.3"], Refusal::TooManyRecipients),
    (&["RCPT 5xx relay", "MESSAGE 5xx relay", "RCPT 5.7.1", "551"], Refusal::RelayDenied),
    (&["RCPT 450", "4.2.1", "4.1.1"], Refusal::MailboxUnavailable),
    // messages
    (&["5.3.4", "5.2.3", "552 size", "552 large"], Refusal::MessageTooLarge),
    (&["552"], Refusal::Storage),
    (&["452", "4.3.1"], Refusal::StorageNow),
    (&["5.7.26", "5.7.23", "5.7.25", "5.7.27"], Refusal::SenderAuthentication),
    (&["MESSAGE 5.7.1", "MESSAGE 550", "MESSAGE 554", "DATA 550", "5.7.1", "5.6.0"], Refusal::MessageRejected),
    (&["5.6.7", "4.6.7"], Refusal::Utf8Refused),
    // the conversation
    (&["421"], Refusal::Closing),
    (&["503", "5.5.1"], Refusal::BadSequence),
    (&["500", "501", "502", "504", "555"], Refusal::Syntax),
    (&["4.4.1", "4.4.2", "4.4.3", "4.4.7"], Refusal::Network),
    (&["451", "450", "4xx"], Refusal::Temporary),
    (&["550", "551", "554", "5xx"], Refusal::Refused),
];

/// What the reply means at this step; `login` is `TOKEN` or `PASSWORD` for a login.
pub(super) fn of(reply: &Reply, step: Step, login: Option<&str>) -> Refusal {
    let mut facts = vec![reply.code.to_string(), format!("{}xx", reply.code / 100)];
    if let Some((class, subject, detail)) = reply.enhanced {
        facts.push(format!("{class}.{subject}.{detail}"));
    }
    facts.push(step.word().to_owned());
    facts.extend(login.map(str::to_owned));
    let text = reply.text.to_ascii_lowercase();
    let holds = |word: &str| {
        let is_text = word
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        facts.iter().any(|fact| fact == word) || (is_text && text.contains(word))
    };
    let found = TABLE
        .iter()
        .find(|(patterns, _)| patterns.iter().any(|pattern| pattern.split(' ').all(holds)));
    // every reply that refuses is of one of the classes at the end of the table
    found.map_or(Refusal::Refused, |(_, refusal)| *refusal)
}
