//! The most that any set of tasks asks for, sets being cut by a head and by a tail.
//!
//! Tasks come in by their heads, the longest first; for each tail that one of them has, a tree keeps
//! that tail plus the work of those whose tails are as long, and which of these is the most. So all
//! pairs of thresholds are looked at in O(n log n).

/// A task, or several that begin and end together, times in nanoseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Body {
    /// The longest way to it.
    pub(crate) head: u64,
    /// The longest way from it.
    pub(crate) tail: u64,
    /// For how long how many places are taken, together.
    pub(crate) work: u128,
}

/// The most over all pairs of thresholds of head + work / places + tail, where tasks with shorter heads
/// or tails are left out; rounded up.
pub(crate) fn most(bodies: &mut Vec<Body>, places: u64) -> u64 {
    bodies.retain(|body| body.work > 0);
    bodies.sort_unstable_by_key(|body| std::cmp::Reverse(body.head));
    let mut tails: Vec<u64> = bodies.iter().map(|body| body.tail).collect();
    tails.sort_unstable();
    tails.dedup();
    let places = i128::from(places.max(1));
    let mut tree = Tree::new(tails.len());
    let mut most = 0;
    for (at, body) in bodies.iter().enumerate() {
        // It is there: every tail is one of them.
        let tail = tails.partition_point(|tail| *tail < body.tail);
        tree.begin(tail, places * i128::from(body.tail));
        tree.add_up_to(tail, i128::try_from(body.work).unwrap_or(i128::MAX / 8));
        let is_last = bodies.get(at + 1).is_none_or(|next| next.head < body.head);
        if is_last {
            most = most.max(places * i128::from(body.head) + tree.most());
        }
    }
    // What does not fit took longer than clocks tell.
    u64::try_from((most + places - 1) / places).unwrap_or(u64::MAX)
}

/// What no sum comes near.
const NONE: i128 = i128::MIN / 4;

/// A number for each tail, with additions to all up to one, and the most of those that have begun.
struct Tree {
    /// Of each part the most, with what was added to it and to parts of it. From 1 on; the parts of `n`
    /// are `2n` and `2n + 1`.
    most: Vec<i128>,
    /// What was added to the part as a whole.
    added: Vec<i128>,
    size: usize,
}

impl Tree {
    fn new(leaves: usize) -> Self {
        let size = leaves.next_power_of_two().max(1);
        Self { most: vec![NONE; 2 * size], added: vec![0; size], size }
    }

    /// One more tail counts, with what was added to it so far and with this.
    fn begin(&mut self, leaf: usize, number: i128) {
        let mut part = self.size + leaf;
        if self.most[part] > NONE / 2 {
            return;
        }
        self.most[part] += number - NONE;
        while part > 1 {
            part /= 2;
            self.update(part);
        }
    }

    fn add_up_to(&mut self, leaf: usize, number: i128) {
        let mut part = self.size + leaf;
        self.most[part] += number;
        while part > 1 {
            if part % 2 == 1 {
                let before = part - 1;
                self.most[before] += number;
                if let Some(added) = self.added.get_mut(before) {
                    *added += number;
                }
            }
            part /= 2;
            self.update(part);
        }
    }

    fn update(&mut self, part: usize) {
        self.most[part] = self.most[2 * part].max(self.most[2 * part + 1]) + self.added[part];
    }

    fn most(&self) -> i128 {
        self.most[1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All pairs of thresholds, one after the other.
    fn naive(bodies: &[Body], places: u64) -> u64 {
        let mut most = 0;
        for head in bodies.iter().map(|body| body.head) {
            for tail in bodies.iter().map(|body| body.tail) {
                let set = bodies.iter().filter(|body| body.head >= head && body.tail >= tail);
                let work = set.map(|body| body.work as u64).sum::<u64>();
                if work > 0 {
                    most = most.max(head + work.div_ceil(places) + tail);
                }
            }
        }
        most
    }

    #[test]
    fn it_is_the_most_over_all_pairs() {
        let mut seed = 7_u64;
        let mut random = move |below: u64| {
            // Knuth's multiplier of a linear congruential generator.
            seed = seed
                .wrapping_mul(6_364_136_223_846_793_005)
                .wrapping_add(1_442_695_040_888_963_407);
            (seed >> 33) % below
        };
        for round in 0..2_000 {
            let tasks = random(12) + round % 3 * 20;
            let spread = 1 + random(40);
            let body = |random: &mut dyn FnMut(u64) -> u64| Body {
                head: random(spread),
                tail: random(spread),
                work: random(30).into(),
            };
            let bodies: Vec<Body> = (0..tasks).map(|_| body(&mut random)).collect();
            let places = 1 + random(5);
            let found = most(&mut bodies.clone(), places);
            assert_eq!(found, naive(&bodies, places), "round {round}, {places}: {bodies:?}");
        }
    }
}
