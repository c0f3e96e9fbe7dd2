//! [`Crew`]: who carries out what runs decide.
//!
//! A run decides which attempt starts, what is tried again, what is given up and when to look at
//! the clock. What it cannot do by itself is here: have an attempt made while it goes on, be woken
//! at a time, ask somebody. [`Threads`] do it in real time; [`crate::simulate`] does it in one
//! thread on a virtual clock. The decisions are the same code.

use std::io;
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

use crate::attempt::Detached;
use crate::blocking::{Answer, Lane, TakeTurn};
use crate::timer::{Tick, Timer};

/// Who carries out what runs decide.
pub(crate) trait Crew: Send + Sync {
    /// Whether tasks may be called where their unit is run. Else every attempt is handed over, and
    /// ends some time later.
    fn calls_in_place(&self) -> bool;

    /// How many threads may work on one run; `workers` is how many attempts may compute at once.
    fn seats(&self, workers: u32) -> u32;

    /// Takes note that a run has a unit which waits for a thread of the blocking lane.
    fn submit(&self, run: Arc<dyn TakeTurn>) -> Answer;

    /// Whether nobody works on the blocking lane, so that whoever works on the run has to.
    fn is_lane_dead(&self) -> bool;

    /// Makes an attempt while the run goes on.
    fn attempt(&self, attempt: Arc<Detached>);

    /// An attempt that it made has ended, or never began.
    fn came_back(&self, attempt: &Detached);

    /// An attempt was given up that has begun and not come back.
    fn lose(&self, attempt: &Detached);

    /// Wakes somebody at a time of the clock, or a little later.
    ///
    /// # Errors
    /// Where the system gives no thread for that: nobody will be woken.
    fn wake(&self, at: Duration, who: Weak<dyn Tick>) -> io::Result<()>;

    /// Asks somebody who may take long to answer.
    ///
    /// # Errors
    /// Where the system gives no thread for that: nobody was asked.
    fn ask(&self, asks: Box<dyn FnOnce() + Send>) -> io::Result<()>;

    /// No more runs will be begun.
    fn close(&self);
}

/// Threads, in real time.
pub(crate) struct Threads {
    lane: Arc<Lane>,
    timer: Arc<Timer>,
}

impl Threads {
    pub(crate) fn new(lane: Arc<Lane>, timer: Arc<Timer>) -> Self {
        Self { lane, timer }
    }
}

impl Crew for Threads {
    fn calls_in_place(&self) -> bool {
        true
    }

    fn seats(&self, workers: u32) -> u32 {
        workers
    }

    fn submit(&self, run: Arc<dyn TakeTurn>) -> Answer {
        self.lane.submit(run)
    }

    fn is_lane_dead(&self) -> bool {
        self.lane.is_dead()
    }

    fn attempt(&self, attempt: Arc<Detached>) {
        // Where the lane is saturated it waits: the dispatcher limits how many there are.
        self.lane.submit_counted(attempt);
    }

    fn came_back(&self, _attempt: &Detached) {
        self.lane.uncount();
    }

    fn lose(&self, _attempt: &Detached) {
        self.lane.lose();
    }

    fn wake(&self, at: Duration, who: Weak<dyn Tick>) -> io::Result<()> {
        self.timer.wake(at, who)
    }

    fn ask(&self, asks: Box<dyn FnOnce() + Send>) -> io::Result<()> {
        thread::Builder::new().name("terrace-checkpoint".to_owned()).spawn(asks).map(drop)
    }

    fn close(&self) {
        self.lane.close();
        self.timer.close();
    }
}
