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
            match self.word.compare_exchange_weak(
                word,
                next,
                Ordering::Relaxed,
                Ordering::Relaxed,
            ) {
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
