//! [`Pool`]: the compute threads. They wait for runs that call for help, help until there is
//! nothing left to do there, and wait again.
//!
//! Which nodes a helper runs is the run's business; the pool knows only that there is something
//! to join. README.md beside this file has the protocol: who sleeps, who wakes whom, and why
//! nothing is lost.

mod seats;

use std::collections::VecDeque;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

use crate::fast::{prepare, prepare_alone};

pub(crate) use seats::{Call, MAX_SEATS, Seats};

/// Room for tasks and for the nested runs they start; only what is touched takes memory.
pub(crate) const STACK: usize = 16 << 20;

/// Something that threads can join.
pub(crate) trait Join: Send + Sync {
    /// Works on it until there is nothing to do for the moment.
    fn join(self: Arc<Self>);
}

/// The compute threads of one scheduler.
pub(crate) struct Pool {
    state: Mutex<State>,
    called: Condvar,
}

struct State {
    invitations: VecDeque<Arc<dyn Join>>,
    /// How many runs there are that may still call.
    runs: usize,
    closing: bool,
}

impl Pool {
    /// Starts the threads.
    pub(crate) fn open(workers: usize) -> Result<Arc<Self>, (usize, io::Error)> {
        let state = State { invitations: VecDeque::new(), runs: 0, closing: false };
        let pool = Arc::new(Self { state: Mutex::new(state), called: Condvar::new() });
        if workers > 1 {
            prepare_alone();
        }
        for worker in 0..workers {
            let own = Arc::clone(&pool);
            let spawned = thread::Builder::new()
                .name(format!("terrace-{worker}"))
                .stack_size(STACK)
                .spawn(move || {
                    if worker == 0 && workers > 1 {
                        // Where that takes long: here nobody waits for it. One worker is taken over
                        // by nobody.
                        prepare();
                    }
                    own.work();
                });
            if let Err(error) = spawned {
                pool.close();
                return Err((worker, error));
            }
        }
        Ok(pool)
    }

    /// One without threads, for runs that call nobody.
    pub(crate) fn without_threads() -> Arc<Self> {
        let state = State { invitations: VecDeque::new(), runs: 0, closing: true };
        Arc::new(Self { state: Mutex::new(state), called: Condvar::new() })
    }

    /// Calls one thread to a run. Costs a lock, and a wake-up where a thread sleeps.
    pub(crate) fn invite(&self, run: Arc<dyn Join>) {
        let mut state = self.lock();
        // Who calls late, for a run that is over, calls nobody: the threads have gone, and what lay
        // here would keep the run and the pool for ever. It is dropped outside the lock.
        if state.closing && state.runs == 0 {
            return;
        }
        state.invitations.push_back(run);
        drop(state);
        self.called.notify_one();
    }

    /// Takes back the invitations to a run that is over; returns how many there were.
    pub(crate) fn retract(&self, run: *const ()) -> u32 {
        let mut taken = Vec::new();
        let mut state = self.lock();
        let mut at = 0;
        while at < state.invitations.len() {
            if Arc::as_ptr(&state.invitations[at]).cast::<()>() == run {
                taken.extend(state.invitations.remove(at));
            } else {
                at += 1;
            }
        }
        drop(state);
        // Dropped here, outside the lock: it may be the run's last reference.
        taken.len() as u32
    }

    /// A run begins: the threads stay until it is over.
    pub(crate) fn begin(&self) {
        self.lock().runs += 1;
    }

    /// A run is over.
    pub(crate) fn end(&self) {
        let mut state = self.lock();
        state.runs -= 1;
        if state.closing && state.runs == 0 {
            drop(state);
            self.called.notify_all();
        }
    }

    /// Ends the threads, once no run needs them.
    pub(crate) fn close(&self) {
        self.lock().closing = true;
        self.called.notify_all();
    }

    fn work(&self) {
        let mut state = self.lock();
        loop {
            if let Some(run) = state.invitations.pop_front() {
                drop(state);
                // Tasks' panics end earlier; this is for a mistake of ours, which must not cost a
                // thread.
                let joined = catch_unwind(AssertUnwindSafe(|| run.join()));
                debug_assert!(joined.is_ok(), "a panic got out of a run");
                state = self.lock();
            } else if state.closing && state.runs == 0 {
                return;
            } else {
                state = self.called.wait(state).unwrap_or_else(PoisonError::into_inner);
            }
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
