//! Refusals of mail servers (RFC 5321, RFC 3463, RFC 4954, and what Google and Microsoft add), and what
//! goes wrong in a conversation without one.

use super::Advice;
use crate::cause::{Refusal as R, Snag};

const NODE: &str = "an administrator of this machine";
const SERVER: &str = "the mail server's administrator";
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

/// The row of a refusal.
#[rustfmt::skip]
pub(super) const fn refusal(refusal: R) -> &'static Advice {
    match refusal {
        // limits that come in the clothes of other refusals
        R::Throttled => const { &row("smtp-throttled",
            "Microsoft allows 3 connections at a time and 30 mails a minute for a mailbox, and this is beyond it",
            TARGET, "spread the notifications over several mailboxes or let fewer events notify; a later try succeeds") },
        // before any login
        R::NotWelcome => const { &row("smtp-not-welcome",
            "the server takes no mail from this machine at all",
            NODE, "check server and port (587 or 465 for logins, 25 is for servers) and whether this machine's address is on a block list") },
        R::NameRefused => const { &row("smtp-name-refused",
            "the server rejects this machine's EHLO name",
            NODE, "give this machine a full host name that DNS knows (hostname --fqdn)") },
        R::TlsUnavailable => const { &row("smtp-tls-unavailable",
            "the server cannot begin TLS, so nothing was sent",
            SERVER, "repair its certificate and TLS settings") },
        // logins
        R::PasswordTransition => const { &row("smtp-password-transition",
            "the server can check this kind of login only after the password was given to it once in another way",
            OWNER, "log in once with AUTH PLAIN over TLS, for instance with a mail program; this way works from then on") },
        R::AuthDisabled => const { &row("smtp-auth-disabled",
            "Microsoft has SMTP AUTH switched off for the mailbox or the tenant, or a policy blocks this login",
            TENANT, "enable \"Authenticated SMTP\" for the mailbox, and check the security defaults and Conditional Access policies of the tenant") },
        R::TokenAudience => const { &row("smtp-token-audience",
            "Microsoft does not accept the token for this mailbox",
            TENANT, "check that the login name is the mailbox the token was made for, that the application has SMTP.Send (or SMTP.SendAsApp and a service principal in Exchange), and that the token is meant for outlook.office.com") },
        R::BasicAuthOver => const { &row("smtp-basic-auth-over",
            "Microsoft no longer accepts passwords for SMTP AUTH",
            TARGET, "change the target's auth-method to microsoft-oauth2 and authorize it") },
        R::AppPassword => const { &row("smtp-app-password",
            "Google demands an application-specific password or OAuth2 for this account",
            OWNER, "create an app password and enter it, or change the target's auth-method to google-oauth2") },
        R::WebLogin => const { &row("smtp-web-login",
            "Google wants the account's owner to log in with a browser first",
            OWNER, "log in with a browser, confirm that it was you, then try again") },
        R::TokenTooOld => const { &row("smtp-token-too-old",
            "Microsoft does not accept a token in its last ten minutes",
            TARGET, "let the target fetch a fresh token; nothing is wrong with its settings") },
        R::TokenRefused => const { &row("smtp-token-refused",
            "the server does not accept the login name with this token",
            TARGET, "check that the login name is the mailbox that was authorized; if it is, authorize again") },
        R::LoginRefused => const { &row("smtp-login-refused",
            "the server does not accept the login name with this password",
            TARGET, "check user name and password; where the mailbox has a second factor, an app password or OAuth2 is needed") },
        R::AccountDisabled => const { &row("smtp-account-disabled",
            "the account is disabled",
            SERVER, "enable the account, or name another one in the target") },
        R::EncryptionNeeded => const { &row("smtp-encryption-needed",
            "the server accepts this login only over TLS",
            TARGET, "set the target's mode to starttls or tls") },
        R::MechanismWeak => const { &row("smtp-mechanism-weak",
            "the server demands another way to log in",
            TARGET, "read what the server says, and set the auth-method or an app password accordingly") },
        R::MechanismUnknown => const { &row("smtp-mechanism-unknown",
            "the server offers this way to log in but does not carry it out",
            SERVER, "enable it, or take it off the list of what the server offers") },
        R::AuthLineTooLong => const { &row("smtp-auth-line-too-long",
            "the mail server's line limit is too small for the token",
            SERVER, "allow lines of 12,288 octets at AUTH (RFC 4954)") },
        R::TooManyLogins => const { &row("smtp-too-many-logins",
            "the server has had too many logins in a short time",
            TARGET, "wait some minutes, and send less often if this happens again") },
        R::AuthUnavailable => const { &row("smtp-auth-unavailable",
            "the server cannot check logins now",
            SERVER, "look after the service that checks its logins; a later try may succeed") },
        R::StarttlsNeeded => const { &row("smtp-starttls-needed",
            "the server goes on only over TLS",
            TARGET, "set the target's mode to starttls or tls") },
        R::LoginNeeded => const { &row("smtp-login-needed",
            "the server takes mail only after a login",
            TARGET, "enter user name and password, or set up OAuth2") },
        // limits in time
        R::SendingQuota => const { &row("smtp-sending-quota",
            "the mailbox has reached the number of mails it may send in a day",
            OWNER, "wait a day, or let fewer events notify") },
        R::Greylisted => const { &row("smtp-greylisted",
            "the server refuses mail from unknown senders for some minutes (greylisting)",
            SERVER, "exempt this machine from it; a later try succeeds") },
        R::Rate => const { &row("smtp-rate",
            "the server holds this machine's mail back, for its rate or its reputation",
            NODE, "send less at a time, and check that the address of this machine is not on a block list") },
        // senders
        R::TenantBlocked => const { &row("smtp-tenant-blocked",
            "Microsoft accepts no mail of this tenant from this machine's IP address",
            TENANT, "have the IP address or the tenant released by Microsoft's support") },
        R::SenderBlocked => const { &row("smtp-sender-blocked",
            "Microsoft has blocked the mailbox as a sender of spam",
            TENANT, "remove the mailbox from \"Restricted entities\" in the Defender portal") },
        R::SendAs => const { &row("smtp-send-as",
            "Microsoft does not let this login send in the name of the From address",
            TENANT, "give the mailbox that logs in \"Send As\" on the From address, or set from-address to the mailbox itself") },
        R::SenderNotOwned => const { &row("smtp-sender-not-owned",
            "the login may not use this sender address",
            TARGET, "set from-address to an address that belongs to the login") },
        R::SenderRejected => const { &row("smtp-sender-rejected",
            "the server does not accept the sender address",
            TARGET, "set from-address to an existing address whose domain can be found in the DNS") },
        // recipients
        R::NoSuchMailbox => const { &row("smtp-no-such-mailbox",
            "there is no mailbox of this address, or it is closed",
            TARGET, "correct or remove the recipient") },
        R::NoSuchDomain => const { &row("smtp-no-such-domain",
            "the recipient's domain does not exist or takes no mail",
            TARGET, "correct or remove the recipient") },
        R::BadAddress => const { &row("smtp-bad-address",
            "the server does not understand the address",
            TARGET, "correct the spelling of the address") },
        R::MailboxFull => const { &row("smtp-mailbox-full",
            "the recipient's mailbox is full",
            "the recipient", "make room in it") },
        R::TooManyRecipients => const { &row("smtp-too-many-recipients",
            "these are more recipients than the server takes in one mail",
            TARGET, "use a distribution list, or spread the recipients over several targets") },
        R::RelayDenied => const { &row("smtp-relay-denied",
            "the server does not take mail from here for this recipient",
            SERVER, "let this machine or this login relay; often a login is all that is missing") },
        R::MailboxUnavailable => const { &row("smtp-mailbox-unavailable",
            "the recipient's mailbox cannot be reached or checked now",
            SERVER, "wait for a later try, which often succeeds (some servers put the first one off), else look into the server's log") },
        // messages
        R::MessageTooLarge => const { &row("smtp-message-too-large",
            "the mail is larger than the server takes",
            SERVER, "raise the limit, or the template needs fewer characters") },
        R::Storage => const { &row("smtp-storage",
            "the recipient's mailbox or the server has no room for the mail",
            SERVER, "make room or raise the quota") },
        R::StorageNow => const { &row("smtp-storage-now",
            "the server has no room or not enough of something else now",
            SERVER, "make room; a later try may succeed") },
        R::SenderAuthentication => const { &row("smtp-sender-authentication",
            "the sender's domain does not vouch for this machine (SPF, DKIM, reverse name)",
            NODE, "send through a server that the domain names in SPF and that signs with DKIM, or repair these entries") },
        R::MessageRejected => const { &row("smtp-message-rejected",
            "the server rejects the mail for what it is or where it comes from, for instance as spam",
            SERVER, "look up the reason in its log, and let mail of this machine pass") },
        R::Utf8Refused => const { &row("smtp-utf8-refused",
            "the server cannot hand on an address with letters beyond ASCII",
            TARGET, "use an address in ASCII") },
        // the conversation
        R::Closing => const { &row("smtp-closing",
            "the server is closing down or has too much to do",
            SERVER, "see to it that it runs; a later try may succeed") },
        R::BadSequence => const { &row("smtp-bad-sequence",
            "the server does not expect this command here",
            SERVER, "look into its log; a login is often missing") },
        R::Syntax => const { &row("smtp-syntax",
            "the server does not understand or carry out a command of the RFCs",
            SERVER, "look into its log and update it") },
        R::Network => const { &row("smtp-network",
            "the server has trouble on its own network",
            SERVER, "repair it; a later try may succeed") },
        R::Temporary => const { &row("smtp-temporary",
            "the server has a passing problem",
            SERVER, "look into its log if this goes on; a later try may succeed") },
        R::Refused => const { &row("smtp-refused",
            "the server refuses this for good",
            SERVER, "look up the reason in its log") },
    }
}

