//! From [`Draft`] to [`Workflow`]: every problem at once, each with where and a suggestion.
//!
//! Names in [`names`], tasks and their arguments in [`args`], workflows inside nodes in [`flows`],
//! what maps run over where it is written out in [`constants`], what joins their results in [`mod@reduce`], types of references in [`typing`], who may give
//! nothing in [`absence`], what holds for nodes in [`policies`] and for all in [`rules`], which
//! limits either can name in [`limits`]. What is wrong with one node does not hide what is wrong
//! with the next; cycles are looked for even when types are wrong.

mod absence;
mod args;
mod assemble;
mod constants;
mod cycles;
mod flows;
mod limits;
mod names;
mod policies;
mod reduce;
mod rules;
mod typing;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::catalog::{Catalog, TaskRef};
use crate::draft::{Draft, NodeDraft, PackRequirement, RepeatDraft, TaskChoice};
use crate::expr::{Expr, NodeId};
use crate::file::written_task;
use crate::level::Levels;
use crate::policy::PolicyRef;
use crate::problem::{Place, Problem, Problems};
use crate::source::Span;
use crate::types::Type;
use crate::workflow::{Adjacency, SubFlow, Workflow};

use limits::Visible;

pub(crate) use assemble::{Head, of_flat};
pub(crate) use limits::Survey;
pub use names::is_name;
pub(crate) use names::{Counters, RESERVED, invent_names, suggest};

/// Handles of one builder share a scope; no two builders do.
pub(crate) fn fresh_scope() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    NEXT.fetch_add(1, Ordering::Relaxed)
}

/// How deep workflows may be written inside each other. Workflows that were built before, and
/// those that tasks give at run time, may lie deeper.
const MAX_NESTING: usize = 128;

/// Where a draft stands.
struct Site<'a> {
    catalog: &'a dyn Catalog,
    scope: u64,
    /// Names of the nodes around it, each with a point.
    prefix: String,
    depth: usize,
    /// The packs that its file declares.
    packs: &'a [PackRequirement],
    /// The node that it is the body of.
    around: Option<String>,
    /// Whether something was wrong already before it was checked: what could not be read has no
    /// task, and nothing more is said about that.
    reported: bool,
    /// The expressions of a map or loop that are of the body itself, and where they stand.
    repeat: Option<(&'a RepeatDraft, &'a [Span])>,
    /// What the whole run has and takes.
    survey: &'a Survey,
    /// The limits around it that it sees.
    limits: Option<&'a Visible<'a>>,
    /// Whether its nodes may need limits that only a run knows.
    is_given: bool,
    /// The innermost map or loop that it is in, in words: ``map `m` ``.
    repeated: Option<String>,
    /// Whether it stands in a file that another uses.
    is_in_file: bool,
    /// Whether its one task stands for the node of the map around it, which has its policy.
    is_item: bool,
}

impl Site<'_> {
    /// The task of a name, under the name that its file writes.
    fn find(&self, name: &str) -> Option<TaskRef> {
        let task = self.catalog.find(name)?;
        let written = written_task(name);
        Some(TaskRef { name: written.map_or(task.name.clone(), Arc::from), ..task })
    }
}

/// Everything the passes share.
struct Context<'a> {
    draft: &'a Draft,
    site: &'a Site<'a>,
    /// Types of the inputs; the surroundings know more of them than the draft does.
    inputs: Vec<Type>,
    names: Vec<Arc<str>>,
    tasks: Vec<Option<TaskRef>>,
    /// What references to each node give.
    types: Vec<Type>,
    flows: Vec<Option<Arc<SubFlow>>>,
    /// The limits that its nodes can name.
    limits: &'a Visible<'a>,
    /// What holds for each node, what its task declares included.
    policies: Vec<PolicyRef>,
    problems: Vec<Problem>,
    /// What is odd but not wrong, here and in the bodies.
    warnings: Vec<Problem>,
}

impl Context<'_> {
    /// A problem at a place of the text where there is one, else at the node.
    fn at_node(&self, id: NodeId, span: Option<Span>, message: String) -> Problem {
        let problem = Problem::new(message);
        match (&self.draft.source, span) {
            (Some(source), Some(span)) => problem.with_span(source, span),
            _ => problem.with_node(format!("{}{}", self.site.prefix, self.names[id.index()])),
        }
    }

    fn at_span(&self, span: Option<Span>, message: String) -> Problem {
        let problem = Problem::new(message);
        match (&self.draft.source, span) {
            (Some(source), Some(span)) => problem.with_span(source, span),
            _ => match &self.site.around {
                Some(node) => problem.with_node(node),
                None => problem,
            },
        }
    }

    /// Keeps what is odd but not wrong, up to as much as anybody reads.
    fn warn(&mut self, warning: Problem) {
        if self.warnings.len() < policies::MAX {
            self.warnings.push(warning);
        }
    }

    fn node(&self, id: NodeId) -> &NodeDraft {
        &self.draft.nodes[id.index()]
    }

    /// Whether a node runs a workflow.
    fn is_flow(&self, id: NodeId) -> bool {
        self.flows.get(id.index()).is_some_and(Option::is_some)
    }

    /// Where a node's name stands.
    fn name_span(&self, id: NodeId) -> Option<Span> {
        self.node(id).spans.as_ref().map(|spans| spans.name)
    }

    fn report(&mut self, id: NodeId, span: Option<Span>, message: String, help: &str) {
        let mut problem = self.at_node(id, span, message);
        problem.help = (!help.is_empty()).then(|| help.to_owned());
        self.problems.push(problem);
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
        self,
        catalog: &dyn Catalog,
        scope: u64,
    ) -> Result<Workflow, Problems> {
        let survey = Survey::of_draft(&self);
        let site = Site {
            catalog,
            scope,
            prefix: String::new(),
            depth: 0,
            packs: &self.packs,
            around: None,
            reported: !self.problems.is_empty(),
            repeat: None,
            survey: &survey,
            limits: None,
            is_given: self.is_given,
            repeated: None,
            is_in_file: false,
            is_item: false,
        };
        let inputs = self.inputs.iter().map(|input| input.ty.clone()).collect();
        let (workflow, mut problems) = check(&self, &site, inputs);
        if self.source.is_some() {
            once(&mut problems);
            // Reader and passes have come by the same places in turn. Files in the order in which
            // they were come by.
            let mut files: Vec<String> = Vec::new();
            let mut place = |problem: &Problem| match &problem.place {
                Place::Text { source, span } => {
                    let at = files.iter().position(|known| known == source.name());
                    let at = at.unwrap_or_else(|| {
                        files.push(source.name().to_owned());
                        files.len() - 1
                    });
                    (at, span.start)
                }
                _ => (usize::MAX, usize::MAX),
            };
            problems.sort_by_cached_key(|problem| place(problem));
        }
        Problems::check(problems)?;
        Ok(workflow)
    }
}

