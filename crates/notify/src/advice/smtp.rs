//! Refusals of mail servers (RFC 5321, RFC 3463, RFC 4954, and what Google and Microsoft add).
//!
//! A pattern is a list of words that must all hold: a reply code (`535`, or `5xx` for its class), an
//! enhanced code (`5.7.8`), the step (`RCPT`), `TOKEN` or `PASSWORD` for the kind of login, and in
//! lower case a word that the server's text contains. The first pattern that holds decides, so the
//! finest come first.

use super::Advice;

const NODE: &str = "an administrator of this machine";
const SERVER: &str = "whoever runs the mail server";
const TENANT: &str = "an administrator of the tenant";
const OWNER: &str = "the mailbox's owner";
const TARGET: &str = "whoever set up this target";

/// A row; the arguments in the order of the sentence.
const fn row(
    key: &'static str,
    what: &'static str,
    who: &'static str,
    cure: &'static str,
) -> Advice {
    Advice {
        key,
        code: 502,
        what,
        who,
        cure,
    }
}

#[rustfmt::skip]
pub(super) static TABLE: &[(&[&str], Advice)] = &[
    // limits that come in the clothes of other refusals
    (&["4.3.2 concurrent", "432 4.3.2", "432 concurrent"], row("smtp-throttled",
        "Microsoft allows 3 connections at a time and 30 mails a minute for a mailbox, and this is beyond it",
        TARGET, "spread the notifications over several mailboxes or let fewer events notify; a later try succeeds")),

    // before any login
    (&["GREETING 554", "GREETING 521", "GREETING 550", "521"], row("smtp-not-welcome",
        "the server takes no mail from this machine at all",
        NODE, "check server and port (587 or 465 for logins, 25 is for servers) and whether this machine's address is on a block list")),
    (&["EHLO 550", "EHLO 501", "EHLO 504", "EHLO 554"], row("smtp-name-refused",
        "the server does not accept the name by which this machine greets",
        NODE, "give this machine a full name with a domain (hostname --fqdn)")),
    (&["STARTTLS 4xx", "STARTTLS 5xx"], row("smtp-tls-unavailable",
        "the server cannot begin TLS, so nothing was sent",
        SERVER, "repair its certificate and TLS settings")),

    // logins
    (&["432 4.7.12", "AUTH 432"], row("smtp-password-transition",
        "the server can check this kind of login only after the password was given to it once in another way",
        OWNER, "log in once with AUTH PLAIN over TLS, for instance with a mail program; this way works from then on")),
    (&["AUTH 535 5.7.139"], row("smtp-auth-disabled",
        "Microsoft has SMTP AUTH switched off for the mailbox or the tenant, or a policy blocks this login",
        TENANT, "enable \"Authenticated SMTP\" for the mailbox, and check the security defaults and Conditional Access policies of the tenant")),
    (&["TOKEN 535 5.7.3"], row("smtp-token-audience",
        "Microsoft does not accept the token for this mailbox",
        TENANT, "check that the login name is the mailbox the token was made for, that the application has SMTP.Send (or SMTP.SendAsApp and a service principal in Exchange), and that the token is meant for outlook.office.com")),
    (&["550 5.7.30"], row("smtp-basic-auth-over",
        "Microsoft no longer accepts passwords for SMTP AUTH",
        TARGET, "change the target's auth-method to microsoft-oauth2 and authorize it")),
    (&["AUTH 534 5.7.9"], row("smtp-app-password",
        "Google demands an application-specific password or OAuth2 for this account",
        OWNER, "create an app password and enter it, or change the target's auth-method to google-oauth2")),
    (&["AUTH 534 5.7.14"], row("smtp-web-login",
        "Google wants the account's owner to log in with a browser first",
        OWNER, "log in with a browser, confirm that it was you, then try again")),
    (&["501 5.5.127"], row("smtp-token-too-old",
        "Microsoft does not accept a token in its last ten minutes",
        TARGET, "let the target fetch a fresh token; nothing is wrong with its settings")),
    (&["TOKEN 535", "TOKEN 501"], row("smtp-token-refused",
        "the server does not accept the login name with this token",
        TARGET, "check that the login name is the mailbox that was authorized; if it is, authorize again")),
    (&["AUTH 535", "AUTH 5.7.8"], row("smtp-login-refused",
        "the server does not accept the login name with this password",
        TARGET, "check user name and password; where the mailbox has a second factor, an app password or OAuth2 is needed")),
    (&["AUTH 525", "AUTH 5.7.13"], row("smtp-account-disabled",
        "the account is disabled",
        SERVER, "enable the account, or name another one in the target")),
    (&["AUTH 538", "AUTH 523", "5.7.11", "5.7.10"], row("smtp-encryption-needed",
        "the server accepts this login only over TLS",
        TARGET, "set the target's mode to starttls or tls")),
    (&["AUTH 534"], row("smtp-mechanism-weak",
        "the server demands another way to log in",
        TARGET, "read what the server says, and set the auth-method or an app password accordingly")),
    (&["AUTH 504", "AUTH 5.7.4", "AUTH 502", "AUTH 503", "AUTH 500 5.5.1"], row("smtp-mechanism-unknown",
        "the server offers this way to log in but does not carry it out",
        SERVER, "enable it, or take it off the list of what the server offers")),
    (&["AUTH 500", "AUTH 5.5.6"], row("smtp-auth-line-too-long",
        "the server cannot take a login of this length",
        SERVER, "allow command lines of 12288 octets at AUTH, as RFC 4954 demands")),
    (&["454 too many", "AUTH 421"], row("smtp-too-many-logins",
        "the server has had too many logins in a short time",
        TARGET, "wait some minutes, and send less often if this happens again")),
    (&["AUTH 454", "AUTH 4xx"], row("smtp-auth-unavailable",
        "the server cannot check logins now",
        SERVER, "look after the service that checks its logins; a later try may succeed")),
    (&["530 starttls"], row("smtp-starttls-needed",
        "the server goes on only over TLS",
        TARGET, "set the target's mode to starttls or tls")),
    (&["530 5.7.57", "530"], row("smtp-login-needed",
        "the server takes mail only after a login",
        TARGET, "enter user name and password, or set up OAuth2")),

    // limits in time
    (&["5.4.5", "quota exceeded sending", "550 daily"], row("smtp-sending-quota",
        "the mailbox has reached the number of mails it may send in a day",
        OWNER, "wait a day, or let fewer events notify")),
    (&["4xx greylist", "4xx graylist", "4xx grey-list"], row("smtp-greylisted",
        "the server puts off mail from senders it does not know yet",
        SERVER, "let this machine pass its greylisting; a try some minutes later succeeds by itself")),
    (&["4.7.28", "421 4.7.0", "450 4.7.0"], row("smtp-rate",
        "the server holds this machine's mail back, for its rate or its reputation",
        NODE, "send less at a time, and check that the address of this machine is not on a block list")),

    // senders
    (&["5.2.252", "5.7.60"], row("smtp-send-as",
        "Microsoft does not let this login send in the name of the From address",
        TENANT, "give the mailbox that logs in \"Send As\" on the From address, or set from-address to the mailbox itself")),
    (&["MAIL 553", "RCPT 553 sender", "MAIL 5.7.1", "RCPT 5.7.1 sender", "553 5.7.1"], row("smtp-sender-not-owned",
        "the login may not use this sender address",
        TARGET, "set from-address to an address that belongs to the login")),
    (&["5.1.8", "5.1.7", "4.1.8", "4.1.7", "MAIL 550", "MAIL 501", "MAIL 5.5.4"], row("smtp-sender-rejected",
        "the server does not accept the sender address",
        TARGET, "set from-address to an existing address whose domain can be found in the DNS")),

    // recipients
    (&["RCPT 550 5.1.1", "5.1.1", "5.1.10", "5.1.6", "5.2.1"], row("smtp-no-such-mailbox",
        "there is no mailbox of this address, or it is closed",
        TARGET, "correct or remove the recipient")),
    (&["5.1.2", "4.1.2", "5.4.4", "556"], row("smtp-no-such-domain",
        "the recipient's domain does not exist or takes no mail",
        TARGET, "correct or remove the recipient")),
    (&["RCPT 553", "RCPT 501", "5.1.3"], row("smtp-bad-address",
        "the server does not understand the address",
        TARGET, "correct the spelling of the address")),
    (&["4.2.2", "5.2.2"], row("smtp-mailbox-full",
        "the recipient's mailbox is full",
        "the recipient", "make room in it")),
    (&["4.5.3", "5.5.3"], row("smtp-too-many-recipients",
        "these are more recipients than the server takes in one mail",
        TARGET, "use a distribution list, or spread the recipients over several targets")),
    (&["RCPT 5xx relay", "MESSAGE 5xx relay", "RCPT 5.7.1", "551"], row("smtp-relay-denied",
        "the server does not take mail from here for this recipient",
        SERVER, "let this machine or this login relay; often a login is all that is missing")),
    (&["RCPT 450", "4.2.1", "4.1.1"], row("smtp-mailbox-unavailable",
        "the recipient's mailbox cannot be reached or checked now",
        SERVER, "wait for a later try, which often succeeds (some servers put the first one off), else look into the server's log")),

    // messages
    (&["5.3.4", "5.2.3", "552 size", "552 large"], row("smtp-message-too-large",
        "the mail is larger than the server takes",
        SERVER, "raise the limit, or whoever set up the template has to shorten it")),
    (&["552"], row("smtp-storage",
        "the recipient's mailbox or the server has no room for the mail",
        SERVER, "make room or raise the quota")),
    (&["452", "4.3.1"], row("smtp-storage-now",
        "the server has no room or not enough of something else now",
        SERVER, "make room; a later try may succeed")),
    (&["5.7.26", "5.7.23", "5.7.25", "5.7.27"], row("smtp-sender-authentication",
        "the sender's domain does not vouch for this machine (SPF, DKIM, reverse name)",
        NODE, "send through a server that the domain names in SPF and that signs with DKIM, or repair these entries")),
    (&["MESSAGE 5.7.1", "MESSAGE 550", "MESSAGE 554", "DATA 550", "5.7.1", "5.6.0"], row("smtp-message-rejected",
        "the server rejects the mail for what it is or where it comes from, for instance as spam",
        SERVER, "look up the reason in its log, and let mail of this machine pass")),
    (&["5.6.7", "4.6.7"], row("smtp-utf8-refused",
        "the server cannot hand on an address with letters beyond ASCII",
        TARGET, "use an address in ASCII")),

    // the conversation
    (&["421"], row("smtp-closing",
        "the server is closing down or has too much to do",
        SERVER, "see to it that it runs; a later try may succeed")),
    (&["503", "5.5.1"], row("smtp-bad-sequence",
        "the server does not expect this command here",
        SERVER, "look into its log; a login is often missing")),
    (&["500", "501", "502", "504", "555"], row("smtp-syntax",
        "the server does not understand or carry out a command of the RFCs",
        SERVER, "look into its log and update it")),
    (&["4.4.1", "4.4.2", "4.4.3", "4.4.7"], row("smtp-network",
        "the server has trouble on its own network",
        SERVER, "repair it; a later try may succeed")),
    (&["451", "450", "4xx"], row("smtp-temporary",
        "the server has a passing problem",
        SERVER, "look into its log if this goes on; a later try may succeed")),
    (&["550", "551", "554", "5xx"], row("smtp-refused",
        "the server refuses this for good",
        SERVER, "look up the reason in its log")),
];

