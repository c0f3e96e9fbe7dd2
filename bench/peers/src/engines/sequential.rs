//! `loop`: the bodies in order on one thread, nothing else. The least that is possible on one.

use std::sync::Arc;

use terrace_bench_protocol::work::TaskFn;
use terrace_bench_protocol::{Built, Work};

pub(super) struct Loop {
    work: Arc<Work>,
    /// One pointer per node, as every engine has something to call per node.
    tasks: Vec<TaskFn>,
}

impl Loop {
    pub(super) fn new(work: &Arc<Work>) -> Self {
        Self { work: Arc::clone(work), tasks: vec![work.task(); work.graph.len()] }
    }
}

impl Built for Loop {
    fn run(&mut self) -> bool {
        for (node, task) in self.tasks.iter().enumerate() {
            task(&self.work, node as u32);
        }
        true
    }
}
