//! Nodes as they stand in a file.

use terrace_plugin_api::Lane;

use super::{Entries, Writer, node};
use crate::draft::{Args, Draft, FlowStyle, NodeDraft, RunIf, TaskChoice};
use crate::expr::NodeId;
use crate::file::decode::step_name;
use crate::file::parse::quoted;
use crate::file::{Kind, Tree};
use crate::problem::Problem;

impl<'d> Writer<'d> {
    /// Some nodes of a draft, from its first on, by name.
    pub(super) fn nodes(&mut self, draft: &'d Draft, some: &'d [NodeDraft]) -> Entries {
        self.distinct("node", draft.nodes.iter().filter_map(|node| node.name.as_deref()));
        let mut nodes = Entries::default();
        for (at, draft) in some.iter().enumerate() {
            let mut entries = Entries::default();
            if let Some(name) = self.node(at, draft, &draft.after, &mut entries) {
                nodes.add(name, entries.tree());
            }
        }
        nodes
    }

    /// The nodes one after the other; each is after the one before without saying so.
    pub(super) fn steps(&mut self, nodes: &'d [NodeDraft]) -> Tree {
        let mut steps = Vec::with_capacity(nodes.len());
        for (at, step) in nodes.iter().enumerate() {
            let mut entries = Entries::default();
            let name = step.name.as_deref().filter(|name| *name != step_name(at));
            entries.text("name", name);
            let after = step.after.get(usize::from(at > 0)..).unwrap_or_default();
            self.node(at, step, after, &mut entries);
            steps.push(entries.tree());
        }
        node(Kind::Seq(steps))
    }

    fn node(
        &mut self,
        at: usize,
        draft: &'d NodeDraft,
        after: &[NodeId],
        entries: &mut Entries,
    ) -> Option<&'d str> {
        let Some(name) = draft.name.as_deref() else {
            self.found.push(
                Problem::new(format!("node {at} has no name, which it needs in a file"))
                    .with_help("give it one"),
            );
            return None;
        };
        match &draft.task {
            TaskChoice::Flow(flow) if !matches!(flow.style, FlowStyle::File(_)) => {
                self.flow(name, draft, flow, entries);
            }
            _ => {
                if draft.repeat.is_some() {
                    let message = "a map or loop runs a workflow, and it has none".to_owned();
                    self.refuse(name, message, "");
                }
                self.call(name, draft, entries);
            }
        }
        let nodes = self.scopes.last().map_or(&[][..], |scope| &scope.draft.nodes);
        let mut names = Vec::new();
        for id in after {
            match nodes.get(id.index()).and_then(|node| node.name.as_deref()) {
                Some(name) => names.push(node(Kind::Str(name.to_owned()))),
                None => self.refuse(name, "it comes after a node that is not there".into(), ""),
            }
        }
        if !names.is_empty() {
            entries.add("after", node(Kind::Seq(names)));
        }
        if let Some(when) = &draft.when {
            let when = self.expr(when, &format!("`when` of node {}", quoted(name)), 0);
            entries.add("when", when);
        }
        match draft.run_if {
            RunIf::Success => {}
            RunIf::Failure => entries.text("run_if", Some("failure")),
            RunIf::Always => entries.text("run_if", Some("always")),
        }
        if let TaskChoice::Named { .. } | TaskChoice::Inline(_) = draft.task {
            lane(draft, entries);
        } else if draft.lane.is_some() {
            self.refuse(name, "only a task has a lane".to_owned(), "");
        }
        self.beside(name, draft, entries);
        entries.text("label", draft.label.as_deref());
        if draft.keep {
            entries.add("keep", node(Kind::Bool(true)));
        }
        Some(name)
    }

    /// A task or a file with its arguments, or the end of the run.
    pub(super) fn call(&mut self, name: &'d str, draft: &'d NodeDraft, entries: &mut Entries) {
        match &draft.task {
            TaskChoice::Named { name, .. } => entries.text("task", Some(name)),
            TaskChoice::File(path) => entries.text("use", Some(path)),
            TaskChoice::Flow(flow) => match &flow.style {
                FlowStyle::File(path) => entries.text("use", Some(path)),
                _ => self.refuse(name, "it has a workflow inside".to_owned(), ""),
            },
            TaskChoice::Succeed => entries.add("succeed", node(Kind::Bool(true))),
            TaskChoice::Workflow(_) => self.refuse(
                name,
                "it runs a workflow that the program built".to_owned(),
                "write that workflow into a file, and `use` it",
            ),
            TaskChoice::Inline(task) => self.refuse(
                name,
                format!("its task {} is a function of the program", quoted(&task.name)),
                "put the function into a pack",
            ),
        }
        match &draft.args {
            Args::Positional(args) if args.is_empty() => {}
            Args::Positional(_) => self.refuse(
                name,
                "its arguments are given by position, and a file names them".to_owned(),
                "name the inputs of the task",
            ),
            Args::Named(args) => {
                let place = format!("node {}", quoted(name));
                let mut with = Entries::default();
                for (port, value) in args {
                    with.add(port, self.expr(value, &place, 0));
                }
                self.distinct("argument", args.iter().map(|(port, _)| port.as_str()));
                entries.section("with", with);
            }
        }
    }
}

/// Where the steps at the end of a file begin. Nodes that are chained may be either; they are
/// written as steps where one has the name that a step has without one of its own.
pub(super) fn first_step(nodes: &[NodeDraft]) -> usize {
    let starts = nodes.iter().enumerate().filter_map(|(at, node)| {
        let position = node.name.as_deref()?.strip_prefix("step_")?.parse::<usize>().ok()?;
        let start = (at + 1).checked_sub(position)?;
        (start <= at && node.name.as_deref() == Some(&step_name(at - start))).then_some(start)
    });
    starts.into_iter().find(|&start| is_chain(nodes, start)).unwrap_or(nodes.len())
}

/// Whether each node from one on is after the one before it, and says so first.
pub(super) fn is_chain(nodes: &[NodeDraft], start: usize) -> bool {
    let follows = |at: usize| nodes[at].after.first().is_some_and(|id| id.index() == at - 1);
    (start + 1..nodes.len()).all(follows)
}

/// Which kind of thread a task runs on, where that is said.
pub(super) fn lane(draft: &NodeDraft, entries: &mut Entries) {
    entries.text(
        "lane",
        draft.lane.map(|lane| match lane {
            Lane::Compute => "compute",
            Lane::Blocking => "blocking",
        }),
    );
}
