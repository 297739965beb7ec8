//! Why something failed, as plain data: what the errors of all rooms are made of, what the rule about
//! verdicts asks for, and what the texts for people are derived from.

mod answer;
mod net;
mod smtp;

pub use answer::{Denial, Oddity};
pub use net::{Loss, Phase};
pub use smtp::{Refusal, Snag};

/// A cause of any kind.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Cause {
    /// The time was up on the way to a peer.
    Late(Phase),
    /// The way to a peer ended.
    Lost(Loss),
    /// A mail server refused, with this reply code.
    Reply(u16, Refusal),
    /// Something is wrong with a conversation with a mail server.
    Snag(Snag),
    /// A web server refused a notification with this status.
    Status(u16),
    /// What a web server sent is no answer.
    Garbled,
    /// A token endpoint refused in words of its own.
    Denied(Box<Denial>),
    /// A token endpoint's answer is none, or lacks something.
    Odd(Oddity),
    /// A program ended with this exit status.
    Exit(i32),
    /// A program was ended by a signal or at the deadline, or its status was lost.
    Ended,
    /// Something of this machine is in use, full or out of order.
    Busy,
    /// A pause after an earlier failure is not over, or a limit is used up.
    Pausing,
    /// Nobody has consented, or the consent is for something else.
    Consent,
    /// Settings or files of this machine: nothing was tried.
    Settings,
}
