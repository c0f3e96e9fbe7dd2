//! [`Workload`]: what is counted. Everything on one thread and with a clock that stands still, so
//! that no decision depends on how fast the machine is.

use std::hint::black_box;
use std::sync::Arc;

use terrace_bench_protocol::Graph;
use terrace_core::{
    Catalog, Draft, Format, Handle, Limit, Native, NoTasks, NodeId, Plan, PlanBuilder, Retry,
    Source, Value, Workflow, WorkflowBuilder,
};
use terrace_plugin_api::TaskContext;
use terrace_plugin_host::Registry;
use terrace_scheduler::{
    Event, ManualClock, Observer, PathChoice, RunOptions, RunStatus, Scheduler, Timing,
};

/// Nodes of a graph, items of a map, calls of a task.
const UNITS: u64 = 10_000;
/// `wave` is square.
const SQUARE: u64 = 100 * 100;

/// One thing that is counted.
pub(crate) struct Workload {
    pub(crate) name: &'static str,
    /// How many nodes, items or calls it has: the count is per each.
    pub(crate) units: u64,
    /// Makes ready what is then done again and again.
    pub(crate) prepare: fn() -> Box<dyn FnMut()>,
}

/// Everything, in the order of the table.
pub(crate) const ALL: [Workload; 25] = [
    Workload { name: "run/chain", units: UNITS, prepare: || run("chain", PathChoice::Auto) },
    Workload { name: "run/fan", units: UNITS, prepare: || run("fan", PathChoice::Auto) },
    Workload { name: "run/layer64", units: UNITS, prepare: || run("layer64", PathChoice::Auto) },
    Workload { name: "run/tree", units: UNITS, prepare: || run("tree", PathChoice::Auto) },
    Workload { name: "run/random4", units: UNITS, prepare: || run("random4", PathChoice::Auto) },
    Workload { name: "run/wave", units: SQUARE, prepare: || run("wave", PathChoice::Auto) },
    Workload { name: "values/chain", units: UNITS, prepare: || values("chain", |x: i64| x + 1) },
    Workload {
        name: "values/layer64",
        units: UNITS,
        prepare: || values("layer64", |x: i64| x + 1),
    },
    Workload { name: "values/text", units: UNITS, prepare: || values("layer64", text) },
    Workload { name: "values/pack", units: UNITS, prepare: pack },
    Workload {
        name: "ordered/layer64",
        units: UNITS,
        prepare: || run("layer64", PathChoice::Dispatcher),
    },
    Workload { name: "ordered/priority", units: UNITS, prepare: || asked(|_, it| it.priority(1)) },
    Workload {
        name: "ordered/retry",
        units: UNITS,
        prepare: || asked(|_, it| it.retry(Retry::attempts(3))),
    },
    Workload { name: "ordered/limit", units: UNITS, prepare: || asked(|_, it| it.needs("few", 1)) },
    Workload { name: "ordered/observer", units: UNITS, prepare: observed },
    Workload { name: "map/one-task", units: UNITS, prepare: || map(1) },
    Workload { name: "map/two-tasks", units: UNITS, prepare: || map(2) },
    Workload { name: "build/write", units: UNITS, prepare: write },
    Workload { name: "build/validate", units: UNITS, prepare: validate },
    Workload { name: "build/plan", units: UNITS, prepare: plan },
    Workload { name: "build/all", units: UNITS, prepare: build },
    Workload { name: "build/number", units: UNITS, prepare: by_number },
    Workload { name: "build/first-run", units: UNITS, prepare: first_run },
    Workload { name: "read/yaml", units: UNITS, prepare: read },
    Workload { name: "call/pack-task", units: UNITS, prepare: call },
];

fn graph(shape: &str) -> Graph {
    Graph::make(shape, UNITS as usize).expect("a known shape")
}

/// Nodes that do nothing, as somebody would write them.
fn written(graph: &Graph) -> WorkflowBuilder {
    written_with(graph, |_, handle| handle)
}

/// The same, with something said of each.
fn written_with(graph: &Graph, say: fn(usize, Handle<()>) -> Handle<()>) -> WorkflowBuilder {
    let wf = WorkflowBuilder::new("count");
    let mut handles: Vec<Handle<()>> = Vec::with_capacity(graph.len());
    for node in 0..graph.len() {
        let handle = say(node, wf.call(|| black_box(()), ()));
        let on = graph.dependencies(node).iter();
        handles.push(on.fold(handle, |handle, &on| handle.after(&handles[on as usize])));
    }
    wf
}

fn valid(wf: WorkflowBuilder) -> Workflow {
    wf.build(&NoTasks).expect("a right workflow")
}

fn run(shape: &str, path: PathChoice) -> Box<dyn FnMut()> {
    runner(&valid(written(&graph(shape))), path)
}

/// Nodes of which each takes the output of one or two others, as somebody would write them.
fn values<T: Native + Default>(shape: &str, step: fn(T) -> T) -> Box<dyn FnMut()> {
    let graph = graph(shape);
    let wf = WorkflowBuilder::new("count");
    let mut handles: Vec<Handle<T>> = Vec::with_capacity(graph.len());
    for node in 0..graph.len() {
        let on: Vec<_> = graph.dependencies(node).iter().map(|&on| &handles[on as usize]).collect();
        handles.push(match on[..] {
            [] => wf.call(T::default, ()),
            [one] => wf.call(step, (one,)),
            [one, other, ..] => wf.call(move |x: T, _: T| step(x), (one, other)),
        });
    }
    runner(&valid(wf), PathChoice::Auto)
}

