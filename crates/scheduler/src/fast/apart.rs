//! [`Apart`]: blocks that were taken apart, since a node of theirs takes long: their nodes behind it
//! are units by themselves then, and the block has ended when all of them have.
//!
//! Rare, and so under one lock.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Mutex;

use terrace_core::{Plan, PlanIndex};

use crate::run::lock;

/// The blocks of a run that were taken apart, by number.
#[derive(Default)]
pub(super) struct Apart(Mutex<HashMap<u32, Parts>>);

struct Parts {
    /// The node that takes long, and those behind it.
    nodes: Range<u32>,
    /// How many nodes among these each of them still waits for.
    waiting: Vec<u32>,
    /// Those that wait for none from the start, until somebody takes them.
    free: Vec<u32>,
    /// How many of them have not ended.
    left: usize,
}

impl Parts {
    /// Costs O(nodes + edges) of the block.
    fn of(plan: &Plan, nodes: Range<u32>) -> Self {
        let (waiting, left) = (vec![0; nodes.len()], nodes.len());
        let mut parts = Self { nodes, waiting, free: Vec::new(), left };
        for at in parts.nodes.clone() {
            parts.after(plan, at).for_each(|next| parts.waiting[next] += 1);
        }
        let waiting = parts.nodes.clone().zip(&parts.waiting).skip(1);
        parts.free = waiting.filter(|&(_, &waiting)| waiting == 0).map(|(at, _)| at).collect();
        parts
    }

    /// Those of them that wait for one, by position.
    fn after(&self, plan: &Plan, at: u32) -> impl Iterator<Item = usize> + use<> {
        let nodes = self.nodes.clone();
        let all = plan.successors(PlanIndex::new(at)).iter().map(|next| next.get());
        let inside: Vec<_> = all.filter(|next| nodes.contains(next)).collect();
        inside.into_iter().map(move |next| (next - nodes.start) as usize)
    }
}

/// What follows from the end of a node of a block that was taken apart.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Follows {
    /// These nodes may begin.
    Nodes(Vec<u32>),
    /// The block has ended.
    End,
}

impl Apart {
    /// Takes a block apart from a node on that has begun, where that was not done. Gives the nodes
    /// behind it that wait for none of these, once.
    pub(super) fn take(&self, plan: &Plan, block: u32, nodes: Range<u32>) -> Vec<u32> {
        let mut apart = lock(&self.0);
        let parts = apart.entry(block).or_insert_with(|| Parts::of(plan, nodes));
        std::mem::take(&mut parts.free)
    }

    /// A node has ended; `nodes` as for [`Self::take`], where its thread is the first to come.
    pub(super) fn end(&self, plan: &Plan, block: u32, at: u32, nodes: Range<u32>) -> Follows {
        let mut apart = lock(&self.0);
        let parts = apart.entry(block).or_insert_with(|| Parts::of(plan, nodes));
        parts.left -= 1;
        if parts.left == 0 {
            apart.remove(&block);
            return Follows::End;
        }
        let mut free = Vec::new();
        for next in parts.after(plan, at) {
            parts.waiting[next] -= 1;
            if parts.waiting[next] == 0 {
                free.push(parts.nodes.start + next as u32);
            }
        }
        Follows::Nodes(free)
    }
}
