//! What tasks of a loaded pack cost in a run, besides what they do.
//!
//! `terrace-bench-packs [NODES [MILLISECONDS]] [--pack FILE]` runs graphs of `bench/sum0` to `sum8` on one thread, and
//! in turns with each a plain loop that calls the very same functions of the same `.so`, with
//! arguments that lie ready. The difference is what the engine takes. Then one call by itself.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, reason = "it is a command, and prints its result")]

use std::error::Error;
use std::hint::black_box;
use std::sync::Arc;
use std::time::Duration;

use terrace::Engine;
use terrace::api::{TaskCall, TaskContext, TaskResult, Value, status};
use terrace::core::{Catalog, Handle, Plan, Task};
use terrace::host::Pack;
use terrace::scheduler::{RunOptions, Scheduler, Timing};
use terrace_bench_packs::turns::{Turn, in_turns};
use terrace_bench_packs::{Entries, built};
use terrace_bench_protocol::lap::Laps;
use terrace_bench_protocol::{Graph, machine};

type Done<T> = Result<T, Box<dyn Error>>;

const SHAPES: [&str; 3] = ["chain", "layer64", "random4"];
/// The ports of the pack's sums.
const PORTS: [&str; 8] = ["a", "b", "c", "d", "e", "f", "g", "h"];

fn main() -> Done<()> {
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let ours = built::bench_pack(&mut args)?;
    let mut numbers = args.iter().map(|number| number.parse::<u64>());
    let nodes = usize::try_from(numbers.next().transpose()?.unwrap_or(10_000))?.max(1);
    let budget = Duration::from_millis(numbers.next().transpose()?.unwrap_or(1_000));

    let math = built::shipped("terrace-pack-math", "libterrace_pack_math.so")?;
    let engine = Engine::builder().workers(1).pack_file(ours).pack_file(math).build()?;

    println!("{nodes} nodes, 1 thread, load {:.1}: ns, least / median", machine::load());
    println!("{:8} {:>15} {:>15} {:>15}", "", "run", "plain loop", "overhead");
    for shape in SHAPES {
        let graph = Graph::make(shape, nodes).ok_or("no such shape")?;
        let mut bare = Loop::new(&engine, &graph)?;
        let expected = bare.last;
        let mut run = Run { plan: plan(&engine, &graph)?, scheduler: engine.scheduler(), expected };
        let laps = in_turns(&mut [&mut run, &mut bare], graph.len(), budget)?;
        let (run, bare) = (laps[0], laps[1]);
        let more = (run.min - bare.min, run.median - bare.median);
        let cells = [both(run.min, run.median), both(bare.min, bare.median), both(more.0, more.1)];
        println!("{shape:8} {:>15} {:>15} {:>15}", cells[0], cells[1], cells[2]);
    }

    println!("\none call of add(i64, i64): ns, least / median");
    let task = |name: &str| {
        let found = engine.registry().find(name).map(|found| found.body);
        found.ok_or_else(|| format!("no pack has `{name}`"))
    };
    let call = entry(&engine, "add")?;
    let mut ways: [(&str, Box<dyn Turn>); 5] = [
        ("checked_add", Box::new(Direct { calls: nodes })),
        ("pointer, arguments ready", Box::new(Ready { call, calls: nodes, args: Vec::new() })),
        ("pointer, arguments made", Box::new(Pointer { call, calls: nodes })),
        ("as a task", Box::new(Called { task: task("bench/add")?, calls: nodes })),
        ("math/add as a task", Box::new(Called { task: task("math/add")?, calls: nodes })),
    ];
    let mut turns: Vec<&mut dyn Turn> = Vec::new();
    let mut names = Vec::new();
    for (name, way) in &mut ways {
        names.push(*name);
        turns.push(&mut **way);
    }
    let laps = in_turns(&mut turns, nodes, budget)?;
    for (name, Laps { min, median, .. }) in names.iter().zip(laps) {
        println!("{name:28} {:>15}", both(min, median));
    }
    println!("load {:.1}", machine::load());
    Ok(())
}

fn both(min: f64, median: f64) -> String {
    format!("{min:.1} / {median:.1}")
}

/// A workflow of the pack's sums: each node adds up what it depends on.
fn plan(engine: &Engine, graph: &Graph) -> Done<Arc<Plan>> {
    let wf = engine.workflow("packs");
    let mut handles: Vec<Handle<i64>> = Vec::with_capacity(graph.len());
    for node in 0..graph.len() {
        let on = graph.dependencies(node);
        let task = wf.task(format!("bench/sum{}", on.len()));
        let task = PORTS
            .iter()
            .zip(on)
            .fold(task, |task, (port, &on)| task.arg(*port, &handles[on as usize]));
        handles.push(task.add_as());
    }
    wf.output("last", handles.last().ok_or("no nodes")?);
    Ok(Arc::new(engine.build(wf)?.plan()))
}

/// A run of the engine's.
struct Run<'a> {
    plan: Arc<Plan>,
    scheduler: &'a Scheduler,
    expected: i64,
}

