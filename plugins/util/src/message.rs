//! Log lines of the workflow's own.

use terrace_plugin_api::{ErrorClass, LogLevel, TaskContext, TaskError, Value, task};

/// Writes a log line, with a value behind it where one is given, and gives the value on.
///
/// # Errors
/// Code `level` where the level is unknown.
#[task]
pub fn log(
    ctx: &TaskContext,
    /// What to say.
    message: &str,
    /// How much it matters: `error`, `warn`, `info` or `debug`.
    #[default = "info"]
    level: &str,
    /// Shown after the message, shortened where it is large, and given on; null without it.
    value: Option<Value>,
) -> Result<Value, TaskError> {
    let level = match level {
        "error" => LogLevel::Error,
        "warn" => LogLevel::Warn,
        "info" => LogLevel::Info,
        "debug" => LogLevel::Debug,
        other => {
            let message = format!("input `level`: {other:?} is none of error, warn, info, debug");
            return Err(TaskError::new(ErrorClass::INVALID_INPUT, message).with_code("level"));
        }
    };
    match &value {
        Some(value) => ctx.log(level, format_args!("{message}: {value:?}")),
        None => ctx.log(level, message),
    }
    Ok(value.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::path::PathBuf;
    use std::sync::Mutex;

    use terrace_plugin_api::Host;

    use super::*;

    #[derive(Default)]
    struct Listener(Mutex<Vec<(LogLevel, String)>>);

    impl Host for Listener {
        fn node(&self) -> Cow<'_, str> {
            Cow::Borrowed("test")
        }
        fn cancelled(&self) -> bool {
            false
        }
        fn seed(&self) -> u64 {
            0
        }
        fn temp_dir(&self) -> std::io::Result<PathBuf> {
            Ok(std::env::temp_dir())
        }
        fn progress(&self, _fraction: f64, _note: &str) {}
        fn log(&self, level: LogLevel, message: &str) {
            self.0.lock().unwrap().push((level, message.to_owned()));
        }
    }

    #[test]
    fn a_line_carries_its_level_and_value() {
        let host = Listener::default();
        let ctx = TaskContext::new(&host);
        assert_eq!(log(&ctx, "plain", "info", None).unwrap(), Value::Null);
        assert_eq!(log(&ctx, "x", "error", Some(Value::from(7_i64))).unwrap(), Value::from(7_i64));
        assert_eq!(log(&ctx, "x", "loud", None).unwrap_err().code(), "level");
        let lines = host.0.into_inner().unwrap();
        assert_eq!(
            lines,
            [(LogLevel::Info, "plain".to_owned()), (LogLevel::Error, "x: 7".to_owned())]
        );
    }
}
