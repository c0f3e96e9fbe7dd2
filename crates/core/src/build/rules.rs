//! What holds for a whole workflow.

use std::time::Duration;

use super::WorkflowBuilder;
use super::policy::IntoAmount;
use crate::policy::{Amount, Checkpoints, Limit, OnFailure, Rules};
use crate::problem::Problem;

/// # Rules
///
/// ```
/// use std::time::Duration;
/// use terrace_core::{Checkpoints, Limit, NoTasks, OnFailure, WorkflowBuilder};
///
/// const MINUTE: Duration = Duration::from_secs(60);
///
/// let wf = WorkflowBuilder::new("crawl");
/// wf.limit(Limit::concurrency("github", 10).with_rate(80, MINUTE).with_burst(5));
/// wf.limit(Limit::memory("ram", 8_000_000_000));
/// wf.max_concurrent(32);
/// wf.on_failure(OnFailure::Stop);
/// wf.deadline(60 * MINUTE);
/// wf.budget("money", "5.00");
/// wf.checkpoints(Checkpoints::Levels);
/// let page = wf.call(|| "…".to_owned(), ()).needs("github", 1).cost("money", "0.01");
/// wf.output("page", &page);
/// let wf = wf.build(&NoTasks)?;
/// assert_eq!(wf.rules().limits.len(), 2);
/// # Ok::<(), terrace_core::Problems>(())
/// ```
impl WorkflowBuilder {
    /// Declares a limit, which nodes take part of by [`super::Handle::needs`]. The bodies inside
    /// see it too.
    pub fn limit(&self, limit: Limit) {
        self.rule(|rules| rules.limits.push(limit));
    }

    /// Lets at most so many tasks run at once.
    pub fn max_concurrent(&self, tasks: u32) {
        self.rule(|rules| rules.max_concurrent = Some(tasks));
    }

    /// Says what a failure does to the rest.
    pub fn on_failure(&self, on_failure: OnFailure) {
        self.rule(|rules| rules.on_failure = Some(on_failure));
    }

    /// Says how long it may take, from its start.
    pub fn deadline(&self, time: Duration) {
        self.rule(|rules| rules.deadline = Some(time));
    }

    /// Says what it may cost, as a number from 0 or its text, with at most six decimals. What an
    /// attempt costs is said by [`super::Handle::cost`].
    pub fn budget(&self, of: impl AsRef<str>, amount: impl IntoAmount) {
        let of = of.as_ref();
        match amount.into_amount() {
            Ok(millionths) => {
                self.rule(|rules| rules.budget.push(Amount { of: of.into(), millionths }));
            }
            Err(wrong) => self.shared.problem(Problem::new(format!("`budget` of `{of}`: {wrong}"))),
        }
    }

    /// Says after what the run pauses for approval. After a node: [`super::Handle::checkpoint`].
    pub fn checkpoints(&self, checkpoints: Checkpoints) {
        self.rule(|rules| rules.checkpoints = checkpoints);
    }

    /// Says how often a ready node is passed over before what it needs is kept for it; 16 where
    /// nothing is said.
    pub fn patience(&self, times: u32) {
        self.rule(|rules| rules.patience = Some(times));
    }

    fn rule(&self, say: impl FnOnce(&mut Rules)) {
        say(&mut self.shared.state().draft.rules);
    }
}
