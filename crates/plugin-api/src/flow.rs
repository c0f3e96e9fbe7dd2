//! [`Flow`]: the workflow that a task gives to run in its place.
//!
//! It crosses the boundary as the description that a workflow file has, so whatever such a file
//! can say a task can: [`Flow`] writes the common part of it, and [`Flow::described`] takes any.

use std::fmt;

use crate::port::{PortError, PortType};
use crate::schema::Schema;
use crate::value::Value;

/// The workflow that a task gives to run in its place: its nodes run, and what the workflow gives
/// is what the task's node gives.
///
/// ```
/// use terrace_plugin_api::{task, Flow};
///
/// /// Sorts by halves.
/// #[task(pure)]
/// fn merge_sort(values: Vec<i64>) -> Flow {
///     if values.len() < 2 {
///         return Flow::done(values);
///     }
///     let mut flow = Flow::new();
///     let (left, right) = values.split_at(values.len() / 2);
///     let left = flow.node("left", "sort/merge_sort").with("values", left.to_vec()).add();
///     let right = flow.node("right", "sort/merge_sort").with("values", right.to_vec()).add();
///     let merged = flow.node("merge", "sort/merge").with("a", &left).with("b", &right).add();
///     flow.output(merged)
/// }
/// ```
///
/// Tasks of the pack itself are named by its own name, whatever alias a workflow has for it; others
/// as the workflow around the node names them.
#[derive(Clone, Debug, Default)]
pub struct Flow {
    nodes: Vec<(String, Value)>,
    output: Option<Value>,
    described: Option<Value>,
    error: Option<PortError>,
}

/// A node of a [`Flow`]: where it is an argument, its output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlowNode(String);

/// An argument of a node: data, or the outputs of other nodes.
#[derive(Clone, Debug)]
pub struct FlowArg(Result<Value, PortError>);

/// A node in the making.
#[derive(Debug)]
#[must_use = "nothing is added before `add`"]
pub struct NewNode<'f> {
    flow: &'f mut Flow,
    name: String,
    task: String,
    with: Vec<(String, Value)>,
    after: Vec<Value>,
}

impl Flow {
    /// A workflow without nodes that gives null.
    pub fn new() -> Self {
        Self::default()
    }

    /// One that gives a value, with nothing left to run: where a recursion ends.
    pub fn done<T: PortType>(value: T) -> Self {
        Self::new().output(value)
    }

    /// The workflow of a description, as a workflow file has it: `{terrace: 1, nodes: {…}, …}`.
    pub fn described(description: Value) -> Self {
        Self { described: Some(description), ..Self::default() }
    }

    /// Adds a node that runs a task. Names are `[A-Za-z_][A-Za-z0-9_-]*`, each once.
    pub fn node(&mut self, name: impl fmt::Display, task: impl fmt::Display) -> NewNode<'_> {
        NewNode {
            flow: self,
            name: name.to_string(),
            task: task.to_string(),
            with: Vec::new(),
            after: Vec::new(),
        }
    }

    /// Says what the workflow gives.
    #[must_use]
    pub fn output(mut self, value: impl Into<FlowArg>) -> Self {
        match value.into().0 {
            Ok(value) => self.output = Some(value),
            Err(error) => self.fail(error),
        }
        self
    }

    fn fail(&mut self, error: PortError) {
        self.error.get_or_insert(error);
    }
}

impl NewNode<'_> {
    /// Gives a port its value.
    pub fn with(mut self, port: impl fmt::Display, value: impl Into<FlowArg>) -> Self {
        match value.into().0 {
            Ok(value) => self.with.push((port.to_string(), value)),
            Err(error) => self.flow.fail(error.at_key(&port.to_string())),
        }
        self
    }

    /// Makes it wait for another without taking its value.
    pub fn after(mut self, other: &FlowNode) -> Self {
        self.after.push(Value::from(other.0.as_str()));
        self
    }

    /// Adds it.
    pub fn add(self) -> FlowNode {
        let Self { flow, name, task, with, after } = self;
        let mut entries = vec![("task", Value::from(task))];
        let mut add = |key, value: Result<Value, crate::ValueError>| match value {
            Ok(value) => entries.push((key, value)),
            Err(error) => flow.error = flow.error.take().or_else(|| Some(error.into())),
        };
        add("with", Value::map(with));
        if !after.is_empty() {
            add("after", Value::list(after));
        }
        match Value::map(entries) {
            Ok(node) => flow.nodes.push((name.clone(), node)),
            Err(error) => flow.fail(error.into()),
        }
        FlowNode(name)
    }
}

impl<T: PortType> From<T> for FlowArg {
    fn from(value: T) -> Self {
        Self(value.into_value().and_then(literal))
    }
}
impl From<FlowNode> for FlowArg {
    fn from(node: FlowNode) -> Self {
        Self(Ok(node.reference()))
    }
}
impl From<&FlowNode> for FlowArg {
    fn from(node: &FlowNode) -> Self {
        Self(Ok(node.reference()))
    }
}
impl From<Vec<FlowNode>> for FlowArg {
    fn from(nodes: Vec<FlowNode>) -> Self {
        let references = nodes.iter().map(FlowNode::reference).collect();
        Self(Value::list(references).map_err(Into::into))
    }
}

impl FlowNode {
    fn reference(&self) -> Value {
        Value::from(format!("${{{}}}", self.0))
    }
}

/// Data as it is written in a description, where `${` begins a reference.
fn literal(value: Value) -> Result<Value, PortError> {
    // As deep as values are: at most `MAX_DEPTH`.
    Ok(match value {
        Value::Str(text) if text.contains("${") => Value::from(text.replace("${", "$${")),
        Value::List(list) if list.as_slice().iter().any(may_hold_text) => {
            Value::list(list.into_vec().into_iter().map(literal).collect::<Result<_, _>>()?)?
        }
        Value::Map(map) => {
            let entries = map.into_entries().into_iter();
            Value::map(
                entries
                    .map(|(key, value)| Ok((key, literal(value)?)))
                    .collect::<Result<Vec<_>, PortError>>()?,
            )?
        }
        other => other,
    })
}

fn may_hold_text(value: &Value) -> bool {
    matches!(value, Value::Str(_) | Value::List(_) | Value::Map(_))
}

impl PortType for Flow {
    const SCHEMA: Schema = Schema::Workflow;

    fn from_value(value: Value) -> Result<Self, PortError> {
        match value {
            Value::Map(_) => Ok(Self::described(value)),
            other => Err(PortError::expected("a workflow's description", &other)),
        }
    }

    fn into_value(self) -> Result<Value, PortError> {
        if let Some(error) = self.error {
            return Err(error);
        }
        if let Some(described) = self.described {
            return Ok(described);
        }
        let entries = [
            ("terrace", Value::from(1_i64)),
            ("nodes", Value::map(self.nodes)?),
            ("output", self.output.unwrap_or_default()),
        ];
        Ok(Value::map(entries)?)
    }
}