/// Keeps each problem of a text once: a file that is used twice has its mistakes once.
fn once(problems: &mut Vec<Problem>) {
    let mut seen = HashSet::new();
    problems.retain(|problem| match &problem.place {
        Place::Text { source, span } => {
            seen.insert((source.name().to_owned(), *span, problem.message.clone()))
        }
        _ => true,
    });
}

/// Checks one draft. The workflow is whole only where there is no problem.
fn check(draft: &Draft, site: &Site<'_>, inputs: Vec<Type>) -> (Workflow, Vec<Problem>) {
    let limits = Visible::new(&draft.rules.limits, site.limits);
    let mut context = Context {
        draft,
        site,
        inputs,
        names: Vec::new(),
        tasks: Vec::new(),
        types: Vec::new(),
        flows: Vec::new(),
        limits: &limits,
        policies: Vec::new(),
        problems: Vec::new(),
        warnings: Vec::new(),
    };
    for problem in &draft.problems {
        // What a builder reports of a body stands at the node whose body it is.
        let problem = problem.clone();
        context.problems.push(match (&problem.place, &site.around) {
            (Place::Workflow, Some(node)) => problem.with_node(node),
            _ => problem,
        });
    }
    names::assign(&mut context);
    find_tasks(&mut context);
    flows::resolve(&mut context);
    let mut args = args::bind(&mut context);
    flows::check_fans(&mut context);
    typing::check_outputs(&mut context);
    flows::check_body(&mut context);
    rules::check(&mut context);
    policies::check(&mut context);
    typing::take_outcomes(&context, &mut args);
    let dependencies = dependencies(draft, &args);
    let levels = match Levels::find(&dependencies) {
        Ok(levels) => levels,
        Err(()) => {
            cycles::report(&mut context, &dependencies, &args);
            Levels::default()
        }
    };
    // A file that is used twice is odd once.
    once(&mut context.warnings);
    let problems = std::mem::take(&mut context.problems);
    (assemble::assemble(context, args, dependencies, levels), problems)
}

fn find_tasks(context: &mut Context<'_>) {
    let mut known: HashMap<&str, Option<TaskRef>> = HashMap::new();
    let mut names: Option<Vec<String>> = None;
    let (draft, site) = (context.draft, context.site);
    for (at, node) in draft.nodes.iter().enumerate() {
        let (name, expect) = match &node.task {
            TaskChoice::Inline(task) => {
                context.tasks.push(Some(task.clone()));
                continue;
            }
            TaskChoice::Named { name, expect } => (name, expect),
            // Found later, when the types around are known.
            _ => {
                context.tasks.push(None);
                continue;
            }
        };
        let catalog = context.site.catalog;
        let task = known.entry(name).or_insert_with(|| site.find(name)).clone();
        let id = NodeId(at as u32);
        match &task {
            Some(task) => {
                if let Some(expect) = expect {
                    typing::check_expectation(context, id, task, expect);
                }
            }
            // Whoever read the file has said that the task is missing.
            None if name.is_empty() && (site.reported || !draft.problems.is_empty()) => {}
            None => {
                let names = names.get_or_insert_with(|| catalog.names());
                let span = node.spans.as_ref().map(|spans| spans.task);
                let shown = written_task(name);
                let shown = shown.as_deref().unwrap_or(name);
                let mut problem = context.at_node(id, span, format!("unknown task `{shown}`"));
                problem.help = names::missing_task_help(name, names, site.packs);
                context.problems.push(problem);
            }
        }
        context.tasks.push(task);
    }
    context.types = context
        .tasks
        .iter()
        .map(|task| match task.as_ref().map(|task| &task.signature.output) {
            // What it gives runs in its place, and may give anything.
            None | Some(Type::Workflow) => Type::Any,
            Some(output) => output.clone(),
        })
        .collect();
    context.flows = vec![None; draft.nodes.len()];
}

/// What each node depends on: its arguments' nodes in order, then what else it refers to, then
/// `after`, each once.
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
            arg.each_node(&mut add);
        }
        flows::each_outer(node, &mut |expr| expr.each_node(&mut add));
        node.after.iter().copied().for_each(add);
        result.push(&list);
    }
    result
}
