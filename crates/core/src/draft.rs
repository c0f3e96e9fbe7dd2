//! [`Draft`]: a workflow as written, before anyone checked it against the tasks that exist.
//!
//! A file's reader and [`crate::WorkflowBuilder`] both make one; [`Draft::validate`] turns it into
//! a [`crate::Workflow`] or tells everything that is wrong with it.

use std::sync::Arc;

use terrace_plugin_api::{Lane, Value};

use crate::catalog::TaskRef;
use crate::expr::{Expr, NodeId};
use crate::problem::Problem;
use crate::source::{Source, Span};
use crate::types::Type;

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
    /// The text it was read from.
    pub source: Option<Source>,
    /// What was wrong already while it was made.
    pub problems: Vec<Problem>,
}

impl Draft {
    /// The tasks it names, each once, in alphabetical order.
    pub fn task_names(&self) -> Vec<String> {
        let named = self.nodes.iter().filter_map(|node| match &node.task {
            TaskChoice::Named { name, .. } => Some(name.to_string()),
            TaskChoice::Inline(_) => None,
        });
        let mut names: Vec<String> = named.collect();
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
    /// Where it stands in the text.
    pub span: Option<Span>,
}

/// A node as written.
#[derive(Clone, Debug)]
pub struct NodeDraft {
    /// Name; one is made from the task's where none was given.
    pub name: Option<Arc<str>>,
    /// Free text for people.
    pub label: Option<String>,
    /// The task.
    pub task: TaskChoice,
    /// Its arguments.
    pub args: Args,
    /// Nodes that must succeed first, without giving it a value.
    pub after: Vec<NodeId>,
    /// On which kind of thread it runs, where that differs from what the task says.
    pub lane: Option<Lane>,
    /// Whether its output is readable after the run.
    pub keep: bool,
    /// Where its parts stand in the text.
    pub spans: Option<Box<NodeSpans>>,
}

/// The task of a node.
#[derive(Clone, Debug)]
pub enum TaskChoice {
    /// By name, looked up in the catalog.
    Named {
        /// `pack/task`.
        name: Arc<str>,
        /// The types that the program expects of it, where it said.
        expect: Option<Arc<Expectation>>,
    },
    /// At hand: a closure or function.
    Inline(TaskRef),
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
