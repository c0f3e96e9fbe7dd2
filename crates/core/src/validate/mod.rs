//! From [`Draft`] to [`Workflow`]: every problem at once, each with where and a suggestion.
//!
//! Names in [`names`], tasks and their arguments in [`args`], types of references in [`typing`].
//! What is wrong with one node does not hide what is wrong with the next; cycles are looked for
//! even when types are wrong.

mod args;
mod names;
mod typing;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::catalog::{Catalog, TaskRef};
use crate::draft::{Draft, NodeDraft, TaskChoice};
use crate::expr::{Expr, NodeId, Root};
use crate::level::{self, Levels};
use crate::problem::{Place, Problem, Problems};
use crate::source::Span;
use crate::workflow::{Adjacency, Inner, Input, Node, Output, Workflow};

pub use names::is_name;
pub(crate) use names::{RESERVED, suggest};

/// Handles of one builder share a scope; no two builders do.
pub(crate) fn fresh_scope() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// Everything the passes share.
struct Context<'a> {
    draft: &'a Draft,
    names: Vec<Arc<str>>,
    tasks: Vec<Option<TaskRef>>,
    problems: Vec<Problem>,
}

impl Context<'_> {
    /// A problem at a place of the text where there is one, else at the node.
    fn at_node(&self, id: NodeId, span: Option<Span>, message: String) -> Problem {
        let problem = Problem::new(message);
        match (&self.draft.source, span) {
            (Some(source), Some(span)) => problem.with_span(source, span),
            _ => problem.with_node(&*self.names[id.index()]),
        }
    }

    fn at_span(&self, span: Option<Span>, message: String) -> Problem {
        let problem = Problem::new(message);
        match (&self.draft.source, span) {
            (Some(source), Some(span)) => problem.with_span(source, span),
            _ => problem,
        }
    }

    fn node(&self, id: NodeId) -> &NodeDraft {
        &self.draft.nodes[id.index()]
    }
}

impl Draft {
    /// Checks it against the tasks that exist. Costs O(nodes + edges).
    ///
    /// # Errors
    /// Everything that is wrong: unknown tasks and ports, missing and mistyped arguments, names
    /// that clash, cycles.
    pub fn validate(self, catalog: &dyn Catalog) -> Result<Workflow, Problems> {
        self.validate_in(catalog, fresh_scope())
    }

    pub(crate) fn validate_in(
        mut self,
        catalog: &dyn Catalog,
        scope: u64,
    ) -> Result<Workflow, Problems> {
        let problems = std::mem::take(&mut self.problems);
        let mut context = Context { draft: &self, names: Vec::new(), tasks: Vec::new(), problems };
        names::assign(&mut context);
        find_tasks(&mut context, catalog);
        let args = args::bind(&mut context);
        typing::check_outputs(&mut context);
        let dependencies = dependencies(&self, &args);
        let levels = match Levels::find(&dependencies) {
            Ok(levels) => levels,
            Err(()) => {
                report_cycles(&mut context, &dependencies, &args);
                Levels::default()
            }
        };
        let Context { names, tasks, mut problems, .. } = context;
        if self.source.is_some() {
            // Reader and passes have come by the same places in turn.
            problems.sort_by_key(|problem| match &problem.place {
                Place::Text { span, .. } => span.start,
                _ => usize::MAX,
            });
        }
        Problems::check(problems)?;
        Ok(assemble(self, scope, names, tasks, args, dependencies, levels))
    }
}

fn find_tasks(context: &mut Context<'_>, catalog: &dyn Catalog) {
    let mut known: HashMap<&str, Option<TaskRef>> = HashMap::new();
    let mut names: Option<Vec<String>> = None;
    let draft = context.draft;
    for (at, node) in draft.nodes.iter().enumerate() {
        let (name, expect) = match &node.task {
            TaskChoice::Inline(task) => {
                context.tasks.push(Some(task.clone()));
                continue;
            }
            TaskChoice::Named { name, expect } => (name, expect),
        };
        let task = known.entry(name).or_insert_with(|| catalog.find(name)).clone();
        let id = NodeId(at as u32);
        match &task {
            Some(task) => {
                if let Some(expect) = expect {
                    typing::check_expectation(context, id, task, expect);
                }
            }
            // Whoever read the file has said that the task is missing.
            None if name.is_empty() && !context.problems.is_empty() => {}
            None => {
                let names = names.get_or_insert_with(|| catalog.names());
                let span = node.spans.as_ref().map(|spans| spans.task);
                let mut problem = context.at_node(id, span, format!("unknown task `{name}`"));
                problem.help = names::missing_task_help(name, names, draft);
                context.problems.push(problem);
            }
        }
        context.tasks.push(task);
    }
}

