//! `dagx`: typed inputs, at most eight of them, and a graph that runs once.

#![expect(
    clippy::too_many_arguments,
    reason = "its most is eight and ours seven: not every task has too many"
)]

use std::sync::Arc;

use dagx::{DagRunner, Task, TaskHandle, task};
use terrace_bench_protocol::work::sum;
use terrace_bench_protocol::{Body, Built, Work};
use tokio::runtime::Runtime;

/// The most inputs that a task may have.
const MOST: usize = 8;

fn end(work: &Work, node: u32, value: i64) -> i64 {
    if work.body == Body::Value {
        work.put(node, value);
    } else {
        (work.task())(work, node);
    }
    value
}

/// A task type per number of inputs.
macro_rules! tasks {
    ($($name:ident($($input:ident),*);)*) => {$(
        struct $name(Arc<Work>, u32);
        #[task]
        impl $name {
            async fn run(&self, $($input: &i64),*) -> i64 {
                end(&self.0, self.1, sum([$(*$input),*]))
            }
        }
    )*};
}
tasks! {
    None0();
    One(a);
    Two(a, b);
    Three(a, b, c);
    Four(a, b, c, d);
    Five(a, b, c, d, e);
    Six(a, b, c, d, e, f);
    Seven(a, b, c, d, e, f, g);
    Eight(a, b, c, d, e, f, g, h);
}

pub(super) struct Runner {
    runner: DagRunner,
    has_run: bool,
    runtime: Arc<Runtime>,
}

impl Runner {
    /// `None` where a node has too many inputs.
    pub(super) fn new(work: &Arc<Work>, runtime: &Arc<Runtime>) -> Option<Self> {
        let graph = &work.graph;
        if (0..graph.len()).any(|node| graph.dependencies(node).len() > MOST) {
            return None;
        }
        let runner = DagRunner::new();
        let mut handles: Vec<TaskHandle<i64>> = Vec::with_capacity(graph.len());
        for node in 0..graph.len() {
            let on = graph.dependencies(node).iter();
            let on: Vec<&TaskHandle<i64>> = on.map(|&one| &handles[one as usize]).collect();
            let (mine, number) = (Arc::clone(work), node as u32);
            let handle = match on[..] {
                [] => runner.add_task(None0(mine, number)).into(),
                [a] => runner.add_task(One(mine, number)).depends_on(a),
                [a, b] => runner.add_task(Two(mine, number)).depends_on((a, b)),
                [a, b, c] => runner.add_task(Three(mine, number)).depends_on((a, b, c)),
                [a, b, c, d] => runner.add_task(Four(mine, number)).depends_on((a, b, c, d)),
                [a, b, c, d, e] => runner.add_task(Five(mine, number)).depends_on((a, b, c, d, e)),
                [a, b, c, d, e, f] => {
                    runner.add_task(Six(mine, number)).depends_on((a, b, c, d, e, f))
                }
                [a, b, c, d, e, f, g] => {
                    runner.add_task(Seven(mine, number)).depends_on((a, b, c, d, e, f, g))
                }
                [a, b, c, d, e, f, g, h] => {
                    runner.add_task(Eight(mine, number)).depends_on((a, b, c, d, e, f, g, h))
                }
                _ => return None,
            };
            handles.push(handle);
        }
        Some(Self { runner, has_run: false, runtime: Arc::clone(runtime) })
    }
}

impl Built for Runner {
    fn run(&mut self) -> bool {
        if std::mem::replace(&mut self.has_run, true) {
            return false;
        }
        let spawn = |future| {
            tokio::spawn(future);
        };
        self.runtime.block_on(async { self.runner.run(spawn).await.is_ok() })
    }
}
