//! How much memory maps take beyond what goes in and comes out. A binary of its own, whose
//! allocator counts.
#![expect(
    clippy::unwrap_used,
    reason = "helpers of tests are tests, though clippy does not see it"
)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError};

use terrace_core::{
    Args, Draft, Expr, FlowDraft, FlowStyle, InputDraft, InputId, InputRole, Map, NoTasks,
    NodeDraft, NodeId, OutputDraft, Plan, Port, ReduceDraft, Ref, RepeatDraft, Root, Signature,
    Task, TaskChoice, TaskError, TaskRef, Type, Value,
};
use terrace_scheduler::{PathChoice, RunOptions, RunStatus, Scheduler, TaskContext};

/// Counts the bytes that are allocated, and the most there were.
struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

fn grew(bytes: usize) {
    let now = NOW.fetch_add(bytes, Ordering::Relaxed) + bytes;
    MOST.fetch_max(now, Ordering::Relaxed);
}

// SAFETY: all is passed on to the system's allocator; counting allocates nothing.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grew(layout.size());
        // SAFETY: passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: passed on.
        unsafe { System.dealloc(at, layout) }
    }

    unsafe fn realloc(&self, at: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Not both at once: where the system moves it, it is the system that holds both.
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        grew(size);
        // SAFETY: passed on.
        unsafe { System.realloc(at, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// One test at a time: they share the count.
static ALONE: Mutex<()> = Mutex::new(());

const PATHS: [PathChoice; 2] = [PathChoice::Fast, PathChoice::Dispatcher];

/// What a value takes in a list.
const SLOT: usize = size_of::<Value>();

struct Add;

impl Task for Add {
    fn call(&self, _: &TaskContext<'_>, args: &mut [Value]) -> Result<Value, TaskError> {
        Ok(Value::from(args.iter().filter_map(Value::as_i64).sum::<i64>()))
    }
}

fn add(ports: usize) -> TaskRef {
    let ports = (0..ports).map(|at| Port::new(format!("p{at}"), Type::Any)).collect();
    let signature = Arc::new(Signature { ports, ..Signature::default() });
    TaskRef { name: "add".into(), signature, body: Arc::new(Add), pack: None }
}

/// The first input of any body.
static ITEM: LazyLock<InputId> = LazyLock::new(|| {
    let inputs = vec![InputDraft::new("item", Type::Any)];
    let draft = Draft { inputs, ..Draft::default() };
    draft.validate(&NoTasks).unwrap().input("item").unwrap()
});

fn item() -> Expr {
    Expr::Ref(Ref::new(Root::Input(*ITEM)))
}

fn output(at: usize) -> Expr {
    Expr::Ref(Ref::new(Root::Node(NodeId::at(at).unwrap())))
}

/// A body of some nodes, each adding to what the one before gave.
fn body(nodes: usize) -> Draft {
    let input = InputDraft { role: InputRole::Local, ..InputDraft::new("item", Type::Any) };
    let node = |at: usize| {
        let arg = if at == 0 { item() } else { output(at - 1) };
        NodeDraft::new(TaskChoice::Inline(add(1)), Args::Positional(vec![arg]))
    };
    Draft {
        inputs: vec![input],
        nodes: (0..nodes).map(node).collect(),
        result: Some(output(nodes - 1)),
        ..Draft::default()
    }
}

fn map(over: Expr, body: Draft, reduce: bool) -> NodeDraft {
    let mut spec = Map::over(over, *ITEM);
    let task = TaskChoice::Inline(add(2));
    spec.reduce = reduce.then(|| ReduceDraft { task, start: None, span: None });
    let flow = FlowDraft { draft: body, style: FlowStyle::Nodes, captures: Vec::new() };
    let task = TaskChoice::Flow(Box::new(flow));
    let repeat = Some(RepeatDraft::Map(Box::new(spec)));
    NodeDraft { repeat, ..NodeDraft::new(task, Args::Named(Vec::new())) }
}

fn numbers(n: usize) -> Expr {
    Expr::Const(Value::list((0..n as i64).map(Value::from).collect()).unwrap())
}

fn plan(node: NodeDraft) -> Arc<Plan> {
    let output = OutputDraft { name: "out".into(), value: output(0), span: None };
    let draft = Draft { nodes: vec![node], outputs: vec![output], ..Draft::default() };
    Arc::new(draft.validate(&NoTasks).unwrap().plan())
}

/// How much a run takes at most, what goes in not counted.
fn peak(scheduler: &Scheduler, plan: &Arc<Plan>, path: PathChoice) -> usize {
    let before = at_rest();
    MOST.store(before, Ordering::Relaxed);
    let report = scheduler.run(plan, RunOptions::default().with_path(path));
    let most = MOST.load(Ordering::Relaxed);
    assert_eq!(report.status, RunStatus::Succeeded);
    most - before
}

/// What is allocated, once nothing changes any more: a thread that was put aside may free what an
/// earlier run held only now.
fn at_rest() -> usize {
    let (mut before, mut same) = (NOW.load(Ordering::Relaxed), 0);
    while same < 10 {
        std::thread::sleep(std::time::Duration::from_millis(2));
        let now = NOW.load(Ordering::Relaxed);
        same = if now == before { same + 1 } else { 0 };
        before = now;
    }
    before
}

/// Nobody else allocates meanwhile.
fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// On both paths.
fn everywhere(workers: &[usize], check: impl Fn(&Scheduler, PathChoice)) {
    for &workers in workers {
        let scheduler = Scheduler::builder().workers(workers).build().unwrap();
        PATHS.iter().for_each(|&path| check(&scheduler, path));
    }
}

#[test]
fn a_million_trivial_items_take_what_their_results_take() {
    let _alone = alone();
    for (items, workers) in [(1_000_000, &[2][..]), (50_000, &[1, 8])] {
        let all = plan(map(numbers(items), body(1), false));
        everywhere(workers, |scheduler, path| {
            let more = peak(scheduler, &all, path) - items * SLOT;
            // What threads keep for themselves, and next to nothing per item.
            assert!(more < items + (64 << 10), "{more} bytes beyond {items} results, {path:?}");
        });
    }
}

#[test]
fn reducing_takes_nothing_per_item() {
    let _alone = alone();
    let few = plan(map(numbers(10_000), body(1), true));
    let many = plan(map(numbers(60_000), body(1), true));
    everywhere(&[1, 2, 8], |scheduler, path| {
        // A fold may be held up by a thread that was put aside in its first item.
        let (few, many) = (peak(scheduler, &few, path), peak(scheduler, &many, path));
        assert!(
            many < few + (4 << 20),
            "{few} bytes for 10,000 items, {many} for 60,000, {path:?}"
        );
    });
}

#[test]
fn frames_are_used_again() {
    let _alone = alone();
    let few = plan(map(numbers(1_000), body(4), false));
    let many = plan(map(numbers(15_000), body(4), false));
    everywhere(&[1, 2, 8], |scheduler, path| {
        let few = peak(scheduler, &few, path) - 1_000 * SLOT;
        let many = peak(scheduler, &many, path) - 15_000 * SLOT;
        assert!(many < few + (1 << 20), "{few} bytes for 1,000 items, {many} for 15,000, {path:?}");
    });
}

/// Maps in maps in maps: what has begun ends before more begins, at every depth.
#[test]
fn nested_maps_take_what_is_on_its_way() {
    let _alone = alone();
    let nested = |n: usize| {
        let mut inner = body(2);
        for _ in 0..3 {
            let mut outer = body(2);
            outer.nodes[0] = map(numbers(n), inner, true);
            inner = outer;
        }
        plan(map(numbers(n), inner, true))
    };
    let many = nested(10);
    // One frame per item that was opened before the first ended would be some megabytes.
    everywhere(&[1, 2, 8], |scheduler, path| {
        let many = peak(scheduler, &many, path);
        assert!(many < 256 << 10, "{many} bytes with {} workers, {path:?}", scheduler.workers());
    });
}
