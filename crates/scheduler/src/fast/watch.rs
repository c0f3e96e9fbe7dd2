//! [`Watches`]: which node each thread is at that runs blocks, so that others may take over what is
//! behind a node that turns out to be long.
//!
//! Who is where is the protocol of a sequence ([`super::sequence`]), once for each thread: a position
//! that its thread moves from node to node, and that somebody settles. When it has been, the thread
//! begins another.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use super::fence;
use super::sequence::{IDLE, Sequence, Settled};
use crate::run::lock;

/// The threads of a run in blocks.
#[derive(Default)]
pub(super) struct Watches {
    threads: Mutex<Vec<Thread>>,
    /// Whether a thread was seen at the same node twice.
    wanted: AtomicBool,
}

struct Thread {
    number: u16,
    sequence: Arc<Sequence>,
    /// Where it was when somebody last looked.
    last: u32,
    /// Whether what is behind it is to be taken over.
    wanted: bool,
}

/// One thread's own.
pub(super) struct Watch<'a> {
    all: &'a Watches,
    number: u16,
    sequence: Arc<Sequence>,
}

impl Watches {
    /// A thread begins.
    pub(super) fn begin(&self, number: u16) -> Watch<'_> {
        let sequence = Arc::new(Sequence::idle());
        self.set(number, &sequence);
        Watch { all: self, number, sequence }
    }

    fn set(&self, number: u16, sequence: &Arc<Sequence>) {
        let sequence = Arc::clone(sequence);
        let mut threads = lock(&self.threads);
        let thread = Thread { number, sequence, last: IDLE, wanted: false };
        match threads.iter_mut().find(|thread| thread.number == number) {
            Some(known) => *known = thread,
            None => threads.push(thread),
        }
    }

    /// Looks at all of them. True: one is at the node where it was when somebody looked before, so
    /// that what is behind it should be taken over.
    pub(super) fn look(&self) -> bool {
        let mut any = false;
        for thread in lock(&self.threads).iter_mut() {
            let at = thread.sequence.position();
            // Once for each: what is behind it is gone then.
            let stuck = at != IDLE && at == thread.last && !thread.sequence.is_settled();
            thread.wanted |= stuck;
            any |= thread.wanted;
            thread.last = at;
        }
        if any {
            // Made visible by the call that follows.
            self.wanted.store(true, Ordering::Relaxed);
        }
        any
    }

    /// Says that all others are to be taken over: nobody can look later.
    pub(super) fn want_all(&self, but: u16) {
        let mut threads = lock(&self.threads);
        threads.iter_mut().for_each(|thread| thread.wanted |= thread.number != but);
        self.wanted.store(true, Ordering::Relaxed);
    }

    /// Makes all of them look, before their next nodes, whether they are to go on.
    pub(super) fn interrupt(&self) {
        lock(&self.threads).iter().for_each(|thread| thread.sequence.interrupt());
    }

    /// Whether no thread has begun.
    pub(super) fn is_empty(&self) -> bool {
        lock(&self.threads).is_empty()
    }

    /// Whether something is to be taken over.
    pub(super) fn is_wanted(&self) -> bool {
        self.wanted.load(Ordering::Relaxed)
    }

    /// Takes over what is behind the nodes of threads that are stuck: gives these nodes, which are
    /// still their threads'. The caller has acquired all that those did before.
    pub(super) fn take_over(&self) -> Vec<u32> {
        if !self.wanted.swap(false, Ordering::Relaxed) {
            return Vec::new();
        }
        let mut threads = lock(&self.threads);
        let wanted = threads
            .iter_mut()
            .filter_map(|thread| std::mem::take(&mut thread.wanted).then_some(thread));
        let taken = wanted.filter_map(|thread| thread.sequence.take_over());
        taken.filter(|&at| at != IDLE).collect()
    }
}

impl Watch<'_> {
    pub(super) fn sequence(&self) -> &Sequence {
        &self.sequence
    }

    /// The node it is at.
    pub(super) fn position(&self) -> u32 {
        self.sequence.position()
    }

    /// Says that the thread is at no node. False: somebody has come to take over, so that it has to
    /// [settle](Self::settle).
    pub(super) fn rest(&self, plain: bool) -> bool {
        match plain {
            true => self.sequence.reach(IDLE, fence::Plain),
            false => self.sequence.reach(IDLE, fence::Asymmetric),
        }
    }

    /// Ends what others see of it, at a position, or learns where it was ended; and begins anew.
    pub(super) fn settle(&mut self, at: u32) -> Settled {
        let settled = self.sequence.settle(at);
        self.sequence = Arc::new(Sequence::idle());
        self.all.set(self.number, &self.sequence);
        settled
    }
}
