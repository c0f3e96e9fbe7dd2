//! SVG, complete in itself: no script, no font and no image from elsewhere.
//!
//! Levels are rows, workflows inside nodes are boxes around theirs; where everything stands is in
//! [`super::picture`]. Colours follow the reader's: a light page or a dark one.

use std::fmt::Write as _;

use super::edges::EdgeKind;
use super::groups::Groups;
use super::kind::NodeView;
use super::picture::{BEHIND, NAME, Picture, Rect, Route};
use super::text;
use super::tree::{Entry, Step, Tree};
use crate::workflow::Workflow;

/// Of more nodes than this, those of one level and task are drawn as one.
const SINGLE: usize = 20_000;

const MARGIN: f64 = 20.0;
/// Room for the names of levels.
const LEVELS: f64 = 70.0;

const STYLE: &str = "\
text{font:13px ui-sans-serif,system-ui,'Segoe UI','DejaVu Sans',sans-serif;fill:#1b1f24;text-anchor:middle}\
.small{font-size:11px;fill:#57606a}.level{font-size:11px;fill:#8b949e;text-anchor:start}.name{text-anchor:start}\
.paper{fill:#fff}.node{fill:#f6f8fa;stroke:#57606a}.output{fill:lightblue;stroke:#3a7a94}\
.inside{fill:#8b949e;fill-opacity:.07;stroke:#8b949e}.output.inside{fill:lightblue;fill-opacity:.35}\
.dynamic{stroke-dasharray:5 3}.edge{fill:none;stroke:#6e7781;stroke-width:1.2}\
.after{stroke-dasharray:6 4}.when{stroke-dasharray:2 3}.tip{fill:#6e7781}\
@media (prefers-color-scheme:dark){text{fill:#e6edf3}.small{fill:#9aa4af}.paper{fill:#0d1117}\
.node{fill:#21262d;stroke:#8b949e}.output{fill:#1d4a5e;stroke:#5fb3d1}.output.inside{fill:#1d4a5e}\
.edge{stroke:#8b949e}.tip{fill:#8b949e}}";

pub(super) fn render(workflow: &Workflow) -> String {
    if workflow.nodes().len() > SINGLE {
        return Groups::of(workflow).render();
    }
    let outputs = workflow.output_nodes();
    let tree = Tree::new(workflow);
    let picture = Picture::new(&tree, MARGIN + LEVELS, MARGIN);
    let mut svg = Svg::new(workflow, &picture.levels, picture.width, picture.height);
    // What is around comes first, so that what is inside stands before it; edges before nodes.
    tree.each(|step| {
        if let Step::Enter(at, entry) = step
            && entry.body.is_some()
        {
            svg.around(entry, picture.rects[at], is_output(entry, &outputs));
        }
    });
    tree.each_edge(|edge| svg.edge(&picture.route(&tree, &edge), edge.kind));
    tree.each(|step| {
        if let Step::Enter(at, entry) = step
            && entry.body.is_none()
        {
            svg.node(entry, picture.rects[at], is_output(entry, &outputs));
        }
    });
    svg.end()
}

fn is_output(entry: &Entry<'_>, outputs: &[bool]) -> bool {
    entry.parent.is_none() && outputs[entry.id.index()]
}

/// A picture under way. Writing to a string cannot fail.
pub(super) struct Svg(String);

impl Svg {
    pub(super) fn new(workflow: &Workflow, levels: &[(f64, f64)], width: f64, height: f64) -> Self {
        let (width, height) = (width + MARGIN, height + MARGIN);
        let mut svg = Self(String::new());
        let _ = writeln!(
            svg.0,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" \
             viewBox=\"0 0 {0} {1}\" role=\"img\">",
            Short(width),
            Short(height)
        );
        svg.title(if workflow.name().is_empty() { "workflow" } else { workflow.name() });
        let _ = writeln!(svg.0, "<style>{STYLE}</style>");
        svg.0.push_str(
            "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"7\" \
             markerHeight=\"7\" orient=\"auto\"><path class=\"tip\" d=\"M0 0L8 4L0 8z\"/></marker></defs>\n",
        );
        svg.0.push_str("<rect class=\"paper\" width=\"100%\" height=\"100%\"/>\n");
        for (level, (top, height)) in levels.iter().enumerate() {
            let (x, y) = (Short(MARGIN), Short(top + height / 2.0 + 4.0));
            let _ =
                writeln!(svg.0, "<text class=\"level\" x=\"{x}\" y=\"{y}\">Level {level}</text>");
        }
        svg
    }

    pub(super) fn end(mut self) -> String {
        self.0.push_str("</svg>\n");
        self.0
    }

