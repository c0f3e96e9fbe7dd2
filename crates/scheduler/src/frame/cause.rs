//! [`Cause`]: why a node does not run, packed so that the least of several is the one to name.

use terrace_core::{PlanIndex, Tolerance};

/// The node behind one that does not run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// It failed.
    Failure(PlanIndex),
    /// It was skipped because its condition did not hold: nothing went wrong.
    Absence(PlanIndex),
}

/// Marks an absence, so that failures come before it.
const ABSENCE: u32 = 1 << 31;

/// No node is behind this one.
pub(super) const NOBODY: u32 = u32::MAX;

impl Cause {
    /// The node.
    pub(crate) fn node(self) -> PlanIndex {
        match self {
            Self::Failure(at) | Self::Absence(at) => at,
        }
    }

    pub(crate) fn is_failure(self) -> bool {
        matches!(self, Self::Failure(_))
    }

    /// Whether an edge can live with it; `None` wants success.
    pub(crate) fn is_tolerated(self, edge: Option<&Tolerance>) -> bool {
        let needed = if self.is_failure() { Tolerance::Anything } else { Tolerance::Absence };
        edge.is_some_and(|&edge| edge >= needed)
    }

    pub(super) fn pack(self) -> u32 {
        match self {
            Self::Failure(at) => at.get(),
            Self::Absence(at) => at.get() | ABSENCE,
        }
    }

    pub(super) fn unpack(packed: u32) -> Option<Self> {
        let at = PlanIndex::new(packed & !ABSENCE);
        match packed {
            NOBODY => None,
            _ if packed & ABSENCE != 0 => Some(Self::Absence(at)),
            _ => Some(Self::Failure(at)),
        }
    }
}
