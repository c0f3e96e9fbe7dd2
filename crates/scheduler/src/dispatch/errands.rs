//! [`Errands`]: what a thread does for the dispatcher once the lock is released.

use std::sync::Arc;
use std::time::Duration;

use terrace_core::{EventKind, EventKinds, NodeId};

use super::Owed;
use super::shell::Shell;
use crate::attempt::Detached;
use crate::fan::path;
use crate::frame::{Job, Unit};
use crate::run::{Desk, Refusal, Run};

/// What is to be done when the lock is released.
#[derive(Default)]
pub(super) struct Errands {
    /// How many are to be called.
    pub(super) calls: usize,
    /// Whether somebody has to look whether what may start is taken.
    pub(super) looks: bool,
    /// What most decisions have nothing of.
    other: Option<Box<Other>>,
}

#[derive(Default)]
pub(super) struct Other {
    pub(super) blocking: Vec<Job>,
    /// To be written off, or handed in anew.
    pub(super) returned: Vec<(Unit, Option<Owed>)>,
    /// Never to start.
    pub(super) refused: Vec<(Unit, Refusal)>,
    /// To be given up.
    pub(super) due: Vec<Arc<Detached>>,
    pub(super) reserved: Vec<(NodeId, Option<Arc<str>>)>,
    pub(super) wake: Option<Duration>,
    pub(super) paused: Option<Option<u32>>,
}

impl Errands {
    pub(super) fn other(&mut self) -> &mut Other {
        self.other.get_or_insert_default()
    }

    /// Whether something becomes ready, or ends, by what is to be done.
    pub(super) fn has_more(&self) -> bool {
        self.other.as_ref().is_some_and(|other| {
            !(other.returned.is_empty() && other.refused.is_empty() && other.due.is_empty())
        })
    }
}

impl Shell {
    /// Does what waited for the lock. True: there is more in the desk to be written off.
    pub(super) fn go(&self, run: &Arc<Run>, errands: Errands, desk: &mut Desk) -> bool {
        let more = errands.has_more();
        for _ in 0..errands.calls {
            run.call();
        }
        if errands.looks {
            self.look_later(run);
        }
        if let Some(other) = errands.other {
            self.go_on(run, *other, desk);
        }
        more
    }

    fn go_on(&self, run: &Arc<Run>, other: Other, desk: &mut Desk) {
        for job in other.blocking {
            run.submit_blocking(job);
        }
        for (node, path) in other.reserved {
            let kinds = EventKinds::NODES | EventKinds::RETRIES;
            // The node may have ended meanwhile, and the run with it.
            run.emit_late(kinds, || EventKind::NodeReserved { node, path });
        }
        if let Some(level) = other.paused {
            run.pause(level);
        }
        if let Some(at) = other.wake {
            run.wake_at(at);
        }
        // Taken from the end, the first of them first.
        desk.returned.extend(other.returned.into_iter().rev());
        for (unit, why) in other.refused {
            // SAFETY: it was handed in and is given back here, once.
            unsafe { run.refuse(unit, &why, desk) };
            desk.lay_aside();
        }
        desk.expired.extend(other.due);
    }
}

/// A unit as events name it.
///
/// # Safety
/// The caller holds it.
pub(super) unsafe fn named(unit: Unit) -> Option<(NodeId, Option<Arc<str>>)> {
    match unit {
        Unit::Node(frame, at) => {
            // SAFETY: a held node has not ended, so its frame is open.
            let frame = unsafe { frame.get() };
            Some((frame.plan().id(at), frame.parent().map(|_| path(frame, at).text)))
        }
        Unit::Item(fan, at) => {
            // SAFETY: the token that follows the item has not ended.
            let fan = unsafe { fan.get() };
            let item = fan.pending.get(at).item;
            Some((fan.home_plan().id(fan.at), Some(fan.path(item).text)))
        }
        Unit::Token(_) => None,
    }
}
