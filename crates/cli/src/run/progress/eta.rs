//! How long a run may still take, from what its nodes took so far.
//!
//! A node that has not run is taken to cost what those of its task did, or what nodes did on the
//! whole. What is left cannot be over before the longest path of what is left is, nor before all of
//! it is at the pace at which work was done so far.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use terrace::core::{NodeId, Workflow};

/// Before this nothing is guessed.
const EARLY: Duration = Duration::from_secs(1);

/// Between two guesses; in between the last one runs down.
const AGAIN: Duration = Duration::from_secs(1);

/// What nodes took.
#[derive(Default)]
pub(super) struct Costs {
    by_task: HashMap<Arc<str>, Mean>,
    all: Mean,
}

#[derive(Clone, Copy, Default)]
struct Mean {
    seconds: f64,
    count: u64,
}

impl Mean {
    fn add(&mut self, seconds: f64) {
        self.seconds += seconds;
        self.count += 1;
    }

    fn get(self) -> Option<f64> {
        (self.count > 0).then(|| self.seconds / self.count as f64)
    }
}

/// Where a node is.
#[derive(Clone, Copy, Debug)]
pub(super) enum At {
    Ahead,
    /// `items`: of a map, how many have ended and how many it has.
    Running {
        since: Duration,
        items: Option<(u64, u64)>,
    },
    Over,
}

impl Costs {
    pub(super) fn learn(&mut self, task: &Arc<str>, took: Duration) {
        let seconds = took.as_secs_f64();
        self.all.add(seconds);
        self.by_task.entry(task.clone()).or_default().add(seconds);
    }

    /// How long what is left takes; `None` where nothing was measured.
    pub(super) fn left(
        &self,
        workflow: &Workflow,
        now: Duration,
        at: impl Fn(NodeId) -> At,
    ) -> Option<Duration> {
        let expected = |id: NodeId| {
            let known = self.by_task.get(&workflow.node(id).task().name);
            known.and_then(|mean| mean.get()).or(self.all.get())
        };
        let (mut done, mut work, mut known) = (self.all.seconds, 0.0, self.all.count > 0);
        let mut cost = vec![0.0; workflow.nodes().len()];
        for id in workflow.node_ids() {
            let left = match at(id) {
                At::Over => continue,
                At::Ahead => expected(id),
                At::Running { since, items } => {
                    let ran = now.saturating_sub(since).as_secs_f64();
                    done += ran;
                    match items {
                        Some((ended, of)) if ended > 0 => {
                            known = true;
                            Some(ran / ended as f64 * (of.saturating_sub(ended)) as f64)
                        }
                        // Of one that takes longer than others did, nobody knows.
                        _ => expected(id).map(|seconds| (seconds - ran).max(0.0)),
                    }
                }
            };
            cost[id.index()] = left.unwrap_or_default();
            work += left.unwrap_or_default();
        }
        if !known || work <= 0.0 {
            return None;
        }
        let path = workflow.critical_path(|id| cost[id.index()]).length;
        let pace = (done / now.as_secs_f64().max(1e-9)).max(1.0);
        Duration::try_from_secs_f64(path.max(work / pace)).ok()
    }
}

/// How long the rest takes at the pace of what is done.
pub(super) fn by_rate(now: Duration, done: u64, total: u64) -> Option<Duration> {
    let left = total.saturating_sub(done);
    if done == 0 || left == 0 {
        return None;
    }
    Duration::try_from_secs_f64(now.as_secs_f64() / done as f64 * left as f64).ok()
}

/// The last guess, and when it was made.
#[derive(Default)]
pub(super) struct Guess {
    last: Option<(Duration, Option<Duration>)>,
}

impl Guess {
    /// What is left at a moment; `anew` guesses, once a second.
    pub(super) fn at(
        &mut self,
        now: Duration,
        anew: impl FnOnce() -> Option<Duration>,
    ) -> Option<Duration> {
        if now < EARLY {
            return None;
        }
        let (when, left) = match self.last {
            Some(last) if now.saturating_sub(last.0) < AGAIN => last,
            _ => *self.last.insert((now, anew())),
        };
        let left = left?.saturating_sub(now.saturating_sub(when));
        (!left.is_zero()).then_some(left)
    }
}

#[cfg(test)]
mod tests {
    use terrace::core::{NoTasks, WorkflowBuilder};

    use super::*;

    /// Two chains of three nodes side by side, `a` and then `b` twice.
    fn chains() -> Workflow {
        let wf = WorkflowBuilder::new("chains");
        for chain in 0..2 {
            let mut last = wf.call(|| 0_i64, ()).named(format!("a{chain}"));
            for at in 0..2 {
                last = wf.call(|n: i64| n, (&last,)).named(format!("b{chain}{at}"));
            }
        }
        wf.build(&NoTasks).unwrap()
    }

    #[test]
    fn the_longest_path_of_what_is_left_or_all_of_it_at_the_pace_so_far() {
        let workflow = chains();
        let task = workflow.nodes()[0].task().name.clone();
        let mut costs = Costs::default();
        let at = |over: usize| {
            move |id: NodeId| if id.index() % 3 < over { At::Over } else { At::Ahead }
        };
        let none = costs.left(&workflow, Duration::from_secs(4), at(0));
        assert_eq!(none, None, "nothing was measured");
        for _ in 0..2 {
            costs.learn(&task, Duration::from_secs(4));
        }
        // Two at once so far: two more levels of 4 s each.
        let left = costs.left(&workflow, Duration::from_secs(4), at(1));
        assert_eq!(left, Some(Duration::from_secs(8)));
        // One after the other so far: four more nodes.
        let left = costs.left(&workflow, Duration::from_secs(8), at(1));
        assert_eq!(left, Some(Duration::from_secs(16)));
        assert_eq!(costs.left(&workflow, Duration::from_secs(8), at(3)), None);
    }

    #[test]
    fn a_map_is_measured_by_its_items() {
        let workflow = chains();
        let costs = Costs::default();
        let at = |id: NodeId| match id.index() {
            0 => At::Running { since: Duration::from_secs(1), items: Some((10, 40)) },
            _ => At::Over,
        };
        let left = costs.left(&workflow, Duration::from_secs(3), at);
        assert_eq!(left, Some(Duration::from_secs(6)));
    }

    #[test]
    fn between_two_guesses_the_last_one_runs_down() {
        let mut guess = Guess::default();
        let ms = Duration::from_millis;
        assert_eq!(guess.at(ms(900), || Some(ms(5_000))), None);
        assert_eq!(guess.at(ms(1_000), || Some(ms(5_000))), Some(ms(5_000)));
        assert_eq!(guess.at(ms(1_500), || unreachable!()), Some(ms(4_500)));
        assert_eq!(guess.at(ms(2_000), || Some(ms(3_000))), Some(ms(3_000)));
        assert_eq!(by_rate(ms(2_000), 20, 100), Some(ms(8_000)));
        assert_eq!((by_rate(ms(2_000), 0, 9), by_rate(ms(2_000), 9, 9)), (None, None));
    }
}
