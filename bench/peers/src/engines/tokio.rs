//! `tokio` and `tokio-join`: counters and a task per node that is ready; or all tasks at once, each
//! waiting for its dependencies' handles, which carry the values.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use futures::future::{BoxFuture, FutureExt, Shared};
use terrace_bench_protocol::graph::Successors;
use terrace_bench_protocol::work::{TaskFn, sum};
use terrace_bench_protocol::{Body, Built, Work};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;

pub(super) fn runtime(threads: usize) -> io::Result<Arc<Runtime>> {
    Builder::new_multi_thread().worker_threads(threads).build().map(Arc::new)
}

struct Nodes {
    work: Arc<Work>,
    task: TaskFn,
    successors: Successors,
    waits_for: Vec<AtomicU32>,
    left: AtomicUsize,
    done: Notify,
}

impl Nodes {
    fn spawn(self: Arc<Self>, node: u32) {
        tokio::spawn(async move {
            let at = node as usize;
            self.waits_for[at].store(self.work.graph.in_degree(at), Ordering::Relaxed);
            (self.task)(&self.work, node);
            for &after in self.successors.of(at) {
                // The last dependency sees what the others wrote.
                if self.waits_for[after as usize].fetch_sub(1, Ordering::AcqRel) == 1 {
                    Arc::clone(&self).spawn(after);
                }
            }
            if self.left.fetch_sub(1, Ordering::AcqRel) == 1 {
                self.done.notify_one();
            }
        });
    }
}

/// A task per node, spawned when the node is ready.
pub(super) struct SpawnReady {
    nodes: Arc<Nodes>,
    runtime: Arc<Runtime>,
}

impl SpawnReady {
    pub(super) fn new(work: &Arc<Work>, runtime: &Arc<Runtime>) -> Self {
        let count = work.graph.len();
        let nodes = Nodes {
            work: Arc::clone(work),
            task: work.task(),
            successors: work.graph.successors(),
            waits_for: (0..count).map(|node| AtomicU32::new(work.graph.in_degree(node))).collect(),
            left: AtomicUsize::new(0),
            done: Notify::new(),
        };
        Self { nodes: Arc::new(nodes), runtime: Arc::clone(runtime) }
    }
}

impl Built for SpawnReady {
    fn run(&mut self) -> bool {
        let nodes = Arc::clone(&self.nodes);
        self.runtime.block_on(async move {
            let first = Arc::clone(&nodes);
            // From inside a worker, so that the roots go to its own queue.
            tokio::spawn(async move {
                let count = first.work.graph.len();
                first.left.store(count, Ordering::SeqCst);
                for node in (0..count).filter(|&node| first.work.graph.in_degree(node) == 0) {
                    Arc::clone(&first).spawn(node as u32);
                }
            });
            nodes.done.notified().await;
        });
        true
    }
}

/// All tasks at once. There is nothing to build: a task runs once.
pub(super) struct SpawnAll {
    work: Arc<Work>,
    runtime: Arc<Runtime>,
}

impl SpawnAll {
    pub(super) fn new(work: &Arc<Work>, runtime: &Arc<Runtime>) -> Self {
        Self { work: Arc::clone(work), runtime: Arc::clone(runtime) }
    }
}

type Output = Shared<BoxFuture<'static, i64>>;

impl Built for SpawnAll {
    fn run(&mut self) -> bool {
        let work = Arc::clone(&self.work);
        let all = async move {
            let mut outputs: Vec<Output> = Vec::with_capacity(work.graph.len());
            for node in 0..work.graph.len() {
                let on = work.graph.dependencies(node).iter();
                let inputs: Vec<Output> = on.map(|&one| outputs[one as usize].clone()).collect();
                let work = Arc::clone(&work);
                let task = tokio::spawn(async move {
                    let mut values = Vec::with_capacity(inputs.len());
                    for input in inputs {
                        values.push(input.await);
                    }
                    let value = sum(values);
                    if work.body == Body::Value {
                        work.put(node as u32, value);
                    } else {
                        (work.task())(&work, node as u32);
                    }
                    value
                });
                // No body panics; one that did would be seen as a wrong value.
                outputs.push(task.map(|joined| joined.unwrap_or(0)).boxed().shared());
            }
            for output in outputs {
                output.await;
            }
        };
        self.runtime.block_on(async { tokio::spawn(all).await.is_ok() })
    }
}
