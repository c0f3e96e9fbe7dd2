//! [`RunHandle`]: a run that goes on while its starter does something else.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use crate::cancel::CancelToken;
use crate::report::RunReport;
use crate::run::Run;

/// A run that goes on. Dropping the handle lets it go on unwatched.
///
/// It is also a future of its report, on any executor: nothing is polled in the background, the
/// end of the run wakes it. A task that waits for a run it started should use [`RunHandle::wait`],
/// which helps; a future cannot.
pub struct RunHandle {
    pub(crate) run: Arc<Run>,
}

impl RunHandle {
    /// Waits for the end, and works on the run meanwhile.
    pub fn wait(self) -> RunReport {
        self.run.drive(self.run.sit())
    }

    /// The report, if the run is over. Never blocks.
    pub fn try_result(&self) -> Option<RunReport> {
        if self.is_finished() { self.run.report() } else { None }
    }

    /// Says stop. Returns at once; what was running has to see it.
    pub fn cancel(&self) {
        self.run.token().cancel();
    }

    /// Whether the run is over.
    pub fn is_finished(&self) -> bool {
        self.run.is_finished()
    }

    /// The token that says stop.
    pub fn token(&self) -> &CancelToken {
        self.run.token()
    }

    /// The run's id.
    pub fn run_id(&self) -> &str {
        &self.run.constants().id
    }
}

impl fmt::Debug for RunHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunHandle")
            .field("run_id", &self.run_id())
            .field("finished", &self.is_finished())
            .finish()
    }
}

impl IntoFuture for RunHandle {
    type Output = RunReport;
    type IntoFuture = RunFuture;

    fn into_future(self) -> RunFuture {
        RunFuture { run: self.run }
    }
}

/// The report of a run, some time.
pub struct RunFuture {
    run: Arc<Run>,
}

impl Future for RunFuture {
    type Output = RunReport;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<RunReport> {
        match self.run.report_or_wake(context.waker()) {
            Some(report) => Poll::Ready(report),
            None => Poll::Pending,
        }
    }
}

impl fmt::Debug for RunFuture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunFuture").field("run_id", &self.run.constants().id).finish()
    }
}
