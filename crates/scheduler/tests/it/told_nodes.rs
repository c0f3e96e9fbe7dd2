//! What an observer is told of nodes, one by one, and whether that is what happened.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use terrace_core::{EventKind, EventKinds, OutcomeStatus, TaskError, Value};
use terrace_scheduler::{Event, Observer, RunOptions, RunReport, Scheduler};

use crate::graph::{Graph, id, within};

/// Keeps what it is told of nodes.
pub(crate) struct Log {
    concurrent: bool,
    inside: AtomicUsize,
    events: Mutex<Vec<Event>>,
}

impl Log {
    pub(crate) fn new(concurrent: bool) -> Self {
        Self { concurrent, inside: AtomicUsize::new(0), events: Mutex::default() }
    }

    /// Compares it with what the report says, and with what each node waits for.
    pub(crate) fn check(&self, waits: &[Vec<usize>], report: &RunReport, place: &str) {
        let events = self.events.lock().unwrap();
        assert!(matches!(events[0].kind, EventKind::RunStarted { .. }), "{place}");
        assert!(matches!(events.last().unwrap().kind, EventKind::RunFinished { .. }), "{place}");
        if !self.concurrent {
            assert!(events.is_sorted_by_key(|event| event.at), "{place}: time ran backwards");
        }
        let mut started = vec![None; waits.len()];
        let mut ended = vec![None; waits.len()];
        for (number, event) in events.iter().enumerate() {
            match &event.kind {
                EventKind::NodeStarted { node, .. } => {
                    let before = started[node.index()].replace(number);
                    assert!(before.is_none(), "{place}: {node:?} began twice");
                    for &on in &waits[node.index()] {
                        assert!(ended[on].is_some(), "{place}: {node:?} did not wait for {on}");
                    }
                }
                EventKind::NodeFinished { node, status, attempts, duration, .. } => {
                    let at = node.index();
                    let before = ended[at].replace(number);
                    assert!(before.is_none(), "{place}: {node:?} ended twice");
                    assert_eq!(started[at].is_some(), *attempts == 1, "{place}, {node:?}");
                    let outcome = report.outcome(id(at)).unwrap();
                    assert_eq!(outcome.status, *status, "{place}, {node:?}");
                    assert_eq!(outcome.attempts, *attempts, "{place}, {node:?}");
                    assert_eq!(outcome.duration, *duration, "{place}, {node:?}");
                    // Where one event at a time is told, it may be told a moment later.
                    if let Some(started) = started[at].filter(|_| self.concurrent) {
                        let took = event.at.saturating_sub(events[started].at);
                        assert!(took >= *duration, "{place}, {node:?}: {took:?} {duration:?}");
                    }
                }
                _ => {}
            }
        }
        assert!(ended.iter().all(Option::is_some), "{place}: one did not end");
        if self.concurrent {
            check_times(&events, &started, waits, report, place);
        }
    }
}

/// By its times too no node begins before those that it waits for have ended, nor before another that
/// its thread was at.
fn check_times(
    events: &[Event],
    started: &[Option<usize>],
    waits: &[Vec<usize>],
    report: &RunReport,
    place: &str,
) {
    let mut by_worker: BTreeMap<u32, Vec<(Duration, Duration)>> = BTreeMap::new();
    let spans: Vec<Option<(Duration, Duration)>> = started
        .iter()
        .enumerate()
        .map(|(at, number)| {
            let event = &events[(*number)?];
            let EventKind::NodeStarted { worker, .. } = event.kind else { unreachable!() };
            let span = (event.at, event.at + report.outcome(id(at)).unwrap().duration);
            by_worker.entry(worker).or_default().push(span);
            Some(span)
        })
        .collect();
    for (at, span) in spans.iter().enumerate() {
        let Some((begin, _)) = span else { continue };
        for &on in &waits[at] {
            let (_, end) = spans[on].unwrap();
            assert!(end <= *begin, "{place}: {at} begins at {begin:?}, {on} ends at {end:?}");
        }
    }
    for spans in by_worker.values_mut() {
        spans.sort_unstable();
        for pair in spans.windows(2) {
            assert!(pair[0].1 <= pair[1].0, "{place}: one thread is at two: {pair:?}");
        }
    }
}

impl Observer for Log {
    fn event(&self, event: &Event) {
        let others = self.inside.fetch_add(1, Ordering::SeqCst);
        assert!(self.concurrent || others == 0, "two at once");
        self.events.lock().unwrap().push(event.clone());
        self.inside.fetch_sub(1, Ordering::SeqCst);
    }

    fn wants(&self) -> EventKinds {
        EventKinds::RUN | EventKinds::NODES
    }

    fn is_concurrent(&self) -> bool {
        self.concurrent
    }
}

#[test]
fn one_that_may_be_called_by_several_threads_at_once_is() {
    /// Lets nobody out before two are in.
    struct Meets(std::sync::Barrier);

    impl Observer for Meets {
        fn event(&self, event: &Event) {
            if matches!(event.kind, EventKind::NodeStarted { .. }) {
                self.0.wait();
            }
        }

        fn wants(&self) -> EventKinds {
            EventKinds::NODES
        }

        fn is_concurrent(&self) -> bool {
            true
        }
    }

    within(60, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        let mut graph = Graph::new();
        for _ in 0..2 {
            graph.node(&[], |_, _| Ok(Value::Null));
        }
        let plan = graph.plan();
        for path in [terrace_scheduler::PathChoice::Fast, terrace_scheduler::PathChoice::Dispatcher]
        {
            let meets = std::sync::Arc::new(Meets(std::sync::Barrier::new(2)));
            let options = RunOptions::default().with_path(path).with_observer(meets);
            let report = scheduler.run(&plan, options);
            assert_eq!(report.observer_failed, None);
        }
    });
}

#[test]
fn nodes_that_end_badly_are_told_of_with_when_they_began() {
    within(60, || {
        for workers in [1, 2] {
            let scheduler = Scheduler::builder().workers(workers).build().unwrap();
            let mut graph = Graph::new();
            let mut waits = Vec::new();
            for at in 0..50_usize {
                let on: Vec<usize> = at.checked_sub(10).into_iter().collect();
                graph.node(&on, move |_, _| {
                    std::thread::sleep(Duration::from_micros(if at % 7 == 3 { 300 } else { 0 }));
                    match at {
                        17 => Err(TaskError::msg("meant to fail")),
                        33 => panic!("meant to panic"),
                        _ => Ok(Value::Null),
                    }
                });
                waits.push(on);
            }
            let plan = graph.plan();
            for lap in 0..4 {
                let log = std::sync::Arc::new(Log::new(lap % 2 == 0));
                let observer = std::sync::Arc::clone(&log) as _;
                let report = scheduler.run(&plan, RunOptions::default().with_observer(observer));
                log.check(&waits, &report, &format!("{workers} workers, lap {lap}"));
                let failed = report.outcome(id(17)).unwrap();
                assert_eq!(failed.status, OutcomeStatus::Failed);
                assert!(failed.duration >= Duration::from_micros(300), "{failed:?}");
            }
        }
    });
}
