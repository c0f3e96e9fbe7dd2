//! What observers are told, and what happens to those that panic.

use std::sync::{Arc, Mutex};

use terrace_core::{
    Event, EventKind, EventKinds, NoTasks, Observer, TaskError, Value, WorkflowBuilder,
};
use terrace_plugin_api::LogLevel;
use terrace_scheduler::{PathChoice, RunOptions, RunStatus, Scheduler, TaskContext};

use crate::graph::{Graph, id, within};

const PATHS: [PathChoice; 2] = [PathChoice::Fast, PathChoice::Dispatcher];

#[test]
fn progress_and_logs_come_between_start_and_end() {
    within(30, || {
        let scheduler = Scheduler::builder().workers(1).build().unwrap();
        for path in PATHS {
            let mut graph = Graph::new();
            graph.node(&[], |ctx, _| {
                ctx.progress(0.5, "half");
                ctx.log(LogLevel::Info, "hello");
                Err(TaskError::msg("no"))
            });
            let told = Arc::new(Mutex::new(Vec::new()));
            let sink = Arc::clone(&told);
            let observer = move |event: &Event| {
                let line = match &event.kind {
                    EventKind::RunStarted { nodes, levels } => format!("run {nodes} {levels}"),
                    EventKind::NodeStarted { node, attempt, .. } => {
                        format!("start {} {attempt}", node.index())
                    }
                    EventKind::NodeProgress { fraction, note, .. } => format!("{fraction} {note}"),
                    EventKind::NodeLog { level, message, .. } => format!("{level:?} {message}"),
                    EventKind::NodeFinished { status, error, .. } => {
                        format!("{} {}", status.name(), error.as_ref().unwrap())
                    }
                    EventKind::RunFinished { failed, .. } => format!("over, {failed} failed"),
                    other => panic!("{other:?}"),
                };
                sink.lock().unwrap().push(line);
            };
            let options = RunOptions::default().with_path(path).with_observer(Arc::new(observer));
            scheduler.run(&graph.plan(), options);
            let expected =
                ["run 1 1", "start 0 1", "0.5 half", "Info hello", "failed no", "over, 1 failed"];
            assert_eq!(*told.lock().unwrap(), expected);
        }
    });
}

#[test]
fn a_panicking_observer_is_called_no_more_and_reported() {
    within(30, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        for path in PATHS {
            let mut graph = Graph::new();
            for _ in 0..50 {
                graph.node(&[], |_, _| Ok(Value::Null));
            }
            let calls = Arc::new(Mutex::new(0));
            let count = Arc::clone(&calls);
            let observer = move |_: &Event| {
                let mut calls = count.lock().unwrap_or_else(|broken| broken.into_inner());
                *calls += 1;
                if *calls == 7 {
                    panic!("enough");
                }
            };
            let options = RunOptions::default().with_path(path).with_observer(Arc::new(observer));
            let report = scheduler.run(&graph.plan(), options);
            assert_eq!(report.status, RunStatus::Succeeded);
            assert!(report.observer_failed.unwrap().starts_with("enough (at "));
            assert_eq!(*calls.lock().unwrap_or_else(|broken| broken.into_inner()), 7);
        }
    });
}

#[test]
fn a_panic_keeps_its_message_and_place() {
    within(30, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        for path in PATHS {
            let mut graph = Graph::new();
            graph.node(&[], |_, _| -> Result<Value, _> { panic!("it was {}", 42) });
            let report = scheduler.run(&graph.plan(), RunOptions::default().with_path(path));
            let error = report.outcome(id(0)).unwrap().error.unwrap();
            assert_eq!(error.message(), "it was 42");
            assert!(error.location().unwrap().contains("events.rs"), "{:?}", error.location());
        }
    });
}

/// Wants some kinds of events, and keeps what it is told.
struct Choosy {
    wants: EventKinds,
    told: Mutex<Vec<String>>,
}

impl Observer for Choosy {
    fn event(&self, event: &Event) {
        let at = |path: &Option<Arc<str>>| path.clone().unwrap_or_else(|| "-".into());
        let line = match &event.kind {
            EventKind::RunStarted { .. } => "begin".to_owned(),
            EventKind::NodeStarted { path, .. } => format!("start {}", at(path)),
            EventKind::NodeFinished { path, level, .. } => format!("end {} {level}", at(path)),
            EventKind::MapStarted { path, items, .. } => format!("map {} {items}", at(path)),
            EventKind::MapAdvanced { path, .. } => format!("advance {}", at(path)),
            EventKind::MapFinished { path, items, .. } => format!("mapped {} {items}", at(path)),
            EventKind::NodeLog { path, .. } => format!("log {}", at(path)),
            EventKind::NodeProgress { path, .. } => format!("progress {}", at(path)),
            EventKind::RunFinished { .. } => "over".to_owned(),
            other => panic!("{other:?}"),
        };
        self.told.lock().unwrap().push(line);
    }

