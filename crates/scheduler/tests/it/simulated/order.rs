//! The order of what is told: every attempt begins and ends once, in its turn and in its time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use terrace_core::{Backoff, OnFailure, OutcomeStatus, RetryOn, RunIf};

use super::log::{Answers, Asked, Step, Told, around};
use super::random::Case;
use super::spec::{IfFailed, Known};

/// What is known of a path so far.
#[derive(Default)]
struct Path {
    /// Attempts since it ended last.
    tries: u32,
    first: Duration,
    /// When the attempt that goes on began.
    open: Option<Duration>,
    not_before: Duration,
    ended: Option<OutcomeStatus>,
    ends: u32,
}

pub(super) fn check(case: &Case<'_>, told: &[Told], asked: &[Asked], wrong: &mut Vec<String>) {
    let mut paths: HashMap<Arc<str>, Path> = HashMap::new();
    let mut asked = Answers::new(asked);
    let mut last_asked: HashMap<&str, &Asked> = HashMap::new();
    let mut now = Duration::ZERO;
    let mut over = false;
    let mut paused = false;
    for event in told {
        let Told { at, path, who, step } = event;
        let mut say = |what: &str| wrong.push(format!("{at:?} {path} {step:?}: {what}"));
        if *at < now || over {
            say("after the end, or time runs backwards");
        }
        now = *at;
        over |= matches!(step, Step::RunFinished(_));
        paused = match step {
            Step::Reached => true,
            Step::Passed { .. } => false,
            // What a failure stops is looked at no more: what cleans up runs.
            Step::Finished { status: OutcomeStatus::Failed | OutcomeStatus::TimedOut, .. } => {
                paused && case.on_failure == OnFailure::Continue
            }
            _ => paused,
        };
        let Some(known) = who.map(|who| &case.book.known[who]) else { continue };
        match *step {
            Step::Started { number, lane, .. } => {
                for name in &known.after {
                    let dep = format!("{}{name}", around(path));
                    let how = paths.get(&*dep).and_then(|dep| dep.ended);
                    let who = case.book.who(&dep).map(|who| &case.book.known[who]);
                    let counts = who.is_some_and(|who| who.said.if_failed == IfFailed::Fails);
                    match how {
                        None => say(&format!("`{dep}` has not ended")),
                        Some(OutcomeStatus::Failed | OutcomeStatus::TimedOut)
                            if counts && known.run_if == RunIf::Success =>
                        {
                            say(&format!("`{dep}` has failed"));
                        }
                        _ => {}
                    }
                }
                let state = paths.entry(path.clone()).or_default();
                if state.open.is_some() || number != state.tries + 1 {
                    say("not its turn");
                }
                if number > known.said.attempts() {
                    say("one too many");
                }
                if *at < state.not_before {
                    say("before its pause was over");
                }
                if paused {
                    say("at a checkpoint");
                }
                if case.deadline.is_some_and(|due| *at >= due) {
                    say("after the deadline");
                }
                if case.cancel_at.is_some_and(|cancel| *at > cancel) {
                    say("after it was cancelled");
                }
                if known.calls && lane != known.said.lane() {
                    say("on the wrong lane");
                }
                if number == 1 {
                    state.first = *at;
                }
                (state.tries, state.open) = (number, Some(*at));
                if known.calls {
                    match asked.of(event) {
                        Some(one) => {
                            last_asked.insert(&one.path, one);
                        }
                        // Too many of its task were given up and have not come back.
                        None if case.max_abandoned.is_some() => {
                            last_asked.remove(&**path);
                        }
                        None => say(&format!("its script was asked {:?}", asked.next())),
                    }
                }
            }
            Step::Retrying { number, pause } => {
                let state = paths.entry(path.clone()).or_default();
                let open = state.open.take();
                if open.is_none() || number != state.tries {
                    say("not its turn");
                }
                if !may_pause(known, number, pause) {
                    say("that is not its pause");
                }
                state.not_before = *at + pause;
                if let Some(total) = known.said.total
                    && state.not_before >= state.first + total
                {
                    say("there would be no time left for it");
                }
                in_time(known, open, state, *at, &mut say);
            }
            Step::Finished { status, attempts, level } => {
                let state = paths.entry(path.clone()).or_default();
                let open = state.open.take();
                in_time(known, open, state, *at, &mut say);
                let gave = last_asked.get(&**path).filter(|one| one.number == state.tries);
                if status == OutcomeStatus::Ok && open.is_none() {
                    say("without an attempt");
                }
                if known.calls && attempts != state.tries {
                    say(&format!("after {} attempts", state.tries));
                }
                if known.level.is_some_and(|expected| expected != level) {
                    say("on another level");
                }
                if let (true, Some(began), Some(gave)) = (known.calls, open, gave) {
                    let back = gave.takes.map(|takes| began + takes);
                    let given = case.gives(path);
                    match status {
                        OutcomeStatus::Ok if !given && (!gave.ok || back != Some(*at)) => {
                            say(&format!("but {gave:?}"));
                        }
                        OutcomeStatus::Failed if !given && (gave.ok || back != Some(*at)) => {
                            say(&format!("but {gave:?}"));
                        }
                        OutcomeStatus::Failed if !gave.ok && case.must_retry(path, known, gave) => {
                            say(&format!("and not tried again after {gave:?}"));
                        }
                        _ => {}
                    }
                }
                state.ended = Some(status);
                state.ends += 1;
                state.tries = 0;
                state.not_before = Duration::ZERO;
                if known.level.is_some() && state.ends > 1 {
                    say("twice");
                }
            }
            _ => {}
        }
    }
    if let Some(one) = asked.next() {
        wrong.push(format!("nobody was told of {one:?}"));
    }
    for (path, state) in &paths {
        if state.open.is_some() {
            wrong.push(format!("{path} never ended"));
        }
    }
    let first = told.first().is_some_and(|told| told.step == Step::RunStarted);
    if !first || !over {
        wrong.push("it has no start or no end".to_owned());
    }
    let ended = paths.iter().filter(|(path, state)| !path.contains(['.', '[']) && state.ends == 1);
    if ended.count() != case.plan.len() {
        wrong.push("some nodes have no end".to_owned());
    }
}