/// What each node depends on: its arguments' nodes in order, then `after`, each once.
fn dependencies(draft: &Draft, args: &[Vec<Expr>]) -> Adjacency {
    let n = draft.nodes.len();
    let mut result = Adjacency::with_capacity(n);
    let mut seen = vec![u32::MAX; n];
    let mut list = Vec::new();
    for (at, node) in draft.nodes.iter().enumerate() {
        list.clear();
        let mut add = |id: NodeId| {
            if id.index() < n && seen[id.index()] != at as u32 {
                seen[id.index()] = at as u32;
                list.push(id);
            }
        };
        for arg in &args[at] {
            arg.each_ref(&mut |reference| {
                if let Root::Node(id) = reference.root {
                    add(id);
                }
            });
        }
        node.after.iter().copied().for_each(add);
        result.push(&list);
    }
    result
}

fn report_cycles(context: &mut Context<'_>, dependencies: &Adjacency, args: &[Vec<Expr>]) {
    for cycle in level::cycles(dependencies) {
        let edges: Vec<String> = cycle
            .iter()
            .enumerate()
            .map(|(at, &node)| {
                let on = cycle[(at + 1) % cycle.len()];
                let port = context.tasks[node.index()]
                    .as_ref()
                    .and_then(|task| port_reading(&args[node.index()], on).map(|at| (task, at)))
                    .map_or("after", |(task, at)| &task.signature.ports[at].name);
                format!("{}.{port} ← {}", context.names[node.index()], context.names[on.index()])
            })
            .collect();
        let first = cycle[0];
        let span = context.node(first).spans.as_ref().map(|spans| spans.name);
        let problem = context
            .at_node(first, span, format!("nodes depend on each other: {}", edges.join(", ")))
            .with_help("remove one of these edges");
        context.problems.push(problem);
    }
}

/// The first port of a node whose argument refers to another.
fn port_reading(args: &[Expr], on: NodeId) -> Option<usize> {
    args.iter().position(|arg| {
        let mut found = false;
        arg.each_ref(&mut |reference| found |= reference.root == Root::Node(on));
        found
    })
}

fn assemble(
    draft: Draft,
    scope: u64,
    names: Vec<Arc<str>>,
    tasks: Vec<Option<TaskRef>>,
    args: Vec<Vec<Expr>>,
    dependencies: Adjacency,
    levels: Levels,
) -> Workflow {
    let by_name = names.iter().cloned().zip((0..).map(NodeId)).collect();
    let nodes = draft
        .nodes
        .into_iter()
        .zip(names)
        .zip(tasks)
        .zip(args)
        .filter_map(|(((node, name), task), args)| {
            let task = task?;
            let lane = node.lane.unwrap_or(task.signature.lane);
            let NodeDraft { label, after, keep, .. } = node;
            Some(Node { name, label, task, args, after, lane, keep })
        })
        .collect();
    let inputs = draft
        .inputs
        .into_iter()
        .map(|input| Input {
            name: input.name,
            ty: input.ty,
            default: input.default,
            description: input.description,
            secret: input.secret,
            env: input.env,
        })
        .collect();
    let outputs = draft
        .outputs
        .into_iter()
        .map(|output| Output { name: output.name, value: output.value })
        .collect();
    Workflow(Arc::new(Inner {
        scope,
        name: draft.name.unwrap_or_default(),
        description: draft.description,
        packs: draft.packs,
        inputs,
        nodes,
        outputs,
        by_name,
        dependencies,
        levels,
        warnings: Vec::new(),
    }))
}
