//! How much runs at once: of tasks, items, places, bytes and workers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use terrace_core::{Handle, Lane, Limit, NoTasks, WorkflowBuilder};
use terrace_plugin_api::TaskContext;
use terrace_scheduler::{RunOptions, RunStatus, Scheduler};

use super::seen::{Crowd, plan, watch, workers};
use crate::graph::within;

const TASKS: usize = 5;

/// Where tasks stand.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Nodes,
    Items,
    Frames,
    Used,
}

const PLACES: [Place; 4] = [Place::Nodes, Place::Items, Place::Frames, Place::Used];

/// So many tasks that meet, in some place; something is said of each.
fn meeting(
    place: Place,
    tasks: usize,
    lane: Lane,
    crowd: &Arc<Crowd>,
    say: impl Fn(Handle<i64>) -> Handle<i64> + Copy,
    rules: impl Fn(&WorkflowBuilder),
) -> WorkflowBuilder {
    let wf = WorkflowBuilder::new("meeting");
    let node = |wf: &WorkflowBuilder| {
        let crowd = Arc::clone(crowd);
        let meet = move || {
            crowd.meet();
            1_i64
        };
        say(wf.call(meet, ()).on_lane(lane))
    };
    let nodes = |wf: &WorkflowBuilder| (0..tasks).for_each(|_| drop(node(wf).keep()));
    match place {
        Place::Nodes => {
            rules(&wf);
            nodes(&wf);
        }
        Place::Items => {
            rules(&wf);
            wf.output("all", &wf.map(0..tasks as i64, |body, _| node(body)));
        }
        Place::Frames => {
            rules(&wf);
            let all = wf.map(0..tasks as i64, |body, x| {
                let met = node(body);
                body.call(|x: i64, met: i64| x + met, (&x, &met))
            });
            wf.output("all", &all);
        }
        Place::Used => {
            let inner = WorkflowBuilder::new("inner");
            rules(&inner);
            nodes(&inner);
            let inner = inner.build(&NoTasks).unwrap();
            drop(wf.run(&inner).add().keep());
        }
    }
    wf
}

#[test]
fn so_many_tasks_run_at_once_as_may_and_no_fewer() {
    within(120, || {
        for workers in [1, 2, 8].map(workers) {
            for lane in [Lane::Compute, Lane::Blocking] {
                for place in PLACES {
                    let most = match lane {
                        Lane::Compute => workers.workers().min(3),
                        Lane::Blocking => 3,
                    };
                    let crowd = Crowd::new(most, TASKS);
                    let rules = |wf: &WorkflowBuilder| wf.max_concurrent(3);
                    let plan = plan(meeting(place, TASKS, lane, &crowd, |node| node, rules));
                    let (report, _) = watch(&workers, &plan, RunOptions::default());
                    assert_eq!(report.status, RunStatus::Succeeded, "{place:?}");
                    assert_eq!(crowd.most(), most, "{place:?} on {lane:?}");
                }
            }
        }
    });
}

#[test]
fn the_runs_own_number_holds_beside_the_workflows() {
    within(60, || {
        for place in PLACES {
            let crowd = Crowd::new(2, TASKS);
            let rules = |wf: &WorkflowBuilder| wf.max_concurrent(3);
            let plan = plan(meeting(place, TASKS, Lane::Blocking, &crowd, |node| node, rules));
            let options = RunOptions::default().with_max_concurrent(2);
            assert_eq!(watch(&workers(2), &plan, options).0.status, RunStatus::Succeeded);
            assert_eq!(crowd.most(), 2, "{place:?}");
        }
    });
}

#[test]
fn a_named_limit_is_shared_wherever_it_is_needed() {
    within(60, || {
        for workers in [1, 2, 8].map(workers) {
            let crowd = Crowd::new(3, 20);
            let wf = WorkflowBuilder::new("shared");
            wf.limit(Limit::concurrency("service", 3));
            let meet = || {
                let crowd = Arc::clone(&crowd);
                move || {
                    crowd.meet();
                    1_i64
                }
            };
            let one = |wf: &WorkflowBuilder| wf.call(meet(), ()).on_lane(Lane::Blocking);
            for _ in 0..5 {
                drop(one(&wf).needs("service", 1).keep());
            }
            let items = wf.over(0..5).each(|item| item.needs("service", 1));
            drop(items.map(|body, _| one(body)).keep());
            let frames = wf.map(0..5, |body, x| {
                let met = one(body).needs("service", 1);
                body.call(|x: i64, y: i64| x + y, (&x, &met))
            });
            drop(frames.keep());
            let nested = wf.flow("nested", |body| {
                (0..5)
                    .map(|_| one(body).needs("service", 1))
                    .reduce(|a, b| body.call(|a: i64, b: i64| a + b, (&a, &b)))
                    .unwrap()
            });
            drop(nested.keep());
            let (report, _) = watch(&workers, &plan(wf), RunOptions::default());
            assert_eq!(report.status, RunStatus::Succeeded);
            assert_eq!(crowd.most(), 3);
            let [high] = &report.limits[..] else { panic!("{:?}", report.limits) };
            assert_eq!((&*high.name, high.used, high.starts), ("service", 3, 20));
        }
    });
}

