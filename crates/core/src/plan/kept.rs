//! What whoever runs a plan keeps with it: made of it once, gone when it goes.

use std::any::Any;
use std::fmt;
use std::sync::OnceLock;

use super::Plan;

/// One thing of any type.
#[derive(Default)]
pub(super) struct Kept(OnceLock<Box<dyn Any + Send + Sync>>);

impl Plan {
    /// What a scheduler made of this plan for itself, made now where there is none yet: code laid
    /// out for its way of running, what runs cost so far. `None` where somebody else keeps
    /// something of another type here.
    pub fn keep_with<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Option<&T> {
        self.kept.0.get_or_init(|| Box::new(make())).downcast_ref()
    }

    /// What is kept with it, where that is of this type.
    pub fn kept<T: Any>(&self) -> Option<&T> {
        self.kept.0.get()?.downcast_ref()
    }
}

impl fmt::Debug for Kept {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kept").finish_non_exhaustive()
    }
}
