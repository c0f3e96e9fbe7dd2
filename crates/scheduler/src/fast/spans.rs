//! [`Span`]: nodes that follow each other, take and give nothing, and call tasks of one type. They are
//! run by one call ([`terrace_core::Series`]): for the smallest nodes, the call of each is most of what it costs.

use std::ops::Range;

use terrace_core::{Plan, PlanIndex, SeriesEnd, TaskError, Type, Value};

use super::fence::Light;
use super::program::{Feed, Op, Program};
use super::sequence::Sequence;
use crate::attempt::NodeHost;
use crate::frame::discard;

/// Of a node that is part of none.
pub(super) const NO_SPAN: u32 = u32::MAX;

/// Fewer nodes than this are called one by one.
const FEW: usize = 4;

/// Nodes from some other node on, up to `end`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Span {
    pub(super) end: u32,
    /// The number of the type of their tasks.
    #[cfg_attr(terrace_loom, expect(dead_code, reason = "there are no series"))]
    kind: u32,
}

/// Whether a node may be part of one.
fn is_bare(op: &Op) -> bool {
    op.feed == Feed::Nothing && !op.is_read && op.plain.has(&Value::Null)
}

/// Finds the spans of a plan, and says of each node in which it is. Gives them, and of each node where
/// its task lies among those of its type.
pub(super) fn find(plan: &Plan, ops: &mut [Op]) -> (Box<[Span]>, Box<[u32]>) {
    let place = |at: usize| plan.task_place(PlanIndex::new(at as u32));
    if place(0).is_none() || !ops.iter().any(is_bare) {
        return Default::default();
    }
    let mut spans = Vec::new();
    let mut places = Vec::with_capacity(ops.len());
    let mut first = 0;
    // The type of the tasks from `first` on, where those are bare.
    let mut open = None;
    for at in 0..=ops.len() {
        let found = if at < ops.len() { place(at) } else { None };
        let kind = found.and_then(|(kind, _)| is_bare(&ops[at]).then_some(kind));
        places.extend(found.map(|(_, place)| place));
        if kind == open && kind.is_some() {
            continue;
        }
        if let Some(kind) = open.filter(|_| at - first >= FEW) {
            ops[first..at].iter_mut().for_each(|op| op.span = spans.len() as u32);
            spans.push(Span { end: at as u32, kind });
        }
        (first, open) = (at, kind);
    }
    if spans.is_empty() {
        return Default::default();
    }
    (spans.into(), places.into())
}

/// The span of a plan that is nothing but one, and the places of its tasks.
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
    let span = Span { end: plan.len() as u32, kind };
    places.collect::<Option<_>>().map(|places| (span, places))
}

/// How far a part of a span was run.
pub(super) enum Ran {
    /// All of it.
    All,
    /// Up to this node, which has not begun: somebody wants what is left.
    Before(u32),
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
}

impl<F: Light> Runner<'_, F> {
    /// Runs nodes of one span. `out`: where they leave what they give.
    pub(super) fn run(&self, span: Span, nodes: Range<u32>, out: &mut Value) -> Ran {
        let mut first = nodes.start;
        while first < nodes.end {
            let node = match self.series(span, first..nodes.end, out) {
                Some(SeriesEnd::Done) => break,
                Some(SeriesEnd::Stopped(node)) => return Ran::Before(node),
                Some(SeriesEnd::Paused(node)) => node,
                Some(SeriesEnd::Failed(node, error)) => {
                    discard(std::mem::take(out));
                    return Ran::Failed(node, error);
                }
                // The kind was the plan's own word.
                None => return Ran::Before(first),
            };
            self.host.end_attempt();
            if let Err(error) = self.program.keep(self.plan, node, out) {
                return Ran::Failed(node, error);
            }
            first = node + 1;
        }
        Ran::All
    }

    /// As [`Self::run`], up to the first node after which there is something to be done.
    #[cfg(not(terrace_loom))]
    fn series(&self, span: Span, nodes: Range<u32>, out: &mut Value) -> Option<SeriesEnd> {
        let ctx = terrace_plugin_api::TaskContext::new(self.host);
        let (at, stop) = self.sequence.words();
        let (fenced, pause) = (self.fence.is_real(), self.host.has_folder());
        let way = terrace_core::Way { ctx: &ctx, first: nodes.start, at, stop, fenced, pause };
        let places = &self.program.places[nodes.start as usize..nodes.end as usize];
        self.plan.run_series(span.kind, terrace_core::Series { places, way, out })
    }

    /// Where steps are modelled there are no spans: a series takes them by itself.
    #[cfg(terrace_loom)]
    fn series(&self, _: Span, _: Range<u32>, _: &mut Value) -> Option<SeriesEnd> {
        None
    }
}
