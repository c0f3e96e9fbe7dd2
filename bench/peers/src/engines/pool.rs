//! [`Pool`]: the threads of the baseline. The caller is worker 0; the others spin for a moment,
//! then sleep. Nothing is allocated or locked while a job runs.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread::{self, JoinHandle, Thread};
use std::time::Duration;

use crossbeam_deque::{Steal, Stealer, Worker};
use crossbeam_utils::CachePadded;

/// How often somebody with nothing to do looks again before sleeping.
const PATIENCE: u32 = 300;
/// Sleeping ends by itself after so long: a wake-up that is missed costs time and nothing else.
const NAP: Duration = Duration::from_micros(100);

/// Something that all workers do together.
pub(super) trait Job: Send + Sync {
    /// Takes part until there is nothing left to do.
    fn work(&self, crew: &Crew, own: &Worker<u32>, seat: usize);
}

/// What the workers share.
pub(super) struct Crew {
    /// Counts jobs: a change is what helpers wait for.
    round: CachePadded<AtomicUsize>,
    job: Mutex<Option<Arc<dyn Job>>>,
    /// Helpers that may be inside a job.
    inside: CachePadded<AtomicUsize>,
    is_closed: AtomicBool,
    stealers: Vec<Stealer<u32>>,
    threads: OnceLock<Vec<Thread>>,
    asleep: Vec<CachePadded<AtomicBool>>,
    sleepers: CachePadded<AtomicUsize>,
}

impl Crew {
    /// Takes some of what another worker has.
    pub(super) fn steal(&self, own: &Worker<u32>, seat: usize) -> Option<u32> {
        let seats = self.stealers.len();
        for step in 1..seats {
            loop {
                match self.stealers[(seat + step) % seats].steal_batch_and_pop(own) {
                    Steal::Success(node) => return Some(node),
                    Steal::Empty => break,
                    Steal::Retry => {}
                }
            }
        }
        None
    }

    /// Waits for a moment, the longer the more often in a row.
    pub(super) fn idle(&self, seat: usize, turns: &mut u32) {
        *turns += 1;
        if *turns < PATIENCE {
            std::hint::spin_loop();
        } else {
            self.sleep(seat);
        }
    }

    /// Wakes somebody if anybody sleeps.
    #[inline]
    pub(super) fn call_help(&self) {
        if self.sleepers.load(Ordering::Relaxed) > 0 {
            self.wake(1);
        }
    }

    /// Wakes all who sleep.
    pub(super) fn wake_all(&self) {
        self.wake(self.asleep.len());
    }

    fn wake(&self, most: usize) {
        let mut woken = 0;
        for (seat, asleep) in self.asleep.iter().enumerate() {
            // Whoever takes the mark away is the one who counts and wakes.
            if asleep.load(Ordering::Relaxed) && asleep.swap(false, Ordering::AcqRel) {
                self.sleepers.fetch_sub(1, Ordering::AcqRel);
                if let Some(threads) = self.threads.get() {
                    threads[seat].unpark();
                }
                woken += 1;
                if woken == most {
                    return;
                }
            }
        }
    }

    fn sleep(&self, seat: usize) {
        self.asleep[seat].store(true, Ordering::SeqCst);
        self.sleepers.fetch_add(1, Ordering::SeqCst);
        thread::park_timeout(NAP);
        if self.asleep[seat].swap(false, Ordering::AcqRel) {
            self.sleepers.fetch_sub(1, Ordering::AcqRel);
        }
    }

    fn job(&self) -> Option<Arc<dyn Job>> {
        self.job.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_job(&self, job: Option<Arc<dyn Job>>) {
        *self.job.lock().unwrap_or_else(PoisonError::into_inner) = job;
    }

    fn help(&self, own: &Worker<u32>, seat: usize) {
        let (mut seen, mut turns) = (0, 0);
        while !self.is_closed.load(Ordering::Relaxed) {
            let round = self.round.load(Ordering::SeqCst);
            if round == seen {
                self.idle(seat, &mut turns);
                continue;
            }
            (seen, turns) = (round, 0);
            // Before looking at the job: whoever takes it away then waits for us.
            self.inside.fetch_add(1, Ordering::SeqCst);
            if let Some(job) = self.job() {
                job.work(self, own, seat);
            }
            self.inside.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

/// The threads. One job at a time.
pub(super) struct Pool {
    crew: Arc<Crew>,
    /// The caller's own deque; locked once per job.
    own: Mutex<Worker<u32>>,
    helpers: Vec<JoinHandle<()>>,
}

impl Pool {
    pub(super) fn start(threads: usize) -> Arc<Self> {
        let own = Worker::new_lifo();
        let deques: Vec<Worker<u32>> = (1..threads).map(|_| Worker::new_lifo()).collect();
        let crew = Arc::new(Crew {
            round: CachePadded::default(),
            job: Mutex::new(None),
            inside: CachePadded::default(),
            is_closed: AtomicBool::new(false),
            stealers: [&own].into_iter().chain(&deques).map(Worker::stealer).collect(),
            threads: OnceLock::new(),
            asleep: (0..threads).map(|_| CachePadded::default()).collect(),
            sleepers: CachePadded::default(),
        });
        let helpers: Vec<_> = deques
            .into_iter()
            .enumerate()
            .map(|(at, deque)| {
                let crew = Arc::clone(&crew);
                thread::spawn(move || crew.help(&deque, at + 1))
            })
            .collect();
        let others = helpers.iter().map(|helper| helper.thread().clone());
        crew.threads.get_or_init(|| [thread::current()].into_iter().chain(others).collect());
        Arc::new(Self { crew, own: Mutex::new(own), helpers })
    }

    /// Does a job with all workers, and returns when none of them is inside it any more.
    pub(super) fn run(&self, job: Arc<dyn Job>) {
        let own = self.own.lock().unwrap_or_else(PoisonError::into_inner);
        if self.helpers.is_empty() {
            return job.work(&self.crew, &own, 0);
        }
        self.crew.set_job(Some(Arc::clone(&job)));
        self.crew.round.fetch_add(1, Ordering::SeqCst);
        if self.crew.sleepers.load(Ordering::SeqCst) > 0 {
            self.crew.wake_all();
        }
        job.work(&self.crew, &own, 0);
        self.crew.set_job(None);
        while self.crew.inside.load(Ordering::SeqCst) != 0 {
            std::hint::spin_loop();
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.crew.is_closed.store(true, Ordering::Relaxed);
        for helper in self.helpers.drain(..) {
            helper.thread().unpark();
            // A helper that panicked has said so already.
            let _ = helper.join();
        }
    }
}
