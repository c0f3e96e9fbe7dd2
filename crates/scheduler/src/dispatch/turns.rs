//! [`Turns`]: whether one thread takes all that starts, because it is done sooner than two that
//! share.
//!
//! Where nodes take less than some hundred nanoseconds, two threads spend more on handing the
//! dispatcher's state to each other than they gain. So what nodes take is measured, over stretches
//! of them ([`Worth`]); while it is little, one thread takes every start, and the others leave. Nothing
//! waits behind a long node for it: somebody looks every millisecond whether the thread has moved on.

use std::time::Duration;

use super::worth::Worth;

/// Starts between two readings of the clock.
pub(super) const STRETCH: u32 = 32;

/// Between two looks at whoever takes all.
pub(super) const LOOK: Duration = Duration::from_millis(1);

/// Who takes what may start.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// Whether one thread takes all.
    alone: bool,
    /// Which it is, while it runs something.
    runner: Option<u16>,
    /// How many were taken.
    count: u64,
    worth: Worth,
    /// When somebody looks next, and how many had been taken when, the last time that this had changed.
    look_at: Option<Duration>,
    seen: (u64, Duration),
}

/// What a look says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    /// There is nothing to look at.
    Nothing,
    /// All goes well; somebody has to look again.
    Again,
    /// The thread that takes all has been at one thing since the last look: others are needed.
    Stuck,
}

impl Turns {
    /// Whether a thread may take a start.
    pub(super) fn may_take(&self, who: u16) -> bool {
        !self.alone || self.runner.is_none_or(|runner| runner == who)
    }

    /// A thread that may has taken one, or found none.
    pub(super) fn took(&mut self, who: u16, found: bool) {
        self.count += u64::from(found);
        self.runner = (self.alone && found).then_some(who);
    }

    /// Whether a thread that runs something will come for what may start, so that nobody else is
    /// needed.
    pub(super) fn is_cared_for(&self) -> bool {
        self.runner.is_some()
    }

    /// Whether somebody has to be asked to look. Says that somebody was.
    pub(super) fn wants_look(&mut self, now: impl FnOnce() -> Duration) -> bool {
        if self.look_at.is_some() {
            return false;
        }
        let now = now();
        (self.look_at, self.seen) = (Some(now + LOOK), (self.count, now));
        true
    }

    /// Nobody can look: all is shared from now on.
    pub(super) fn give_up(&mut self) {
        self.share();
        self.worth.give_up();
    }

    /// Looks whether the thread that takes all has moved on. `waits`: whether anything may start.
    pub(super) fn look(&mut self, now: Duration, waits: bool) -> Look {
        if self.look_at.is_none_or(|at| now < at) {
            return Look::Nothing;
        }
        self.look_at = None;
        if !waits || !self.is_cared_for() {
            return Look::Nothing;
        }
        let (count, since) = self.seen;
        if count == self.count && now.saturating_sub(since) >= LOOK {
            self.share();
            return Look::Stuck;
        }
        if count != self.count {
            self.seen = (self.count, now);
        }
        self.look_at = Some(now + LOOK);
        Look::Again
    }

    /// Takes note of what each node of a thread took, over a stretch. True: what was taken by one
    /// thread is shared from now on.
    pub(super) fn learn(&mut self, who: u16, now: Duration, each: Duration) -> bool {
        if self.alone {
            let shares = self.worth.is_too_slow(self.count, each);
            if shares {
                (self.alone, self.runner) = (false, None);
            }
            return shares;
        }
        if self.worth.try_alone(self.count, now, each) {
            (self.alone, self.runner) = (true, Some(who));
        }
        false
    }

    /// Lets all threads take what may start, for a while.
    pub(super) fn share(&mut self) {
        (self.alone, self.runner) = (false, None);
        self.worth.share(self.count);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Duration = Duration::ZERO;
    const QUICK: Duration = Duration::from_nanos(300);
    const LONG: Duration = Duration::from_micros(10);
    const ME: u16 = 0;
    const OTHER: u16 = 1;

    /// One in which a thread takes all, and has something in hand.
    fn alone() -> Turns {
        let mut turns = Turns::default();
        turns.took(ME, true);
        assert!(turns.may_take(OTHER) && !turns.is_cared_for());
        assert!(!turns.learn(ME, NOW, QUICK));
        turns.took(ME, true);
        turns
    }

    #[test]
    fn while_nodes_are_quick_one_thread_takes_all() {
        let mut turns = alone();
        assert!(turns.may_take(ME) && !turns.may_take(OTHER) && turns.is_cared_for());
        // When it finds nothing, whoever comes next takes all.
        turns.took(ME, false);
        assert!(turns.may_take(OTHER) && !turns.is_cared_for());
        turns.took(OTHER, true);
        assert!(!turns.may_take(ME));
    }

    #[test]
    fn when_they_are_not_all_is_shared() {
        let mut turns = alone();
        assert!(turns.learn(ME, NOW, LONG) && turns.may_take(OTHER) && !turns.is_cared_for());
        turns.took(OTHER, true);
        assert!(turns.may_take(ME) && !turns.is_cared_for());
    }

    #[test]
    fn whoever_is_stuck_is_noticed_and_whoever_is_not_is_left_alone() {
        let mut turns = alone();
        let at = |looks: u32| looks * LOOK;
        assert!(turns.wants_look(|| at(0)) && !turns.wants_look(|| at(0)));
        turns.took(ME, true);
        assert_eq!(turns.look(at(1) / 2, true), Look::Nothing);
        assert_eq!(turns.look(at(1), true), Look::Again);
        assert_eq!(turns.look(at(2), true), Look::Stuck);
        assert!(turns.may_take(OTHER) && !turns.is_cared_for());
        assert_eq!(turns.look(at(3), true), Look::Nothing);
    }

    #[test]
    fn nobody_looks_where_nothing_waits() {
        let mut turns = alone();
        assert!(turns.wants_look(|| Duration::ZERO));
        assert_eq!(turns.look(LOOK, false), Look::Nothing);
        assert!(turns.wants_look(|| LOOK));
        turns.give_up();
        assert_eq!(turns.look(2 * LOOK, true), Look::Nothing);
        for _ in 0..100_000 {
            turns.took(ME, true);
        }
        assert!(!turns.learn(ME, NOW, QUICK) && turns.may_take(OTHER));
    }
}
