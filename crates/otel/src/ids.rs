//! Ids of traces and spans: the same run always has the same, so that what is sent twice is seen to
//! be one.

use opentelemetry::trace::{SpanId, TraceId};

/// Ids of one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Ids {
    high: u64,
    low: u64,
}

impl Ids {
    pub(crate) fn of(run: &str) -> Self {
        // FNV-1a (Fowler, Noll, Vo), from two bases.
        let hash = |base: u64| {
            run.bytes()
                .fold(base, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
        };
        let (high, low) = (mix(hash(0xcbf2_9ce4_8422_2325)), mix(hash(0x9747_b28c_8e1f_3d5b)));
        Self { high, low: low.max(1) }
    }

    pub(crate) fn trace(self) -> TraceId {
        TraceId::from((u128::from(self.high) << 64) | u128::from(self.low))
    }

    /// The id of a span by its number: mixing is one to one, so no two numbers have the same.
    pub(crate) fn span(self, number: u64) -> SpanId {
        // Zero is no id. That of a number that no run reaches stands in for it.
        match mix(self.low.wrapping_add(number)) {
            0 => SpanId::from(mix(self.low.wrapping_sub(1))),
            id => SpanId::from(id),
        }
    }
}

/// The last steps of SplitMix64 (Steele, Lea and Flood, 2014).
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_are_those_of_the_run_and_never_twice() {
        let (a, b) = (Ids::of("run-1"), Ids::of("run-2"));
        assert_eq!(a.trace(), Ids::of("run-1").trace());
        assert_ne!(a.trace(), b.trace());
        let spans: HashSet<SpanId> = (0..10_000).flat_map(|at| [a.span(at), b.span(at)]).collect();
        assert_eq!(spans.len(), 20_000);
        assert!(!spans.contains(&SpanId::INVALID));
        assert_ne!(Ids::of("").trace(), TraceId::INVALID);
    }
}
