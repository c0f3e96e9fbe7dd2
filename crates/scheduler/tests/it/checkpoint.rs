//! Checkpoints: what is shown, and that a run goes on, stops, or goes on without some items.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use terrace_core::{
    Checkpoints, Event, EventKind, Handle, NoTasks, RunIf, Value, WorkflowBuilder, value_to_json,
};
use terrace_scheduler::{
    CancelToken, Checkpoint, Decision, Dropped, Order, OutcomeStatus, RunOptions, RunReport,
    RunStatus, Scheduler, Which,
};

use crate::graph::within;

type Asked = Arc<Mutex<Vec<Checkpoint>>>;

/// Runs with an approver, for one worker and for four.
fn run(
    wf: impl Fn() -> WorkflowBuilder + Send + 'static,
    approve: impl Fn(&Checkpoint) -> Decision + Send + Sync + Clone + 'static,
    check: impl Fn(&RunReport, &[Checkpoint]) + Send + 'static,
) {
    within(60, move || {
        for workers in [1, 4] {
            let plan = Arc::new(wf().build(&NoTasks).unwrap().plan());
            let asked = Asked::default();
            let (notes, approve) = (Arc::clone(&asked), approve.clone());
            let approver = Arc::new(move |checkpoint: &Checkpoint| {
                notes.lock().unwrap().push(checkpoint.clone());
                approve(checkpoint)
            });
            let scheduler = Scheduler::builder().workers(workers).build().unwrap();
            let report = scheduler.run(&plan, RunOptions::default().with_approver(approver));
            check(&report, &asked.lock().unwrap());
        }
    });
}

fn json(report: &RunReport, name: &str) -> String {
    value_to_json(report.output(name).unwrap().as_ref().unwrap()).unwrap()
}

fn status(report: &RunReport, name: &str) -> OutcomeStatus {
    report.status_of(report.plan().workflow().find(name).unwrap()).unwrap()
}

/// numbers → map of tens → sum, after each level a look.
fn levels() -> WorkflowBuilder {
    let wf = WorkflowBuilder::new("levels");
    wf.checkpoints(Checkpoints::Levels);
    let numbers = wf.call(|| vec![1_i64, 2, 3], ()).named("numbers");
    let tens: Handle<Vec<i64>> =
        wf.map(&numbers, |body, x| body.call(|x: i64| x * 10, (&x,))).named("tens");
    let sum = wf.call(|all: Vec<i64>| all.iter().sum::<i64>(), (&tens,)).named("sum");
    wf.output("sum", &sum);
    wf
}

fn names(produced: &Checkpoint) -> Vec<&str> {
    produced.produced.iter().map(|produced| produced.name.as_str()).collect()
}

#[test]
fn after_each_level_but_the_last_somebody_looks() {
    run(
        levels,
        |_| Decision::GoOn,
        |report, asked| {
            assert_eq!((report.status, json(report, "sum")), (RunStatus::Succeeded, "60".into()));
            let seen: Vec<_> =
                asked.iter().map(|at| (at.level, names(at), at.next.clone())).collect();
            let (tens, sum) = (vec!["tens".to_owned()], vec!["sum".to_owned()]);
            assert_eq!(seen, [(Some(0), vec!["numbers"], tens), (Some(1), vec!["tens"], sum)]);
            let shown = asked[1].produced[0].value.as_ref().map(|v| value_to_json(v).unwrap());
            assert_eq!(shown.as_deref(), Some("[10,20,30]"));
        },
    );
}

#[test]
fn items_can_be_dropped() {
    let without = |checkpoint: &Checkpoint| match checkpoint.level {
        Some(1) => Decision::GoOnWithout(vec![Dropped {
            node: "tens".into(),
            items: vec![Which::Index(1)],
        }]),
        _ => Decision::GoOn,
    };
    run(levels, without, |report, _| assert_eq!(json(report, "sum"), "40"));
}

