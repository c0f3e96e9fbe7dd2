//! Ctrl-C, and the other polite signals: once, nothing new starts and running tasks are told;
//! twice, out.
//!
//! Out means out: nobody is waited for and nothing is cleaned up, since what would be waited for
//! may be what hangs. What a task started elsewhere has to end with this process by itself, as
//! the programs of the shell pack do.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;
use terrace::scheduler::CancelToken;

/// Knows whether the run was interrupted.
pub(super) struct Watch(Arc<AtomicBool>);

impl Watch {
    pub(super) fn interrupted(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// Cancels the run on the first signal and ends the process on the second.
pub(super) fn watch(cancel: &CancelToken) -> io::Result<Watch> {
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
    let interrupted = Arc::new(AtomicBool::new(false));
    let (flag, cancel) = (interrupted.clone(), cancel.clone());
    thread::Builder::new().name("terrace-signals".to_owned()).spawn(move || {
        for _ in signals.forever() {
            if flag.swap(true, Ordering::Relaxed) {
                // Without the exit handlers of libraries: tasks in them are still running.
                signal_hook::low_level::exit(130);
            }
            crate::say!("interrupted: waiting for running tasks; once more to leave at once");
            cancel.cancel();
        }
    })?;
    Ok(Watch(interrupted))
}
