//! What is used: lanes, limits, rates, places, budgets; and what the report says of it.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use terrace_core::{Lane, LimitKind, OutcomeStatus, Rate};
use terrace_scheduler::{RunReport, RunStatus};

use super::log::{Answers, Asked, Step, Told};
use super::random::Case;

/// Attempts that run, and what they take.
#[derive(Default)]
pub(super) struct Using {
    /// By path: who, the worker's number, and when its task comes back, where that is not told.
    open: HashMap<Arc<str>, (usize, u32, Option<Duration>)>,
    /// Starts that count for each limit.
    pub(super) starts: Vec<Vec<Duration>>,
    pub(super) spent: u64,
}

impl Using {
    pub(super) fn new(case: &Case<'_>) -> Self {
        Self { starts: vec![Vec::new(); case.spec.limits.len()], ..Self::default() }
    }

    /// Takes note of what was told.
    pub(super) fn note(&mut self, case: &Case<'_>, told: &Told, back: Option<Duration>) {
        let Some(who) = told.who else { return };
        match told.step {
            Step::Started { worker, .. } => {
                let said = &case.book.known[who].said;
                self.open.insert(told.path.clone(), (who, worker, back));
                for &(limit, amount) in &said.needs {
                    let count = match case.spec.limits[limit].kind {
                        LimitKind::Concurrency => amount,
                        LimitKind::Memory => 1,
                    };
                    self.starts[limit].extend((0..count).map(|_| told.at));
                }
                self.spent += said.cost.unwrap_or(0) * 1_000_000;
            }
            Step::Retrying { .. } | Step::Finished { .. } => {
                self.open.remove(&told.path);
            }
            _ => {}
        }
    }

    /// Lets go of tasks that came back by now without its being told.
    pub(super) fn until(&mut self, now: Duration) {
        self.open.retain(|_, (.., back)| back.is_none_or(|back| back > now));
    }

    fn knowns<'c>(&self, case: &'c Case<'_>) -> impl Iterator<Item = &'c super::spec::Known> {
        self.open.values().map(|&(who, ..)| &case.book.known[who])
    }

    /// What is used of a limit.
    pub(super) fn used(&self, case: &Case<'_>, limit: usize) -> u64 {
        let needs = self.knowns(case).flat_map(|known| &known.said.needs);
        needs.filter(|(at, _)| *at == limit).map(|(_, amount)| amount).sum()
    }

    pub(super) fn computing(&self, case: &Case<'_>) -> u32 {
        let known = self.knowns(case).filter(|known| known.calls && !known.said.blocking);
        known.map(|known| known.said.cpus.unwrap_or(1).min(case.workers)).sum()
    }

    pub(super) fn blocking(&self, case: &Case<'_>) -> usize {
        self.knowns(case).filter(|known| known.calls && known.said.blocking).count()
    }

    pub(super) fn calling(&self, case: &Case<'_>) -> usize {
        self.knowns(case).filter(|known| known.calls).count()
    }

    pub(super) fn of(&self, who: usize) -> usize {
        self.open.values().filter(|&&(other, ..)| other == who).count()
    }

    /// How many items of a map run.
    pub(super) fn items_of(&self, path: &str) -> usize {
        let map = |path: &str| path.rfind('[').map(|at| path[..at].to_owned());
        self.open.keys().filter(|other| map(other) == map(path)).count()
    }

    /// Everything that is used too much.
    fn check(&self, case: &Case<'_>, told: &Told, wrong: &mut Vec<String>) {
        let mut say =
            |what: &str| wrong.push(format!("{:?} {} {:?}: {what}", told.at, told.path, told.step));
        let Some(who) = told.who else { return };
        let known = &case.book.known[who];
        if self.computing(case) > case.workers {
            say("more compute than there are workers");
        }
        if self.blocking(case) > case.max_blocking {
            say("more block than may");
        }
        for (at, limit) in case.spec.limits.iter().enumerate() {
            if self.used(case, at) > limit.most.unwrap_or(u64::MAX) {
                say(&format!("more is used than {limit:?} has"));
            }
        }
        if known.said.concurrency.is_some_and(|most| self.of(who) > most as usize) {
            say("too many of it at once");
        }
        if known.at_once.is_some_and(|most| self.items_of(&told.path) > most as usize) {
            say("too many items at once");
        }
        if case.max_concurrent.is_some_and(|most| self.calling(case) > most as usize) {
            say("too many tasks at once");
        }
        if self.spent > case.spec.budget.map_or(u64::MAX, |budget| budget * 1_000_000) {
            say("beyond the budget");
        }
        let Step::Started { worker, lane, .. } = told.step else { return };
        let most = if lane == Lane::Blocking { case.max_blocking as u32 } else { case.workers };
        let same = |&&(who, other, _): &&(usize, u32, Option<Duration>)| {
            let known = &case.book.known[who];
            known.calls && known.said.lane() == lane && other == worker
        };
        if known.calls && (worker >= most || self.open.values().filter(same).count() > 1) {
            say("its worker is taken, or is none");
        }
    }
}

