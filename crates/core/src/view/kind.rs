//! What a node is to whoever looks at it: its kind, its width, its title.

use std::fmt;

use crate::build::CLOSURE;
use crate::draft::{FlowStyle, RunIf};
use crate::repeat::Loop;
use crate::workflow::{Node, Repeat, SubFlow, Workflow};

/// What a node does when it runs, as people see it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NodeView {
    /// Calls its task.
    Task,
    /// Calls its task, which gives a workflow that runs in its place.
    Dynamic,
    /// Runs its body once per item.
    Map,
    /// Runs its body again and again.
    Loop,
    /// Runs a workflow.
    Flow,
    /// Runs named workflows side by side.
    Branches,
    /// Ends the run with success.
    Succeed,
}

impl NodeView {
    /// The name used in documents: `dynamic`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Task => "task",
            Self::Dynamic => "dynamic",
            Self::Map => "map",
            Self::Loop => "loop",
            Self::Flow => "flow",
            Self::Branches => "branches",
            Self::Succeed => "succeed",
        }
    }
}

impl fmt::Display for NodeView {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Node {
    /// What it is to whoever looks at it.
    pub fn view(&self) -> NodeView {
        match self.flow().map(|flow| (flow.repeat(), flow.style())) {
            Some((Repeat::Map(_), _)) => NodeView::Map,
            Some((Repeat::Loop(_), _)) => NodeView::Loop,
            Some((Repeat::Once, FlowStyle::Branches)) => NodeView::Branches,
            Some((Repeat::Once, _)) => NodeView::Flow,
            None if self.succeeds() => NodeView::Succeed,
            None if self.is_dynamic() => NodeView::Dynamic,
            None => NodeView::Task,
        }
    }

    /// How many items it runs over, for a map of which that is known before the run.
    pub fn width(&self) -> Option<u64> {
        match self.flow()?.repeat() {
            Repeat::Map(map) => map.over.len(),
            _ => None,
        }
    }

    /// The workflow inside that is worth showing: not the one task of a map or loop, which is what
    /// people see of the node itself, and none without nodes.
    pub(super) fn inside(&self) -> Option<&Workflow> {
        let flow = self.flow()?;
        let workflow = match flow.is_single() {
            false => flow.workflow(),
            // What is used in a map or loop is shown as what that runs.
            true => flow.used()?.workflow(),
        };
        (!workflow.nodes().is_empty()).then_some(workflow)
    }

    /// Whether it is seen as the one task that it repeats.
    fn is_one_task(flow: &SubFlow) -> bool {
        flow.is_single() && flow.used().is_none()
    }

    /// What it is called where its task is what matters: the label, the task without its pack, or
    /// the name of a workflow.
    pub(super) fn title(&self) -> &str {
        match (self.label(), self.flow()) {
            (Some(label), _) => label,
            (None, Some(flow)) if !Self::is_one_task(flow) => self.name(),
            // A closure has no name, its node may have been given one.
            _ if self.short_task() == CLOSURE && !self.name().starts_with(CLOSURE) => self.name(),
            _ => self.short_task(),
        }
    }

    /// What is counted in a level: the task, or the name of a workflow.
    pub(super) fn counted(&self) -> &str {
        match self.flow() {
            Some(flow) if !Self::is_one_task(flow) => self.name(),
            _ => self.short_task(),
        }
    }

    /// The task's name without its pack.
    pub(super) fn short_task(&self) -> &str {
        let name = &*self.task().name;
        name.rsplit_once('/').map_or(name, |(_, task)| task)
    }

    /// The title with how often it runs, where its body comes from and when it runs.
    pub(super) fn heading(&self) -> String {
        let mut text = self.title().to_owned();
        if let Some(flow) = self.flow() {
            match flow.repeat() {
                Repeat::Once => {}
                Repeat::Map(_) => {
                    text.push(' ');
                    text.push_str(&times(self.width()));
                }
                Repeat::Loop(repeat) if text == "loop" => text = passes(repeat),
                Repeat::Loop(repeat) => text = format!("{text}, {}", passes(repeat)),
            }
            if let FlowStyle::File(path) = flow.used().unwrap_or(flow).style() {
                text = format!("{text} ({path})");
            }
        }
        if self.view() == NodeView::Dynamic {
            text.push_str(" …");
        }
        match self.run_if() {
            RunIf::Success => {}
            RunIf::Failure => text.push_str(" (on failure)"),
            RunIf::Always => text.push_str(" (always)"),
        }
        text
    }
}

/// `×5`, or `×?` where only the run knows.
pub(super) fn times(width: Option<u64>) -> String {
    width.map_or_else(|| "×?".to_owned(), |width| format!("×{width}"))
}

/// `loop ≤ 50`, or `loop ×10` where nothing ends it before.
fn passes(repeat: &Loop) -> String {
    let sign = if repeat.until.is_some() { "≤ " } else { "×" };
    format!("loop {sign}{}", repeat.max)
}
