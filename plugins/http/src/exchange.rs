//! A request on a thread of its own, and the task that waits for it.
//!
//! Looking up a name and opening a connection cannot be interrupted, so the task does not do them
//! itself: it waits, and goes when its run is cancelled or its time is up. The thread then sees its
//! watch at its next step, and ends.

use std::panic::resume_unwind;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use terrace_plugin_api::{ErrorClass, TaskContext, TaskError};

use crate::agent::Watch;
use crate::failure::{Failed, Subject, Trouble};

/// How often to look whether the run was cancelled.
const LOOK: Duration = Duration::from_millis(20);
/// How much longer than told to wait for the thread, which knows better what took so long.
const GRACE: Duration = Duration::from_millis(200);

/// Makes a request, and gives what it gave.
pub(crate) fn make<T: Send + 'static>(
    ctx: &TaskContext,
    timeout: Duration,
    subject: &Subject,
    perform: impl FnOnce(&Watch) -> Result<T, Failed> + Send + 'static,
) -> Result<Result<T, Failed>, TaskError> {
    ctx.check_cancelled()?;
    let end = Instant::now() + timeout + GRACE;
    let watch = Arc::new(Watch::default());
    let (send, receive) = channel();
    let of_thread = Arc::clone(&watch);
    let body = move || {
        of_thread.install();
        // A task that went does not listen.
        let _ = send.send(perform(&of_thread));
    };
    let thread = thread::Builder::new().name("http".to_owned()).spawn(body);
    let thread = thread.map_err(|error| {
        TaskError::new(ErrorClass::UNAVAILABLE, "cannot start a thread for the request")
            .with_code("thread")
            .with_cause(error)
    })?;
    loop {
        match receive.recv_timeout(LOOK) {
            Ok(made) => return Ok(made),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => match thread.join() {
                Err(panic) => resume_unwind(panic),
                Ok(()) => return Err(TaskError::new(ErrorClass::INTERNAL, "the request is lost")),
            },
        }
        let (cancelled, late) = (ctx.cancelled(), Instant::now() >= end);
        if cancelled || late {
            watch.stop();
        }
        if cancelled {
            let message = format!("cancelled during {subject}");
            return Err(TaskError::new(ErrorClass::CANCELLED, message));
        }
        if late {
            let sent = watch.has_sent();
            return Ok(Err(Failed { trouble: Trouble::Late, sent, stopped: true }));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::borrow::Cow;
    use std::net::TcpListener;
    use std::path::PathBuf;

    use terrace_plugin_api::{Host, LogLevel};

    use crate::get::get;

    use super::*;

    /// Longer than this may take on a busy machine, and shorter than the requests' own timeout.
    const SOON: Duration = Duration::from_secs(60);

    /// An attempt that has so long, or that is cancelled.
    struct Attempt(Option<Duration>);

    impl Host for Attempt {
        fn node(&self) -> Cow<'_, str> {
            Cow::Borrowed("test")
        }
        fn time_left(&self) -> Option<Duration> {
            self.0
        }
        fn cancelled(&self) -> bool {
            self.0.is_none()
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

    /// Asks a server that accepts and says nothing.
    fn ask(attempt: &Attempt) -> TaskError {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let ctx = TaskContext::new(attempt);
        let start = Instant::now();
        let made = get(&ctx, &url, None, None, None, "text", None, false, 5, 1_000_000, 3_600.0);
        assert!(start.elapsed() < SOON);
        made.err().unwrap()
    }

    #[test]
    fn the_attempts_own_deadline_cuts_a_request_short() {
        let error = ask(&Attempt(Some(Duration::from_millis(100))));
        assert_eq!((error.class(), error.code()), (ErrorClass::TIMED_OUT, "timeout"));
        let error = ask(&Attempt(Some(Duration::ZERO)));
        assert_eq!((error.class(), error.code()), (ErrorClass::TIMED_OUT, "timeout"));
    }

    #[test]
    fn what_is_cancelled_already_is_not_begun() {
        assert_eq!(ask(&Attempt(None)).class(), ErrorClass::CANCELLED);
    }
}
