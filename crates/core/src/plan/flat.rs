//! Compiling a flat graph: three passes over its edges.

use std::sync::{Arc, OnceLock};

use super::inner::Inner;
use super::kept::Kept;
use super::{Plan, PlanIndex};
use crate::expr::{Expr, NodeId};
use crate::flat::{Flat, Lists};
use crate::level::Levels;
use crate::workflow::Workflow;

impl Plan {
    /// The plan of all nodes of a workflow.
    pub(super) fn of_flat(workflow: &Workflow, flat: &Arc<Flat>, ends: &[&Expr]) -> Self {
        let depends = flat.depends();
        let mut order = Order::find(workflow, flat, &depends);
        let (node_ids, places) = order.numbers();
        let mut plan = Self {
            workflow: workflow.clone(),
            len: flat.len() as u32,
            node_ids,
            places,
            level_starts: order.level_starts,
            successor_starts: Vec::new(),
            successors: Vec::new(),
            in_degrees: order.in_degrees,
            source_starts: Vec::new(),
            sources: Vec::new(),
            uses: Vec::new(),
            tails: OnceLock::new(),
            lanes: Vec::new(),
            blocking: 0,
            readable: Vec::new(),
            unneeded: Vec::new(),
            inner: Inner::flat(),
            kept: Kept::default(),
        };
        plan.connect_flat(&depends, order.out_degrees);
        if flat.has_args() {
            plan.find_sources(flat);
        }
        plan.keep_flat(flat, ends);
        plan
    }

    /// Successors, given how many each node has, by id.
    fn connect_flat(&mut self, depends: &Lists, out_degrees: Vec<u32>) {
        let mut starts = out_degrees;
        if !self.node_ids.is_empty() {
            let mut by_place = Vec::with_capacity(self.len() + 1);
            by_place.extend(self.node_ids.iter().map(|id| starts[id.index()]));
            starts = by_place;
            let in_degrees = self.node_ids.iter().map(|id| self.in_degrees[id.index()]);
            self.in_degrees = in_degrees.collect();
        }
        let mut next = 0;
        for start in &mut starts {
            (*start, next) = (next, next + *start);
        }
        let mut successors = vec![PlanIndex(0); depends.items()];
        let mut add = |at: usize, on: usize| {
            let slot = &mut starts[on];
            successors[*slot as usize] = PlanIndex(at as u32);
            *slot += 1;
        };
        if self.node_ids.is_empty() {
            depends.each(self.len(), |at, on| on.iter().for_each(|&on| add(at, on as usize)));
        } else {
            for (at, id) in self.node_ids.iter().enumerate() {
                let on = depends.of(id.index()).iter();
                on.for_each(|&on| add(at, self.places[on as usize] as usize));
            }
        }
        self.successors = successors;
        // Each has gone on to where the next began.
        starts.insert(0, 0);
        self.successor_starts = starts;
    }

    /// Which outputs each node reads, and how often each is read.
    fn find_sources(&mut self, flat: &Flat) {
        self.uses = vec![0; self.len()];
        self.source_starts.reserve_exact(self.len() + 1);
        self.source_starts.push(0);
        for at in (0..self.len).map(PlanIndex) {
            let id = self.id(at);
            let (sources, uses, places) = (&mut self.sources, &mut self.uses, &self.places);
            flat.each_source(id, |on| {
                let place = places.get(on.index()).map_or(on.0, |place| *place);
                uses[place as usize] += 1;
                sources.push(PlanIndex(place));
            });
            self.source_starts.push(self.sources.len() as u32);
        }
    }

    /// What stays readable.
    fn keep_flat(&mut self, flat: &Flat, ends: &[&Expr]) {
        let mut readable = Vec::new();
        let mut keep = |id: NodeId| {
            readable.resize(flat.len(), false);
            readable[id.index()] = true;
        };
        flat.each_kept(&mut keep);
        ends.iter().for_each(|end| end.each_node(&mut keep));
        if readable.is_empty() {
            return;
        }
        self.readable = self.indices().map(|at| readable[self.id(at).index()]).collect();
        self.uses.resize(self.len(), 0);
        for (uses, readable) in self.uses.iter_mut().zip(&self.readable) {
            *uses += u32::from(*readable);
        }
    }
}

/// In what order nodes run. By id.
struct Order {
    levels: Vec<u32>,
    level_starts: Vec<u32>,
    in_degrees: Vec<u32>,
    out_degrees: Vec<u32>,
    /// Whether no node has a lower level than one that was built before.
    as_built: bool,
}

impl Order {
    fn find(workflow: &Workflow, flat: &Flat, depends: &Lists) -> Self {
        let n = flat.len();
        let mut in_degrees = Vec::with_capacity(n);
        let mut out_degrees = Vec::with_capacity(n + 1);
        out_degrees.resize(n, 0);
        let mut levels: Vec<u32> = vec![0; n];
        let (mut last, mut deepest, mut as_built) = (0, 0, true);
        let known: Option<&Levels> = (!flat.is_forward()).then(|| workflow.levels());
        depends.each(n, |id, on| {
            let mut level = 0;
            for &on in on {
                out_degrees[on as usize] += 1;
                level = level.max(levels[on as usize] + 1);
            }
            if let Some(known) = known {
                level = known.of(NodeId(id as u32)) as u32;
            }
            in_degrees.push(on.len() as u32);
            levels[id] = level;
            as_built &= level >= last;
            last = level;
            deepest = deepest.max(level);
        });
        let mut starts = vec![0; if n == 0 { 1 } else { deepest as usize + 2 }];
        levels.iter().for_each(|level| starts[*level as usize + 1] += 1);
        for level in 1..starts.len() {
            starts[level] += starts[level - 1];
        }
        Self { levels, level_starts: starts, in_degrees, out_degrees, as_built }
    }

    /// The nodes level by level, as built within one, and where each is; nothing where that is the
    /// order in which they were built.
    fn numbers(&mut self) -> (Vec<NodeId>, Vec<u32>) {
        let mut places = std::mem::take(&mut self.levels);
        if self.as_built {
            return (Vec::new(), Vec::new());
        }
        let mut next = self.level_starts.clone();
        let mut node_ids = vec![NodeId(0); places.len()];
        for (id, place) in places.iter_mut().enumerate() {
            let slot = &mut next[*place as usize];
            node_ids[*slot as usize] = NodeId(id as u32);
            *place = *slot;
            *slot += 1;
        }
        (node_ids, places)
    }
}