#[test]
fn what_is_not_there_cannot_be_dropped_and_the_run_stops() {
    for (node, which, why) in [
        ("tens", Which::Index(3), "what node `tens` gave has no item 3"),
        ("tens", Which::Key("1".into()), "what node `tens` gave has no item \"1\""),
        ("sum", Which::Index(0), "node `sum` has given nothing here to drop items of"),
    ] {
        let drop = Dropped { node: node.into(), items: vec![which] };
        let without = move |checkpoint: &Checkpoint| match checkpoint.level {
            Some(1) => Decision::GoOnWithout(vec![drop.clone()]),
            _ => Decision::GoOn,
        };
        run(levels, without, move |report, _| {
            assert_eq!(report.status, RunStatus::StoppedAtCheckpoint);
            assert_eq!(report.refused.as_ref().unwrap().reason, why);
        });
    }
}

#[test]
fn who_says_no_stops_the_run_and_what_cleans_up_runs() {
    let wf = || {
        let wf = levels();
        let first = wf.call(|| 1_i64, ()).named("first");
        let cleans = wf.call(|_: i64| 7_i64, (&first,)).named("cleans").run_if(RunIf::Always);
        wf.output("cleaned", &cleans);
        wf
    };
    let no = |_: &Checkpoint| Decision::Stop { reason: "looks wrong".into() };
    run(wf, no, |report, asked| {
        assert_eq!(report.status, RunStatus::StoppedAtCheckpoint);
        assert_eq!(asked.len(), 1);
        let refused = report.refused.as_ref().unwrap();
        assert_eq!((refused.level, refused.reason.as_str()), (Some(0), "looks wrong"));
        assert_eq!(status(report, "numbers"), OutcomeStatus::Ok);
        assert_eq!(status(report, "tens"), OutcomeStatus::Cancelled);
        assert_eq!(
            (status(report, "cleans"), json(report, "cleaned")),
            (OutcomeStatus::Ok, "7".into())
        );
    });
}

#[test]
fn without_anybody_to_ask_the_run_stops_there() {
    within(60, || {
        let plan = Arc::new(levels().build(&NoTasks).unwrap().plan());
        let report = Scheduler::builder().build().unwrap().run(&plan, RunOptions::default());
        assert_eq!(report.status, RunStatus::StoppedAtCheckpoint);
        assert_eq!(report.refused.unwrap().reason, "nobody was there to approve");
    });
}

#[test]
fn an_approver_that_panics_has_refused() {
    run(
        levels,
        |_| panic!("no idea"),
        |report, _| {
            assert_eq!(report.status, RunStatus::StoppedAtCheckpoint);
            let reason = &report.refused.as_ref().unwrap().reason;
            assert!(reason.starts_with("whoever approves panicked: no idea"), "{reason}");
        },
    );
}

/// A node that is a checkpoint holds back what comes after it; nothing runs meanwhile.
#[test]
fn a_node_can_be_a_checkpoint_in_any_order() {
    for order in [Order::Dataflow, Order::Levels] {
        within(60, move || {
            let running = Arc::new(AtomicUsize::new(0));
            let wf = WorkflowBuilder::new("nodes");
            let looked: Handle<Vec<i64>> =
                wf.map(vec![1_i64, 2], |body, x| body.call(|x: i64| x, (&x,)));
            let looked = looked.named("looked").checkpoint();
            let busy: Vec<Handle<i64>> = (0..20)
                .map(|at| {
                    let running = Arc::clone(&running);
                    let work = move || {
                        running.fetch_add(1, Ordering::SeqCst);
                        std::thread::sleep(Duration::from_millis(1));
                        running.fetch_sub(1, Ordering::SeqCst);
                        at
                    };
                    wf.call(work, ())
                })
                .collect();
            let all = wf.call(
                |looked: Vec<i64>, busy: Vec<i64>| looked.len() as i64 + busy.iter().sum::<i64>(),
                (&looked, busy),
            );
            wf.output("all", &all);
            let asked = Arc::new(AtomicUsize::new(0));
            let count = Arc::clone(&asked);
            let approver = move |checkpoint: &Checkpoint| {
                assert_eq!(running.load(Ordering::SeqCst), 0, "something runs");
                assert_eq!((checkpoint.level, names(checkpoint)), (None, vec!["looked"]));
                count.fetch_add(1, Ordering::SeqCst);
                let items = vec![Which::Index(0)];
                Decision::GoOnWithout(vec![Dropped { node: "looked".into(), items }])
            };
            let plan = Arc::new(wf.build(&NoTasks).unwrap().plan());
            let options = RunOptions::default().with_order(order).with_approver(Arc::new(approver));
            let report = Scheduler::builder().workers(4).build().unwrap().run(&plan, options);
            assert_eq!((report.status, json(&report, "all")), (RunStatus::Succeeded, "191".into()));
            assert_eq!(asked.load(Ordering::SeqCst), 1);
        });
    }
}

