//! [`Pulse`]: a count that grows every millisecond while anybody wants to know whether time passes.
//!
//! Who works through many small things looks at a number instead of a clock: 1 ns instead of 20.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, OnceLock, Weak};
use std::time::Duration;

use crate::run::Machine;
use crate::timer::Tick;

/// Between two beats.
const BEAT: Duration = Duration::from_millis(1);

/// Something that beats while it is felt for.
#[derive(Default)]
pub(crate) struct Pulse {
    beats: AtomicU32,
    /// Whether anybody felt for it since the last beat.
    felt: AtomicBool,
    /// Whether another beat is to come.
    beating: AtomicBool,
    machine: OnceLock<Weak<Machine>>,
}

impl Pulse {
    /// Says whose time it is.
    pub(crate) fn belongs_to(&self, machine: &Arc<Machine>) {
        let first = self.machine.set(Arc::downgrade(machine)).is_ok();
        debug_assert!(first, "a machine is made once");
    }

    /// How many beats there were. At least two more come, one within the next millisecond and one
    /// in the one after. `None` where nobody can make it beat.
    pub(crate) fn feel(self: &Arc<Self>) -> Option<u32> {
        // SeqCst here and in `tick`: either that one sees that it was felt, or it is seen here that
        // it beats no more.
        self.felt.store(true, Ordering::SeqCst);
        let beats = self.beats();
        if !self.beating.swap(true, Ordering::SeqCst) && !self.wake() {
            self.beating.store(false, Ordering::SeqCst);
            return None;
        }
        Some(beats)
    }

    /// How many beats there were.
    #[inline]
    pub(crate) fn beats(&self) -> u32 {
        self.beats.load(Ordering::Relaxed)
    }

    fn wake(self: &Arc<Self>) -> bool {
        let Some(machine) = self.machine.get().and_then(Weak::upgrade) else { return false };
        let own: Weak<Self> = Arc::downgrade(self);
        machine.crew.wake(machine.clock.now().saturating_add(BEAT), own).is_ok()
    }
}

impl Tick for Pulse {
    fn tick(self: Arc<Self>) {
        self.beats.fetch_add(1, Ordering::Relaxed);
        if self.felt.swap(false, Ordering::SeqCst) {
            self.wake();
            return;
        }
        self.beating.store(false, Ordering::SeqCst);
        if self.felt.load(Ordering::SeqCst) && !self.beating.swap(true, Ordering::SeqCst) {
            self.wake();
        }
    }
}
