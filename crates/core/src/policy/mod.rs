//! Policies as data: what is allowed, when to try again, how long to wait, what matters first.
//!
//! Nothing here decides or waits; a scheduler reads it. A [`Policy`] belongs to a node, or to the
//! items of a map; [`Rules`] belong to a workflow. What both name, such as `github`, is a
//! [`Limit`], shared by everything in a run that needs it.
//!
//! How people write durations, sizes, rates and amounts is in [`units`]; the keys of a file are
//! `crate::file`'s business, what of it makes no sense `crate::validate`'s.

mod limit;
mod retry;
mod rules;
pub(crate) mod units;

use std::sync::Arc;
use std::time::Duration;

use terrace_plugin_api::Value;

pub use limit::{Limit, LimitKind, Need, Rate, strictest};
pub use retry::{Backoff, Retry, RetryOn};
pub use rules::{Amount, Checkpoints, OnFailure, Rules};
pub use units::{read_duration, read_size, show_duration, show_size};

/// What holds for a node, or for each item of a map.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Policy {
    /// When to try again.
    pub retry: Option<Retry>,
    /// How long one attempt may take.
    pub timeout: Option<Duration>,
    /// How long all attempts and the waiting between them may take together, from the first start.
    pub total_timeout: Option<Duration>,
    /// What it takes of the run's limits while it runs. Each limit once.
    pub needs: Vec<Need>,
    /// How many of it may run at once, wherever in the run it stands: in several items of a map,
    /// in several passes.
    pub concurrency: Option<u32>,
    /// How many workers it takes, at least 1. On a machine with fewer it takes all there are.
    pub cpus: Option<u32>,
    /// What is ready and has the higher number starts first; 0 where nothing is said. What runs
    /// inside inherits it.
    pub priority: Option<i32>,
    /// What becomes of what depends on it when it fails.
    pub if_failed: IfFailed,
    /// What one attempt costs. Each budget once.
    pub cost: Vec<Amount>,
    /// How long one attempt takes, as far as is known: for the order, previews and simulations.
    pub expected: Option<Duration>,
    /// Whether the run pauses for approval when it has ended.
    pub checkpoint: bool,
}

/// What becomes of what depends on a node when that has failed for good.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum IfFailed {
    /// It is skipped, and the run has failed.
    #[default]
    Fails,
    /// It goes on without: the value is absent. The run has not failed for that.
    Absent,
    /// It goes on with this instead. The run has not failed for that.
    Gives(Value),
}

impl Policy {
    /// Whether it says nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// How many attempts there may be.
    pub fn attempts(&self) -> u32 {
        self.retry.as_ref().map_or(1, |retry| retry.attempts.max(1))
    }

    /// When all its attempts are over together, where that is said; `first`: when the first of them
    /// started.
    pub fn total_due(&self, first: Duration) -> Option<Duration> {
        self.total_timeout.map(|total| first.saturating_add(total))
    }

    /// Whether it says something of each attempt by itself, so that items that it is of are not
    /// attempted together.
    pub(crate) fn is_of_attempts(&self) -> bool {
        self.retry.is_some()
            || self.timeout.is_some()
            || self.total_timeout.is_some()
            || self.concurrency.is_some()
            || !self.needs.is_empty()
            || !self.cost.is_empty()
    }

    /// What it takes of a limit.
    pub fn need(&self, limit: &str) -> Option<u64> {
        self.needs.iter().find(|need| *need.limit == *limit).map(|need| need.amount)
    }
}

/// A policy where one is said, without the cost of one where none is.
pub type PolicyRef = Option<Arc<Policy>>;
