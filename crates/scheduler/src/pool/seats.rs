//! [`Seats`]: who works on a run, who has been called, and whether its owner sleeps.
//!
//! One word, so that every step is one atomic operation. The states and the argument why no work
//! is forgotten are in README.md, "Seats".

use crate::sync::{AtomicU32, Ordering, fence};

const SEATED: u32 = 1;
const SEATED_MASK: u32 = (1 << 14) - 1;
const INVITED: u32 = 1 << 14;
const INVITED_MASK: u32 = SEATED_MASK << 14;
const OWNER_ASLEEP: u32 = 1 << 31;

/// More workers than this are never asked for.
pub(crate) const MAX_SEATS: u32 = SEATED_MASK - 1;

/// Who is to be woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    /// Nobody: all seats are taken or promised.
    Nobody,
    /// The owner, who has been given a seat.
    Owner,
    /// A thread of the pool, which has to [`Seats::arrive`].
    Helper,
}

/// The seats at a run.
pub(crate) struct Seats {
    word: AtomicU32,
    capacity: u32,
}

impl Seats {
    pub(crate) fn new(capacity: u32) -> Self {
        debug_assert!((1..=MAX_SEATS).contains(&capacity), "the builder keeps to it");
        Self { word: AtomicU32::new(0), capacity }
    }

    pub(crate) fn capacity(&self) -> u32 {
        self.capacity
    }

    /// How many seats are taken. For whoever looks from outside: it may have changed already.
    pub(crate) fn seated(&self) -> u32 {
        self.word.load(Ordering::Relaxed) & SEATED_MASK
    }

    /// After work became visible: picks someone to look for it.
    pub(crate) fn call(&self) -> Call {
        // Pairs with the fences in `leave` and `owner_sleeps`: either the leaver sees the work that
        // was made visible before, or the load below sees that it left.
        fence(Ordering::SeqCst);
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let (next, call) = self.pick(word);
            if call == Call::Nobody {
                return call;
            }
            match self.word.compare_exchange_weak(word, next, Ordering::Relaxed, Ordering::Relaxed)
            {
                Ok(_) => return call,
                Err(found) => word = found,
            }
        }
    }

    fn pick(&self, word: u32) -> (u32, Call) {
        let seated = word & SEATED_MASK;
        let invited = (word & INVITED_MASK) / INVITED;
        // The owner first: invitations may be stuck behind other runs, perhaps behind the very
        // task that the owner is in.
        if word & OWNER_ASLEEP != 0 && seated < self.capacity {
            ((word & !OWNER_ASLEEP) + SEATED, Call::Owner)
        } else if seated + invited < self.capacity {
            (word + INVITED, Call::Helper)
        } else {
            (word, Call::Nobody)
        }
    }

    /// An invited helper is here. False: all seats are taken, by threads that will each look for
    /// work once more before they leave.
    pub(crate) fn arrive(&self) -> bool {
        self.update(|word| {
            let word = word - INVITED;
            let free = word & SEATED_MASK < self.capacity;
            (if free { word + SEATED } else { word }, free)
        })
    }

    /// Takes back invitations that nobody has followed.
    pub(crate) fn uninvite(&self, count: u32) {
        self.word.fetch_sub(count * INVITED, Ordering::Relaxed);
    }

    pub(crate) fn invited(&self) -> bool {
        self.word.load(Ordering::Relaxed) & INVITED_MASK != 0
    }

    /// Takes a seat, where one is free.
    pub(crate) fn sit(&self) -> bool {
        self.update(|word| {
            let free = word & SEATED_MASK < self.capacity;
            (if free { word + SEATED } else { word }, free)
        })
    }

    /// Gives up a seat. The caller has to look for work once more, and to `sit` where it finds some.
    pub(crate) fn leave(&self) {
        self.word.fetch_sub(SEATED, Ordering::Relaxed);
        // Pairs with the fence in `call`.
        fence(Ordering::SeqCst);
    }

    /// The owner lies down; `seated` says whether it gives up a seat. It has to look for work, and
    /// for the end, once more before it really sleeps.
    pub(crate) fn owner_sleeps(&self, seated: bool) {
        self.update(|word| (if seated { word - SEATED } else { word } | OWNER_ASLEEP, ()));
        // Pairs with the fence in `call`.
        fence(Ordering::SeqCst);
    }

    /// Whether the owner has been called, and so has a seat.
    pub(crate) fn owner_called(&self) -> bool {
        self.word.load(Ordering::Relaxed) & OWNER_ASLEEP == 0
    }

    /// The owner found work while lying down. True: it has a seat, taken now or given before.
    pub(crate) fn owner_rises(&self) -> bool {
        self.update(|word| {
            if word & OWNER_ASLEEP == 0 {
                (word, true)
            } else if word & SEATED_MASK < self.capacity {
                ((word & !OWNER_ASLEEP) + SEATED, true)
            } else {
                (word, false)
            }
        })
    }

    /// The owner is needed for something that takes no seat. True: it lay down, and has to be woken.
    pub(crate) fn owner_asleep(&self) -> bool {
        // Pairs with the fence in `owner_sleeps`.
        fence(Ordering::SeqCst);
        !self.owner_called()
    }

    fn update<T>(&self, step: impl Fn(u32) -> (u32, T)) -> T {
        let mut word = self.word.load(Ordering::Relaxed);
        loop {
            let (next, answer) = step(word);
            match self.word.compare_exchange_weak(
                word,
                next,
                // The word says only who is where; work is published by its own queue.
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
                Ok(_) => return answer,
                Err(found) => word = found,
            }
        }
    }
}