/// Whether an attempt ended within the times that are said.
fn in_time(
    known: &Known,
    open: Option<Duration>,
    state: &Path,
    at: Duration,
    say: &mut impl FnMut(&str),
) {
    let Some(began) = open else { return };
    if known.said.timeout.is_some_and(|timeout| at > began + timeout) {
        say("it took longer than it may");
    }
    if known.said.total.is_some_and(|total| at > state.first + total) {
        say("it took longer than it may in all");
    }
}

/// Whether a pause is one that may follow an attempt.
fn may_pause(known: &Known, number: u32, pause: Duration) -> bool {
    let Some(retry) = known.said.retry else { return false };
    let mut longest = retry.initial;
    if retry.backoff == Backoff::Exponential {
        for _ in 1..number {
            longest = (longest * 2).min(retry.max);
        }
    }
    pause <= longest && pause + Duration::from_nanos(2) >= longest.mul_f64(1.0 - retry.jitter)
}

impl Case<'_> {
    /// Whether a path is of a task that gives a workflow: its end is that of the workflow.
    fn gives(&self, path: &str) -> bool {
        let given = format!("{}_given", path.rsplit('.').next().unwrap_or(path));
        self.book.who(&given).is_some()
    }

    /// Whether a failed attempt is to be followed by another, as far as can be told here.
    fn must_retry(&self, path: &str, known: &Known, gave: &Asked) -> bool {
        let Some(retry) = known.said.retry else { return false };
        // Nothing else stops it, and no time ends.
        let calm = self.never_stops && known.said.total.is_none() && self.deadline.is_none();
        let helps = gave.retryable || retry.on == RetryOn::Any;
        calm && !path.contains(['.', '[']) && helps && gave.number < retry.attempts
    }
}
