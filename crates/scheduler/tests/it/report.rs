//! Reports, handles and what tasks are told of themselves.

use std::future::{Future, IntoFuture};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use terrace_core::{Expr, InputDraft, NoTasks, OutcomeStatus, OutputDraft, Ref, Root, Type, Value};
use terrace_scheduler::{ManualClock, PathChoice, RunOptions, RunStatus, Scheduler, Timing};

use crate::graph::{Graph, id, within};

const PATHS: [PathChoice; 2] = [PathChoice::Fast, PathChoice::Dispatcher];

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The smallest executor.
fn block_on<F: Future>(future: F) -> F::Output {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}

#[test]
fn a_handle_is_a_future_on_any_executor() {
    within(30, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        for path in PATHS {
            for _ in 0..200 {
                let mut graph = Graph::new();
                graph.node(&[], |_, _| Ok(Value::Null));
                graph.sleep(&[], Duration::from_micros(100));
                let handle = scheduler.start(&graph.plan(), RunOptions::default().with_path(path));
                let report = block_on(async { handle.into_future().await });
                assert_eq!(report.status, RunStatus::Succeeded);
            }
        }
    });
}

#[test]
fn an_empty_plan_is_over_at_once() {
    within(30, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        for path in PATHS {
            let options = || RunOptions::default().with_path(path);
            assert_eq!(scheduler.run(&Graph::new().plan(), options()).status, RunStatus::Succeeded);
            let handle = scheduler.start(&Graph::new().plan(), options());
            assert_eq!(handle.try_result().unwrap().counts.succeeded, 0);
        }
    });
}

#[test]
fn a_run_outlives_its_scheduler_and_handle() {
    within(30, || {
        let told = Arc::new(Mutex::new(false));
        let own = Arc::clone(&told);
        let mut graph = Graph::new();
        let a = graph.sleep(&[], Duration::from_millis(20));
        let b = graph.node(&[a], |_, _| Ok(Value::Null));
        let c = graph.sleep(&[b], Duration::from_millis(1));
        graph.node(&[c], move |_, _| {
            *own.lock().unwrap() = true;
            Ok(Value::Null)
        });
        let scheduler = Scheduler::builder().workers(1).build().unwrap();
        drop(scheduler.start(&graph.plan(), RunOptions::default()));
        drop(scheduler);
        while !*told.lock().unwrap() {
            std::thread::sleep(Duration::from_millis(1));
        }
    });
}

#[test]
fn tasks_know_who_they_are() {
    within(30, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        let root = std::env::temp_dir().join(format!("terrace-test-{}", std::process::id()));
        let mut seen = Vec::new();
        for path in PATHS {
            let mut graph = Graph::new();
            let a = graph.node(&[], |ctx, _| {
                assert_eq!((ctx.attempt(), ctx.threads(), ctx.item()), (1, 1, None));
                let dir = ctx.temp_dir()?;
                assert_eq!(dir, ctx.temp_dir()?);
                std::fs::write(dir.join("x"), "x")?;
                let text = format!("{} {} {}", ctx.node(), ctx.seed(), dir.display());
                Ok(Value::from(text))
            });
            graph.keep(a);
            let options = RunOptions::default()
                .with_path(path)
                .with_seed(7)
                .with_run_id("../x")
                .with_temp_root(&root);
            let report = scheduler.run(&graph.plan(), options);
            assert_eq!(report.run_id, "../x");
            let text = report.value(id(a)).unwrap().as_str().unwrap().to_owned();
            let (who, dir) = text.rsplit_once(' ').unwrap();
            assert!(dir.starts_with(root.to_str().unwrap()), "{dir}");
            seen.push(who.to_owned());
        }
        assert_eq!(seen[0], seen[1], "the same seed on both paths");
        assert_eq!(std::fs::read_dir(&root).unwrap().count(), 0, "nothing is left behind");
        std::fs::remove_dir(&root).unwrap();
    });
}

#[test]
fn inputs_default_and_wrong_selections_fail_the_run() {
    within(30, || {
        let scheduler = Scheduler::builder().workers(1).build().unwrap();
        let mut graph = Graph::new();
        graph.draft.inputs.push(InputDraft {
            default: Some(Value::from(5_i64)),
            ..InputDraft::new("x", Type::I64)
        });
        let x = graph.draft.clone().validate(&NoTasks).unwrap().input("x").unwrap();
        let a = graph.node(&[], |_, _| Ok(Value::list(vec![]).unwrap()));
        graph.output("list", a);
        let draft = &mut graph.draft;
        let mut missing = Ref::new(Root::Node(id(a)));
        missing.path.push(terrace_core::Select::Index(3));
        let value = Expr::Ref(missing);
        draft.outputs.push(OutputDraft { name: "item".to_owned(), value, span: None });
        let input = Expr::Ref(Ref::new(Root::Input(x)));
        draft.outputs.push(OutputDraft { name: "x".to_owned(), value: input, span: None });
        let plan = graph.plan();
        let report = scheduler.run(&plan, RunOptions::default());
        assert_eq!(report.output("x").unwrap().as_ref().unwrap().as_i64(), Some(5));
        let given = RunOptions::default().with_inputs(vec![Value::from(6_i64)]);
        let given = scheduler.run(&plan, given);
        assert_eq!(given.output("x").unwrap().as_ref().unwrap().as_i64(), Some(6));
        assert_eq!((report.status, report.counts.failed), (RunStatus::Failed, 0));
        assert!(report.output("list").unwrap().is_ok());
        let error = report.output("item").unwrap().as_ref().unwrap_err().to_string();
        assert!(error.contains("there is no `[3]`"), "{error}");
    });
}

#[test]
fn times_come_from_the_clock_that_was_given() {
    within(30, || {
        let clock = Arc::new(ManualClock::new());
        let scheduler =
            Scheduler::builder().workers(1).clock(Arc::clone(&clock) as Arc<_>).build().unwrap();
        for path in PATHS {
            let mut graph = Graph::new();
            let mut last = Vec::new();
            for _ in 0..3 {
                let clock = Arc::clone(&clock);
                last = vec![graph.node(&last, move |_, _| {
                    clock.advance(Duration::from_secs(2));
                    Ok(Value::Null)
                })];
            }
            let plan = graph.plan();
            let report = scheduler.run(&plan, RunOptions::default().with_path(path));
            assert_eq!(report.duration, Duration::from_secs(6));
            let outcome = report.outcome(id(1)).unwrap();
            assert_eq!((outcome.started.as_secs(), outcome.duration.as_secs()), (2, 2));
            let last = report.levels()[2].unwrap();
            assert_eq!((last.start.as_secs(), last.end.as_secs()), (4, 6));
            assert_eq!(report.max_concurrency(), 1);
            let report = scheduler
                .run(&plan, RunOptions::default().with_path(path).with_timing(Timing::Off));
            assert_eq!(report.outcome(id(1)).unwrap().duration, Duration::ZERO);
            assert_eq!(report.status_of(id(1)), Some(OutcomeStatus::Ok));
        }
    });
}
