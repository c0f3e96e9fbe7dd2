//! Nothing that fits waits: whenever time goes on, every task that could start finds something of
//! what it takes in use.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use terrace_core::{Lane, LimitKind, OnFailure, OutcomeStatus, RunIf};
use terrace_scheduler::Order;

use super::log::{Answers, Asked, Step, Told, around};
use super::random::Case;
use super::rules::Using;
use super::spec::{IfFailed, Node, What};

/// Items of a map beyond these may wait for those before them.
const AT_ONCE: u64 = 4;

/// Who waits, and from when on it may start.
type Ready = HashMap<Arc<str>, (usize, Duration)>;

pub(super) fn check(case: &Case<'_>, told: &[Told], asked: &[Asked], wrong: &mut Vec<String>) {
    // While something is kept for somebody, others may wait.
    let keeps = told.iter().any(|told| told.step == Step::Reserved);
    let crowded = case.max_abandoned.is_some();
    if case.spec.patience != Some(u32::MAX) || keeps || crowded || case.spec.looks_at_levels {
        return;
    }
    let mut using = Using::new(case);
    let mut asked = Answers::new(asked);
    let mut ready = Ready::new();
    let mut ended: HashMap<Arc<str>, OutcomeStatus> = HashMap::new();
    let mut begun: HashSet<Arc<str>> = HashSet::new();
    let mut failing: HashSet<String> = HashSet::new();
    // An item may start in the very moment in which its map fails, and come to nothing: a start that
    // counts, and that nobody is told of.
    let mut untold: Option<Duration> = None;
    let mut paused = false;
    open(case, "", &case.spec.nodes, Duration::ZERO, (&begun, &ended), &mut ready);
    for (at, event) in told.iter().enumerate() {
        let known = event.who.map(|who| (who, &case.book.known[who]));
        let calls = known.is_some_and(|(_, known)| known.calls);
        let back = if calls { asked.of(event).and_then(|one| one.takes) } else { None };
        using.note(case, event, back.map(|takes| event.at + takes));
        match (event.step, known) {
            (Step::Started { .. }, Some((_, known))) => {
                ready.remove(&event.path);
                begun.insert(event.path.clone());
                if !known.calls
                    && !known.opens_unseen
                    && let Some(What::Flow(body)) = find(&case.spec.nodes, &event.path)
                {
                    let inside = format!("{}.", event.path);
                    ended.retain(|path, _| !path.starts_with(&inside));
                    begun.retain(|path| !path.starts_with(&inside));
                    open(case, &inside, body, event.at, (&begun, &ended), &mut ready);
                }
            }
            (Step::Retrying { pause, .. }, Some((who, _))) => {
                close(&event.path, &mut ready);
                if !within(&failing, &event.path) {
                    ready.insert(event.path.clone(), (who, event.at + pause));
                }
            }
            (Step::MapStarted(items), Some(_)) => {
                let who = case.book.who(&format!("{}[0]", event.path));
                for item in 0..items.min(AT_ONCE) {
                    if let Some(who) = who {
                        let path = format!("{}[{item}]", event.path);
                        ready.insert(path.into(), (who, event.at));
                    }
                }
            }
            (Step::Finished { status, .. }, Some((_, known))) => {
                let failed = matches!(status, OutcomeStatus::Failed | OutcomeStatus::TimedOut);
                // Of an item that is a workflow nobody is told that it failed.
                let stops = failed || status == OutcomeStatus::Cancelled;
                if stops && case.on_failure == OnFailure::Stop {
                    return;
                }
                ready.remove(&event.path);
                if failed && event.path.ends_with(']') {
                    // Those behind it may never start.
                    let map = event.path[..event.path.rfind('[').unwrap_or(0)].to_owned();
                    ready.retain(|path, _| !path.starts_with(&format!("{map}[")));
                    failing.insert(map);
                    untold = Some(event.at);
                }
                close(&event.path, &mut ready);
                paused |= known.said.checkpoint;
                ended.insert(event.path.clone(), status);
                let nodes = siblings(case, &event.path);
                open(case, around(&event.path), nodes, event.at, (&begun, &ended), &mut ready);
            }
            (Step::Passed { refused }, _) => {
                if refused {
                    return;
                }
                paused = false;
            }
            _ => {}
        }
        let Some(next) = told.get(at + 1).map(|next| next.at) else { return };
        if next == event.at || paused {
            continue;
        }
        if case.cancel_at.is_some_and(|cancel| next > cancel) {
            return;
        }
        let just_before = next - Duration::from_nanos(1);
        using.until(just_before);
        for (path, &(who, from)) in &ready {
            if from <= just_before && fits(case, &using, who, path, (just_before, untold)) {
                wrong.push(format!("{path} waits at {just_before:?}, and fits"));
            }
        }
    }
}

