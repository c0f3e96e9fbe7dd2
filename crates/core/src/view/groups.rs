//! [`Groups`]: a workflow of very many nodes, those of one level and task drawn as one.

use std::collections::BTreeSet;

use indexmap::IndexMap;

use super::edges::EdgeKind;
use super::gaps::place_with_gaps;
use super::kind::NodeView;
use super::picture::{GAP, Gap, Rect, Route};
use super::svg::Svg;
use super::text;
use crate::workflow::Workflow;

const LEFT: f64 = 90.0;
const TOP: f64 = 20.0;
const HEIGHT: f64 = 40.0;
const ASIDE: f64 = 22.0;
const BELOW: f64 = 46.0;

/// Nodes of one level, task and kind.
struct Group {
    level: u32,
    task: String,
    view: NodeView,
    output: bool,
    nodes: u64,
}

/// A workflow of which alike nodes of a level are one.
pub(super) struct Groups<'w> {
    workflow: &'w Workflow,
    groups: Vec<Group>,
    edges: Vec<(u32, u32)>,
}

impl<'w> Groups<'w> {
    pub(super) fn of(workflow: &'w Workflow) -> Self {
        let outputs = workflow.output_nodes();
        let mut known: IndexMap<(u32, &str, bool), u64> = IndexMap::new();
        let group: Vec<u32> = workflow
            .node_ids()
            .map(|id| {
                let node = workflow.node(id);
                let level = workflow.levels().of(id) as u32;
                let entry = known.entry((level, node.counted(), outputs[id.index()]));
                let at = entry.index() as u32;
                *entry.or_insert(0) += 1;
                at
            })
            .collect();
        let mut views = vec![NodeView::Task; known.len()];
        for id in workflow.node_ids() {
            views[group[id.index()] as usize] = workflow.node(id).view();
        }
        let groups = known
            .into_iter()
            .zip(views)
            .map(|(((level, task, output), nodes), view)| Group {
                level,
                task: task.to_owned(),
                view,
                output,
                nodes,
            })
            .collect();
        let mut edges = BTreeSet::new();
        for id in workflow.node_ids() {
            for on in workflow.dependencies(id) {
                edges.insert((group[on.index()], group[id.index()]));
            }
        }
        Self { workflow, groups, edges: edges.into_iter().collect() }
    }

    pub(super) fn render(&self) -> String {
        let titles: Vec<String> = self
            .groups
            .iter()
            .map(|group| match group.nodes {
                1 => text::cut(&group.task),
                nodes => format!("{} · {nodes} nodes", text::cut(&group.task)),
            })
            .collect();
        let width = |title: &String| text::width(title) + 24.0 + ASIDE;
        let widths: Vec<f64> = titles.iter().map(width).collect();
        let levels: Vec<u32> = self.groups.iter().map(|group| group.level).collect();
        let placed = place_with_gaps(&levels, &widths, &self.edges, GAP);
        let row = |level: u32| TOP + f64::from(level) * (HEIGHT + BELOW);
        let rects: Vec<Rect> = (0..self.groups.len())
            .map(|at| Rect {
                x: LEFT + placed.x[at] - (widths[at] - ASIDE) / 2.0,
                y: row(levels[at]),
                width: widths[at] - ASIDE,
                height: HEIGHT,
            })
            .collect();
        let rows: Vec<(f64, f64)> =
            (0..self.workflow.levels().len() as u32).map(|level| (row(level), HEIGHT)).collect();
        let right = rects.iter().map(|rect| rect.x + rect.width);
        let right =
            right.chain(placed.gaps.iter().flatten().map(|x| LEFT + x)).fold(LEFT, f64::max);
        let bottom = rows.last().map_or(TOP, |(top, height)| top + height);
        let mut svg = Svg::new(self.workflow, &rows, right, bottom);
        for &(from, to) in &self.edges {
            let (above, below) = (rects[from as usize], rects[to as usize]);
            let (first, last) = (levels[from as usize] + 1, levels[to as usize]);
            let gap = |(&x, level): (&f64, u32)| {
                let top = row(level);
                Gap { x: LEFT + x - ASIDE / 2.0, top, bottom: top + HEIGHT }
            };
            let gaps: Vec<Gap> =
                placed.gaps[from as usize].iter().zip(first..last).map(gap).collect();
            let route = Route {
                begin: (above.x + above.width / 2.0, above.y + above.height),
                gaps: &gaps,
                end: (below.x + below.width / 2.0, below.y),
            };
            svg.edge(&route, EdgeKind::Value);
        }
        for ((group, rect), title) in self.groups.iter().zip(rects).zip(&titles) {
            svg.begin_box(&format!(
                "{}: {} nodes (level {})",
                group.task, group.nodes, group.level
            ));
            svg.boxed(group.view, rect, group.output, title, None);
        }
        svg.end()
    }
}
