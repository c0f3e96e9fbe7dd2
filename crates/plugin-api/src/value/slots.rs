//! [`Slots`]: values without heap that lie side by side, for a loop over nodes that each read a few of
//! them and leave one.

use core::marker::PhantomData;
use core::mem::MaybeUninit;

use super::Value;

/// The most values that a node reads in such a loop.
pub const SLOTS_READ: usize = 4;

/// Values that lie side by side, and which of them nodes that follow each other read and leave. For
/// hosts: what a task sees is its arguments and the place of its result.
#[derive(Debug)]
pub struct Slots<'a> {
    /// That of the first node.
    own: *mut Value,
    all: *mut Value,
    /// Of each node, where what it reads lies, one after the other.
    reads: &'a [u32],
    /// How many each reads.
    each: usize,
    args: [Value; SLOTS_READ],
    values: PhantomData<&'a mut Value>,
}

impl<'a> Slots<'a> {
    /// Values from `all` on, for nodes the first of which leaves its own at `first` and each of which
    /// reads `each` of them, at most [`SLOTS_READ`]: those at `reads`, in order.
    ///
    /// # Safety
    /// At `all` lie values up to the highest that is named: all of `reads`, and one from `first` on for
    /// every `each` of these, which is 1 to [`SLOTS_READ`]. While this lives, and until
    /// [`node`](Self::node) was asked for one that comes later, nobody else looks at what a node leaves,
    /// nor changes what it reads.
    pub unsafe fn new(all: *mut Value, first: u32, reads: &'a [u32], each: usize) -> Self {
        let own = all.wrapping_add(first as usize);
        let args = [Value::Null, Value::Null, Value::Null, Value::Null];
        Self { own, all, reads, each: each.min(SLOTS_READ), args, values: PhantomData }
    }

    /// What a node gets, counted from the first, and where it leaves its value; what a task puts in
    /// place of an argument is forgotten. `None` where it reads a value with heap, and for one that is
    /// not among these.
    #[inline(always)]
    pub fn node(&mut self, number: usize) -> Option<(&mut [Value], &mut Value)> {
        if self.each == 0 {
            return None;
        }
        let begin = number.checked_mul(self.each)?;
        let reads = self.reads.get(begin..begin + self.each)?;
        let args = self.args.get_mut(..self.each)?;
        for (&read, arg) in reads.iter().zip(args.iter_mut()) {
            // SAFETY: it is among those that `new` was promised of.
            let value = unsafe { &*self.all.wrapping_add(read as usize) };
            // SAFETY: a value may lie where one lies; the one before has no heap, or is forgotten.
            let place = unsafe { &mut *(arg as *mut Value).cast::<MaybeUninit<Value>>() };
            if !value.copy_plain(place) {
                return None;
            }
        }
        // SAFETY: as above: there are reads for this node.
        Some((args, unsafe { &mut *self.own.wrapping_add(number) }))
    }
}

#[cfg(test)]
mod tests {
    use super::{Slots, Value};

    #[test]
    fn nodes_read_what_those_before_have_left() {
        let mut values = [Value::from(1_i64), Value::from(2_i64), Value::Null, Value::Null];
        let reads = [0, 1, 2, 2];
        // SAFETY: all that is named lies there, and nobody else looks.
        let mut slots = unsafe { Slots::new(values.as_mut_ptr(), 2, &reads, 2) };
        for number in 0..2 {
            let (args, out) = slots.node(number).unwrap();
            let sum = args.iter().map(|arg| arg.as_i64().unwrap()).sum::<i64>();
            *out = Value::from(sum);
        }
        assert!(slots.node(2).is_none(), "it is not among them");
        assert_eq!(values[2..], [Value::from(3_i64), Value::from(6_i64)]);
    }

    #[test]
    fn a_value_with_heap_is_not_copied() {
        let mut values = [Value::from("text"), Value::Null];
        // SAFETY: as above.
        let mut slots = unsafe { Slots::new(values.as_mut_ptr(), 1, &[0], 1) };
        assert!(slots.node(0).is_none());
        assert_eq!(values[0], Value::from("text"));
    }
}