#[cfg(all(test, terrace_loom))]
mod tests {
    //! Every order of steps of the protocol in README.md, "Seats".

    use loom::sync::Arc;
    use loom::sync::atomic::{AtomicU32 as Queue, Ordering::Relaxed};
    use loom::thread;

    use super::{Call, Seats};

    /// A run whose queue is a number, with nothing that orders anything but the seats.
    struct Run {
        seats: Seats,
        queue: Queue,
        done: Queue,
    }

    impl Run {
        fn new(capacity: u32) -> Arc<Self> {
            Arc::new(Self {
                seats: Seats::new(capacity),
                queue: Queue::new(0),
                done: Queue::new(0),
            })
        }

        fn push(&self) -> Call {
            self.queue.fetch_add(1, Relaxed);
            self.seats.call()
        }

        fn take_all(&self) {
            self.done.fetch_add(self.queue.swap(0, Relaxed), Relaxed);
        }

        fn join(&self) {
            if self.seats.arrive() {
                self.help();
            }
        }

        /// As `Join::join` does, from a seat.
        fn help(&self) {
            loop {
                self.take_all();
                self.seats.leave();
                if self.queue.load(Relaxed) == 0 || !self.seats.sit() {
                    return;
                }
            }
        }

        /// As `Run::sleep` does, once.
        fn own(&self, goal: u32) {
            let mut seated = true;
            while self.done.load(Relaxed) < goal {
                if seated {
                    self.take_all();
                    if self.done.load(Relaxed) >= goal {
                        return;
                    }
                }
                self.seats.owner_sleeps(seated);
                seated = loop {
                    if self.done.load(Relaxed) >= goal {
                        return;
                    }
                    if self.seats.owner_called() {
                        break true;
                    }
                    if self.queue.load(Relaxed) > 0 && self.seats.owner_rises() {
                        break true;
                    }
                    thread::park();
                };
            }
        }
    }

    #[test]
    fn loom_a_helper_that_leaves_sees_the_work_or_is_called_back() {
        loom::model(|| {
            let run = Run::new(2);
            assert!(run.seats.sit());
            let helper = {
                let run = Arc::clone(&run);
                thread::spawn(move || run.help())
            };
            // From the lane, which has no seat.
            if run.push() == Call::Helper {
                run.join();
            }
            helper.join().unwrap();
            assert_eq!((run.queue.load(Relaxed), run.done.load(Relaxed)), (0, 1));
        });
    }

    #[test]
    fn loom_two_calls_at_once_for_one_seat() {
        loom::model(|| {
            let run = Run::new(1);
            let pusher = |run: &Arc<Run>| {
                let run = Arc::clone(run);
                thread::spawn(move || {
                    if run.push() == Call::Helper {
                        run.join();
                    }
                })
            };
            let (a, b) = (pusher(&run), pusher(&run));
            a.join().unwrap();
            b.join().unwrap();
            assert_eq!((run.queue.load(Relaxed), run.done.load(Relaxed)), (0, 2));
        });
    }

    #[test]
    fn loom_the_owner_is_woken_even_when_an_invitation_is_stuck() {
        loom::model(|| {
            let run = Run::new(1);
            // Invited, and never there: the pool's only thread is the owner itself.
            assert_eq!(run.seats.call(), Call::Helper);
            assert!(run.seats.sit());
            let owner = {
                let run = Arc::clone(&run);
                thread::spawn(move || run.own(1))
            };
            if run.push() == Call::Owner {
                owner.thread().unpark();
            }
            owner.join().unwrap();
            assert_eq!(run.done.load(Relaxed), 1);
        });
    }

    #[test]
    fn loom_overflow_wakes_an_owner_that_lies_down() {
        loom::model(|| {
            let run = Run::new(1);
            assert!(run.seats.sit());
            let overflow = Arc::new(Queue::new(0));
            let (own, seen) = (Arc::clone(&run), Arc::clone(&overflow));
            let owner = thread::spawn(move || {
                own.seats.owner_sleeps(true);
                while seen.load(Relaxed) == 0 {
                    thread::park();
                }
            });
            overflow.store(1, Relaxed);
            if run.seats.owner_asleep() {
                owner.thread().unpark();
            }
            owner.join().unwrap();
        });
    }
}
