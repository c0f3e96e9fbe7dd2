//! `rayon` and `rayon-slot`: counters and `Scope::spawn`, as one writes a graph on rayon.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use rayon::{Scope, ThreadPool, ThreadPoolBuilder};
use terrace_bench_protocol::graph::Successors;
use terrace_bench_protocol::work::TaskFn;
use terrace_bench_protocol::{Built, Work};

/// What becomes of the first successor that is ready.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Next {
    /// It is spawned, as all others.
    Spawned,
    /// The same thread goes on with it.
    AtOnce,
}

pub(super) fn pool(threads: usize) -> Result<Arc<ThreadPool>, String> {
    let pool = ThreadPoolBuilder::new().num_threads(threads).build();
    pool.map(Arc::new).map_err(|error| error.to_string())
}

pub(super) struct Counters {
    work: Arc<Work>,
    pool: Arc<ThreadPool>,
    tasks: Vec<TaskFn>,
    successors: Successors,
    left: Vec<AtomicU32>,
    next: Next,
}

impl Counters {
    pub(super) fn new(work: &Arc<Work>, pool: &Arc<ThreadPool>, next: Next) -> Self {
        let nodes = work.graph.len();
        Self {
            work: Arc::clone(work),
            pool: Arc::clone(pool),
            tasks: vec![work.task(); nodes],
            successors: work.graph.successors(),
            left: (0..nodes).map(|node| AtomicU32::new(work.graph.in_degree(node))).collect(),
            next,
        }
    }

    fn go<'scope>(&'scope self, scope: &Scope<'scope>, mut node: u32) {
        loop {
            let at = node as usize;
            self.left[at].store(self.work.graph.in_degree(at), Ordering::Relaxed);
            self.tasks[at](&self.work, node);
            let mut next = None;
            for &after in self.successors.of(at) {
                // The last dependency sees what the others wrote.
                if self.left[after as usize].fetch_sub(1, Ordering::AcqRel) != 1 {
                    continue;
                }
                if self.next == Next::AtOnce && next.is_none() {
                    next = Some(after);
                } else {
                    scope.spawn(move |scope| self.go(scope, after));
                }
            }
            match next {
                Some(after) => node = after,
                None => return,
            }
        }
    }
}

impl Built for Counters {
    fn run(&mut self) -> bool {
        let this = &*self;
        this.pool.scope(|scope| {
            for node in 0..this.work.graph.len() {
                if this.work.graph.in_degree(node) == 0 {
                    scope.spawn(move |scope| this.go(scope, node as u32));
                }
            }
        });
        true
    }
}