/// The row of a snag.
#[rustfmt::skip]
pub(super) const fn snag(snag: Snag) -> &'static Advice {
    match snag {
        Snag::LateGreeting => &Advice {
            key: "smtp-timeout-greeting", code: 504, what: "timeout while waiting for the server's greeting",
            who: TARGET, cure: "check that the port begins without TLS; one that speaks TLS at once, such as 465, needs the mode tls",
        },
        Snag::LateReply => &Advice {
            key: "smtp-timeout-reply", code: 504, what: "timeout while waiting for the server's reply",
            who: SERVER, cure: "make it answer in time; a later try may succeed",
        },
        Snag::LateSending => &Advice {
            key: "smtp-timeout-sending", code: 504, what: "timeout while sending: the server takes nothing more",
            who: NODE, cure: "check the line to the server for packet loss or a wrong MTU; a later try may succeed",
        },
        Snag::Closed => const { &row("smtp-closed", "the server closed the connection without a reply",
            SERVER, "look up the reason in its log") },
        Snag::Lost => const { &row("smtp-lost", "the connection to the server was lost",
            NODE, "check the line and what filters traffic; a later try may succeed") },
        Snag::Garbled => const { &row("smtp-garbled", "what came is no reply of SMTP, or one beyond all measure",
            TARGET, "check server and port, and what filters traffic between them") },
        Snag::Injected => const { &row("smtp-injected", "somebody sent data without TLS that would have counted as said over TLS, so nothing was sent",
            NODE, "find out who changes the traffic to the server; if nobody does, the server's STARTTLS is broken") },
        Snag::LostAfterDot => const { &row("smtp-unknown", "the mail went out whole, but the connection ended before the server confirmed it, so it may or may not arrive",
            SERVER, "look into its log if the mail is missing or comes twice") },
        Snag::NotTls => const { &row("smtp-not-tls", "the port does not begin with TLS 1.2 or 1.3",
            TARGET, "check the port; one that begins without TLS, such as 587, needs the mode starttls") },
        Snag::NoStartTls => const { &row("smtp-no-starttls", "the server does not offer STARTTLS, so nothing was sent",
            SERVER, "enable it, or find out what on the way takes the offer out; a port that speaks TLS at once needs the mode tls") },
        Snag::NoAuth => const { &row("smtp-no-auth", "the server offers no login on this port",
            TARGET, "check the port (587 or 465 for logins) and the mode, or remove the user name if none is needed") },
        Snag::NoPassword => const { &row("smtp-no-password-login", "the server offers neither AUTH PLAIN nor AUTH LOGIN",
            TARGET, "choose an auth-method that the server offers") },
        Snag::NoToken => const { &row("smtp-no-token-login", "the server offers neither AUTH XOAUTH2 nor AUTH OAUTHBEARER",
            TARGET, "name a server that takes OAuth2 logins, or choose another auth-method") },
        Snag::NoUtf8 => const { &row("smtp-no-utf8", "the address needs SMTPUTF8, which the server does not offer",
            TARGET, "use an address in ASCII, or a server that has SMTPUTF8") },
        Snag::NoEightBit => const { &row("smtp-no-8bit", "the mail has bytes beyond ASCII and the server does not offer 8BITMIME",
            SERVER, "enable 8BITMIME") },
        Snag::TooLarge => const { &row("smtp-size", "the mail is larger than the limit that the server names",
            SERVER, "raise the limit, or the template needs fewer characters") },
        Snag::Nonsense => const { &row("smtp-nonsense", "the server's reply makes no sense at this place",
            SERVER, "look into its log and update it") },
    }
}

pub(super) fn rows() -> impl Iterator<Item = &'static Advice> {
    let refusals = R::ALL.into_iter().map(refusal);
    refusals.chain(Snag::ALL.into_iter().map(snag))
}
