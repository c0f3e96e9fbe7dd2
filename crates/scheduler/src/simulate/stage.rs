//! [`Stage`]: what a simulated run wants done, in the order in which it says so.
//!
//! Nothing is done here: the one thread that drives the run takes the orders out and carries them
//! out when the run has nothing more to say.

use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use crate::attempt::Detached;
use crate::blocking::{Answer, TakeTurn};
use crate::crew::Crew;
use crate::run::lock;
use crate::timer::Tick;

/// Something to be done.
pub(super) enum Order {
    /// Make an attempt.
    Attempt(Arc<Detached>),
    /// An attempt was given up; its name here, see [`name_of`].
    Lost(usize),
    /// Wake somebody at a time of the clock.
    Wake(Duration, Weak<dyn Tick>),
    /// Ask somebody.
    Ask(Box<dyn FnOnce() + Send>),
}

/// What a simulated run wants done.
#[derive(Default)]
pub(super) struct Stage(Mutex<VecDeque<Order>>);

/// A number that no other attempt has while this one is there.
pub(super) fn name_of(attempt: &Detached) -> usize {
    std::ptr::from_ref(attempt) as usize
}

impl Stage {
    /// What to do next.
    pub(super) fn next(&self) -> Option<Order> {
        lock(&self.0).pop_front()
    }

    fn order(&self, order: Order) {
        lock(&self.0).push_back(order);
    }
}

impl Crew for Arc<Stage> {
    fn calls_in_place(&self) -> bool {
        false
    }

    fn seats(&self, _workers: u32) -> u32 {
        // That of whoever drives it: nobody else is ever called.
        1
    }

    fn submit(&self, _run: Arc<dyn TakeTurn>) -> Answer {
        // Whoever drives the run takes its blocking units too.
        Answer::Saturated
    }

    fn is_lane_dead(&self) -> bool {
        true
    }

    fn attempt(&self, attempt: Arc<Detached>) {
        self.order(Order::Attempt(attempt));
    }

    fn came_back(&self, _attempt: &Detached) {}

    fn lose(&self, attempt: &Detached) {
        self.order(Order::Lost(name_of(attempt)));
    }

    fn wake(&self, at: Duration, who: Weak<dyn Tick>) -> io::Result<()> {
        self.order(Order::Wake(at, who));
        Ok(())
    }

    fn ask(&self, asks: Box<dyn FnOnce() + Send>) -> io::Result<()> {
        self.order(Order::Ask(asks));
        Ok(())
    }

    fn close(&self) {}
}
