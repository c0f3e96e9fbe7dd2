//! [`Draft`]: a workflow as written, before anyone checked it against the tasks that exist.
//!
//! A file's reader and [`crate::WorkflowBuilder`] both make one; [`Draft::validate`] turns it into
//! a [`crate::Workflow`] or tells everything that is wrong with it.

use std::sync::Arc;

use terrace_plugin_api::{Lane, Value};

use crate::catalog::TaskRef;
use crate::expr::{Expr, NodeId, Ref};
use crate::policy::{IfFailed, PolicyRef, Rules};
use crate::problem::Problem;
use crate::repeat::{Loop, Map};
use crate::source::{Source, Span};
use crate::types::Type;
use crate::workflow::Workflow;

/// A workflow that may be wrong.
#[derive(Clone, Debug, Default)]
pub struct Draft {
    /// Name, where it has one.
    pub name: Option<String>,
    /// What it does, in a sentence or more.
    pub description: Option<String>,
    /// The packs it wants.
    pub packs: Vec<PackRequirement>,
    /// What it takes.
    pub inputs: Vec<InputDraft>,
    /// Its nodes.
    pub nodes: Vec<NodeDraft>,
    /// What it gives, by name.
    pub outputs: Vec<OutputDraft>,
    /// What a node that runs it gives, where that is not the map of its outputs.
    pub result: Option<Expr>,
    /// Where that stands in the text.
    pub result_span: Option<Span>,
    /// What holds for all of it.
    pub rules: Rules,
    /// Where its rules stand in the text.
    pub rule_spans: Option<Box<RuleSpans>>,
    /// Whether a task gives it to a run: its nodes may need limits that the run has and it does
    /// not know. Whoever runs it checks those.
    pub is_given: bool,
    /// The folder of its file, where that is not the run's.
    pub dir: Option<Arc<str>>,
    /// The text it was read from.
    pub source: Option<Source>,
    /// What was wrong already while it was made.
    pub problems: Vec<Problem>,
}

impl Draft {
    /// The tasks it names, those of the workflows inside it included, each once, in alphabetical
    /// order.
    pub fn task_names(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut open = vec![self];
        while let Some(draft) = open.pop() {
            for node in &draft.nodes {
                match &node.task {
                    TaskChoice::Named { name, .. } => names.push(name.to_string()),
                    TaskChoice::Flow(flow) => open.push(&flow.draft),
                    _ => {}
                }
                let reduce = match &node.repeat {
                    Some(RepeatDraft::Map(map)) => map.reduce.as_ref(),
                    _ => None,
                };
                if let Some(TaskChoice::Named { name, .. }) = reduce.map(|reduce| &reduce.task) {
                    names.push(name.to_string());
                }
            }
        }
        names.sort_unstable();
        names.dedup();
        names
    }
}

/// A pack that a workflow wants, under the name it uses for it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PackRequirement {
    /// What stands before the slash in task names.
    pub alias: String,
    /// The pack's own name.
    pub name: String,
    /// Version requirement in cargo's notation: `^0.1`.
    pub version: String,
    /// Where it stands in the text.
    pub span: Option<Span>,
}

/// An input as declared.
#[derive(Clone, Debug)]
pub struct InputDraft {
    /// Name.
    pub name: String,
    /// Type.
    pub ty: Type,
    /// What stands in where nothing is given.
    pub default: Option<Value>,
    /// What it is for.
    pub description: Option<String>,
    /// Whether its value must never be shown.
    pub secret: bool,
    /// The environment variable it is read from, where it is.
    pub env: Option<String>,
    /// Who gives it its value.
    pub role: InputRole,
    /// Where it stands in the text.
    pub span: Option<Span>,
}

impl InputDraft {
    /// A required input of a name and type.
    pub fn new(name: impl Into<String>, ty: Type) -> Self {
        Self {
            name: name.into(),
            ty,
            default: None,
            description: None,
            secret: false,
            env: None,
            role: InputRole::Declared,
            span: None,
        }
    }
}

/// Who gives an input its value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum InputRole {
    /// Whoever runs the workflow.
    #[default]
    Declared,
    /// The workflow around it: a name that the body sees from outside. Its name is how the
    /// reference is written there.
    Captured,
    /// The map or loop around it: the item, its index or key, a carried value.
    Local,
}

/// A node as written.
#[derive(Clone, Debug)]
pub struct NodeDraft {
    /// Name; one is made from the task's where none was given.
    pub name: Option<Arc<str>>,
    /// Free text for people.
    pub label: Option<String>,
    /// What it runs.
    pub task: TaskChoice,
    /// Its arguments.
    pub args: Args,
    /// Nodes that must succeed first, without giving it a value.
    pub after: Vec<NodeId>,
    /// A reference to a bool; where it is false, the node is skipped.
    pub when: Option<Expr>,
    /// After which ends of what it depends on it runs.
    pub run_if: RunIf,
    /// How often it runs its body, where that is not once.
    pub repeat: Option<RepeatDraft>,
    /// On which kind of thread it runs, where that differs from what the task says.
    pub lane: Option<Lane>,
    /// Whether its output is readable after the run.
    pub keep: bool,
    /// What holds for it; for a map as a whole.
    pub policy: PolicyRef,
    /// Where its parts stand in the text.
    pub spans: Option<Box<NodeSpans>>,
}

