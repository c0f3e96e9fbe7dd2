//! [`Slab`]: things by a small number that tells those of before apart.

/// Where a thing is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Slot {
    pub(super) at: u32,
    pub(super) generation: u32,
}

/// Things by a small number, which is used again, and a generation that tells those of before
/// apart.
#[derive(Debug)]
pub(super) struct Slab<T> {
    all: Vec<(u32, Option<T>)>,
    free: Vec<u32>,
    len: usize,
}

impl<T> Slab<T> {
    pub(super) fn new() -> Self {
        Self { all: Vec::new(), free: Vec::new(), len: 0 }
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn add(&mut self, thing: T) -> Slot {
        self.len += 1;
        if let Some(at) = self.free.pop() {
            let entry = &mut self.all[at as usize];
            entry.1 = Some(thing);
            return Slot { at, generation: entry.0 };
        }
        self.all.push((0, Some(thing)));
        Slot { at: self.all.len() as u32 - 1, generation: 0 }
    }

    /// `None` where it is gone.
    pub(super) fn get(&self, slot: Slot) -> Option<&T> {
        let (generation, thing) = &self.all[slot.at as usize];
        thing.as_ref().filter(|_| *generation == slot.generation)
    }

    pub(super) fn get_mut(&mut self, slot: Slot) -> Option<&mut T> {
        let (generation, thing) = &mut self.all[slot.at as usize];
        thing.as_mut().filter(|_| *generation == slot.generation)
    }

    /// Takes one out; `None` where it is gone.
    pub(super) fn remove(&mut self, slot: Slot) -> Option<T> {
        self.get(slot)?;
        let entry = &mut self.all[slot.at as usize];
        entry.0 = entry.0.wrapping_add(1);
        self.free.push(slot.at);
        self.len -= 1;
        entry.1.take()
    }

    /// Takes all out, in no order.
    pub(super) fn drain(&mut self) -> Vec<T> {
        let all = &mut self.all;
        let mut taken = Vec::with_capacity(self.len);
        for (at, (generation, thing)) in all.iter_mut().enumerate() {
            if let Some(thing) = thing.take() {
                *generation = generation.wrapping_add(1);
                self.free.push(at as u32);
                taken.push(thing);
            }
        }
        self.len = 0;
        taken
    }
}
