//! What running costs per node and per item, on one worker: the shapes, a map, and then one shape
//! with one thing at a time that somebody may ask for. What is not asked for must cost nothing.
//!
//! Two workers are compared in `bench/peers`: below a microsecond only processes in turns tell.
#![forbid(unsafe_code)]

use std::hint::black_box;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput};
use terrace_bench_protocol::{Graph, SHAPES};
use terrace_core::{EventKinds, Handle, Lane, Limit, NoTasks, Plan, Retry, WorkflowBuilder};
use terrace_scheduler::{
    Event, Observer, Order, PathChoice, RunOptions, RunStatus, Scheduler, Timing,
};

const NODES: usize = 10_000;
/// An attempt with a timeout runs on a thread of its own: fewer of them are enough.
const TIMED_NODES: usize = 500;

type Group<'c> = BenchmarkGroup<'c, WallTime>;

fn main() {
    let mut criterion = Criterion::default()
        .warm_up_time(Duration::from_millis(200))
        .measurement_time(Duration::from_millis(800))
        .sample_size(10)
        .configure_from_args();
    let scheduler = Scheduler::builder().workers(1).build().expect("a thread");
    shapes(&mut criterion.benchmark_group("run"), &scheduler);
    maps(&mut criterion.benchmark_group("map"), &scheduler);
    asked_for(&mut criterion.benchmark_group("asked-for"), &scheduler);
    criterion.final_summary();
}

/// As little as there can be.
fn plain() -> RunOptions {
    RunOptions::default().with_timing(Timing::Off)
}

fn shapes(group: &mut Group<'_>, scheduler: &Scheduler) {
    for shape in SHAPES {
        let plan = plan(shape, NODES, |_| {}, |handle| handle);
        row(group, shape, scheduler, &plan, &plain());
    }
}

fn maps(group: &mut Group<'_>, scheduler: &Scheduler) {
    for (name, nodes) in [("one-task", 1), ("two-tasks", 2)] {
        let wf = WorkflowBuilder::new("bench");
        let out = wf.map(0..NODES as i64, |body, item| {
            let next = |from: &Handle<i64>| body.call(|x: i64| x + 1, (from,));
            (1..nodes).fold(next(&item), |last, _| next(&last))
        });
        wf.output("out", &out);
        let plan = Arc::new(wf.build(&NoTasks).expect("a right workflow").plan());
        row_of(group, name, scheduler, &plan, &plain(), NODES);
    }
}

/// The same graph each time, with one thing asked for.
fn asked_for(group: &mut Group<'_>, scheduler: &Scheduler) {
    let graph = |limit: fn(&WorkflowBuilder), say: fn(Handle<()>) -> Handle<()>| {
        plan("layer64", NODES, limit, say)
    };
    let nothing = graph(|_| {}, |handle| handle);
    row(group, "nothing", scheduler, &nothing, &plain());
    let dispatcher = plain().with_path(PathChoice::Dispatcher);
    row(group, "nothing, ordered", scheduler, &nothing, &dispatcher);
    row(group, "levels", scheduler, &nothing, &plain().with_order(Order::Levels));
    row(group, "max_concurrent", scheduler, &nothing, &plain().with_max_concurrent(64));
    row(group, "deadline", scheduler, &nothing, &plain().with_deadline(Duration::from_secs(600)));
    row(group, "timing", scheduler, &nothing, &RunOptions::default());
    for (name, kinds) in
        [("observer of the run", EventKinds::RUN), ("observer of all", EventKinds::ALL)]
    {
        let observer = Arc::new(Counting { kinds, seen: AtomicUsize::new(0) });
        row(group, name, scheduler, &nothing, &plain().with_observer(observer));
    }
    let urgent = graph(|_| {}, |handle| handle.priority(1));
    row(group, "priority", scheduler, &urgent, &plain());
    let retried = graph(|_| {}, |handle| handle.retry(Retry::attempts(3)));
    row(group, "retry", scheduler, &retried, &plain());
    let limited =
        graph(|wf| wf.limit(Limit::concurrency("few", 4)), |handle| handle.needs("few", 1));
    row(group, "limit", scheduler, &limited, &plain());
    let timed =
        plan("layer64", TIMED_NODES, |_| {}, |handle| handle.timeout(Duration::from_secs(60)));
    row(group, "timeout", scheduler, &timed, &plain());
    let blocking = plan("layer64", TIMED_NODES, |_| {}, |handle| handle.on_lane(Lane::Blocking));
    row(group, "blocking", scheduler, &blocking, &plain());
}

struct Counting {
    kinds: EventKinds,
    seen: AtomicUsize,
}

impl Observer for Counting {
    fn event(&self, _: &Event) {
        self.seen.fetch_add(1, Ordering::Relaxed);
    }
    fn wants(&self) -> EventKinds {
        self.kinds
    }
}

fn plan(
    shape: &str,
    nodes: usize,
    rules: impl FnOnce(&WorkflowBuilder),
    say: impl Fn(Handle<()>) -> Handle<()>,
) -> Arc<Plan> {
    let graph = Graph::make(shape, nodes).expect("a known shape");
    let wf = WorkflowBuilder::new("bench");
    rules(&wf);
    let mut handles: Vec<Handle<()>> = Vec::with_capacity(graph.len());
    for node in 0..graph.len() {
        let handle = say(wf.call(|| black_box(()), ()));
        let on = graph.dependencies(node).iter();
        handles.push(on.fold(handle, |handle, &on| handle.after(&handles[on as usize])));
    }
    Arc::new(wf.build(&NoTasks).expect("a right workflow").plan())
}

fn row(group: &mut Group<'_>, name: &str, on: &Scheduler, plan: &Arc<Plan>, options: &RunOptions) {
    row_of(group, name, on, plan, options, plan.len());
}

fn row_of(
    group: &mut Group<'_>,
    name: &str,
    scheduler: &Scheduler,
    plan: &Arc<Plan>,
    options: &RunOptions,
    units: usize,
) {
    group.throughput(Throughput::Elements(units as u64));
    group.bench_function(name, |bench| {
        // Dropping the report is part of it: reports that pile up would measure the allocator.
        bench.iter(|| {
            let report = scheduler.run(plan, options.clone());
            assert_eq!(report.status, RunStatus::Succeeded, "{name}");
        });
    });
}
