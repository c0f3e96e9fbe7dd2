//! [`Lane`]: the elastic threads for nodes that wait: files, sockets, processes, time.
//!
//! A thread is made when a job finds none free, up to a limit, and ends after [`IDLE`] without
//! work. A job means "take one waiting node of this run".
//!
//! # Invariant
//! A job that was [`Answer::Accepted`] starts without anybody's task having to end first: accepted
//! jobs are never more than threads that are free or on their way.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How long a thread without work stays.
const IDLE: Duration = Duration::from_secs(10);

/// Tasks that wait need less than those that compute.
const STACK: usize = 4 << 20;

/// A run with nodes that wait for a thread.
pub(crate) trait TakeTurn: Send + Sync {
    /// Runs one of its waiting nodes, if there is still one, and what directly follows from it.
    fn turn(self: Arc<Self>, thread: u16) -> Back;
}

/// How a thread comes back from a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Back {
    /// It takes another.
    Free,
    /// The job was given up meanwhile ([`Lane::lose`]), and the thread with it: it ends.
    Lost,
}

/// Whether a job starts without anybody's help.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    /// A thread is free for it.
    Accepted,
    /// All threads there may be are busy: it waits for one, and whoever owns the run may run the
    /// node instead.
    Saturated,
}

/// The threads of the blocking lane.
pub(crate) struct Lane {
    state: Mutex<State>,
    called: Condvar,
    max: usize,
}

struct State {
    jobs: VecDeque<Arc<dyn TakeTurn>>,
    /// Threads without a job, those just made included.
    free: usize,
    /// Which thread numbers are taken.
    numbers: Vec<bool>,
    /// Jobs that have a thread beyond the limit.
    counted: usize,
    /// Those that were lost apart.
    threads: usize,
    closing: bool,
}

impl Lane {
    pub(crate) fn new(max: usize) -> Arc<Self> {
        let state = State {
            jobs: VecDeque::new(),
            free: 0,
            numbers: Vec::new(),
            counted: 0,
            threads: 0,
            closing: false,
        };
        Arc::new(Self { state: Mutex::new(state), called: Condvar::new(), max })
    }

    /// Hands in a job.
    pub(crate) fn submit(self: &Arc<Self>, job: Arc<dyn TakeTurn>) -> Answer {
        let mut state = self.lock();
        state.jobs.push_back(job);
        self.find_thread(state)
    }

    /// Hands in a job that has a thread beyond the limit while it runs, since somebody else limits
    /// how many there are. Whoever runs it says [`Self::uncount`] or [`Self::lose`] afterwards.
    pub(crate) fn submit_counted(self: &Arc<Self>, job: Arc<dyn TakeTurn>) -> Answer {
        let mut state = self.lock();
        state.counted += 1;
        // Before those that wait for a thread to become free.
        state.jobs.push_front(job);
        self.find_thread(state)
    }

    /// A counted job has ended.
    pub(crate) fn uncount(&self) {
        self.lock().counted -= 1;
    }

    /// A counted job was given up while it ran: its thread counts no more, and comes back as
    /// [`Back::Lost`], before this or after.
    pub(crate) fn lose(self: &Arc<Self>) {
        let mut state = self.lock();
        state.counted -= 1;
        state.threads -= 1;
        if !state.jobs.is_empty() {
            self.find_thread(state);
        }
    }

    /// Wakes or makes a thread for the jobs there are.
    fn find_thread(self: &Arc<Self>, mut state: MutexGuard<'_, State>) -> Answer {
        if state.jobs.len() <= state.free {
            drop(state);
            self.called.notify_one();
            return Answer::Accepted;
        }
        if state.threads >= self.max + state.counted {
            return Answer::Saturated;
        }
        let number = state.take_number();
        let lane = Arc::clone(self);
        let spawned = thread::Builder::new()
            .name(format!("terrace-blocking-{number}"))
            .stack_size(STACK)
            .spawn(move || lane.work(number));
        match spawned {
            Ok(_) => {
                state.free += 1;
                state.threads += 1;
                Answer::Accepted
            }
            // The system gives no more threads: those that are here are all there are.
            Err(_) => {
                state.numbers[number] = false;
                Answer::Saturated
            }
        }
    }

    /// Whether there is no thread at all, so that a waiting job waits for ever.
    pub(crate) fn is_dead(&self) -> bool {
        self.lock().threads == 0
    }

    /// Ends the threads, once their jobs are done.
    pub(crate) fn close(&self) {
        self.lock().closing = true;
        self.called.notify_all();
    }

    fn work(&self, number: usize) {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.jobs.pop_front() {
                state.free -= 1;
                drop(state);
                let name = u16::try_from(number).unwrap_or(u16::MAX);
                // Tasks' panics end earlier; this is for a mistake of ours.
                let turned = catch_unwind(AssertUnwindSafe(|| job.turn(name)));
                debug_assert!(turned.is_ok(), "a panic got out of a run");
                state = self.lock();
                if matches!(turned, Ok(Back::Lost)) {
                    state.numbers[number] = false;
                    return;
                }
                // One that was there for a counted job goes with it.
                if state.threads > self.max + state.counted {
                    state.threads -= 1;
                    state.numbers[number] = false;
                    return;
                }
                state.free += 1;
                continue;
            }
            let (next, wait) = if state.closing {
                (state, true)
            } else {
                let (next, wait) =
                    self.called.wait_timeout(state, IDLE).unwrap_or_else(PoisonError::into_inner);
                (next, wait.timed_out())
            };
            state = next;
            if wait && state.jobs.is_empty() {
                state.free -= 1;
                state.threads -= 1;
                state.numbers[number] = false;
                return;
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// The lowest number that no thread has.
    fn take_number(&mut self) -> usize {
        let number = self.numbers.iter().position(|taken| !taken).unwrap_or(self.numbers.len());
        if number == self.numbers.len() {
            self.numbers.push(true);
        } else {
            self.numbers[number] = true;
        }
        number
    }
}