pub(super) fn check(
    case: &Case<'_>,
    told: &[Told],
    asked: &[Asked],
    report: &RunReport,
    wrong: &mut Vec<String>,
) {
    let mut using = Using::new(case);
    let mut asked = Answers::new(asked);
    let mut statuses: HashMap<&str, (OutcomeStatus, u32)> = HashMap::new();
    for event in told {
        using.until(event.at);
        let calls = event.who.is_some_and(|who| case.book.known[who].calls);
        let back = if calls { asked.of(event).and_then(|one| one.takes) } else { None };
        using.note(case, event, back.map(|takes| event.at + takes));
        if matches!(event.step, Step::Started { .. }) {
            using.check(case, event, wrong);
        }
        if let (Step::Finished { status, attempts, .. }, false) =
            (event.step, event.path.contains(['.', '[']))
        {
            statuses.insert(&event.path, (status, attempts));
        }
    }
    for (at, limit) in case.spec.limits.iter().enumerate() {
        if let Some(rate) = limit.rate
            && !keeps(&using.starts[at], rate)
        {
            wrong.push(format!("{rate:?} is exceeded: {:?}", using.starts[at]));
        }
    }
    for spent in &report.spent {
        if spent.spent != using.spent {
            wrong.push(format!("{} was spent, and the report says {spent:?}", using.spent));
        }
    }
    let mut counts = [0; 4];
    for (id, outcome) in report.outcomes() {
        let name = case.plan.workflow().node(id).name();
        let outcome = outcome.map(|outcome| (outcome.status, outcome.attempts));
        if outcome != statuses.get(name).copied() {
            wrong.push(format!("{name}: {outcome:?}, and {:?} was told", statuses.get(name)));
        }
        counts[match outcome.map(|outcome| outcome.0) {
            Some(OutcomeStatus::Ok) => 0,
            Some(OutcomeStatus::Failed | OutcomeStatus::TimedOut) => 1,
            Some(OutcomeStatus::Skipped) => 2,
            _ => 3,
        }] += 1;
    }
    let own = report.counts;
    if counts != [own.succeeded, own.failed + own.tolerated, own.skipped, own.cancelled] {
        wrong.push(format!("{counts:?} ended, and the report says {own:?}"));
    }
    let last = told.last().map(|told| (told.at, told.step));
    let told = [own.succeeded, own.failed, own.skipped, own.cancelled];
    if last != Some((report.duration, Step::RunFinished(told))) {
        wrong.push(format!("{last:?} was told last, and the report says {report:?}"));
    }
    if case.deadline.is_some_and(|due| report.duration > due) {
        wrong.push("it took longer than its deadline".to_owned());
    }
    if report.status == RunStatus::Succeeded && (own.failed, own.cancelled) != (0, 0) {
        wrong.push(format!("succeeded: {own:?}"));
    }
    if report.status == RunStatus::Failed && own.failed == 0 {
        wrong.push("it failed, and no node did".to_owned());
    }
    if case.never_stops && own.cancelled > 0 {
        wrong.push(format!("nothing stopped it: {own:?}"));
    }
}

/// Whether no stretch of time has more starts than a rate allows.
fn keeps(starts: &[Duration], rate: Rate) -> bool {
    for (at, first) in starts.iter().enumerate() {
        if starts.get(at + rate.starts as usize).is_some_and(|beyond| *beyond - *first < rate.per) {
            return false;
        }
        let Some(burst) = rate.burst else { continue };
        for (count, later) in (1..).zip(&starts[at..]) {
            // As many as at once, and one more for every interval since.
            let since = (*later - *first).as_nanos() * u128::from(rate.starts);
            if count > u128::from(burst) + since / rate.per.as_nanos() {
                return false;
            }
        }
    }
    true
}
