//! A run looked at from outside while it goes on.

use std::sync::mpsc;
use std::time::Duration;

use terrace_core::{Limit, NoTasks, Value, WorkflowBuilder};
use terrace_scheduler::{ManualClock, PathChoice, RunOptions, RunStatus, Scheduler, Watch};

use crate::graph::{Graph, within};

#[test]
fn what_has_ended_is_seen_while_something_runs() {
    within(30, || {
        for workers in [1, 2] {
            for path in [PathChoice::Fast, PathChoice::Dispatcher] {
                let (begun, has_begun) = mpsc::channel();
                let (go_on, may_go_on) = mpsc::channel::<()>();
                let may_go_on = std::sync::Mutex::new(may_go_on);
                let mut graph = Graph::new();
                let first = graph.node(&[], |_, _| Ok(Value::Null));
                let second = graph.node(&[first], move |_, _| {
                    begun.send(()).unwrap();
                    may_go_on.lock().unwrap().recv().unwrap();
                    Ok(Value::Null)
                });
                graph.node(&[second], |_, _| Ok(Value::Null));
                let watch = Watch::new();
                assert_eq!(watch.look(), None);
                let scheduler = Scheduler::builder().workers(workers).build().unwrap();
                let options = RunOptions::default().with_path(path).with_watch(watch.clone());
                let plan = graph.plan();
                let run = std::thread::spawn(move || scheduler.run(&plan, options));
                has_begun.recv().unwrap();
                let look = watch.look().unwrap();
                assert_eq!(look.nodes, 3);
                // On the fast path its thread says so when it has nothing more to run.
                assert!(look.ended <= 1, "{look:?}");
                if path == PathChoice::Dispatcher || workers == 1 {
                    assert_eq!(look.ended, 1, "{path:?} {workers}");
                }
                match path {
                    PathChoice::Fast => {
                        let computing = look.computing.unwrap();
                        assert!((1..=workers).contains(&computing), "{look:?}");
                    }
                    _ => assert_eq!(look.computing, None),
                }
                go_on.send(()).unwrap();
                assert_eq!(run.join().unwrap().status, RunStatus::Succeeded);
                assert_eq!(watch.look(), None, "nobody has the run any more");
            }
        }
    });
}

#[test]
fn what_waits_for_a_limit_is_seen_with_the_limit() {
    within(30, || {
        let (begun, has_begun) = mpsc::channel();
        let (go_on, may_go_on) = mpsc::channel::<()>();
        let may_go_on = std::sync::Mutex::new(may_go_on);
        let wf = WorkflowBuilder::new("held");
        wf.limit(Limit::concurrency("gate", 1));
        let wait = move || {
            // Whoever comes second finds the channel closed, or a message.
            let _ = begun.send(());
            let _ = may_go_on.lock().unwrap().recv();
        };
        let wait = std::sync::Arc::new(wait);
        for _ in 0..3 {
            let wait = wait.clone();
            let _ = wf.call(move || wait(), ()).needs("gate", 1);
        }
        let plan = std::sync::Arc::new(wf.build(&NoTasks).unwrap().plan());
        let watch = Watch::new();
        let options = RunOptions::default().with_watch(watch.clone());
        let clock = ManualClock::new();
        let scheduler =
            Scheduler::builder().workers(2).clock(std::sync::Arc::new(clock)).build().unwrap();
        let run = std::thread::spawn(move || scheduler.run(&plan, options));
        has_begun.recv().unwrap();
        let standing = watch.look().unwrap().standing.unwrap();
        let held: Vec<_> =
            standing.held.iter().map(|held| (&*held.limit, held.units, held.next)).collect();
        assert_eq!(held, [("gate", 2, None::<Duration>)]);
        assert_eq!(standing.running.compute, 1);
        drop(go_on);
        assert_eq!(run.join().unwrap().status, RunStatus::Succeeded);
    });
}
