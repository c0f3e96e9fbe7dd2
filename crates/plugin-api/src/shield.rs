//! What stands between a task's function and its `extern "C"` frame: catches panics, keeps
//! their message and place, prints nothing.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Once;

use crate::call::{status, TaskResult};
use crate::context::TaskContext;
use crate::error::{ErrorClass, TaskError};
use crate::value::Value;

thread_local! {
    static INSIDE: Cell<u32> = const { Cell::new(0) };
    static PLACE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// Keeps the place of a panic inside a task and prints nothing; other panics go to whatever hook
/// was there. Each library has its own hook, so each installs this once.
fn install_hook() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if INSIDE.with(Cell::get) == 0 {
                before(info);
            } else {
                let place = info.location().map(ToString::to_string);
                PLACE.with(|slot| *slot.borrow_mut() = place);
            }
        }));
    });
}

/// Runs the body of a task's entry point.
///
/// # Safety
/// `args` points at `n` initialised values and `out` at a writable [`TaskResult`], both the
/// caller's alone for the call.
pub(crate) unsafe fn run(
    ctx: &TaskContext<'_>,
    args: *mut Value,
    n: usize,
    out: *mut TaskResult,
    body: impl FnOnce(&TaskContext<'_>, &mut [Value]) -> Result<Value, TaskError>,
) -> u32 {
    let args: &mut [Value] = if n == 0 {
        &mut []
    } else {
        // SAFETY: by this function's contract.
        unsafe { std::slice::from_raw_parts_mut(args, n) }
    };
    let (code, result) = match catch_panic(|| body(ctx, args)) {
        Ok(value) => (status::OK, TaskResult::Value(value)),
        Err(error) => (status::FAILED, TaskResult::Error(error)),
    };
    // SAFETY: by this function's contract.
    unsafe { *out = result };
    code
}

/// Runs a closure and makes an error of a panic, with its message and place; nothing is printed.
/// Tasks run in it. For functions of an [`Interface`](crate::Interface) and the like: a panic that
/// left an `extern "C" fn` would end the process.
///
/// ```
/// # use terrace_plugin_api::{catch_panic, ErrorClass};
/// let error = catch_panic::<u8>(|| panic!("no gates")).unwrap_err();
/// assert_eq!((error.class(), error.message()), (ErrorClass::PANIC, "no gates"));
/// ```
///
/// # Errors
/// The closure's own, or its panic's.
pub fn catch_panic<T>(body: impl FnOnce() -> Result<T, TaskError>) -> Result<T, TaskError> {
    install_hook();
    // A panic on this thread that another hook saw must not lend this one its place.
    PLACE.with(|slot| slot.borrow_mut().take());
    INSIDE.with(|inside| inside.set(inside.get() + 1));
    let result = catch_unwind(AssertUnwindSafe(body));
    INSIDE.with(|inside| inside.set(inside.get() - 1));
    result.unwrap_or_else(|payload| Err(panicked(payload)))
}

fn panicked(payload: Box<dyn Any + Send>) -> TaskError {
    let message = text_of(payload).unwrap_or_else(|| String::from("a panic without a message"));
    let error = TaskError::new(ErrorClass::PANIC, message);
    match PLACE.with(|slot| slot.borrow_mut().take()) {
        Some(place) => error.with_location(&place),
        None => error,
    }
}

/// The text that a panic carries. Anything else that it may carry is forgotten: its destructor
/// might panic in turn, outside of any shield.
pub(crate) fn text_of(payload: Box<dyn Any + Send>) -> Option<String> {
    let text = payload.downcast::<&'static str>().map(|text| (*text).to_owned());
    let text = text.or_else(|payload| payload.downcast::<String>().map(|text| *text));
    text.map_err(std::mem::forget).ok()
}

/// The error of a call with the wrong number of arguments.
pub fn mismatch(expected: usize, found: usize) -> TaskError {
    TaskError::new(
        ErrorClass::INTERNAL,
        format!("called with {} arguments, {} expected", found, expected),
    )
}
