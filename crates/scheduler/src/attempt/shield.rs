//! Panics of foreign code: caught, kept with message and place, not printed.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fmt;
use std::marker::PhantomData;
use std::panic;
use std::sync::Once;

use terrace_core::TaskError;
use terrace_plugin_api::ErrorClass;

use crate::frame::let_go;

thread_local! {
    static INSIDE: Cell<u32> = const { Cell::new(0) };
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// While it lives, a panic on this thread is noted instead of printed. Panics elsewhere go to
/// whatever hook was there.
pub(crate) struct Quiet(PhantomData<*const ()>);

impl Quiet {
    pub(crate) fn new() -> Self {
        INSIDE.with(|inside| inside.set(inside.get() + 1));
        Self(PhantomData)
    }
}

impl Drop for Quiet {
    fn drop(&mut self) {
        INSIDE.with(|inside| inside.set(inside.get() - 1));
    }
}

/// Puts the hook in front of the one that is there. Once per process; cheap to call again.
pub(crate) fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            // A thread that is going away has no locals any more, and is not inside an attempt.
            if INSIDE.try_with(Cell::get).unwrap_or(0) == 0 {
                before(info);
            } else {
                let place = info.location().map(ToString::to_string);
                PLACE.with(|slot| *slot.borrow_mut() = place);
            }
        }));
    });
}

/// What a panic said.
pub(crate) struct Panicked {
    message: String,
    place: Option<String>,
}

impl Panicked {
    /// Reads a payload, on the thread that panicked.
    pub(crate) fn of(payload: Box<dyn Any + Send>) -> Self {
        let text = payload.downcast::<&'static str>().map(|text| (*text).to_owned());
        let text = text.or_else(|payload| payload.downcast::<String>().map(|text| *text));
        let message = text.unwrap_or_else(|payload| {
            // Its destructor might panic in turn.
            let_go(payload);
            String::from("a panic without a message")
        });
        Self { message, place: PLACE.with(|slot| slot.borrow_mut().take()) }
    }

    pub(crate) fn into_error(self) -> TaskError {
        let error = TaskError::new(ErrorClass::PANIC, self.message);
        match self.place {
            Some(place) => error.with_location(&place),
            None => error,
        }
    }
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        match &self.place {
            Some(place) => write!(f, " (at {place})"),
            None => Ok(()),
        }
    }
}