/// Nothing in what has ended starts any more.
fn close(path: &str, ready: &mut Ready) {
    let inside = [format!("{path}."), format!("{path}[")];
    ready.retain(|other, _| inside.iter().all(|inside| !other.starts_with(inside)));
}

/// Whether something is in a map of which an item has failed.
fn within(failing: &HashSet<String>, path: &str) -> bool {
    failing.iter().any(|map| path.starts_with(&format!("{map}[")))
}

/// Those that are made ready by what has ended, of the nodes of one workflow.
fn open(
    case: &Case<'_>,
    inside: &str,
    nodes: &[Node],
    now: Duration,
    (begun, ended): (&HashSet<Arc<str>>, &HashMap<Arc<str>, OutcomeStatus>),
    ready: &mut Ready,
) {
    let level = |name: &str| case.book.who(name).and_then(|who| case.book.known[who].level);
    let by_levels = case.order == Order::Levels && inside.is_empty();
    for node in nodes {
        let path: Arc<str> = format!("{inside}{}", node.name).into();
        let Some(who) = case.book.who(&path) else { continue };
        let known = &case.book.known[who];
        let is_root = known.after.is_empty();
        let how = |name: &String| ended.get(&*format!("{inside}{name}")).copied();
        let behind = |name: &String| match how(name) {
            Some(OutcomeStatus::Ok) => true,
            Some(OutcomeStatus::Failed | OutcomeStatus::TimedOut) => {
                let who = case.book.who(name);
                who.is_some_and(|who| case.book.known[who].said.if_failed == IfFailed::Gives)
            }
            _ => false,
        };
        let earlier = |other: &Node| {
            level(&other.name) >= level(&node.name) || ended.contains_key(&*other.name)
        };
        let may = known.after.iter().all(behind)
            && node.run_if != RunIf::Failure
            && !(is_root && known.opens_unseen)
            && (!by_levels || nodes.iter().all(earlier));
        if may && !ended.contains_key(&path) && !begun.contains(&path) && !ready.contains_key(&path)
        {
            ready.insert(path, (who, now));
        }
    }
}

/// The nodes of the workflow that something is in.
fn siblings<'s>(case: &'s Case<'_>, path: &str) -> &'s [Node] {
    match around(path).strip_suffix('.') {
        None => &case.spec.nodes,
        Some(outer) => match find(&case.spec.nodes, outer) {
            Some(What::Flow(body) | What::Loop(_, body)) => body,
            Some(What::Map(map)) => map.body.as_deref().unwrap_or_default(),
            _ => &[],
        },
    }
}

/// What the node of a path does.
fn find<'s>(nodes: &'s [Node], path: &str) -> Option<&'s What> {
    let mut nodes = nodes;
    let mut found = None;
    for part in path.split('.') {
        let name = part.split('[').next().unwrap_or(part);
        let node = nodes.iter().find(|node| node.name == name)?;
        nodes = match &node.what {
            What::Flow(body) | What::Loop(_, body) => body,
            What::Map(map) => map.body.as_deref().unwrap_or_default(),
            _ => &[],
        };
        found = Some(&node.what);
    }
    found
}

/// Whether everything that something takes is there. What costs something waits for its turn.
fn fits(
    case: &Case<'_>,
    using: &Using,
    who: usize,
    path: &str,
    (now, untold): (Duration, Option<Duration>),
) -> bool {
    let known = &case.book.known[who];
    let said = &known.said;
    if said.cost.is_some() {
        return false;
    }
    let place = match said.lane() {
        Lane::Blocking => using.blocking(case) < case.max_blocking,
        _ => {
            let cpus = said.cpus.filter(|_| known.calls).unwrap_or(1).min(case.workers);
            using.computing(case) + cpus <= case.workers
        }
    };
    let room = |most: Option<u32>, used: usize| most.is_none_or(|most| used < most as usize);
    place
        && room(said.concurrency, using.of(who))
        && room(known.at_once, using.items_of(path))
        && (!known.calls || room(case.max_concurrent, using.calling(case)))
        && said.needs.iter().all(|&(at, amount)| {
            let limit = &case.spec.limits[at];
            let room = using.used(case, at) + amount <= limit.most.unwrap_or(u64::MAX);
            let counts = match limit.kind {
                LimitKind::Concurrency => amount,
                LimitKind::Memory => 1,
            };
            let in_time = case.spec.rate(at).is_none_or(|rate| {
                // Intervals are rounded up to whole nanoseconds: not looked at here.
                let recent = using.starts[at].iter().filter(|start| **start + rate.per > now);
                let all_told = untold.is_none_or(|untold| untold + rate.per <= now);
                rate.burst.is_none()
                    && all_told
                    && recent.count() as u64 + counts <= u64::from(rate.starts)
            });
            room && in_time
        })
}
