//! [`Queue`]: units that may start and take the same, the most urgent first.

use super::demand::{Demand, DemandId};
use super::key::{ByKey, Key};
use super::slab::Slot;

/// Units that may start and take the same of everything.
#[derive(Debug)]
pub(super) struct Queue {
    pub(super) class: Class,
    units: ByKey,
    pub(super) priority: i32,
    /// Whether its units take one place to compute and cost nothing, so that none starts while all
    /// of those are taken.
    pub(super) is_simple: bool,
    /// How often its first unit was passed over.
    pub(super) passed: u32,
    /// Whether it is among those in which something waits.
    is_live: bool,
}

/// What units take, and how much they matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Class {
    /// Whether they take a place on the blocking lane, or one to compute.
    pub(super) blocking: bool,
    pub(super) demand: DemandId,
    /// Whether what they cost is reserved already: they do not queue behind those that wait for it.
    pub(super) paid: bool,
}

impl Class {
    /// A small number that no other class has.
    pub(super) fn index(self) -> usize {
        self.demand.index() * 4 + usize::from(self.blocking) * 2 + usize::from(self.paid)
    }
}

impl Queue {
    pub(super) fn new(class: Class, demand: &Demand) -> Self {
        let is_simple = !class.blocking && demand.cpus <= 1 && demand.cost.is_empty();
        let (units, priority) = (ByKey::new(), demand.priority);
        Self { class, units, priority, is_simple, passed: 0, is_live: false }
    }

    fn push(&mut self, key: Key, slot: Slot) {
        self.units.push(key, slot);
    }

    pub(super) fn len(&self) -> usize {
        self.units.len()
    }

    pub(super) fn first(&self) -> Option<(Key, Slot)> {
        self.units.first()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.units.is_empty()
    }

    pub(super) fn pop(&mut self) -> Option<Slot> {
        self.passed = 0;
        self.units.pop()
    }
}

/// The queues of a run, each found by its class.
#[derive(Debug, Default)]
pub(super) struct Queues {
    pub(super) all: Vec<Queue>,
    /// Where that of a class is, plus one; 0: nowhere.
    by_class: Vec<u32>,
    /// Those in which something waits, in no order; for a while also such that have become empty.
    pub(super) live: Vec<u32>,
}

impl Queues {
    /// Those in which something waits.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &Queue> {
        let live = self.live.iter().map(|&at| &self.all[at as usize]);
        live.filter(|queue| !queue.is_empty())
    }

    /// Lets a unit of a class queue up.
    pub(super) fn push(&mut self, class: Class, demand: &Demand, key: Key, slot: Slot) {
        let index = class.index();
        if index >= self.by_class.len() {
            self.by_class.resize(index + 1, 0);
        }
        let at = match self.by_class[index].checked_sub(1) {
            Some(at) => at,
            None => {
                self.all.push(Queue::new(class, demand));
                self.by_class[index] = self.all.len() as u32;
                self.all.len() as u32 - 1
            }
        };
        let queue = &mut self.all[at as usize];
        if !std::mem::replace(&mut queue.is_live, true) {
            self.live.push(at);
        }
        queue.push(key, slot);
    }

    /// Takes what is gone from the heads of the queues.
    pub(super) fn drop_gone(&mut self, is_gone: impl Fn(Slot) -> bool) {
        for &at in &self.live {
            let queue = &mut self.all[at as usize];
            while let Some((_, slot)) = queue.first()
                && is_gone(slot)
            {
                queue.pop();
            }
        }
    }

    /// Takes queues that have become empty out of the list.
    pub(super) fn tidy(&mut self) {
        let mut at = 0;
        while let Some(&queue) = self.live.get(at) {
            let queue = &mut self.all[queue as usize];
            if queue.is_empty() {
                queue.is_live = false;
                self.live.swap_remove(at);
            } else {
                at += 1;
            }
        }
    }

    /// Drops the queues of some demands. Nothing waits in them.
    pub(super) fn forget(&mut self, gone: &[DemandId]) {
        self.all.retain(|queue| !gone.contains(&queue.class.demand));
        self.by_class.fill(0);
        self.live.clear();
        for (at, queue) in self.all.iter_mut().enumerate() {
            self.by_class[queue.class.index()] = at as u32 + 1;
            queue.is_live = !queue.is_empty();
            if queue.is_live {
                self.live.push(at as u32);
            }
        }
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }
}
