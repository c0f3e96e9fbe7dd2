//! A workflow to look at: levels, Graphviz DOT, Mermaid, SVG and JSON. Nothing runs.
//!
//! What a node is in any of them is in [`kind`], which nodes are shown in [`tree`], what leads from
//! one to another in [`edges`], where they stand in a drawing in [`layout`] and where edges pass
//! between them in [`gaps`]. Programs look around with [`walk`].

mod dot;
mod edges;
mod gaps;
mod groups;
mod json;
mod kind;
mod layout;
mod levels;
mod mermaid;
mod picture;
mod svg;
mod text;
mod tree;
mod walk;

pub use gaps::{Routed, place_with_gaps};
pub use kind::NodeView;
pub use layout::{Placed, place};
pub use walk::{Walk, Walked};

use crate::expr::NodeId;
use crate::workflow::Workflow;

impl Workflow {
    /// The levels with what can run in parallel in each:
    /// `Level 1: measure_pauli ×5 (5 parallel)`. Levels of workflows inside nodes are indented
    /// under the node.
    pub fn to_levels_text(&self) -> String {
        levels::render(self)
    }

    /// The line of [`Workflow::to_levels_text`] for some nodes of one level, such as those that ran.
    /// `items` tells how many items a map had, where only its run knows.
    pub fn level_line(
        &self,
        level: usize,
        nodes: &[NodeId],
        items: impl Fn(NodeId) -> Option<u64>,
    ) -> String {
        levels::line(self, level, nodes, &items)
    }

    /// The graph for Graphviz: labels are task names, nodes that give outputs are light blue,
    /// edges without a value are dashed, those of conditions dotted. Workflows inside nodes are
    /// clusters with the node's name; a map over one task is a single box with its width, as in
    /// `measure_pauli ×5`.
    pub fn to_dot(&self) -> String {
        dot::render(self)
    }

    /// The graph for Mermaid, drawn as [`Workflow::to_dot`] draws it.
    pub fn to_mermaid(&self) -> String {
        mermaid::render(self)
    }

    /// The graph as an SVG picture that needs nothing else, on light and dark pages: levels as rows,
    /// workflows inside nodes as boxes around theirs, nodes that give outputs light blue, edges as
    /// [`Workflow::to_dot`] has them. The same workflow gives the same text. Of more than 20,000
    /// nodes those of one level and task are drawn as one box.
    pub fn to_svg(&self) -> String {
        svg::render(self)
    }

    /// The graph as a JSON document, `format` 1: nodes with task, level and dependencies. The list
    /// is flat: a node of a workflow inside another has its path as `name`, as in `left.merge`, and
    /// the other's path in `inside`; its `level` is that in its own workflow.
    pub fn to_graph_json(&self) -> serde_json::Value {
        json::render(self)
    }

    /// Which nodes declared outputs refer to.
    fn output_nodes(&self) -> Vec<bool> {
        let mut found = vec![false; self.nodes().len()];
        for output in self.outputs() {
            output.value.each_node(&mut |id| found[id.index()] = true);
        }
        found
    }
}
