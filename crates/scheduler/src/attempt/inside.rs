//! Which task is on this thread, so that a run that it starts stops with it.

use std::cell::Cell;
use std::marker::PhantomData;
use std::ptr::NonNull;

use super::detached::Detached;
use crate::cancel::CancelToken;
use crate::run::Run;

#[derive(Clone, Copy)]
enum Who {
    /// A task of this run.
    Of(NonNull<Run>),
    /// This attempt.
    Detached(NonNull<Detached>),
}

thread_local! {
    static WHO: Cell<Option<Who>> = const { Cell::new(None) };
}

/// Says, while it lives, that this thread is inside a task.
pub(crate) struct Inside<'a> {
    before: Option<Who>,
    marker: PhantomData<&'a Run>,
}

impl<'a> Inside<'a> {
    pub(crate) fn of(run: &'a Run) -> Self {
        Self::new(Who::Of(NonNull::from(run)))
    }

    pub(super) fn detached(attempt: &'a Detached) -> Self {
        Self::new(Who::Detached(NonNull::from(attempt)))
    }

    fn new(who: Who) -> Self {
        Self { before: WHO.replace(Some(who)), marker: PhantomData }
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        WHO.set(self.before);
    }
}

/// The tokens that stop the task which this thread is inside of.
pub(crate) fn outer_tokens() -> Vec<CancelToken> {
    match WHO.get() {
        None => Vec::new(),
        // SAFETY: set by an `Inside` that is alive further down this stack, and so is its run.
        Some(Who::Of(run)) => unsafe { run.as_ref() }.tokens().into(),
        // SAFETY: as above, and so is the attempt.
        Some(Who::Detached(attempt)) => unsafe { attempt.as_ref() }.tokens(),
    }
}