    fn title(&mut self, title: &str) {
        self.0.push_str("<title>");
        text::escape(&mut self.0, title);
        self.0.push_str("</title>");
    }

    fn words(&mut self, class: &str, x: f64, y: f64, words: &str) {
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        let _ = write!(self.0, "<text{class} x=\"{}\" y=\"{}\">", Short(x), Short(y));
        text::escape(&mut self.0, words);
        self.0.push_str("</text>");
    }

    fn rect(&mut self, class: &str, rect: Rect, corner: f64) {
        let Rect { x, y, width, height } = rect;
        let _ = write!(
            self.0,
            "<rect class=\"{class}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"{}\"/>",
            Short(x),
            Short(y),
            Short(width),
            Short(height),
            Short(corner)
        );
    }

    /// A node that shows the workflow inside it.
    fn around(&mut self, entry: &Entry<'_>, rect: Rect, output: bool) {
        self.0.push_str("<g>");
        self.tell(entry);
        self.rect(if output { "output inside" } else { "inside" }, rect, 8.0);
        self.words("name", rect.x + 10.0, rect.y + NAME - 8.0, &text::cut(&entry.heading()));
        self.0.push_str("</g>\n");
    }

    fn node(&mut self, entry: &Entry<'_>, rect: Rect, output: bool) {
        let (title, name) = text::lines(entry);
        self.0.push_str("<g>");
        self.tell(entry);
        self.boxed(entry.node().view(), rect, output, &title, name.as_deref());
    }

    /// A box and what it says; ends what was begun for it.
    pub(super) fn boxed(
        &mut self,
        view: NodeView,
        rect: Rect,
        output: bool,
        title: &str,
        name: Option<&str>,
    ) {
        let class = match (output, view) {
            (true, NodeView::Dynamic) => "output dynamic",
            (true, _) => "output",
            (false, NodeView::Dynamic) => "node dynamic",
            (false, _) => "node",
        };
        if view == NodeView::Map {
            // One of many behind it.
            let behind = Rect { x: rect.x + BEHIND, y: rect.y - BEHIND, ..rect };
            self.rect(class, behind, 5.0);
        }
        self.rect(class, rect, if view == NodeView::Succeed { rect.height / 2.0 } else { 5.0 });
        let (x, y) = (rect.x + rect.width / 2.0, rect.y + rect.height / 2.0);
        match name {
            None => self.words("", x, y + 4.5, title),
            Some(name) => {
                self.words("", x, y - 2.0, title);
                self.words("small", x, y + 13.0, name);
            }
        }
        self.0.push_str("</g>\n");
    }

    /// What is said where the pointer rests.
    fn tell(&mut self, entry: &Entry<'_>) {
        let level = entry.workflow.levels().of(entry.id);
        self.title(&format!("{}: {} (level {level})", entry.path, entry.node().task().name));
    }

    /// Begins a box with what is said of it.
    pub(super) fn begin_box(&mut self, says: &str) {
        self.0.push_str("<g>");
        self.title(says);
    }

    pub(super) fn edge(&mut self, route: &Route<'_>, kind: EdgeKind) {
        let class = match kind {
            EdgeKind::Value => "edge",
            EdgeKind::When => "edge when",
            EdgeKind::After => "edge after",
        };
        let (mut x, mut y) = route.begin;
        let _ = write!(self.0, "<path class=\"{class}\" d=\"M{} {}", Short(x), Short(y));
        for gap in route.gaps {
            self.curve((x, y), (gap.x, gap.top));
            let _ = write!(self.0, "V{}", Short(gap.bottom));
            (x, y) = (gap.x, gap.bottom);
        }
        self.curve((x, y), route.end);
        self.0.push_str("\" marker-end=\"url(#tip)\"/>\n");
    }

    /// From one place to another, upright at both.
    fn curve(&mut self, from: (f64, f64), to: (f64, f64)) {
        let bend = ((to.1 - from.1) / 2.0).abs().max(12.0);
        let _ = write!(
            self.0,
            "C{} {} {} {} {} {}",
            Short(from.0),
            Short(from.1 + bend),
            Short(to.0),
            Short(to.1 - bend),
            Short(to.0),
            Short(to.1)
        );
    }
}

/// A number with at most one digit behind the point: more nobody sees.
struct Short(f64);

impl std::fmt::Display for Short {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tenths = (self.0 * 10.0).round() as i64;
        let (whole, tenth) = (tenths.abs() / 10, tenths.abs() % 10);
        let sign = if tenths < 0 { "-" } else { "" };
        if tenth == 0 { write!(f, "{sign}{whole}") } else { write!(f, "{sign}{whole}.{tenth}") }
    }
}
