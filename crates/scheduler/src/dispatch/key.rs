//! [`Key`]: what orders the units of a queue, and [`ByKey`]: units in that order.

use std::cmp::Ordering;

use super::Urgency;
use super::heap::Heap;
use super::slab::Slot;

/// What orders units: urgency, then the order of their places, then as they came. The greatest is
/// the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Key {
    /// The longest way to an end of what is around it, and its own.
    way: u64,
    /// How deep it lies, and its place from behind.
    place: u64,
    /// When it came, from behind.
    came: u64,
}

fn pair(high: u32, low: u32) -> u64 {
    u64::from(high) << 32 | u64::from(low)
}

impl Key {
    pub(super) fn new(urgency: Urgency, place: u32, came: u64) -> Self {
        let Urgency { outer, inner, depth } = urgency;
        Self { way: pair(outer, inner), place: pair(depth, !place), came: !came }
    }

    /// The same in half of the space, where it is that of a node of the outermost workflow.
    fn short(self) -> Option<Short> {
        let (outer, inner) = ((self.way >> 32) as u32, self.way as u32);
        let (depth, place) = ((self.place >> 32) as u32, self.place as u32);
        (inner == 0 && depth == 0).then(|| Short { order: pair(outer, place), came: self.came })
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        let (one, two) = ((self.way, self.place, self.came), (other.way, other.place, other.came));
        one.cmp(&two)
    }
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

/// The key of a node of the outermost workflow, which has no way inside of another and no depth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Short {
    /// The longest way to an end, and its place from behind.
    order: u64,
    came: u64,
}

impl PartialOrd for Short {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some((self.order, self.came).cmp(&(other.order, other.came)))
    }

    // Without a branch: which of two is greater cannot be foreseen.
    #[inline]
    fn lt(&self, other: &Self) -> bool {
        (self.order < other.order) | ((self.order == other.order) & (self.came < other.came))
    }
}

impl Short {
    fn key(self) -> Key {
        let (outer, place) = ((self.order >> 32) as u32, self.order as u32);
        Key { way: pair(outer, 0), place: pair(0, place), came: self.came }
    }
}

/// A unit with its key. No two have the same.
#[derive(Clone, Copy, Debug)]
struct Keyed<K>(K, Slot);

impl<K: PartialEq> PartialEq for Keyed<K> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl<K: PartialOrd> PartialOrd for Keyed<K> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        self.0.partial_cmp(&other.0)
    }

    #[inline]
    fn lt(&self, other: &Self) -> bool {
        self.0 < other.0
    }
}

/// Units by their keys. Those of the outermost workflow, mostly all, lie by themselves: with less to
/// move and to compare they come and go in half of the time.
#[derive(Debug)]
pub(super) struct ByKey {
    outermost: Heap<Keyed<Short>>,
    others: Heap<Keyed<Key>>,
}

impl ByKey {
    pub(super) fn new() -> Self {
        Self { outermost: Heap::new(), others: Heap::new() }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.outermost.is_empty() && self.others.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.outermost.len() + self.others.len()
    }

    /// Costs a logarithm of how many there are, as [`Self::pop`] does.
    pub(super) fn push(&mut self, key: Key, slot: Slot) {
        match key.short() {
            Some(short) => self.outermost.push(Keyed(short, slot)),
            None => self.others.push(Keyed(key, slot)),
        }
    }

    /// The first, with its key.
    pub(super) fn first(&self) -> Option<(Key, Slot)> {
        let outermost = self.outermost.first().map(|Keyed(short, slot)| (short.key(), slot));
        let other = self.others.first().map(|Keyed(key, slot)| (key, slot));
        match (outermost, other) {
            (Some(one), Some(two)) => Some(if one.0 < two.0 { two } else { one }),
            (one, two) => one.or(two),
        }
    }

    /// Takes the first out.
    pub(super) fn pop(&mut self) -> Option<Slot> {
        let is_other = match (self.outermost.first(), self.others.first()) {
            (Some(Keyed(short, _)), Some(Keyed(key, _))) => short.key() < key,
            (one, _) => one.is_none(),
        };
        if is_other {
            return self.others.pop().map(|Keyed(_, slot)| slot);
        }
        self.outermost.pop().map(|Keyed(_, slot)| slot)
    }
}

#[cfg(test)]
mod tests {
    use super::super::slab::Slab;
    use super::{ByKey, Key, Urgency};

    #[test]
    fn units_come_in_the_order_of_their_keys_wherever_they_lie() {
        let mut seed = 88_172_645_463_325_252_u64;
        let mut random = move |below: u64| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            (seed % below) as u32
        };
        let (mut units, mut slab) = (ByKey::new(), Slab::new());
        // As the words of the design have it, and not as keys are made.
        let mut waiting: Vec<(u32, u32, u32, u32, u64)> = Vec::new();
        for came in 0..2_000 {
            if random(3) > 0 {
                // Every third of them is inside of another.
                let inner = random(3).saturating_sub(1) * (1 + random(3));
                let depth = random(2);
                let (outer, place) = (random(5), random(4));
                let key = Key::new(Urgency { outer, inner, depth }, place, came);
                units.push(key, slab.add((outer, inner, depth, place, came)));
                waiting.push((outer, inner, depth, place, came));
                continue;
            }
            let before = |one: &(u32, u32, u32, u32, u64), two: &(u32, u32, u32, u32, u64)| {
                let way = (one.0, one.1, one.2) > (two.0, two.1, two.2);
                let same = (one.0, one.1, one.2) == (two.0, two.1, two.2);
                way || same && (one.3, one.4) < (two.3, two.4)
            };
            let first = (0..waiting.len())
                .reduce(|best, at| if before(&waiting[at], &waiting[best]) { at } else { best });
            let expected = first.map(|at| waiting.swap_remove(at));
            assert_eq!(units.first().and_then(|(_, slot)| slab.get(slot).copied()), expected);
            assert_eq!(units.pop().and_then(|slot| slab.remove(slot)), expected);
            assert_eq!(units.len(), waiting.len());
            assert_eq!(units.is_empty(), waiting.is_empty());
        }
    }
}
