//! Two tries at most: everything once, then once more what may still succeed.
//!
//! The first try leaves more than half of the time to the second, so that an address which falls silent
//! does not use up the call. How long that holds within a conversation is its protocol's matter: [`Ends`].

use std::thread;
use std::time::Duration;

use crate::deadline::Ends;
use crate::outcome::{Outcome, Retry};
use crate::{Deadline, random};

/// The pause before a second try; up to twice as long, so that many senders spread out.
const PAUSE: Duration = Duration::from_millis(300);
/// How much of the time a conversation of the first try may take.
const SHARE: f32 = 0.45;

/// One of the two tries.
#[derive(Clone, Copy, Debug)]
pub(super) struct Try {
    whole: Deadline,
    is_last: bool,
}

impl Try {
    /// The end of both tries, for a step that gains nothing by beginning anew.
    pub(super) fn whole(self) -> Deadline {
        self.whole
    }

    /// The end of a conversation that begins now.
    fn end(self) -> Deadline {
        match self.whole.left() {
            Some(left) if !self.is_last => self.whole.at_most(left.mul_f32(SHARE)),
            _ => self.whole,
        }
    }
}

impl From<Try> for Ends {
    fn from(this: Try) -> Self {
        Self {
            early: this.end(),
            whole: this.whole,
        }
    }
}

/// What is done where nobody knows whether the notification has arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// Twice does no harm: a mail's Message-ID tells that it is the same, and GET changes nothing.
    TryAgain,
    /// It would arrive twice.
    Leave,
}

/// Tries all of them, then once more those for whom that makes sense. Answers how often it tried.
pub(super) fn twice<R: Clone>(
    all: &[R],
    whole: Deadline,
    doubt: Doubt,
    attempt: impl Fn(&[R], Try) -> Vec<Outcome>,
) -> (Vec<Outcome>, u32) {
    let first = Try {
        whole,
        is_last: false,
    };
    let mut outcomes = attempt(all, first);
    let Some(left) = whole.left() else {
        return (outcomes, 1);
    };
    let mut pause = Duration::ZERO;
    let mut again = Vec::new();
    for (index, (which, outcome)) in all.iter().zip(&outcomes).enumerate() {
        if let Some(wanted) = pause_after(outcome, doubt).filter(|wanted| *wanted < left) {
            pause = pause.max(wanted);
            again.push((index, which.clone()));
        }
    }
    if again.is_empty() {
        return (outcomes, 1);
    }
    thread::sleep(pause);
    let last = Try {
        whole,
        is_last: true,
    };
    let (places, some): (Vec<usize>, Vec<R>) = again.into_iter().unzip();
    for (place, outcome) in places.into_iter().zip(attempt(&some, last)) {
        if let Some(first) = outcomes.get_mut(place) {
            *first = later(first, outcome);
        }
    }
    (outcomes, 2)
}

/// How long to wait before a second try; `None` where none makes sense.
fn pause_after(outcome: &Outcome, doubt: Doubt) -> Option<Duration> {
    let jittered = || PAUSE + PAUSE.mul_f32(random::fraction());
    match outcome {
        Outcome::Unsent {
            retry: Retry::After(pause),
            ..
        } => Some((*pause).max(PAUSE)),
        Outcome::Unknown { .. } if doubt == Doubt::Leave => None,
        Outcome::Unsent { .. } | Outcome::Unknown { .. } => Some(jittered()),
        Outcome::Sent | Outcome::Refused { .. } => None,
    }
}

/// What is known after the second try: what may have arrived at first stays open unless it has
/// arrived for certain.
fn later(first: &Outcome, second: Outcome) -> Outcome {
    match (first, &second) {
        (Outcome::Unknown { .. }, Outcome::Unsent { .. } | Outcome::Refused { .. }) => {
            first.clone()
        }
        _ => second,
    }
}
