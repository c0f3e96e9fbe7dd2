//! [`Rules`]: what holds for a whole workflow.

use std::sync::Arc;
use std::time::Duration;

use super::limit::Limit;

/// What holds for a whole workflow.
///
/// A workflow inside another, such as a used file, brings its own: its limits are those of the run
/// (of two that have one name, the strictest holds), `max_concurrent` and `deadline` hold inside it,
/// its budgets are part of the run's, and `on_failure` and checkpoints are those of the outermost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Rules {
    /// What nodes share.
    pub limits: Vec<Limit>,
    /// How many tasks may run at once.
    pub max_concurrent: Option<u32>,
    /// What a failure does to the rest.
    pub on_failure: Option<OnFailure>,
    /// How long it may take, from its start.
    pub deadline: Option<Duration>,
    /// What it may cost. Each once.
    pub budget: Vec<Amount>,
    /// After what the run pauses for approval, beside nodes that say so themselves.
    pub checkpoints: Checkpoints,
    /// How often a ready node is passed over before what it needs is kept for it; 16 where nothing
    /// is said.
    pub patience: Option<u32>,
}

/// How much of something that is used up: money, calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amount {
    /// Of what.
    pub of: Arc<str>,
    /// How much, in millionths.
    pub millionths: u64,
}

/// What a failure does to the rest.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OnFailure {
    /// All that does not depend on it runs.
    #[default]
    Continue,
    /// Nothing new starts, but what cleans up.
    Stop,
}

/// After what the run pauses for approval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Checkpoints {
    /// After nothing.
    #[default]
    None,
    /// After every level, the last one apart.
    Levels,
}

impl Rules {
    /// Whether they say nothing.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// The limit of a name.
    pub fn limit(&self, name: &str) -> Option<&Limit> {
        self.limits.iter().find(|limit| *limit.name == *name)
    }
}

impl Amount {
    /// As people write it: `0.05`.
    pub fn shown(&self) -> String {
        let (whole, rest) = (self.millionths / 1_000_000, self.millionths % 1_000_000);
        match rest {
            0 => whole.to_string(),
            _ => format!("{whole}.{}", format!("{rest:06}").trim_end_matches('0')),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn amounts_are_shown_as_people_write_them() {
        let shown = |millionths| Amount { of: "money".into(), millionths }.shown();
        assert_eq!(
            [shown(0), shown(50_000), shown(1_000_000), shown(12_345_678), shown(1)],
            ["0", "0.05", "1", "12.345678", "0.000001"]
        );
    }
}
