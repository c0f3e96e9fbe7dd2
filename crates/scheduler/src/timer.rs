//! [`Timer`]: one thread that wakes runs when it is time for something.
//!
//! Made with the first wake-up that anybody asks for; a scheduler whose runs wait for nothing has
//! no such thread.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, Weak};
use std::thread;
use std::time::Duration;

use crate::clock::Clock;

/// So many wake-ups are kept whosever they are.
const MANY: usize = 64;

/// Something that wants to be woken.
pub(crate) trait Tick: Send + Sync {
    /// It is time. Called on the timer's thread: whatever takes long is handed on.
    fn tick(self: Arc<Self>);
}

/// Wakes runs when it is time for something.
pub(crate) struct Timer {
    state: Mutex<State>,
    changed: Condvar,
    clock: Arc<dyn Clock>,
}

#[derive(Default)]
struct State {
    wakes: BinaryHeap<Reverse<Wake>>,
    /// With so many, those of runs that are over are thrown away.
    many: usize,
    asked: u64,
    running: bool,
    closing: bool,
}

struct Wake {
    at: Duration,
    asked: u64,
    who: Weak<dyn Tick>,
}

impl Timer {
    pub(crate) fn new(clock: Arc<dyn Clock>) -> Arc<Self> {
        Arc::new(Self { state: Mutex::default(), changed: Condvar::new(), clock })
    }

    /// Asks to be woken at a time of the clock, or a little later. Where the system gives no
    /// thread, the caller has to look by itself.
    pub(crate) fn wake(self: &Arc<Self>, at: Duration, who: Weak<dyn Tick>) -> std::io::Result<()> {
        let mut state = self.lock();
        if !state.running {
            let own = Arc::clone(self);
            let name = String::from("terrace-timer");
            thread::Builder::new().name(name).spawn(move || own.work())?;
            state.running = true;
        }
        state.asked += 1;
        let asked = state.asked;
        if state.wakes.len() > state.many {
            state.wakes.retain(|Reverse(wake)| wake.who.strong_count() > 0);
            state.many = MANY.max(2 * state.wakes.len());
        }
        let first = state.wakes.peek().is_none_or(|Reverse(wake)| at < wake.at);
        state.wakes.push(Reverse(Wake { at, asked, who }));
        if first {
            drop(state);
            self.changed.notify_one();
        }
        Ok(())
    }

    /// Ends the thread, once nobody waits any more.
    pub(crate) fn close(&self) {
        self.lock().closing = true;
        self.changed.notify_one();
    }

    fn work(&self) {
        let mut state = self.lock();
        loop {
            let now = self.clock.now();
            if let Some(Reverse(wake)) = state.wakes.peek()
                && (wake.at <= now || wake.who.strong_count() == 0)
            {
                let wake = state.wakes.pop();
                drop(state);
                if let Some(who) = wake.and_then(|Reverse(wake)| wake.who.upgrade()) {
                    // Tasks' panics end earlier; this is for a mistake of ours.
                    let ticked = catch_unwind(AssertUnwindSafe(|| who.tick()));
                    debug_assert!(ticked.is_ok(), "a panic got out of a run");
                }
                state = self.lock();
                continue;
            }
            state = match state.wakes.peek() {
                Some(Reverse(wake)) => {
                    let pause = self.clock.pause(wake.at - now);
                    self.changed
                        .wait_timeout(state, pause)
                        .unwrap_or_else(PoisonError::into_inner)
                        .0
                }
                None if state.closing => {
                    state.running = false;
                    return;
                }
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl PartialEq for Wake {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.asked) == (other.at, other.asked)
    }
}
impl Eq for Wake {}
impl PartialOrd for Wake {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Wake {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.asked).cmp(&(other.at, other.asked))
    }
}
