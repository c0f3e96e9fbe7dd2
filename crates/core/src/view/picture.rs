//! [`Picture`]: where boxes stand and edges run when a workflow is drawn.
//!
//! Each workflow is laid out by itself, the innermost first, since a node that shows its inside is as
//! large as that. An edge that passes levels runs through gaps that are kept free for it ([`super::gaps`]).

use super::edges::{Edge, End};
use super::gaps::place_with_gaps;
use super::kind::NodeView;
use super::text;
use super::tree::Tree;

/// The height of a node, and the space around it.
pub(super) const HEIGHT: f64 = 40.0;
const ASIDE: f64 = 22.0;
const BELOW: f64 = 46.0;

/// How far the box behind that of a map is moved.
pub(super) const BEHIND: f64 = 4.0;

/// The space inside a node that shows its workflow, beside it and above it for its name.
const INSIDE: f64 = 16.0;
pub(super) const NAME: f64 = 24.0;

/// The width of a gap for an edge.
pub(super) const GAP: f64 = 14.0;

/// A rectangle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Rect {
    pub(super) x: f64,
    pub(super) y: f64,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// A gap in a level through which an edge runs downwards.
#[derive(Clone, Copy, Debug)]
pub(super) struct Gap {
    pub(super) x: f64,
    pub(super) top: f64,
    pub(super) bottom: f64,
}

/// Where everything stands.
pub(super) struct Picture {
    /// Of each entry of the tree.
    pub(super) rects: Vec<Rect>,
    /// How far from its border what is inside an entry begins.
    inset: Vec<f64>,
    /// The gaps below each entry, level by level.
    gaps: Vec<Vec<Gap>>,
    /// Top and height of each level of the outermost workflow.
    pub(super) levels: Vec<(f64, f64)>,
    pub(super) width: f64,
    pub(super) height: f64,
}

impl Picture {
    /// Lays out a tree whose outermost workflow stands at a place.
    pub(super) fn new(tree: &Tree<'_>, left: f64, top: f64) -> Self {
        let count = tree.entries.len();
        let mut picture = Self {
            rects: vec![Rect::default(); count],
            inset: vec![INSIDE; count],
            gaps: vec![Vec::new(); count],
            levels: Vec::new(),
            width: 0.0,
            height: 0.0,
        };
        // What is inside an entry comes after it.
        for at in (0..count).rev() {
            let (width, height) = match tree.entries[at].body {
                Some(_) => {
                    let (width, height, _) = picture.lay_out(tree, Some(at));
                    let name = text::width(&tree.entries[at].heading()) + 2.0 * INSIDE;
                    let whole = (width + 2.0 * INSIDE).max(name);
                    // In the middle, where the name needs more room.
                    picture.inset[at] = (whole - width) / 2.0;
                    (whole, height + INSIDE + NAME)
                }
                None => (text::box_width(&tree.entries[at]), HEIGHT),
            };
            (picture.rects[at].width, picture.rects[at].height) = (width, height);
        }
        let (width, height, levels) = picture.lay_out(tree, None);
        picture.levels = levels.into_iter().map(|(y, height)| (y + top, height)).collect();
        (picture.width, picture.height) = (left + width, top + height);
        // Places are within what is around so far.
        for at in 0..count {
            let (x, y) = match tree.entries[at].parent {
                None => (left, top),
                Some(parent) => {
                    let around = picture.rects[parent];
                    (around.x + picture.inset[parent], around.y + NAME)
                }
            };
            picture.rects[at].x += x;
            picture.rects[at].y += y;
            for gap in &mut picture.gaps[at] {
                (gap.x, gap.top, gap.bottom) = (gap.x + x, gap.top + y, gap.bottom + y);
            }
        }
        picture
    }