/// What is wrong with a conversation before or without a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Snag {
    /// No greeting in time.
    LateGreeting,
    /// No reply in time.
    LateReply,
    /// The time was up while something was sent.
    LateSending,
    /// The server closed the connection.
    Closed,
    /// The connection broke.
    Lost,
    /// What came is no reply.
    Garbled,
    /// More than the reply to STARTTLS came before TLS.
    Injected,
    /// The connection ended after the final dot, before its reply.
    LostAfterDot,
    /// Mode `tls` at a port that begins in the clear.
    NotTls,
    /// STARTTLS is not offered.
    NoStartTls,
    /// AUTH is not offered.
    NoAuth,
    /// Neither PLAIN nor LOGIN is offered.
    NoPassword,
    /// Neither XOAUTH2 nor OAUTHBEARER is offered.
    NoToken,
    /// SMTPUTF8 is not offered and an address or the header needs it.
    NoUtf8,
    /// 8BITMIME is not offered and the body needs it.
    NoEightBit,
    /// The mail is larger than the limit that SIZE names.
    TooLarge,
    /// No reply to a refusal makes sense: a success or a challenge where none belongs.
    Nonsense,
}

impl Snag {
    const ALL: [Self; 17] = [
        Self::LateGreeting,
        Self::LateReply,
        Self::LateSending,
        Self::Closed,
        Self::Lost,
        Self::Garbled,
        Self::Injected,
        Self::LostAfterDot,
        Self::NotTls,
        Self::NoStartTls,
        Self::NoAuth,
        Self::NoPassword,
        Self::NoToken,
        Self::NoUtf8,
        Self::NoEightBit,
        Self::TooLarge,
        Self::Nonsense,
    ];

