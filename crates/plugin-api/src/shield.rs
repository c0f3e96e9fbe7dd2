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
    /// Calls that this thread is inside of, and calls that it ever began.
    static CALLS: Cell<Calls> = const { Cell::new(Calls { open: 0, begun: 0 }) };
    /// Where the last panic was, and how many calls had begun by then.
    static PLACE: RefCell<Option<(u64, String)>> = const { RefCell::new(None) };
}

#[derive(Clone, Copy)]
struct Calls {
    open: u32,
    begun: u64,
}

/// Keeps the place of a panic inside a task and prints nothing; other panics go to whatever hook
/// was there. Each library has its own hook, so each installs this once.
#[cold]
fn install_hook() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let Calls { open, begun } = CALLS.with(Cell::get);
        if open == 0 {
            before(info);
        } else {
            let place = info.location().map(|place| (begun, place.to_string()));
            PLACE.with(|slot| *slot.borrow_mut() = place);
        }
    }));
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
    // SAFETY: by this function's contract.
    let answer = unsafe { &mut *out };
    let ran = catch_panic(|| {
        let value = body(ctx, args)?;
        // In its place as soon as it is there, and put there in parts: what was written in parts a
        // moment ago is not to be moved as a whole, see `Value::copy_plain`.
        *answer = TaskResult::Value(Value::Null);
        if let TaskResult::Value(place) = answer {
            place.put(value);
        }
        Ok(())
    });
    match ran {
        Ok(()) => status::OK,
        Err(error) => {
            // SAFETY: by this function's contract; whoever else had the place is through with it.
            unsafe { *out = TaskResult::Error(error) };
            status::FAILED
        }
    }
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
    static HOOK: Once = Once::new();
    if !HOOK.is_completed() {
        HOOK.call_once(install_hook);
    }
    let (result, this) = CALLS.with(|calls| {
        let Calls { open, begun } = calls.get();
        let this = begun + 1;
        calls.set(Calls { open: open + 1, begun: this });
        let result = catch_unwind(AssertUnwindSafe(body));
        // Calls inside of this one are counted on.
        let Calls { open, begun } = calls.get();
        calls.set(Calls { open: open - 1, begun });
        (result, this)
    });
    result.unwrap_or_else(|payload| Err(panicked(payload, this)))
}

#[cold]
fn panicked(payload: Box<dyn Any + Send>, call: u64) -> TaskError {
    let message = text_of(payload).unwrap_or_else(|| String::from("a panic without a message"));
    let error = TaskError::new(ErrorClass::PANIC, message);
    // One from before this call is of another panic: this one was seen by another hook than ours.
    match PLACE.with(|slot| slot.borrow_mut().take()).filter(|&(begun, _)| begun >= call) {
        Some((_, place)) => error.with_location(&place),
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
