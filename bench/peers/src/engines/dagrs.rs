//! `dagrs`: every node is a task of tokio's from the start; the order comes from its channels.

use std::sync::Arc;

use async_trait::async_trait;
use dagrs::{
    Action, Content, DefaultNode, EnvVar, Graph, InChannels, Node, NodeTable, OutChannels, Output,
};
use terrace_bench_protocol::work::sum;
use terrace_bench_protocol::{Body, Built, Work};
use tokio::runtime::Runtime;

struct Act(Arc<Work>, u32);

#[async_trait]
impl Action for Act {
    async fn run(
        &self,
        inputs: &mut InChannels,
        outputs: &mut OutChannels,
        _: Arc<EnvVar>,
    ) -> Output {
        let received = inputs.map(|content| content.ok()?.into_inner::<i64>()).await;
        // What does not arrive is 0, and the check finds the wrong value.
        let value = sum(received.into_iter().map(|value| value.map_or(0, |value| *value)));
        let Self(work, node) = self;
        if work.body == Body::Value {
            work.put(*node, value);
        } else {
            (work.task())(work, *node);
        }
        outputs.broadcast(Content::new(value)).await;
        Output::empty()
    }
}

pub(super) struct Nodes {
    graph: Graph,
    runtime: Arc<Runtime>,
    has_run: bool,
}

impl Nodes {
    /// `None` where it refuses the graph.
    pub(super) fn new(work: &Arc<Work>, runtime: &Arc<Runtime>) -> Option<Self> {
        let mut table = NodeTable::default();
        let mut graph = Graph::new();
        let mut ids = Vec::with_capacity(work.graph.len());
        for node in 0..work.graph.len() {
            let act = Act(Arc::clone(work), node as u32);
            let made = DefaultNode::with_action(format!("n{node}"), act, &mut table);
            ids.push(made.id());
            graph.add_node(made).ok()?;
        }
        let successors = work.graph.successors();
        for node in 0..work.graph.len() {
            let after: Vec<_> = successors.of(node).iter().map(|&one| ids[one as usize]).collect();
            if !after.is_empty() {
                graph.add_edge(ids[node], after).ok()?;
            }
        }
        graph.set_env(EnvVar::new(table));
        Some(Self { graph, runtime: Arc::clone(runtime), has_run: false })
    }
}

impl Built for Nodes {
    fn run(&mut self) -> bool {
        let again = std::mem::replace(&mut self.has_run, true);
        let graph = &mut self.graph;
        self.runtime.block_on(async {
            if again && graph.reset().await.is_err() {
                return false;
            }
            graph.async_start().await.is_ok()
        })
    }
}
