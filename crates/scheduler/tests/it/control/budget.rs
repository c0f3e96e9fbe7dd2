//! What is used up.

use std::collections::BTreeSet;
use std::time::Duration;

use terrace_core::{Lane, Limit, Retry, WorkflowBuilder};
use terrace_plugin_api::{ErrorClass, Retryable, TaskContext};
use terrace_scheduler::{Order, RunOptions, RunStatus, TaskError};

use super::seen::{Step, plan, watch, workers};
use crate::graph::within;
use crate::random::Random;

const MILLION: u64 = 1_000_000;

#[test]
fn the_same_nodes_run_whatever_the_number_of_workers() {
    within(300, || {
        let schedulers = [1, 2, 8].map(workers);
        for seed in 0..200 {
            let random = &mut Random(seed);
            let wf = WorkflowBuilder::new("budget");
            wf.budget("money", 1 + random.below(25) as u32);
            let mut before: Vec<terrace_core::Handle<()>> = Vec::new();
            for at in 0..12 {
                let fails = random.below(4) as u32;
                let pause = Duration::from_micros(random.below(300) as u64);
                let node = wf.try_call(
                    move |ctx: &TaskContext<'_>| {
                        std::thread::sleep(pause);
                        match ctx.attempt() > fails {
                            true => Ok(()),
                            false => Err(TaskError::msg("no").with_retryable(Retryable::Yes)),
                        }
                    },
                    (),
                );
                let attempts = 1 + random.below(3) as u32;
                let retry = Retry::attempts(attempts).constant(Duration::from_micros(100));
                let mut node = node.retry(retry).named(format!("n{at}"));
                if random.chance(80) {
                    node = node.cost("money", 1 + random.below(4) as u32);
                }
                if random.chance(40) {
                    node = node.on_lane(Lane::Blocking);
                }
                if let Some(on) = before.get(random.below(2 * before.len() + 1)) {
                    node = node.after(on);
                }
                before.push(node.keep());
            }
            let plan = plan(wf);
            let mut all = BTreeSet::new();
            for scheduler in &schedulers {
                let options = RunOptions::default().with_order(Order::Levels);
                let (report, seen) = watch(scheduler, &plan, options);
                let spent = &report.spent[0];
                assert!(spent.spent <= spent.budget.millionths, "seed {seed}: {spent:?}");
                let steps = seen.steps(&plan).into_iter();
                let ran: BTreeSet<String> = steps
                    .filter(|(_, step, _)| matches!(step, Step::Started(_)))
                    .map(|(path, ..)| path)
                    .collect();
                all.insert((ran, spent.spent));
            }
            assert_eq!(all.len(), 1, "seed {seed}: {all:?}");
        }
    });
}

/// What was put aside for somebody who does not use it is there for others.
#[test]
fn who_does_not_run_or_comes_again_pays_for_what_ran() {
    within(30, || {
        let wf = WorkflowBuilder::new("kept");
        wf.budget("money", 10);
        let no = wf.call(|| false, ());
        drop(wf.call(|| (), ()).when(&no).cost("money", 4).keep());
        let retry = Retry::attempts(3).constant(Duration::ZERO);
        let second = |ctx: &TaskContext<'_>| match ctx.attempt() {
            2 => Ok(1_i64),
            _ => Err(TaskError::msg("no").with_retryable(Retryable::Yes)),
        };
        let runs = std::sync::atomic::AtomicU32::new(0);
        let flow = wf.flow("flow", |body| {
            body.try_call(
                move || match runs.fetch_add(1, std::sync::atomic::Ordering::SeqCst) {
                    0 => Err(TaskError::msg("no").with_retryable(Retryable::Yes)),
                    _ => Ok(1_i64),
                },
                (),
            )
            .cost("money", 1)
        });
        let flow = flow.retry(retry).cost("money", 1).after(&no);
        let items = wf.over(0..2).each(|item| item.retry(retry).cost("money", 1)).map(|body, x| {
            let n = body.try_call(second, ()).retry(retry);
            body.call(|a: i64, b: i64| a + b, (&x, &n))
        });
        drop(items.after(&flow).keep());
        let (report, _) = watch(&workers(1), &plan(wf), RunOptions::default());
        assert_eq!(report.status, RunStatus::Succeeded, "{:?}", report.failures);
        // Twice the flow and what is in it, once each item.
        assert_eq!(report.spent[0].spent, 6 * MILLION);
    });
}

#[test]
fn what_cannot_be_paid_is_refused() {
    within(30, || {
        let wf = WorkflowBuilder::new("poor");
        wf.budget("money", 3);
        for at in 0..5 {
            drop(wf.call(|| (), ()).named(format!("n{at}")).cost("money", 1).keep());
        }
        let (report, _) = watch(&workers(2), &plan(wf), RunOptions::default());
        assert_eq!(report.status, RunStatus::LimitReached);
        assert_eq!((report.counts.succeeded, report.counts.failed), (3, 2));
        assert_eq!(report.spent[0].spent, 3 * MILLION);
    });
}

/// Each holds what the other's inside needs.
#[test]
fn who_waits_for_each_other_is_told() {
    within(60, || {
        for workers in [1, 2, 8].map(workers) {
            for deadline in [None, Some(Duration::from_secs(3_600))] {
                let wf = WorkflowBuilder::new("stuck");
                wf.limit(Limit::concurrency("a", 1));
                wf.limit(Limit::concurrency("b", 1));
                for (name, outer, inner) in [("ab", "a", "b"), ("ba", "b", "a")] {
                    let flow = wf.flow(name, |body| {
                        let first = body.call(|| std::thread::sleep(Duration::from_millis(20)), ());
                        body.call(|| (), ()).after(&first).needs(inner, 1)
                    });
                    drop(flow.needs(outer, 1).keep());
                }
                let plan = plan(wf);
                let mut options = RunOptions::default();
                options.deadline = deadline;
                let (report, _) = watch(&workers, &plan, options);
                // With one worker the second may begin when the first has ended.
                assert!(report.counts.failed <= 1);
                if report.counts.failed == 1 {
                    let error = &report.failures[0].error;
                    assert_eq!((error.class(), error.code()), (ErrorClass::LIMIT, "deadlock"));
                }
            }
        }
    });
}
