//! A graph as a workflow.
//!
//! With the bodies `value` and `string` the values go along the edges: a node with up to eight
//! dependencies takes them as arguments, one with more as a list, which is how a person would write
//! it. All other bodies have edges without a value.

use std::sync::Arc;
use std::time::Duration;

use terrace_bench_protocol::work::sum;
use terrace_bench_protocol::{Body, Work, text};
use terrace_core::{Handle, Limit, NoTasks, Problems, Retry, Workflow, WorkflowBuilder};

/// What is asked of every node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ask {
    Nothing,
    Priority,
    Retry,
    Limit,
    Timeout,
}

impl Ask {
    pub(crate) fn of(name: &str) -> Option<Self> {
        Some(match name {
            "nothing" => Self::Nothing,
            "priority" => Self::Priority,
            "retry" => Self::Retry,
            "limit" => Self::Limit,
            "timeout" => Self::Timeout,
            _ => return None,
        })
    }

    fn say<T>(self, handle: Handle<T>) -> Handle<T> {
        match self {
            Self::Nothing => handle,
            Self::Priority => handle.priority(1),
            Self::Retry => handle.retry(Retry::attempts(3)),
            Self::Limit => handle.needs(FEW, 1),
            Self::Timeout => handle.timeout(Duration::from_secs(60)),
        }
    }
}

/// A limit that is hardly ever reached.
const FEW: &str = "few";

/// Builds and validates the workflow of a graph.
///
/// # Errors
/// When there are no nodes or too many of them.
pub(crate) fn of(work: &Arc<Work>, ask: Ask) -> Result<Workflow, Problems> {
    let wf = WorkflowBuilder::new("peer");
    if ask == Ask::Limit {
        wf.limit(Limit::concurrency(FEW, 4));
    }
    match work.body {
        Body::Value => with_values(&wf, work, ask, add_up),
        Body::Text => with_values(&wf, work, ask, add_up_texts),
        Body::Empty | Body::Spin(_) | Body::Uneven(_) => without_values(&wf, work, ask),
    }
    wf.build(&NoTasks)
}

fn without_values(wf: &WorkflowBuilder, work: &Arc<Work>, ask: Ask) {
    let mut handles: Vec<Handle<()>> = Vec::with_capacity(work.graph.len());
    for node in 0..work.graph.len() as u32 {
        let mine = Arc::clone(work);
        // Which body it is is known here, so the call of the closure is the only indirect one, as
        // the call of a function pointer is in the other peers.
        let mut handle = match work.body {
            _ if work.is_tallied() => wf.call(move || mine.count_for_thread(node), ()),
            Body::Spin(_) | Body::Uneven(_) => wf.call(move || mine.spin(node), ()),
            _ => wf.call(move || mine.count(node), ()),
        };
        for &on in work.graph.dependencies(node as usize) {
            handle = handle.after(&handles[on as usize]);
        }
        handles.push(ask.say(handle));
    }
}

/// Adds a node that adds up what others gave.
type AddUp<T> = fn(&WorkflowBuilder, Arc<Work>, u32, Vec<Handle<T>>) -> Handle<T>;

fn with_values<T>(wf: &WorkflowBuilder, work: &Arc<Work>, ask: Ask, add_up: AddUp<T>) {
    let mut handles: Vec<Handle<T>> = Vec::with_capacity(work.graph.len());
    for node in 0..work.graph.len() {
        let on = work.graph.dependencies(node).iter();
        let on: Vec<Handle<T>> = on.map(|&one| handles[one as usize].clone()).collect();
        handles.push(ask.say(add_up(wf, Arc::clone(work), node as u32, on)));
    }
}

/// Calls a closure with as many parameters as there are handles.
macro_rules! call_with {
    ($wf:ident, $type:ty, $number:expr, $keep:ident, $handles:ident; $($name:ident)*) => {{
        let [$($name),*] = $handles.try_into().expect("it was counted");
        $wf.call(move |$($name: $type),*| $keep(sum([$(($number)($name)),*])), ($($name,)*))
    }};
}

/// The same for any number of handles. `$number` makes a number of a value.
macro_rules! call_with_all {
    ($wf:ident, $type:ty, $number:expr, $keep:ident, $on:ident) => {
        match $on.len() {
            0 => $wf.call(move || $keep(sum([])), ()),
            1 => call_with!($wf, $type, $number, $keep, $on; a),
            2 => call_with!($wf, $type, $number, $keep, $on; a b),
            3 => call_with!($wf, $type, $number, $keep, $on; a b c),
            4 => call_with!($wf, $type, $number, $keep, $on; a b c d),
            5 => call_with!($wf, $type, $number, $keep, $on; a b c d e),
            6 => call_with!($wf, $type, $number, $keep, $on; a b c d e f),
            7 => call_with!($wf, $type, $number, $keep, $on; a b c d e f g),
            8 => call_with!($wf, $type, $number, $keep, $on; a b c d e f g h),
            _ => $wf.call(
                move |inputs: Vec<$type>| $keep(sum(inputs.into_iter().map($number))),
                ($on,),
            ),
        }
    };
}

fn add_up(wf: &WorkflowBuilder, work: Arc<Work>, node: u32, on: Vec<Handle<i64>>) -> Handle<i64> {
    // The value goes on along the edges; the cell is what the check looks at.
    let keep = move |value| {
        work.put(node, value);
        value
    };
    call_with_all!(wf, i64, std::convert::identity, keep, on)
}

fn add_up_texts(
    wf: &WorkflowBuilder,
    work: Arc<Work>,
    node: u32,
    on: Vec<Handle<String>>,
) -> Handle<String> {
    let keep = move |value| {
        work.put(node, value);
        text::of(value)
    };
    call_with_all!(wf, String, number, keep, on)
}

fn number(text: String) -> i64 {
    text::number(&text)
}
