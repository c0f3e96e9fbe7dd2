//! Failures on purpose, for trying what a workflow does with them.

use terrace_plugin_api::{Retryable, TaskContext, TaskError, Value, task};

/// Fails.
///
/// # Errors
/// Always, with code `on_purpose`.
#[task]
pub fn fail(
    /// What the error says.
    #[default = "failed on purpose"]
    message: &str,
    /// Whether it says that trying again may help.
    #[default = false]
    retryable: bool,
) -> Result<(), TaskError> {
    let retryable = if retryable { Retryable::Yes } else { Retryable::No };
    Err(TaskError::msg(message).with_code("on_purpose").with_retryable(retryable))
}

/// Fails on the first attempts, then gives on a value: something outside that comes back.
///
/// # Errors
/// Code `on_purpose` on the first attempts; trying again helps.
#[task(idempotent)]
pub fn flaky(
    ctx: &TaskContext,
    /// How many attempts fail.
    #[default = 1]
    failures: u32,
    /// What to give afterwards; null without it.
    value: Option<Value>,
) -> Result<Value, TaskError> {
    let attempt = ctx.attempt();
    if attempt > failures {
        return Ok(value.unwrap_or_default());
    }
    let message = format!("attempt {attempt} fails on purpose");
    Err(TaskError::msg(message).with_code("on_purpose").with_retryable(Retryable::Yes))
}

/// Panics, to see that no more than the attempt is lost.
///
/// # Panics
/// Always.
#[task]
pub fn panic(
    /// What the panic says.
    #[default = "panicked on purpose"]
    message: &str,
) {
    panic!("{message}");
}

/// Fails unless a condition holds.
///
/// # Errors
/// Code `assertion` where it does not hold.
#[task(idempotent)]
pub fn assert(
    /// What must hold.
    condition: bool,
    /// What the error says where it does not.
    #[default = "assertion failed"]
    message: &str,
) -> Result<(), TaskError> {
    if condition { Ok(()) } else { Err(TaskError::msg(message).with_code("assertion")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_says_what_it_was_told_to() {
        let error = fail("no", true).unwrap_err();
        assert_eq!((error.message(), error.code(), error.retryable()), ("no", "on_purpose", true));
        assert!(!fail("no", false).unwrap_err().retryable());
        assert!(assert(true, "no").is_ok());
        assert_eq!(assert(false, "no").unwrap_err().code(), "assertion");
    }

    #[test]
    fn the_attempt_after_the_failing_ones_succeeds() {
        // Outside a run every attempt is the first.
        let ctx = TaskContext::detached();
        assert_eq!(flaky(&ctx, 0, Some(Value::from(7_i64))).unwrap(), Value::from(7_i64));
        let error = flaky(&ctx, 1, None).unwrap_err();
        assert!(error.retryable() && error.message().contains("attempt 1"));
    }

    #[test]
    #[should_panic(expected = "with these words")]
    fn a_panic_says_what_it_was_told_to() {
        panic("with these words");
    }
}