impl NodeDraft {
    /// A node that runs something once, with nothing else said about it.
    pub fn new(task: TaskChoice, args: Args) -> Self {
        Self {
            name: None,
            label: None,
            task,
            args,
            after: Vec::new(),
            when: None,
            run_if: RunIf::Success,
            repeat: None,
            lane: None,
            keep: false,
            policy: None,
            spans: None,
        }
    }
}

/// After which ends of what it depends on a node runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum RunIf {
    /// When all of it succeeded.
    #[default]
    Success,
    /// When some of it failed, or was skipped because of a failure.
    Failure,
    /// However it ended.
    Always,
}

impl NodeDraft {
    /// Whether it may fail without failing what depends on it, which then goes on without its
    /// value.
    pub fn may_fail_softly(&self) -> bool {
        self.policy.as_ref().is_some_and(|policy| policy.if_failed == IfFailed::Absent)
    }
}

/// What a node runs.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum TaskChoice {
    /// A task by name, looked up in the catalog.
    Named {
        /// `pack/task`.
        name: Arc<str>,
        /// The types that the program expects of it, where it said.
        expect: Option<Arc<Expectation>>,
    },
    /// A task at hand: a closure or function.
    Inline(TaskRef),
    /// A workflow written inside this one.
    Flow(Box<FlowDraft>),
    /// A workflow that was built before; its inputs are the node's ports.
    Workflow(Workflow),
    /// A workflow in another file, before [`Draft::link`] read it.
    File(String),
    /// Nothing: it ends the run with success.
    Succeed,
}

/// A workflow inside another.
#[derive(Clone, Debug)]
pub struct FlowDraft {
    /// The workflow.
    pub draft: Draft,
    /// How it is written.
    pub style: FlowStyle,
    /// What the inputs with the role [`InputRole::Captured`] stand for outside, in their order.
    pub captures: Vec<Ref>,
}

/// How a workflow inside another is written. It makes no difference to what runs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FlowStyle {
    /// One task: the body of a map or loop.
    Single,
    /// `nodes:`.
    Nodes,
    /// `steps:`.
    Steps,
    /// `branches:`, each a node.
    Branches,
    /// `use:` with this path. Sees nothing from outside.
    File(String),
}

/// A map or a loop as written.
#[derive(Clone, Debug)]
pub enum RepeatDraft {
    /// Once per item.
    Map(Box<Map<ReduceDraft>>),
    /// Again and again.
    Loop(Box<Loop>),
}

/// How a map's results become one value, as written.
#[derive(Clone, Debug)]
pub struct ReduceDraft {
    /// The combiner: takes what is joined already and the next result.
    pub task: TaskChoice,
    /// What stands before the first result, outside the body.
    pub start: Option<Expr>,
    /// Where it stands in the text.
    pub span: Option<Span>,
}

/// The types that a program expects of a task it imports.
#[derive(Clone, Debug)]
pub struct Expectation {
    /// Types of the arguments, in order.
    pub args: Vec<Type>,
    /// Type of the output.
    pub output: Type,
}

/// The arguments of a node.
#[derive(Clone, Debug)]
pub enum Args {
    /// In the order of the ports.
    Positional(Vec<Expr>),
    /// By port.
    Named(Vec<(String, Expr)>),
}

/// Where the parts of a node stand in the text.
#[derive(Clone, Debug, Default)]
pub struct NodeSpans {
    /// Its name.
    pub name: Span,
    /// The task's name.
    pub task: Span,
    /// The arguments, one for one.
    pub args: Vec<ArgSpans>,
    /// The entries of `after`, one for one.
    pub after: Vec<Span>,
    /// The condition.
    pub when: Span,
    /// The parts of its policy, by key (`timeout`) or path (`needs.github`), in the order of the
    /// text; those that hold per item of a map first.
    pub policy: Vec<(Box<str>, Span)>,
    /// The map or loop.
    pub repeat: Span,
    /// What the map runs over, one for one, then what its reduction starts with; or the first
    /// values of the loop's carried ones, one for one.
    pub lists: Vec<Span>,
    /// The expressions of the map or loop that are of its body: what makes keys; the next values
    /// of the carried ones, one for one, then what ends the loop.
    pub inner: Vec<Span>,
}

/// Where the rules of a workflow stand in the text.
#[derive(Clone, Debug, Default)]
pub struct RuleSpans {
    /// The names of its limits, one for one.
    pub limits: Vec<Span>,
    /// The names in its budget, one for one.
    pub budget: Vec<Span>,
    /// After what it pauses.
    pub checkpoints: Span,
}

/// Where an argument stands in the text.
#[derive(Clone, Copy, Debug, Default)]
pub struct ArgSpans {
    /// The port's name.
    pub port: Span,
    /// The value.
    pub value: Span,
}

/// An output as declared.
#[derive(Clone, Debug)]
pub struct OutputDraft {
    /// Name.
    pub name: String,
    /// Its value.
    pub value: Expr,
    /// Where it stands in the text.
    pub span: Option<Span>,
}