/// Nobody waits for an answer when the run is told to stop, or its time is over.
#[test]
fn a_run_does_not_wait_for_an_answer_that_nobody_needs() {
    for (deadline, status) in
        [(None, RunStatus::Cancelled), (Some(Duration::from_millis(50)), RunStatus::LimitReached)]
    {
        for by_level in [true, false] {
            within(60, move || {
                let wf = WorkflowBuilder::new("waits");
                if by_level {
                    wf.checkpoints(Checkpoints::Levels);
                }
                let first = wf.call(|| vec![1_i64], ()).named("first");
                let first = if by_level { first } else { first.checkpoint() };
                let next = wf.call(|all: Vec<i64>| all.len() as i64, (&first,));
                wf.output("next", &next);
                let plan = Arc::new(wf.build(&NoTasks).unwrap().plan());
                let (token, (answers, waits)) = (CancelToken::new(), mpsc::channel::<()>());
                let waits = Mutex::new(waits);
                let stop = token.clone();
                let approver = move |_: &Checkpoint| {
                    if deadline.is_none() {
                        stop.cancel();
                    }
                    // For ever, as far as the run is concerned.
                    let _ = waits.lock().unwrap().recv();
                    Decision::GoOn
                };
                let events = Arc::new(Mutex::new(Vec::new()));
                let told = Arc::clone(&events);
                let mut options = RunOptions::default()
                    .with_approver(Arc::new(approver))
                    .with_cancel(token)
                    .with_observer(Arc::new(move |event: &Event| {
                        told.lock().unwrap().push(event.kind.clone());
                    }));
                options.deadline = deadline;
                let report = Scheduler::builder().build().unwrap().run(&plan, options);
                assert_eq!(report.status, status);
                drop(answers);
                std::thread::sleep(Duration::from_millis(20));
                let events = events.lock().unwrap();
                assert!(matches!(events.last(), Some(EventKind::RunFinished { .. })));
            });
        }
    }
}

#[test]
fn keyed_results_lose_items_by_key() {
    let wf = || {
        let wf = WorkflowBuilder::new("keyed");
        let all = BTreeMap::from([("a".to_owned(), 1_i64), ("b".to_owned(), 2)]);
        let made: Handle<BTreeMap<String, i64>> =
            wf.map(all, |body, x| body.call(|x: i64| x, (&x,)));
        let made = made.named("made").checkpoint();
        let keys = |made: BTreeMap<String, i64>| made.into_keys().collect::<Vec<_>>().join(",");
        let left = wf.call(keys, (&made,));
        wf.output("left", &left);
        wf
    };
    let without = |_: &Checkpoint| {
        let items = vec![Which::Key("a".into())];
        Decision::GoOnWithout(vec![Dropped { node: "made".into(), items }])
    };
    run(wf, without, |report, _| {
        let left = report.output("left").unwrap().as_ref().unwrap();
        assert_eq!(left, &Value::from("b"), "{report:?}");
    });
}
