//! What goes wrong in a conversation with a mail server.

/// What a mail server means by a refusal: its reply code (RFC 5321), its enhanced code (RFC 3463) and, where
/// these say too little, its words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Refusal {
    /// Microsoft allows 3 connections at a time and 30 mails a minute for a mailbox, and this is beyond it.
    Throttled,
    /// The server takes no mail from this machine at all.
    NotWelcome,
    /// The server does not accept the name by which this machine greets.
    NameRefused,
    /// The server cannot begin TLS, so nothing was sent.
    TlsUnavailable,
    /// The server can check this kind of login only after the password was given to it once in another way.
    PasswordTransition,
    /// Microsoft has SMTP AUTH switched off for the mailbox or the tenant, or a policy blocks this login.
    AuthDisabled,
    /// Microsoft does not accept the token for this mailbox.
    TokenAudience,
    /// Microsoft no longer accepts passwords for SMTP AUTH.
    BasicAuthOver,
    /// Google demands an application-specific password or OAuth2 for this account.
    AppPassword,
    /// Google wants the account's owner to log in with a browser first.
    WebLogin,
    /// Microsoft does not accept a token in its last ten minutes.
    TokenTooOld,
    /// The server does not accept the login name with this token.
    TokenRefused,
    /// The server does not accept the login name with this password.
    LoginRefused,
    /// The account is disabled.
    AccountDisabled,
    /// The server accepts this login only over TLS.
    EncryptionNeeded,
    /// The server demands another way to log in.
    MechanismWeak,
    /// The server offers this way to log in but does not carry it out.
    MechanismUnknown,
    /// The server cannot take a login of this length.
    AuthLineTooLong,
    /// The server has had too many logins in a short time.
    TooManyLogins,
    /// The server cannot check logins now.
    AuthUnavailable,
    /// The server goes on only over TLS.
    StarttlsNeeded,
    /// The server takes mail only after a login.
    LoginNeeded,
    /// The mailbox has reached the number of mails it may send in a day.
    SendingQuota,
    /// The server puts off mail from senders it does not know yet.
    Greylisted,
    /// The server holds this machine's mail back, for its rate or its reputation.
    Rate,
    /// Microsoft takes no mail of this tenant from this address of the network.
    TenantBlocked,
    /// Microsoft has blocked the sender, for what was sent before.
    SenderBlocked,
    /// Microsoft does not let this login send in the name of the From address.
    SendAs,
    /// The login may not use this sender address.
    SenderNotOwned,
    /// The server does not accept the sender address.
    SenderRejected,
    /// There is no mailbox of this address, or it is closed.
    NoSuchMailbox,
    /// The recipient's domain does not exist or takes no mail.
    NoSuchDomain,
    /// The server does not understand the address.
    BadAddress,
    /// The recipient's mailbox is full.
    MailboxFull,
    /// These are more recipients than the server takes in one mail.
    TooManyRecipients,
    /// The server does not take mail from here for this recipient.
    RelayDenied,
    /// The recipient's mailbox cannot be reached or checked now.
    MailboxUnavailable,
    /// The mail is larger than the server takes.
    MessageTooLarge,
    /// The recipient's mailbox or the server has no room for the mail.
    Storage,
    /// The server has no room or not enough of something else now.
    StorageNow,
    /// The sender's domain does not vouch for this machine (SPF, DKIM, reverse name).
    SenderAuthentication,
    /// The server rejects the mail for what it is or where it comes from, for instance as spam.
    MessageRejected,
    /// The server cannot hand on an address with letters beyond ASCII.
    Utf8Refused,
    /// The server is closing down or has too much to do.
    Closing,
    /// The server does not expect this command here.
    BadSequence,
    /// The server does not understand or carry out a command of the RFCs.
    Syntax,
    /// The server has trouble on its own network.
    Network,
    /// The server has a passing problem.
    Temporary,
    /// The server refuses this for good.
    Refused,
}

impl Refusal {
    /// All of them, for tables and tests.
    pub const ALL: [Self; 49] = [
        Self::Throttled,
        Self::NotWelcome,
        Self::NameRefused,
        Self::TlsUnavailable,
        Self::PasswordTransition,
        Self::AuthDisabled,
        Self::TokenAudience,
        Self::BasicAuthOver,
        Self::AppPassword,
        Self::WebLogin,
        Self::TokenTooOld,
        Self::TokenRefused,
        Self::LoginRefused,
        Self::AccountDisabled,
        Self::EncryptionNeeded,
        Self::MechanismWeak,
        Self::MechanismUnknown,
        Self::AuthLineTooLong,
        Self::TooManyLogins,
        Self::AuthUnavailable,
        Self::StarttlsNeeded,
        Self::LoginNeeded,
        Self::SendingQuota,
        Self::Greylisted,
        Self::Rate,
        Self::TenantBlocked,
        Self::SenderBlocked,
        Self::SendAs,
        Self::SenderNotOwned,
        Self::SenderRejected,
        Self::NoSuchMailbox,
        Self::NoSuchDomain,
        Self::BadAddress,
        Self::MailboxFull,
        Self::TooManyRecipients,
        Self::RelayDenied,
        Self::MailboxUnavailable,
        Self::MessageTooLarge,
        Self::Storage,
        Self::StorageNow,
        Self::SenderAuthentication,
        Self::MessageRejected,
        Self::Utf8Refused,
        Self::Closing,
        Self::BadSequence,
        Self::Syntax,
        Self::Network,
        Self::Temporary,
        Self::Refused,
    ];
}

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
    /// All of them, for tables and tests.
    pub const ALL: [Self; 17] = [
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
}