impl Turn for Run<'_> {
    fn lap(&mut self) -> Result<(), String> {
        let options = RunOptions::default().with_timing(Timing::Off);
        let report = self.scheduler.run(&self.plan, options);
        let last = report.output("last").and_then(|last| last.as_ref().ok()?.as_i64());
        if last == Some(self.expected) { Ok(()) } else { Err(format!("{report:?}")) }
    }
}

/// The same calls in the same order, and nothing else.
struct Loop {
    /// Each node's function, and how many arguments it has.
    calls: Vec<(TaskCall, usize)>,
    /// All arguments, one node's behind the other's.
    ready: Vec<Value>,
    /// A copy of them, of which calls take.
    args: Vec<Value>,
    last: i64,
}

impl Loop {
    fn new(engine: &Engine, graph: &Graph) -> Done<Self> {
        let sums: Vec<TaskCall> = (0..=PORTS.len())
            .map(|ports| entry(engine, &format!("sum{ports}")))
            .collect::<Done<_>>()?;
        let (mut calls, mut ready, mut values) = (Vec::new(), Vec::new(), Vec::new());
        for node in 0..graph.len() {
            let on = graph.dependencies(node);
            let inputs: Vec<i64> = on.iter().map(|&on| values[on as usize]).collect();
            values.push(inputs.iter().fold(1, |sum: i64, input| sum.wrapping_add(*input)));
            ready.extend(inputs.into_iter().map(Value::from));
            calls.push((*sums.get(on.len()).ok_or("too many dependencies")?, on.len()));
        }
        let last = *values.last().ok_or("no nodes")?;
        Ok(Self { calls, args: ready.clone(), ready, last })
    }
}

impl Turn for Loop {
    fn prepare(&mut self) {
        self.args.clone_from(&self.ready);
    }

    fn lap(&mut self) -> Result<(), String> {
        let context = TaskContext::detached();
        let mut rest = self.args.as_mut_slice();
        let mut last = None;
        for &(call, ports) in &self.calls {
            let (args, more) = rest.split_at_mut(ports);
            rest = more;
            last = Some(called(call, &context, args)?);
        }
        if last == Some(self.last) { Ok(()) } else { Err(format!("a loop gave {last:?}")) }
    }
}

/// Calls a task's function, as whoever has it must.
#[inline]
fn called(call: TaskCall, context: &TaskContext<'_>, args: &mut [Value]) -> Result<i64, String> {
    let mut result = TaskResult::Empty;
    let status = call(context, args.as_mut_ptr(), args.len(), &mut result);
    match (status, result) {
        (status::OK, TaskResult::Value(value)) => value.as_i64().ok_or_else(|| "no number".into()),
        (_, result) => Err(format!("{result:?}")),
    }
}

/// The function of a task of the pack, by its name.
fn entry(engine: &Engine, name: &str) -> Done<TaskCall> {
    let packs = engine.registry().packs();
    let pack: &Pack = packs.iter().find(|pack| pack.id().name == "bench").ok_or("no pack")?;
    let entries = pack.interface::<Entries>()?.ok_or("an older pack")?;
    let mut all = (0..).map_while(|at| (entries.entry)(at));
    let entry = all.find(|entry| entry.name.as_str() == name);
    Ok(entry.ok_or_else(|| format!("the pack has no `{name}`"))?.call)
}

/// The addition alone.
struct Direct {
    calls: usize,
}

impl Turn for Direct {
    fn lap(&mut self) -> Result<(), String> {
        for _ in 0..self.calls {
            black_box(black_box(2_i64).checked_add(black_box(3)));
        }
        Ok(())
    }
}

/// The function of the pack, with arguments that were made before.
struct Ready {
    call: TaskCall,
    calls: usize,
    args: Vec<[Value; 2]>,
}

impl Turn for Ready {
    fn prepare(&mut self) {
        self.args.clear();
        self.args.resize_with(self.calls, || [Value::from(2_i64), Value::from(3_i64)]);
    }

    fn lap(&mut self) -> Result<(), String> {
        let context = TaskContext::detached();
        for args in &mut self.args {
            black_box(called(self.call, &context, args)?);
        }
        Ok(())
    }
}

/// The same with arguments that are made for the call.
struct Pointer {
    call: TaskCall,
    calls: usize,
}

impl Turn for Pointer {
    fn lap(&mut self) -> Result<(), String> {
        let context = TaskContext::detached();
        for _ in 0..self.calls {
            // What was given is taken: null is left behind.
            let mut args = [Value::from(2_i64), Value::from(3_i64)];
            black_box(called(self.call, &context, black_box(&mut args))?);
        }
        Ok(())
    }
}

/// The task as the engine has it.
struct Called {
    task: Arc<dyn Task>,
    calls: usize,
}

impl Turn for Called {
    fn lap(&mut self) -> Result<(), String> {
        let context = TaskContext::detached();
        let mut out = Value::Null;
        for _ in 0..self.calls {
            let mut args = [Value::from(2_i64), Value::from(3_i64)];
            let called = self.task.call_into(&context, black_box(&mut args), &mut out);
            called.map_err(|error| error.to_string())?;
            black_box(&out);
        }
        Ok(())
    }
}
