//! Expressions: how a node's argument or a workflow's output is made of constants and references.
//!
//! There is no arithmetic: an expression only says which values go where. Writing and reading
//! them as `${…}` is `crate::file`'s business.

use std::fmt;
use std::sync::Arc;

use terrace_plugin_api::{TaskError, Value};

/// A node of a workflow, as built. What users see; run order is [`crate::PlanIndex`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NodeId(pub(crate) u32);

impl NodeId {
    /// Position among the nodes of its workflow, from 0.
    pub fn index(self) -> usize {
        self.0 as usize
    }

    /// The id at a position; meaningful only for the workflow that has it.
    pub fn at(index: usize) -> Option<Self> {
        u32::try_from(index).ok().map(Self)
    }
}

/// An input of a workflow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct InputId(pub(crate) u32);

impl InputId {
    /// Position among the inputs of its workflow, from 0.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// How a value is made.
#[derive(Clone, Debug, PartialEq)]
pub enum Expr {
    /// A constant.
    Const(Value),
    /// What a reference gives, with its type.
    Ref(Ref),
    /// A list of expressions.
    List(Vec<Expr>),
    /// A map of expressions, in order.
    Map(Vec<(String, Expr)>),
    /// Text around references to strings, numbers and bools.
    Text(Vec<Piece>),
}

/// A part of an [`Expr::Text`].
#[derive(Clone, Debug, PartialEq)]
pub enum Piece {
    /// Text as it is.
    Literal(String),
    /// What a reference gives, as text.
    Ref(Ref),
}

/// A reference: where a value comes from, and what is selected from it.
#[derive(Clone, Debug, PartialEq)]
pub struct Ref {
    /// Where it comes from.
    pub root: Root,
    /// Selections, outermost first.
    pub path: Vec<Select>,
    /// Conversion of a Rust value before selection, where one side of the edge is a closure.
    pub adapt: Option<Adapter>,
}

/// Where a reference starts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Root {
    /// Output of a node.
    Node(NodeId),
    /// How a node ended, as an outcome: what a port of that type gets. Validation makes it.
    Outcome(NodeId),
    /// An input of the workflow.
    Input(InputId),
    /// The run's id, as text.
    RunId,
    /// The run's seed, an integer.
    RunSeed,
    /// The folder of the workflow's file, as text.
    WorkflowDir,
}

impl Root {
    /// The node it waits for.
    pub fn node(self) -> Option<NodeId> {
        match self {
            Self::Node(id) | Self::Outcome(id) => Some(id),
            _ => None,
        }
    }
}

/// One selection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Select {
    /// A map's value by key.
    Key(String),
    /// A list's item by position, from 0.
    Index(u64),
}

/// Turns a value on an edge into another: a Rust value into plain data or back.
#[derive(Clone)]
pub struct Adapter(Arc<Convert>);

type Convert = dyn Fn(Value) -> Result<Value, TaskError> + Send + Sync;

impl Adapter {
    /// Wraps a conversion.
    pub fn new(
        convert: impl Fn(Value) -> Result<Value, TaskError> + Send + Sync + 'static,
    ) -> Self {
        Self(Arc::new(convert))
    }

    /// Converts a value.
    ///
    /// # Errors
    /// When the value does not convert.
    pub fn apply(&self, value: Value) -> Result<Value, TaskError> {
        (self.0)(value)
    }
}

impl PartialEq for Adapter {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::addr_eq(Arc::as_ptr(&self.0), Arc::as_ptr(&other.0))
    }
}

impl fmt::Debug for Adapter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Adapter")
    }
}

impl Ref {
    /// A reference to the whole of something.
    pub fn new(root: Root) -> Self {
        Self { root, path: Vec::new(), adapt: None }
    }
}

impl Expr {
    /// Calls `visit` for every node it refers to, left to right, as often as it does.
    pub fn each_node(&self, visit: &mut impl FnMut(NodeId)) {
        self.each_ref(&mut |reference| {
            if let Some(id) = reference.root.node() {
                visit(id);
            }
        });
    }

    /// Calls `visit` for every reference inside, left to right.
    pub fn each_ref(&self, visit: &mut impl FnMut(&Ref)) {
        match self {
            Self::Const(_) => {}
            Self::Ref(reference) => visit(reference),
            Self::List(items) => items.iter().for_each(|item| item.each_ref(visit)),
            Self::Map(entries) => entries.iter().for_each(|(_, item)| item.each_ref(visit)),
            Self::Text(pieces) => {
                for piece in pieces {
                    if let Piece::Ref(reference) = piece {
                        visit(reference);
                    }
                }
            }
        }
    }
}

impl Ref {
    /// The reference as people write it between `${` and `}`, given how its root is written.
    pub fn show(&self, root: &dyn Fn(Root) -> String) -> String {
        let mut text = root(self.root);
        for select in &self.path {
            text.push_str(&select.to_string());
        }
        text
    }
}

impl Select {
    /// A key as it stands in the path of an item: `["XX"]`.
    pub fn quoted(key: &str) -> String {
        format!("[{}]", serde_json::Value::from(key))
    }
}

impl fmt::Display for Select {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Key(key) if crate::validate::is_name(key) => write!(f, ".{key}"),
            Self::Key(key) => f.write_str(&Self::quoted(key)),
            Self::Index(index) => write!(f, "[{index}]"),
        }
    }
}