/// A text as long as the others, which no slot has room for.
fn text(before: String) -> String {
    let mut text = before;
    text.clear();
    text.push_str("as long as all the others are");
    text
}

/// Sums of a pack's task, each with the one before.
fn pack() -> Box<dyn FnMut()> {
    let registry = Registry::new();
    registry.add_static(&terrace_pack_math::pack()).expect("the pack is right");
    let wf = WorkflowBuilder::new("count");
    let add = wf.import::<(f64, f64), f64>("math/add");
    let first = wf.call(|| 1.0, ());
    let last = (1..UNITS).fold(first, |last, _| add.call((&last, 1.0)));
    wf.output("sum", &last);
    runner(&wf.build(&registry).expect("a right workflow"), PathChoice::Auto)
}

/// A graph with something asked for each node, which may take of a limit.
fn asked(say: fn(usize, Handle<()>) -> Handle<()>) -> Box<dyn FnMut()> {
    let wf = written_with(&graph("layer64"), say);
    wf.limit(Limit::concurrency("few", 4));
    runner(&valid(wf), PathChoice::Auto)
}

/// A run whose observer wants everything.
fn observed() -> Box<dyn FnMut()> {
    struct Nobody;
    impl Observer for Nobody {
        fn event(&self, event: &Event) {
            black_box(event);
        }
    }
    let options = RunOptions::default().with_observer(Arc::new(Nobody));
    runner_with(&valid(written(&graph("layer64"))), options)
}

fn map(tasks: usize) -> Box<dyn FnMut()> {
    let wf = WorkflowBuilder::new("count");
    let out = wf.map(0..UNITS as i64, |body, item| {
        let next = |from: &Handle<i64>| body.call(|x: i64| x + 1, (from,));
        (1..tasks).fold(next(&item), |last, _| next(&last))
    });
    wf.output("out", &out);
    runner(&valid(wf), PathChoice::Auto)
}

fn runner(workflow: &Workflow, path: PathChoice) -> Box<dyn FnMut()> {
    runner_with(workflow, RunOptions::default().with_path(path))
}

fn runner_with(workflow: &Workflow, options: RunOptions) -> Box<dyn FnMut()> {
    let plan = Arc::new(workflow.plan());
    let clock = Arc::new(ManualClock::new());
    let scheduler = Scheduler::builder().workers(1).clock(clock).build().expect("a thread");
    let options = options.with_timing(Timing::Off);
    Box::new(move || {
        let report = scheduler.run(&plan, options.clone());
        assert_eq!(report.status, RunStatus::Succeeded);
    })
}

fn write() -> Box<dyn FnMut()> {
    let graph = graph("layer64");
    Box::new(move || drop(black_box(written(&graph).into_draft())))
}

fn validate() -> Box<dyn FnMut()> {
    let draft = written(&graph("layer64")).into_draft();
    // The copy is counted too: validation takes the draft.
    Box::new(move || drop(black_box(draft.clone().validate(&NoTasks).expect("a right workflow"))))
}

fn plan() -> Box<dyn FnMut()> {
    let workflow = valid(written(&graph("layer64")));
    Box::new(move || drop(black_box(workflow.plan())))
}

/// All from the first node to the plan.
fn build() -> Box<dyn FnMut()> {
    let graph = graph("layer64");
    Box::new(move || drop(black_box(valid(written(&graph)).plan())))
}

/// The same graph by number.
fn numbered(graph: &Graph) -> Plan {
    let mut plan = PlanBuilder::with_capacity(graph.len(), graph.edges());
    for node in 0..graph.len() {
        let on = graph.dependencies(node).iter();
        plan.add_after(|| black_box(()), on.filter_map(|&on| NodeId::at(on as usize)));
    }
    plan.build().expect("a right graph")
}

fn by_number() -> Box<dyn FnMut()> {
    let graph = graph("layer64");
    Box::new(move || drop(black_box(numbered(&graph))))
}

/// As `build/number`, and a run of it.
fn first_run() -> Box<dyn FnMut()> {
    let graph = graph("layer64");
    let clock = Arc::new(ManualClock::new());
    let scheduler = Scheduler::builder().workers(1).clock(clock).build().expect("a thread");
    let options = RunOptions::default().with_timing(Timing::Off);
    Box::new(move || {
        let report = scheduler.run(&Arc::new(numbered(&graph)), options.clone());
        assert_eq!(report.status, RunStatus::Succeeded);
    })
}

fn read() -> Box<dyn FnMut()> {
    let source = Source::new("bench.yaml", graph("layer64").to_yaml(), Format::Yaml);
    Box::new(move || drop(black_box(Draft::read(&source).expect("a right file"))))
}

/// A call as a loaded pack's, but for the loader: the same function through the same pointer.
fn call() -> Box<dyn FnMut()> {
    let registry = Registry::new();
    registry.add_static(&terrace_pack_math::pack()).expect("the pack is right");
    let add = registry.find("math/add").expect("math adds").body;
    Box::new(move || {
        let context = TaskContext::detached();
        for _ in 0..UNITS {
            // Its ports take: what is left there is not for another call.
            let mut args = [Value::from(2_i64), Value::from(3_i64)];
            black_box(add.call(&context, black_box(&mut args)).expect("small numbers"));
        }
    })
}
