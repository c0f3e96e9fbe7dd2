//! Which run the task on this thread belongs to, so that a run that it starts stops with it.

use std::cell::Cell;
use std::ptr::NonNull;

use crate::cancel::CancelToken;
use crate::run::Run;

thread_local! {
    static RUN: Cell<Option<NonNull<Run>>> = const { Cell::new(None) };
}

/// Says, while it lives, that this thread is inside a task of a run.
pub(super) struct Inside<'a> {
    before: Option<NonNull<Run>>,
    marker: std::marker::PhantomData<&'a Run>,
}

impl<'a> Inside<'a> {
    pub(super) fn new(run: &'a Run) -> Self {
        let before = RUN.replace(Some(NonNull::from(run)));
        Self { before, marker: std::marker::PhantomData }
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        RUN.set(self.before);
    }
}

/// The tokens that stop the run which this thread is inside of.
pub(crate) fn outer_tokens() -> Option<[CancelToken; 2]> {
    let run = RUN.get()?;
    // SAFETY: set by an `Inside` that is alive further down this stack, and so is its run.
    Some(unsafe { run.as_ref() }.tokens())
}
