//! [`Actor`]: how simulated attempts go. Each succeeds, in the time that is known of it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Duration;

use terrace_core::Lane;
use terrace_report::bare_path;
use terrace_scheduler::simulate::{Attempt, Course, Script};

use crate::bound::Tally;
use crate::cut::Cut;
use crate::shape::Shape;
use crate::times::Times;

/// Plays all attempts, and adds up what they take.
pub(crate) struct Actor<'f> {
    pub(crate) times: &'f Times,
    /// How many items what a node gives has, and the lists in it, by path without items.
    pub(crate) items: &'f HashMap<String, Vec<Option<usize>>>,
    /// What others take of what a node gives, by path without items.
    pub(crate) wants: &'f HashMap<String, Shape>,
    /// A node, with all inside, that is so much faster or slower.
    pub(crate) changed: Option<(&'f str, f64)>,
    pub(crate) attempts: u64,
    /// One attempt after the other.
    pub(crate) work: Duration,
    /// What workers do, each worker counted.
    pub(crate) busy: Duration,
    /// What it costs, in millionths.
    pub(crate) cost: BTreeMap<Arc<str>, u64>,
    /// Something of which no time is known.
    pub(crate) untimed: Option<String>,
    /// What nodes ask for, where that is wanted.
    pub(crate) tally: Option<Tally<'f>>,
    /// What is stopped, where something may be.
    pub(crate) cut: Option<Cut>,
}

impl<'f> Actor<'f> {
    pub(crate) fn new(
        times: &'f Times,
        items: &'f HashMap<String, Vec<Option<usize>>>,
        wants: &'f HashMap<String, Shape>,
    ) -> Self {
        Self {
            times,
            items,
            wants,
            changed: None,
            attempts: 0,
            work: Duration::ZERO,
            busy: Duration::ZERO,
            cost: BTreeMap::new(),
            untimed: None,
            tally: None,
            cut: None,
        }
    }

    fn time(&mut self, attempt: &Attempt<'_>) -> Duration {
        let known = self.times.of_item(attempt.path);
        let known = known.or_else(|| attempt.policy.and_then(|policy| policy.expected));
        let time = known.or(self.times.fallback()).unwrap_or_else(|| {
            self.untimed.get_or_insert_with(|| attempt.path.to_owned());
            Duration::ZERO
        });
        match self.changed {
            Some((node, factor)) if is_in(attempt.path, node) => time.mul_f64(factor),
            _ => time,
        }
    }
}

/// Whether a path is that of a node, of an item of it, or of something inside.
fn is_in(path: &str, node: &str) -> bool {
    path.strip_prefix(node).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
}

impl Script for Actor<'_> {
    fn attempt(&mut self, attempt: &Attempt<'_>) -> Course {
        let takes = self.time(attempt);
        self.attempts += 1;
        let runs = match attempt.due {
            Some(due) => takes.min(due.saturating_sub(attempt.at)),
            None => takes,
        };
        self.work = self.work.saturating_add(runs);
        if attempt.lane == Lane::Compute {
            self.busy = self.busy.saturating_add(runs.saturating_mul(attempt.cpus));
        }
        if let Some(cut) = &mut self.cut {
            let cpus = if attempt.lane == Lane::Compute { attempt.cpus } else { 0 };
            cut.take(attempt.path, attempt.at.saturating_add(runs), cpus);
        }
        if let Some(tally) = &mut self.tally {
            tally.take(attempt, runs);
        }
        for amount in attempt.policy.map(|policy| &policy.cost[..]).unwrap_or_default() {
            let spent = self.cost.entry(amount.of.clone()).or_default();
            *spent = spent.saturating_add(amount.millionths);
        }
        if self.items.is_empty() && self.wants.is_empty() {
            return Course::makes(takes, Vec::new()).stops_after(Duration::ZERO);
        }
        let path = bare_path(attempt.path);
        let items = self.items.get(&*path).map_or(&[][..], Vec::as_slice);
        let course = match self.wants.get(&*path) {
            Some(shape) => Course::gives(takes, Ok(shape.made(attempt.output, items))),
            None => {
                let items = items.iter().map(|items| items.unwrap_or(1)).collect();
                Course::makes(takes, items)
            }
        };
        course.stops_after(Duration::ZERO)
    }
}