    fn wants(&self) -> EventKinds {
        self.wants
    }
}

#[test]
fn an_observer_is_told_what_it_wants_and_nothing_else() {
    let wf = WorkflowBuilder::new("kinds");
    let list = wf.call(|| vec![0_i64, 1], ());
    let speak = |ctx: &TaskContext<'_>, x: i64| {
        ctx.log(LogLevel::Info, "hello");
        ctx.progress(0.5, "half");
        x
    };
    let one = wf.map(&list, move |body, x| body.call(speak, (&x,))).named("one");
    let two = wf.map(&list, |body, x| {
        let first = body.call(|x: i64| x, (&x,)).named("first");
        body.call(|x: i64| x, (&first,)).named("second")
    });
    let two = two.named("two");
    wf.output("one", &one);
    wf.output("two", &two);
    let plan = Arc::new(wf.build(&NoTasks).unwrap().plan());
    within(30, move || {
        let scheduler = Scheduler::builder().workers(1).build().unwrap();
        let expected: [(EventKinds, &[&str]); 8] = [
            (EventKinds::NONE, &[]),
            (EventKinds::RUN, &["begin", "over"]),
            (EventKinds::NODES, &["end - 0", "end - 1", "start -"]),
            (
                EventKinds::INSIDE,
                &[
                    "end two[0].first 0",
                    "end two[0].second 1",
                    "end two[1].first 0",
                    "end two[1].second 1",
                    "start two[0].first",
                    "start two[0].second",
                    "start two[1].first",
                    "start two[1].second",
                ],
            ),
            (EventKinds::ITEMS, &["end one[0] 0", "end one[1] 0", "start one[0]", "start one[1]"]),
            (EventKinds::MAPS, &["advance -", "map - 2", "mapped - 2"]),
            (EventKinds::LOGS, &["log one[0]", "log one[1]"]),
            (EventKinds::PROGRESS, &["progress one[0]", "progress one[1]"]),
        ];
        for path in PATHS {
            let told = |wants| {
                let observer = Arc::new(Choosy { wants, told: Mutex::default() });
                let options =
                    RunOptions::default().with_path(path).with_observer(Arc::clone(&observer) as _);
                scheduler.run(&plan, options);
                let mut told = std::mem::take(&mut *observer.told.lock().unwrap());
                told.sort_unstable();
                told.dedup();
                told
            };
            let mut all: Vec<String> = Vec::new();
            for (wants, expected) in expected {
                assert_eq!(told(wants), expected, "{wants:?}");
                all.extend(told(wants));
            }
            all.sort_unstable();
            assert_eq!(told(EventKinds::ALL), all);
        }
    });
}

#[test]
fn advances_of_a_map_add_up_to_its_items() {
    let of = |nodes: usize, items: i64| {
        let wf = WorkflowBuilder::new("advances");
        let list = wf.call(move || (0..items).collect::<Vec<i64>>(), ());
        let map = wf.map(&list, |body, x| {
            let mut last = body.call(|x: i64| x, (&x,));
            for _ in 1..nodes {
                last = body.call(|x: i64| x, (&last,));
            }
            last
        });
        wf.output("one", &map);
        Arc::new(wf.build(&NoTasks).unwrap().plan())
    };
    within(60, move || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        for path in PATHS {
            for (nodes, all, most) in [(1, 5_000, 2_500), (2, 20_000, 5_000)] {
                let told = Arc::new(Mutex::new((0, 0, 0)));
                let sink = Arc::clone(&told);
                let observer = move |event: &Event| {
                    let mut told = sink.lock().unwrap();
                    match event.kind {
                        EventKind::MapAdvanced { items, .. } => {
                            *told = (told.0 + items, told.1 + 1, told.2);
                            assert_eq!(told.2, 0, "an advance after the end");
                        }
                        EventKind::MapFinished { items, .. } => told.2 = items,
                        _ => {}
                    }
                };
                let options =
                    RunOptions::default().with_path(path).with_observer(Arc::new(observer));
                scheduler.run(&of(nodes, all), options);
                let (items, times, ended) = *told.lock().unwrap();
                assert_eq!((items, ended), (all as u64, all as u64));
                assert!(times < most, "told {times} times of {all} items of {nodes} nodes");
            }
        }
    });
}

#[test]
fn one_that_panics_when_asked_what_it_wants_is_reported() {
    struct Panics;
    impl Observer for Panics {
        fn event(&self, _: &Event) {}
        fn wants(&self) -> EventKinds {
            panic!("no idea")
        }
    }
    within(30, || {
        let mut graph = Graph::new();
        graph.node(&[], |_, _| Ok(Value::Null));
        let scheduler = Scheduler::builder().workers(1).build().unwrap();
        let options = RunOptions::default().with_observer(Arc::new(Panics));
        let report = scheduler.run(&graph.plan(), options);
        assert_eq!(report.status, RunStatus::Succeeded);
        assert!(report.observer_failed.unwrap().contains("no idea"));
    });
}