    /// The row for this snag.
    #[rustfmt::skip]
    #[must_use]
    pub const fn advice(self) -> &'static Advice {
        match self {
            Self::LateGreeting => &Advice {
                key: "smtp-timeout-greeting", code: 504, what: "timeout while waiting for the server's greeting",
                who: TARGET, cure: "check that the port begins in the clear; one that speaks TLS at once, such as 465, needs the mode tls",
            },
            Self::LateReply => &Advice {
                key: "smtp-timeout-reply", code: 504, what: "timeout while waiting for the server's reply",
                who: SERVER, cure: "make it answer in time; a later try may succeed",
            },
            Self::LateSending => &Advice {
                key: "smtp-timeout-sending", code: 504, what: "timeout while sending: the server takes nothing more",
                who: NODE, cure: "check the line to the server for packet loss or a wrong MTU; a later try may succeed",
            },
            Self::Closed => const { &row("smtp-closed", "the server closed the connection without a reply",
                SERVER, "look up the reason in its log") },
            Self::Lost => const { &row("smtp-lost", "the connection to the server was lost",
                NODE, "check the line and what filters traffic; a later try may succeed") },
            Self::Garbled => const { &row("smtp-garbled", "what came is no reply of SMTP, or one beyond all measure",
                TARGET, "check server and port, and what filters traffic between them") },
            Self::Injected => const { &row("smtp-injected", "somebody sent data in the clear that would have counted as said over TLS, so nothing was sent",
                NODE, "find out who changes the traffic to the server; if nobody does, the server's STARTTLS is broken") },
            Self::LostAfterDot => const { &row("smtp-unknown", "the mail went out whole, but the connection ended before the server confirmed it, so it may or may not arrive",
                SERVER, "look into its log if the mail is missing or comes twice") },
            Self::NotTls => const { &row("smtp-not-tls", "the port does not begin with TLS 1.2 or 1.3",
                TARGET, "check the port; one that begins in the clear, such as 587, needs the mode starttls") },
            Self::NoStartTls => const { &row("smtp-no-starttls", "the server does not offer STARTTLS, so nothing was sent",
                SERVER, "enable it, or find out what on the way takes the offer out; a port that speaks TLS at once needs the mode tls") },
            Self::NoAuth => const { &row("smtp-no-auth", "the server offers no login on this port",
                TARGET, "check the port (587 or 465 for logins) and the mode, or remove the user name if none is needed") },
            Self::NoPassword => const { &row("smtp-no-password-login", "the server offers neither AUTH PLAIN nor AUTH LOGIN",
                TARGET, "choose an auth-method that the server offers") },
            Self::NoToken => const { &row("smtp-no-token-login", "the server offers neither AUTH XOAUTH2 nor AUTH OAUTHBEARER",
                TARGET, "name a server that takes OAuth2 logins, or choose another auth-method") },
            Self::NoUtf8 => const { &row("smtp-no-utf8", "the address needs SMTPUTF8, which the server does not offer",
                TARGET, "use an address in ASCII, or a server that has SMTPUTF8") },
            Self::NoEightBit => const { &row("smtp-no-8bit", "the mail has bytes beyond ASCII and the server does not offer 8BITMIME",
                SERVER, "enable 8BITMIME") },
            Self::TooLarge => const { &row("smtp-size", "the mail is larger than the limit that the server names",
                SERVER, "raise the limit, or the template has to be shortened") },
            Self::Nonsense => const { &row("smtp-nonsense", "the server's reply makes no sense at this place",
                SERVER, "look into its log and update it") },
        }
    }
}

pub(super) fn rows() -> impl Iterator<Item = &'static Advice> {
    let table = TABLE.iter().map(|(_, row)| row);
    table.chain(Snag::ALL.into_iter().map(Snag::advice))
}

/// The first row one of whose patterns holds. `facts` are words as in the patterns; `text` is the
/// server's.
pub(super) fn find(facts: &[String], text: &str) -> &'static Advice {
    let text = text.to_ascii_lowercase();
    let holds = |word: &str| {
        let is_text = word
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'-');
        facts.iter().any(|fact| fact == word) || (is_text && text.contains(word))
    };
    TABLE
        .iter()
        .find(|(patterns, _)| patterns.iter().any(|p| p.split(' ').all(holds)))
        .map_or(Snag::Nonsense.advice(), |(_, row)| row)
}
