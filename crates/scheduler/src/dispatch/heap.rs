//! [`Heap`]: things in order, the greatest first.
//!
//! Each has four below it: with the fifty or hundred things that a run usually has, coming and going
//! takes half of the steps that it takes in the standard library's, which has two.

/// How many lie below each. [`Heap::pop`] compares them in pairs.
const BELOW: usize = 4;

/// Things in order.
#[derive(Debug)]
pub(super) struct Heap<T>(Vec<T>);

impl<T: PartialOrd + Copy> Heap<T> {
    pub(super) fn new() -> Self {
        Self(Vec::new())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// The greatest.
    pub(super) fn first(&self) -> Option<T> {
        self.0.first().copied()
    }

    /// Costs a logarithm of how many there are.
    pub(super) fn push(&mut self, thing: T) {
        let mut at = self.0.len();
        self.0.push(thing);
        while let Some(below) = at.checked_sub(1) {
            let above = below / BELOW;
            let other = self.0[above];
            if thing < other {
                break;
            }
            self.0[at] = other;
            at = above;
        }
        self.0[at] = thing;
    }

    /// Takes the greatest out. Costs a logarithm of how many there are.
    pub(super) fn pop(&mut self) -> Option<T> {
        let last = self.0.pop()?;
        let Some(&first) = self.0.first() else { return Some(last) };
        let mut at = 0;
        loop {
            let begin = at * BELOW + 1;
            let end = (begin + BELOW).min(self.0.len());
            let Some(below) = self.0.get(begin..end).filter(|below| !below.is_empty()) else {
                break;
            };
            // Its place alone goes round, so that nobody has to guess which it is.
            let greater = |one: usize, two: usize| if below[one] < below[two] { two } else { one };
            let greatest = match *below {
                [_, _, _, _] => greater(greater(0, 1), greater(2, 3)),
                _ => (1..below.len()).fold(0, greater),
            };
            if below[greatest] < last {
                break;
            }
            self.0[at] = below[greatest];
            at = begin + greatest;
        }
        self.0[at] = last;
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BinaryHeap;

    use super::Heap;

    #[test]
    fn things_come_in_the_order_of_the_standard_librarys() {
        let mut seed = 2_463_534_242_u64;
        let mut random = move || {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed
        };
        for round in 0..200_u64 {
            let (mut heap, mut other) = (Heap::new(), BinaryHeap::new());
            // In some rounds more come than go.
            let grows = 1 + round % 7;
            for _ in 0..500 {
                if random() % 8 < grows {
                    // Few enough that some are equal.
                    let thing = random() % 500;
                    heap.push(thing);
                    other.push(thing);
                } else {
                    assert_eq!(heap.pop(), other.pop());
                }
                assert_eq!(heap.first(), other.peek().copied());
                assert_eq!(heap.is_empty(), other.is_empty());
            }
            while let Some(thing) = other.pop() {
                assert_eq!(heap.pop(), Some(thing));
            }
            assert_eq!(heap.pop(), None);
        }
    }
}
