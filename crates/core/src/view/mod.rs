//! A workflow as text to look at: levels, Graphviz DOT, Mermaid and JSON. Nothing runs.

mod dot;
mod json;
mod levels;
mod mermaid;

use crate::expr::NodeId;
use crate::workflow::Workflow;

impl Workflow {
    /// The levels with what can run in parallel in each:
    /// `Level 1: measure_pauli ×5 (5 parallel)`.
    pub fn to_levels_text(&self) -> String {
        levels::render(self)
    }

    /// The line of [`Workflow::to_levels_text`] for some nodes of one level, such as those that ran.
    pub fn level_line(&self, level: usize, nodes: &[NodeId]) -> String {
        levels::line(self, level, nodes)
    }

    /// The graph for Graphviz: labels are task names, nodes that give outputs are light blue,
    /// edges without a value are dashed.
    pub fn to_dot(&self) -> String {
        dot::render(self)
    }

    /// The graph for Mermaid, drawn as [`Workflow::to_dot`] draws it.
    pub fn to_mermaid(&self) -> String {
        mermaid::render(self)
    }

    /// The graph as a JSON document, `format` 1: nodes with task, level and dependencies.
    pub fn to_graph_json(&self) -> serde_json::Value {
        json::render(self)
    }

    /// The task's name without its pack.
    fn short_task(&self, id: NodeId) -> &str {
        let name = &*self.node(id).task().name;
        name.rsplit_once('/').map_or(name, |(_, task)| task)
    }

    /// Which nodes declared outputs refer to.
    fn output_nodes(&self) -> Vec<bool> {
        let mut found = vec![false; self.nodes().len()];
        for output in self.outputs() {
            output.value.each_node(&mut |id| found[id.index()] = true);
        }
        found
    }

    /// Whether a node takes a value from another, rather than only waiting for it.
    fn takes_value_of(&self, id: NodeId, on: NodeId) -> bool {
        let mut found = false;
        for arg in self.node(id).exprs() {
            arg.each_node(&mut |id| found |= id == on);
        }
        found
    }
}
