//! Taking time: asleep on the blocking lane, or busy on the compute lane. Both end soon after
//! the run is cancelled.

use std::time::{Duration, Instant};

use terrace_plugin_api::{ErrorClass, TaskContext, TaskError, Value, task};

/// How long a sleeper goes without looking whether it should stop.
const SLICE: Duration = Duration::from_millis(10);
/// The longest wait: a year. More is a mistake in the unit.
const LONGEST: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Waits, then gives on a value. Stops within about 10 ms when the run is cancelled.
///
/// # Errors
/// Code `duration` where the time is negative, NaN or longer than a year; cancelled.
#[task(blocking, idempotent)]
pub fn sleep(
    ctx: &TaskContext,
    /// How long, in seconds.
    seconds: f64,
    /// What to give afterwards; null without it.
    value: Option<Value>,
) -> Result<Value, TaskError> {
    let end = Instant::now() + duration("seconds", seconds)?;
    loop {
        ctx.check_cancelled()?;
        let left = end.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(value.unwrap_or_default());
        }
        std::thread::sleep(left.min(SLICE));
    }
}

/// Keeps a core busy, then gives on a value. Stops at once when the run is cancelled.
///
/// # Errors
/// Code `duration` where the time is negative, NaN or longer than a year; cancelled.
#[task(idempotent)]
pub fn spin(
    ctx: &TaskContext,
    /// How long, in microseconds.
    micros: f64,
    /// What to give afterwards; null without it.
    value: Option<Value>,
) -> Result<Value, TaskError> {
    let end = Instant::now() + duration("micros", micros / 1e6)?;
    loop {
        ctx.check_cancelled()?;
        if Instant::now() >= end {
            return Ok(value.unwrap_or_default());
        }
        std::hint::spin_loop();
    }
}

fn duration(port: &str, seconds: f64) -> Result<Duration, TaskError> {
    match Duration::try_from_secs_f64(seconds) {
        Ok(duration) if duration <= LONGEST => Ok(duration),
        _ => {
            let message = format!("input `{port}`: {seconds} s is not from 0 to a year");
            Err(TaskError::new(ErrorClass::INVALID_INPUT, message).with_code("duration"))
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::path::PathBuf;
    use std::sync::atomic::{AtomicBool, Ordering};

    use terrace_plugin_api::{Host, LogLevel};

    use super::*;

    struct Cancellable(AtomicBool);

    impl Host for Cancellable {
        fn node(&self) -> Cow<'_, str> {
            Cow::Borrowed("test")
        }
        fn cancelled(&self) -> bool {
            self.0.load(Ordering::Relaxed)
        }
        fn seed(&self) -> u64 {
            0
        }
        fn temp_dir(&self) -> std::io::Result<PathBuf> {
            Ok(std::env::temp_dir())
        }
        fn progress(&self, _fraction: f64, _note: &str) {}
        fn log(&self, _level: LogLevel, _message: &str) {}
    }

    #[test]
    fn it_takes_at_least_as_long_as_told_and_gives_the_value_on() {
        let ctx = TaskContext::detached();
        let start = Instant::now();
        assert_eq!(sleep(&ctx, 0.03, Some(Value::from("on"))).unwrap(), Value::from("on"));
        assert_eq!(spin(&ctx, 2_000.0, None).unwrap(), Value::Null);
        assert!(start.elapsed() >= Duration::from_millis(32));
        assert_eq!(sleep(&ctx, 0.0, None).unwrap(), Value::Null);
    }

    #[test]
    fn times_that_are_none_are_refused() {
        let ctx = TaskContext::detached();
        for wrong in [-1.0, -1e-3, f64::NAN, f64::INFINITY, 1e300, 4e7 * 1e6] {
            assert_eq!(sleep(&ctx, wrong, None).unwrap_err().code(), "duration", "{wrong}");
            assert_eq!(spin(&ctx, wrong, None).unwrap_err().code(), "duration", "{wrong}");
        }
    }

    #[test]
    fn a_cancelled_wait_ends_long_before_its_time() {
        let host = Cancellable(AtomicBool::new(false));
        let start = Instant::now();
        std::thread::scope(|scope| {
            let sleeper = scope.spawn(|| sleep(&TaskContext::new(&host), 600.0, None));
            let spinner = scope.spawn(|| spin(&TaskContext::new(&host), 600e6, None));
            std::thread::sleep(Duration::from_millis(30));
            host.0.store(true, Ordering::Relaxed);
            for handle in [sleeper, spinner] {
                let error = handle.join().unwrap().unwrap_err();
                assert_eq!(error.class(), ErrorClass::CANCELLED);
            }
        });
        assert!(start.elapsed() < Duration::from_secs(60));
    }
}
