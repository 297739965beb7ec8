//! The end of a call, on the monotonic clock.
//!
//! One value is made where a call begins and handed down to every step, so that the steps share one
//! budget instead of adding theirs up.

use std::time::{Duration, Instant};

/// A moment after which no step of a call may go on waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(Instant);

impl Deadline {
    /// The moment `budget` from now; a budget beyond a day counts as a day.
    #[must_use]
    pub fn after(budget: Duration) -> Self {
        Self(Instant::now() + budget.min(Duration::from_secs(86_400)))
    }

    /// The same moment, or the one `budget` from now where that comes first.
    #[must_use]
    pub fn at_most(self, budget: Duration) -> Self {
        Self(self.0.min(Self::after(budget).0))
    }

    /// What is left, or `None` once the moment has come.
    #[must_use]
    pub fn left(self) -> Option<Duration> {
        let left = self.0.saturating_duration_since(Instant::now());
        (!left.is_zero()).then_some(left)
    }
}

/// The ends of one try at a peer: a connection that cannot be made leaves time for another address, a peer
/// that is at work may take all there is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ends {
    /// When another address gets its chance.
    pub(crate) early: Deadline,
    /// The end of the call.
    pub(crate) whole: Deadline,
}

impl From<Deadline> for Ends {
    fn from(end: Deadline) -> Self {
        Self {
            early: end,
            whole: end,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_earlier_of_two_ends_counts() {
        let (short, long) = (Duration::from_secs(10), Duration::from_secs(60));
        let minute = Deadline::after(long);
        assert!(minute.at_most(short).left() <= Some(short));
        assert_eq!(
            Deadline::after(short)
                .at_most(long)
                .left()
                .map(|l| l > short),
            Some(false)
        );
        assert!(minute.at_most(Duration::MAX).left() > Some(Duration::from_secs(50)));
    }

    #[test]
    fn a_deadline_passes_and_does_not_overflow() {
        assert!(Deadline::after(Duration::ZERO).left().is_none());
        assert!(Deadline::after(Duration::MAX).left() <= Some(Duration::from_secs(86_400)));
        assert!(Deadline::after(Duration::from_secs(60)).left() > Some(Duration::from_secs(59)));
    }
}
