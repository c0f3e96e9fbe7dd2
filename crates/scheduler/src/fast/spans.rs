//! [`Span`]: nodes that follow each other and call tasks of one type, which take and give nothing, or
//! a few values that surely have no heap. They are run by one call ([`terrace_core::Series`]): for the
//! smallest nodes, the call of each is most of what it costs.

use std::ops::Range;

use terrace_core::{Plan, PlanIndex, SeriesEnd, TaskError, Type, Value};

use super::fence::Light;
use super::program::{self, Arg, ELSEWHERE, Feed, Op, PLAIN, Program};
use super::sequence::Sequence;
use crate::attempt::NodeHost;
use crate::frame::{Outputs, discard};

/// Of a node that is part of none.
pub(super) const NO_SPAN: u32 = u32::MAX;

/// Fewer nodes than this are called one by one.
const FEW: usize = 4;

/// Nodes from some other node on, up to `end`.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(terrace_loom, expect(dead_code, reason = "there are no series"))]
pub(super) struct Span {
    pub(super) end: u32,
    /// The number of the type of their tasks.
    kind: u32,
    first: u32,
    /// Where the task of the first lies, where those of the others follow side by side.
    row: Option<u32>,
    /// How many values each of them takes; where they give nothing, none.
    each: u32,
    /// Where those of the first stand in [`Program::reads`].
    reads: u32,
}

/// Whether a node surely gives a value without heap.
fn is_plain(op: &Op) -> bool {
    op.fits & !(PLAIN | ELSEWHERE) == 0
}

/// How many values a node takes, where it may be part of one; none where it gives nothing.
fn fed(program: &Program, ops: &[Op], at: usize) -> Option<u32> {
    let op = &ops[at];
    let surely = |arg: &Arg| arg.output().is_some_and(|source| is_plain(&ops[source as usize]));
    match op.feed {
        Feed::Nothing if !op.is_read && op.plain.has(&Value::Null) => Some(0),
        Feed::Few | Feed::Lent if is_plain(op) && op.args().len() <= program::FEW => {
            let args = &program.args[op.args()];
            args.iter().all(surely).then_some(args.len() as u32)
        }
        _ => None,
    }
}

/// Finds the spans of a plan, and says of each node in which it is.
pub(super) fn find(plan: &Plan, program: &mut Program, ops: &mut [Op]) {
    let place = |at: usize| plan.task_place(PlanIndex::new(at as u32));
    if place(0).is_none() {
        return;
    }
    let (mut spans, mut reads) = (Vec::new(), Vec::new());
    let mut places = Vec::with_capacity(ops.len());
    let mut first = 0;
    // The type of the tasks from `first` on, and how many values they take, where they may be one.
    let mut open = None;
    for at in 0..=ops.len() {
        let found = if at < ops.len() { place(at) } else { None };
        let each = found.and_then(|_| fed(program, ops, at));
        let alike = found.zip(each).map(|((kind, _), each)| (kind, each));
        places.extend(found.map(|(_, place)| place));
        if alike == open && alike.is_some() {
            continue;
        }
        if let Some((kind, each)) = open.filter(|_| at - first >= FEW) {
            let (end, row, reads_from) = (at as u32, row(&places[first..at]), reads.len() as u32);
            let span = Span { end, kind, first: first as u32, row, each, reads: reads_from };
            for op in &mut ops[first..at] {
                op.span = spans.len() as u32;
                reads.extend(program.args[op.args()].iter().filter_map(Arg::output));
            }
            spans.push(span);
        }
        (first, open) = (at, alike);
    }
    if !spans.is_empty() {
        if spans.iter().any(|span| span.row.is_none()) {
            program.places = places.into();
        }
        program.spans = spans.into();
        program.reads = reads.into();
    }
}

/// The span of a plan that is nothing but one, and the places of its tasks, where these do not lie
/// side by side.
pub(super) fn whole(plan: &Plan) -> Option<(Span, Box<[u32]>)> {
    let first = PlanIndex::new(0);
    let (kind, _) = plan.task_place(first)?;
    let gives_null = matches!(plan.signature(first).output, Type::Null);
    let is_bare = |at| plan.ports(at) == 0 && plan.uses(at) == 0;
    if plan.len() < FEW || !gives_null || !plan.indices().all(is_bare) {
        return None;
    }
    let of_kind = |(other, place)| (other == kind).then_some(place);
    let places = plan.indices().map(|at| plan.task_place(at).and_then(of_kind));
    let places: Box<[u32]> = places.collect::<Option<_>>()?;
    let row = row(&places);
    let span = Span { end: plan.len() as u32, kind, first: 0, row, each: 0, reads: 0 };
    Some((span, if row.is_some() { Box::default() } else { places }))
}