#[test]
fn a_map_has_a_number_of_its_own_and_its_items_one_for_the_run() {
    within(60, || {
        for workers in [1, 2, 8].map(workers) {
            let crowd = Crowd::new(2, 6);
            let wf = WorkflowBuilder::new("map");
            let meet = |wf: &WorkflowBuilder| {
                let crowd = Arc::clone(&crowd);
                let meet = move || {
                    crowd.meet();
                    1_i64
                };
                wf.call(meet, ()).on_lane(Lane::Blocking)
            };
            drop(wf.over(0..6).concurrency(2).map(|body, _| meet(body)).keep());
            assert_eq!(
                watch(&workers, &plan(wf), RunOptions::default()).0.status,
                RunStatus::Succeeded
            );
            assert_eq!(crowd.most(), 2);
            // Two maps at once; together no more than what is said of each item.
            let crowd = Crowd::new(3, 12);
            let wf = WorkflowBuilder::new("maps");
            let rows = wf.map(0..3, |body, _| {
                let crowd = Arc::clone(&crowd);
                let meet = move || {
                    crowd.meet();
                    1_i64
                };
                let each = |item: terrace_core::PerItem| item.concurrency(3);
                body.over(0..4)
                    .each(each)
                    .map(|body, _| body.call(meet, ()).on_lane(Lane::Blocking))
            });
            drop(rows.keep());
            assert_eq!(
                watch(&workers, &plan(wf), RunOptions::default()).0.status,
                RunStatus::Succeeded
            );
            assert_eq!(crowd.most(), 3);
        }
    });
}

#[test]
fn a_node_in_several_frames_has_one_number() {
    within(60, || {
        let crowd = Crowd::new(2, 6);
        let say = |node: Handle<i64>| node.concurrency(2);
        let plan = plan(meeting(Place::Frames, 6, Lane::Blocking, &crowd, say, |_| {}));
        assert_eq!(watch(&workers(8), &plan, RunOptions::default()).0.status, RunStatus::Succeeded);
        assert_eq!(crowd.most(), 2);
    });
}

#[test]
fn the_number_of_a_whole_map_is_not_that_of_its_items() {
    within(30, || {
        let wf = WorkflowBuilder::new("both");
        let each = |item: terrace_core::PerItem| item.concurrency(2);
        let map = wf.over(0..5).each(each).map(|body, x| body.call(|x: i64| x, (&x,)));
        drop(map.concurrency(1).keep());
        let (report, _) = watch(&workers(2), &plan(wf), RunOptions::default());
        assert_eq!(report.status, RunStatus::Succeeded, "{:?}", report.failures);
    });
}

/// The limit of a map is forgotten with it, while what ended last is still about to say so.
#[test]
fn many_limited_maps_one_after_the_other() {
    within(120, || {
        for workers in [2, 8].map(workers) {
            for _ in 0..20 {
                let wf = WorkflowBuilder::new("maps");
                let rows = wf.over(0..20).concurrency(4).map(|body, x| {
                    body.over(0..8)
                        .concurrency(3)
                        .map(|body, y| body.call(|x: i64, y: i64| x * y, (&x, &y)))
                });
                let sum =
                    wf.call(|rows: Vec<Vec<i64>>| rows.concat().iter().sum::<i64>(), (&rows,));
                wf.output("sum", &sum);
                let (report, _) = watch(&workers, &plan(wf), RunOptions::default());
                let sum = report.output("sum").unwrap().as_ref().unwrap().as_i64();
                assert_eq!(sum, Some(190 * 28));
            }
        }
    });
}

#[test]
fn as_many_run_as_memory_holds() {
    within(120, || {
        let sizes = [(8_000_000_000, 100_000_000, 80), (8 << 30, 100 << 20, 81)];
        for (all, each, most) in sizes {
            let crowd = Crowd::new(most, 100);
            let rules = |wf: &WorkflowBuilder| wf.limit(Limit::memory("ram", all));
            let say = |node: Handle<i64>| node.needs("ram", each);
            let plan = plan(meeting(Place::Nodes, 100, Lane::Blocking, &crowd, say, rules));
            let (report, _) = watch(&workers(2), &plan, RunOptions::default());
            assert_eq!(report.status, RunStatus::Succeeded);
            assert_eq!(crowd.most(), most);
            assert_eq!(report.limits[0].used, most as u64 * each);
            assert_eq!(report.limits[0].most, Some(all));
        }
    });
}

#[test]
fn a_task_of_several_workers_has_them_alone() {
    within(60, || {
        let scheduler = Scheduler::builder().workers(2).build().unwrap();
        let running = Arc::new(AtomicU32::new(0));
        let wf = WorkflowBuilder::new("cpus");
        for (asks, gets) in [(4, 2), (2, 2), (1, 1), (1, 1), (4, 2), (1, 1)] {
            let running = Arc::clone(&running);
            let node = wf.call(
                move |ctx: &TaskContext<'_>| {
                    assert_eq!(ctx.threads(), gets);
                    let before = running.fetch_add(gets, Ordering::SeqCst);
                    assert!(before + gets <= 2, "{before} are taken");
                    std::thread::sleep(Duration::from_millis(2));
                    running.fetch_sub(gets, Ordering::SeqCst);
                },
                (),
            );
            drop(node.cpus(asks).keep());
        }
        let items = wf.over(0..4).each(|item| item.cpus(2)).map(|body, _| {
            let running = Arc::clone(&running);
            body.call(
                move |ctx: &TaskContext<'_>| {
                    assert_eq!(ctx.threads(), 2);
                    assert_eq!(running.fetch_add(2, Ordering::SeqCst), 0);
                    running.fetch_sub(2, Ordering::SeqCst);
                },
                (),
            )
        });
        drop(items.keep());
        let (report, _) = watch(&scheduler, &plan(wf), RunOptions::default());
        assert_eq!(report.status, RunStatus::Succeeded, "{:?}", report.failures);
    });
}
