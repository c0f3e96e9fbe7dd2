//! `cb`: the baseline that everything is compared with, and what a good engineer writes by hand.
//!
//! A crossbeam deque per worker, last in first out; successors in flat arrays; a counter per node;
//! the first successor that becomes ready is run at once without passing through the deque; what
//! has ended is counted locally and reported when there is nothing else to do. No outputs, errors,
//! panics, cancellation or names.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use crossbeam_deque::Worker;
use crossbeam_utils::CachePadded;
use terrace_bench_protocol::graph::Successors;
use terrace_bench_protocol::work::TaskFn;
use terrace_bench_protocol::{Built, Work};

use super::pool::{Crew, Job, Pool};

/// Nodes without dependencies that one worker takes at a time.
const ROOTS_AT_ONCE: usize = 32;

/// How many dependencies a node still waits for, and how many it has.
struct Counter {
    left: AtomicU32,
    all: u32,
}

struct Nodes {
    work: Arc<Work>,
    tasks: Vec<TaskFn>,
    successors: Successors,
    counters: Vec<Counter>,
    roots: Vec<u32>,
    /// The next root that nobody has taken.
    next_root: CachePadded<AtomicUsize>,
    /// Nodes that have not ended, or have and were not reported yet.
    left: CachePadded<AtomicUsize>,
}

pub(super) struct Baseline {
    nodes: Arc<Nodes>,
    pool: Arc<Pool>,
}

impl Baseline {
    pub(super) fn new(work: &Arc<Work>, pool: &Arc<Pool>) -> Self {
        let graph = &work.graph;
        let counters: Vec<Counter> = (0..graph.len())
            .map(|node| graph.in_degree(node))
            .map(|all| Counter { left: AtomicU32::new(all), all })
            .collect();
        let roots =
            (0..graph.len() as u32).filter(|&node| counters[node as usize].all == 0).collect();
        let nodes = Nodes {
            work: Arc::clone(work),
            tasks: vec![work.task(); graph.len()],
            successors: graph.successors(),
            counters,
            roots,
            next_root: CachePadded::default(),
            left: CachePadded::default(),
        };
        Self { nodes: Arc::new(nodes), pool: Arc::clone(pool) }
    }
}

impl Built for Baseline {
    fn run(&mut self) -> bool {
        self.nodes.left.store(self.nodes.work.graph.len(), Ordering::SeqCst);
        self.nodes.next_root.store(0, Ordering::SeqCst);
        self.pool.run(Arc::clone(&self.nodes) as Arc<dyn Job>);
        true
    }
}

impl Nodes {
    fn take_roots(&self) -> &[u32] {
        let all = self.roots.len();
        if self.next_root.load(Ordering::Relaxed) >= all {
            return &[];
        }
        let from = self.next_root.fetch_add(ROOTS_AT_ONCE, Ordering::Relaxed).min(all);
        &self.roots[from..(from + ROOTS_AT_ONCE).min(all)]
    }

    /// Reports what this worker has ended; true when all is done.
    fn report(&self, crew: &Crew, ended: &mut usize) -> bool {
        if *ended > 0 {
            let ended = std::mem::take(ended);
            // Pairs with the Acquire below: who sees 0 sees all that the bodies wrote.
            if self.left.fetch_sub(ended, Ordering::AcqRel) == ended {
                crew.wake_all();
                return true;
            }
        }
        self.left.load(Ordering::Acquire) == 0
    }
}

impl Job for Nodes {
    fn work(&self, crew: &Crew, own: &Worker<u32>, seat: usize) {
        let (mut ended, mut turns) = (0, 0);
        let mut roots: &[u32] = &[];
        loop {
            let mut found = own.pop();
            if found.is_none() {
                if roots.is_empty() {
                    roots = self.take_roots();
                }
                if let Some((&first, rest)) = roots.split_first() {
                    roots = rest;
                    found = Some(first);
                }
            }
            let Some(mut node) = found.or_else(|| crew.steal(own, seat)) else {
                if self.report(crew, &mut ended) {
                    return;
                }
                crew.idle(seat, &mut turns);
                continue;
            };
            turns = 0;
            // A node and then, without the deque, its first successor that is ready.
            loop {
                let at = node as usize;
                let counter = &self.counters[at];
                // For the next run. Nobody counts it down before this node has ended again.
                counter.left.store(counter.all, Ordering::Relaxed);
                self.tasks[at](&self.work, node);
                ended += 1;
                let mut next = None;
                for &after in self.successors.of(at) {
                    // Pairs with the same of the other dependencies: the last sees what all wrote.
                    if self.counters[after as usize].left.fetch_sub(1, Ordering::AcqRel) != 1 {
                        continue;
                    }
                    if next.is_none() {
                        next = Some(after);
                    } else {
                        own.push(after);
                        crew.call_help();
                    }
                }
                match next {
                    Some(after) => node = after,
                    None => break,
                }
            }
        }
    }
}