/// The first of some places, where they lie side by side: nodes that run in the order in which they
/// were built.
fn row(places: &[u32]) -> Option<u32> {
    let in_order = places.windows(2).all(|pair| pair[1] == pair[0] + 1);
    places.first().copied().filter(|_| in_order)
}

/// How far a part of a span was run.
pub(super) enum Ran {
    /// All of it.
    All,
    /// Up to this node, which has not begun: somebody wants what is left.
    Before(u32),
    /// Up to this node, which has not begun, and is to be run by itself.
    Other(u32),
    /// This node failed.
    Failed(u32, TaskError),
}

/// What spans are run with.
#[cfg_attr(terrace_loom, expect(dead_code, reason = "there are no series"))]
pub(super) struct Runner<'a, F> {
    pub(super) plan: &'a Plan,
    pub(super) program: &'a Program,
    /// Says where it is.
    pub(super) sequence: &'a Sequence,
    pub(super) fence: F,
    pub(super) host: &'a NodeHost<'a>,
    pub(super) outputs: Outputs<'a>,
}

impl<F: Light> Runner<'_, F> {
    /// Runs nodes of one span. `out`: where they leave what nobody takes.
    ///
    /// # Safety
    /// The caller holds them all, and the first waits for nothing.
    pub(super) unsafe fn run(&self, span: Span, nodes: Range<u32>, out: &mut Value) -> Ran {
        let mut first = nodes.start;
        while first < nodes.end {
            // SAFETY: passed on.
            let node = match unsafe { self.series(span, first..nodes.end, out) } {
                Some(SeriesEnd::Done) => break,
                Some(SeriesEnd::Other(node)) => return Ran::Other(node),
                Some(SeriesEnd::Stopped(node)) => return Ran::Before(node),
                Some(SeriesEnd::Paused(node)) => node,
                Some(SeriesEnd::Failed(node, error)) => {
                    discard(std::mem::take(self.out_of(span, node, out)));
                    return Ran::Failed(node, error);
                }
                // The kind was the plan's own word.
                None => return Ran::Before(first),
            };
            self.host.end_attempt();
            let out = self.out_of(span, node, out);
            if let Err(error) = self.program.keep(self.plan, node, out) {
                return Ran::Failed(node, error);
            }
            first = node + 1;
        }
        Ran::All
    }

    /// As [`Self::run`], up to the first node after which there is something to be done.
    ///
    /// # Safety
    /// As [`Self::run`].
    #[cfg(not(terrace_loom))]
    unsafe fn series(&self, span: Span, nodes: Range<u32>, out: &mut Value) -> Option<SeriesEnd> {
        use terrace_core::{SeriesTasks, SeriesValues};

        let ctx = terrace_plugin_api::TaskContext::new(self.host);
        let (at, stop) = self.sequence.words();
        let (fenced, pause) = (self.fence.is_real(), self.host.has_folder());
        let way = terrace_core::Way { ctx: &ctx, first: nodes.start, at, stop, fenced, pause };
        let tasks = match span.row {
            Some(row) => SeriesTasks::Row {
                first: row + (nodes.start - span.first),
                count: nodes.end - nodes.start,
            },
            None => SeriesTasks::At(&self.program.places[nodes.start as usize..nodes.end as usize]),
        };
        let values = match span.each {
            0 => SeriesValues::None(out),
            each => {
                let [from, to] =
                    [nodes.start, nodes.end].map(|at| span.reads + (at - span.first) * each);
                let reads = &self.program.reads[from as usize..to as usize];
                // SAFETY: passed on.
                SeriesValues::Some(unsafe { self.outputs.slots(nodes.start, reads, each as usize) })
            }
        };
        self.plan.run_series(span.kind, terrace_core::Series { tasks, way, values })
    }

    /// Where a node leaves what it gives.
    fn out_of<'o>(&'o self, span: Span, node: u32, out: &'o mut Value) -> &'o mut Value {
        match span.each {
            0 => out,
            // SAFETY: it is this thread's until those behind it begin.
            _ => unsafe { self.outputs.own(node) },
        }
    }

    /// Where steps are modelled there are no spans: a series takes them by itself.
    ///
    /// # Safety
    /// Nothing to see to.
    #[cfg(terrace_loom)]
    unsafe fn series(&self, _: Span, _: Range<u32>, _: &mut Value) -> Option<SeriesEnd> {
        None
    }
}
