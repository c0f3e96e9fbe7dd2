//! [`Unit`]: what can be ready and be run: a node of a frame, or a token of a fan.
//!
//! Units point to frames and fans without counting them; `src/fan/README.md`, "Who keeps what",
//! says why they are never followed too late.

use std::ptr::NonNull;
use std::time::Duration;

use terrace_core::PlanIndex;

use super::Frame;
use crate::dispatch::Ticket;
use crate::fan::Fan;

/// A frame that is open.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FramePtr(NonNull<Frame>);

/// A fan that has tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FanPtr(NonNull<Fan>);

/// Something that can be ready.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// A node all of whose dependencies have ended, and that has not.
    Node(FramePtr, PlanIndex),
    /// The right to work on a fan.
    Token(FanPtr),
    /// An item of a fan that was claimed by a token, which follows it.
    Item(FanPtr, u32),
}

/// A unit that is to run, and what the dispatcher says of it, where that started it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Job {
    pub(crate) unit: Unit,
    pub(crate) ticket: Option<Ticket>,
    /// When it is given up.
    pub(crate) due: Option<Duration>,
    /// How many workers it has.
    pub(crate) cpus: u32,
}

impl From<Unit> for Job {
    fn from(unit: Unit) -> Self {
        Self { unit, ticket: None, due: None, cpus: 1 }
    }
}

// SAFETY: frames and fans are shared between threads; the pointers only name them.
unsafe impl Send for FramePtr {}
// SAFETY: as above.
unsafe impl Sync for FramePtr {}
// SAFETY: as above.
unsafe impl Send for FanPtr {}
// SAFETY: as above.
unsafe impl Sync for FanPtr {}

impl FramePtr {
    /// Names a frame that somebody else keeps.
    pub(crate) fn new(frame: &Frame) -> Self {
        Self(NonNull::from(frame))
    }

    /// Gives a frame away; whoever closes it takes it back.
    pub(crate) fn give(frame: Box<Frame>) -> Self {
        Self(NonNull::from(Box::leak(frame)))
    }

    /// Takes a frame back.
    ///
    /// # Safety
    /// It came from [`Self::give`]; the caller counted off its last node and has acquired all of
    /// them; nobody follows the pointer any more.
    pub(crate) unsafe fn take(self) -> Box<Frame> {
        // SAFETY: passed on; this is done once.
        unsafe { Box::from_raw(self.0.as_ptr()) }
    }

    /// The frame.
    ///
    /// # Safety
    /// It is open: one of its nodes has not been counted off, or the caller counted off the last
    /// one and has not closed it; and it stays so while the result is used.
    pub(crate) unsafe fn get<'a>(self) -> &'a Frame {
        // SAFETY: passed on: an open frame is not freed, and only shared.
        unsafe { self.0.as_ref() }
    }
}

impl FanPtr {
    /// Gives a fan away; whoever ends its last token takes it back.
    pub(crate) fn give(fan: Box<Fan>) -> Self {
        Self(NonNull::from(Box::leak(fan)))
    }

    /// The fan.
    ///
    /// # Safety
    /// It has a token that has not ended, or the caller ended the last one and has not taken the
    /// fan back; and it stays so while the result is used.
    pub(crate) unsafe fn get<'a>(self) -> &'a Fan {
        // SAFETY: passed on: a fan with tokens is not freed, and only shared.
        unsafe { self.0.as_ref() }
    }

    /// Takes the fan back.
    ///
    /// # Safety
    /// The caller ended its last token and has acquired what the others did; nobody follows the
    /// pointer any more.
    pub(crate) unsafe fn take(self) -> Box<Fan> {
        // SAFETY: passed on: it came from `give`, and this is done once.
        unsafe { Box::from_raw(self.0.as_ptr()) }
    }
}