    /// Places the nodes of one workflow within it, whose sizes are known, and gives its size and
    /// its levels.
    fn lay_out(&mut self, tree: &Tree<'_>, of: Option<usize>) -> (f64, f64, Vec<(f64, f64)>) {
        let children = tree.children(of);
        let Some(workflow) = children.clone().next().map(|at| tree.entries[at].workflow) else {
            return (0.0, 0.0, Vec::new());
        };
        let start = children.start;
        let level = |id| workflow.levels().of(id) as u32;
        let levels: Vec<u32> = workflow.node_ids().map(level).collect();
        let widths: Vec<f64> = children.clone().map(|at| self.rects[at].width + ASIDE).collect();
        let edges = workflow.node_ids().flat_map(|id| {
            let from = workflow.dependencies(id).iter();
            from.map(move |on| (on.index() as u32, id.index() as u32))
        });
        let edges: Vec<(u32, u32)> = edges.collect();
        let placed = place_with_gaps(&levels, &widths, &edges, GAP);
        let own = levels.len();
        let mut heights = vec![0.0_f64; workflow.levels().len()];
        for node in 0..own {
            let height = &mut heights[levels[node] as usize];
            *height = height.max(self.rects[start + node].height);
        }
        let mut top = 0.0;
        let rows: Vec<(f64, f64)> = heights
            .iter()
            .map(|&height| {
                let row = (top, height);
                top += height + BELOW;
                row
            })
            .collect();
        let mut width: f64 = 0.0;
        for node in 0..own {
            let rect = &mut self.rects[start + node];
            let (y, height) = rows[levels[node] as usize];
            rect.x = placed.x[node] - (rect.width + ASIDE) / 2.0;
            rect.y = y + (height - rect.height) / 2.0;
            width = width.max(rect.x + rect.width);
            let passed = &rows[levels[node] as usize + 1..];
            self.gaps[start + node] = placed.gaps[node]
                .iter()
                .zip(passed)
                .map(|(&x, &(top, height))| Gap { x: x - ASIDE / 2.0, top, bottom: top + height })
                .collect();
            width = self.gaps[start + node].iter().fold(width, |width, gap| width.max(gap.x + GAP));
        }
        (width, (top - BELOW).max(0.0), rows)
    }

    /// Where an edge runs: its beginning, the gaps that it runs through, and its end.
    pub(super) fn route(&self, tree: &Tree<'_>, edge: &Edge) -> Route<'_> {
        let rect = |end: End| self.rects[end.body.unwrap_or(end.leaf)];
        let (from, to) = (rect(edge.from), rect(edge.to));
        let (above, below) = siblings(tree, edge.from.leaf, edge.to.leaf);
        let level = |at: usize| tree.entries[at].workflow.levels().of(tree.entries[at].id);
        let passed = level(below).saturating_sub(level(above) + 1);
        let gaps = &self.gaps[above];
        Route {
            begin: (from.x + from.width / 2.0, from.y + from.height),
            gaps: &gaps[..passed.min(gaps.len())],
            end: (to.x + to.width / 2.0, to.y - behind(tree, edge.to)),
        }
    }
}

/// How far what stands behind a box reaches above it.
fn behind(tree: &Tree<'_>, end: End) -> f64 {
    let is_map = end.body.is_none() && tree.entries[end.leaf].node().view() == NodeView::Map;
    if is_map { BEHIND } else { 0.0 }
}

/// Where an edge runs.
pub(super) struct Route<'p> {
    pub(super) begin: (f64, f64),
    pub(super) gaps: &'p [Gap],
    pub(super) end: (f64, f64),
}

/// The entries of one workflow that two are, or are inside of.
fn siblings(tree: &Tree<'_>, mut a: usize, mut b: usize) -> (usize, usize) {
    let parent = |at: usize| tree.entries[at].parent;
    let depth = |at: usize| tree.entries[at].depth;
    while depth(a) > depth(b) {
        a = parent(a).unwrap_or(a);
    }
    while depth(b) > depth(a) {
        b = parent(b).unwrap_or(b);
    }
    while parent(a) != parent(b) {
        (a, b) = (parent(a).unwrap_or(a), parent(b).unwrap_or(b));
    }
    (a, b)
}
