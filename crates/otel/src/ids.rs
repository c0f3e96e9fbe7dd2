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
        let from = |base| mix(hash(run.bytes(), base));
        let (high, low) = (from(0xcbf2_9ce4_8422_2325), from(0x9747_b28c_8e1f_3d5b));
        Self { high, low: low.max(1) }
    }

    pub(crate) fn trace(self) -> TraceId {
        TraceId::from((u128::from(self.high) << 64) | u128::from(self.low))
    }

    /// The id of the run's own span.
    pub(crate) fn run(self) -> SpanId {
        self.span(self.high)
    }

    /// The id of the span of a node or item by its path, of its so manyeth time, or of one of its attempts.
    pub(crate) fn part(self, path: &str, time: u32, attempt: Option<u32>) -> SpanId {
        let number = (u64::from(time) << 32) | attempt.map_or(0, |attempt| u64::from(attempt) + 1);
        self.span(mix(hash(path.bytes(), self.low)).wrapping_add(mix(number)))
    }

    fn span(self, number: u64) -> SpanId {
        // Zero is no id.
        SpanId::from(mix(number ^ self.low.rotate_left(32)).max(1))
    }
}

/// FNV-1a (Fowler, Noll, Vo) from a base.
fn hash(bytes: impl Iterator<Item = u8>, base: u64) -> u64 {
    bytes.fold(base, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
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
        let of = |ids: Ids| {
            let items = (0..10_000).map(|at| format!("m[{at}]"));
            let items =
                items.flat_map(move |item| [None, Some(1), Some(2)].map(|n| (item.clone(), n)));
            let items =
                items.flat_map(move |(item, n)| [0, 1].map(|time| ids.part(&item, time, n)));
            items.chain([ids.run()])
        };
        let spans: HashSet<SpanId> = of(a).chain(of(b)).collect();
        assert_eq!(spans.len(), 120_002);
        assert!(!spans.contains(&SpanId::INVALID));
        assert_ne!(Ids::of("").trace(), TraceId::INVALID);
    }
}
