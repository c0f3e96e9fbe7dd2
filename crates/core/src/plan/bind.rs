//! Making arguments from slots: evaluates expressions when their node is about to run.

use terrace_plugin_api::{Array, ErrorClass, TaskError, Value};

use super::{Plan, PlanIndex, PortArg};
use crate::draft::InputRole;
use crate::expr::{Expr, Piece, Ref, Root, Select};

/// What a run knows besides outputs and inputs.
#[derive(Clone, Debug)]
pub struct RunConstants {
    /// The run's id.
    pub id: String,
    /// The run's seed.
    pub seed: u64,
    /// The folder of the workflow's file; empty where it has none.
    pub workflow_dir: String,
}

/// Where arguments find what they refer to.
pub trait Slots {
    /// What the run knows.
    fn run(&self) -> &RunConstants;
    /// The values of the workflow's inputs, in order.
    fn inputs(&self) -> &[Value];
    /// The output of a node that has ended; `None` where it has none.
    fn output(&self, at: PlanIndex) -> Option<Value>;
    /// How a node has ended, as a value.
    fn outcome(&self, at: PlanIndex) -> Value;
}

/// Why there are no arguments for a node.
#[derive(Clone, Debug)]
pub enum BindError {
    /// A port needs a value that is absent: a node it comes from did not succeed.
    Absent,
    /// A value cannot be made of what is there. Trying again cannot help.
    Wrong(TaskError),
}

impl From<TaskError> for BindError {
    fn from(error: TaskError) -> Self {
        Self::Wrong(error)
    }
}

impl Plan {
    /// Makes the arguments of a node and appends them to `args`, one per port. What is absent is
    /// what the port says for that.
    ///
    /// # Errors
    /// When a port that needs its value does not get it; when a selection finds nothing, text
    /// cannot be made of a value, or a value does not convert.
    pub fn bind(
        &self,
        at: PlanIndex,
        slots: &impl Slots,
        args: &mut Vec<Value>,
    ) -> Result<(), BindError> {
        let ports = self.ports(at);
        args.reserve(ports);
        for port in 0..ports {
            args.push(self.bind_port(at, port, slots)?);
        }
        Ok(())
    }

    /// Makes one argument of a node, as [`Self::bind`] does.
    ///
    /// # Errors
    /// As there.
    pub fn bind_port(
        &self,
        at: PlanIndex,
        port: usize,
        slots: &impl Slots,
    ) -> Result<Value, BindError> {
        let expr = match self.arg(at, port) {
            PortArg::Const(value) => return Ok(value.clone()),
            PortArg::Output(from) => return slots.output(from).ok_or(BindError::Absent),
            PortArg::Expr(expr) => expr,
        };
        let node = self.node(at);
        let name = || &node.task().signature.ports[port].name;
        let value = self
            .evaluate(expr, slots)
            .map_err(|error| invalid(format!("input `{}`: {}", name(), error.message())))?;
        match value {
            Some(value) => Ok(value),
            None => node.task().signature.ports[port].when_absent().ok_or(BindError::Absent),
        }
    }

    /// The value of an expression of this plan's workflow; `None` where something that it refers
    /// to is absent.
    ///
    /// # Errors
    /// When a selection finds nothing, text cannot be made of a value, or a value does not convert.
    pub fn evaluate(&self, expr: &Expr, slots: &impl Slots) -> Result<Option<Value>, TaskError> {
        match expr {
            Expr::Const(value) => Ok(Some(value.clone())),
            Expr::Ref(reference) => self.resolve(reference, slots),
            // Expressions nest as deep as a file or a builder's arguments do: bounded by both.
            Expr::List(items) => {
                let items = items.iter().map(|item| self.evaluate(item, slots)).collect::<Result<
                    Option<Vec<_>>,
                    _,
                >>(
                )?;
                items.map(|items| Value::list(items).map_err(invalid)).transpose()
            }
            Expr::Map(entries) => {
                let entries = entries
                    .iter()
                    .map(|(key, item)| {
                        Ok(self.evaluate(item, slots)?.map(|value| (key.as_str(), value)))
                    })
                    .collect::<Result<Option<Vec<_>>, TaskError>>()?;
                entries.map(|entries| Value::map(entries).map_err(invalid)).transpose()
            }
            Expr::Text(pieces) => {
                let mut text = String::new();
                for piece in pieces {
                    match piece {
                        Piece::Literal(literal) => text.push_str(literal),
                        Piece::Ref(reference) => {
                            let Some(value) = self.resolve(reference, slots)? else {
                                return Ok(None);
                            };
                            push_text(&mut text, &value).map_err(|what| {
                                let shown = self.show(reference);
                                invalid(format!("{shown} gives {what}, which is not text"))
                            })?;
                        }
                    }
                }
                Ok(Some(Value::from(text)))
            }
        }
    }

    /// The value of an expression that a workflow gives: as [`Self::evaluate`], but inside a
    /// collection what is absent is null.
    ///
    /// # Errors
    /// As [`Self::evaluate`].
    pub fn give(&self, expr: &Expr, slots: &impl Slots) -> Result<Option<Value>, TaskError> {
        let part = |part: &Expr| self.give(part, slots).map(Option::unwrap_or_default);
        match expr {
            Expr::List(items) => {
                let items = items.iter().map(part).collect::<Result<Vec<_>, _>>()?;
                Value::list(items).map(Some).map_err(invalid)
            }
            Expr::Map(entries) => {
                let entries = entries.iter().map(|(key, item)| Ok((key.as_str(), part(item)?)));
                let entries = entries.collect::<Result<Vec<_>, TaskError>>()?;
                Value::map(entries).map(Some).map_err(invalid)
            }
            alone => self.evaluate(alone, slots),
        }
    }

    fn resolve(&self, reference: &Ref, slots: &impl Slots) -> Result<Option<Value>, TaskError> {
        let mut value = match reference.root {
            Root::Node(id) => match self.place(id) {
                Some(place) => match slots.output(place) {
                    Some(value) => value,
                    None => return Ok(None),
                },
                None => Value::Null,
            },
            Root::Outcome(id) => match self.place(id) {
                Some(place) => slots.outcome(place),
                None => Value::Null,
            },
            Root::Input(id) => slots.inputs().get(id.index()).cloned().unwrap_or_default(),
            Root::RunId => Value::from(slots.run().id.as_str()),
            Root::RunSeed => Value::from(slots.run().seed),
            Root::WorkflowDir => {
                Value::from(self.workflow.dir().unwrap_or(&slots.run().workflow_dir))
            }
        };
        if let Some(adapt) = &reference.adapt {
            value = adapt.apply(value)?;
        }
        for select in &reference.path {
            value = select.apply(&value).ok_or_else(|| {
                let shown = self.show(reference);
                invalid(format!("{shown}: there is no `{select}` in {}", describe(&value)))
            })?;
        }
        Ok(Some(value))
    }

    /// A reference as people write it.
    pub(crate) fn show(&self, reference: &Ref) -> String {
        let name = |root| match root {
            Root::Node(id) | Root::Outcome(id) => self.workflow.name_of(id).into_owned(),
            Root::Input(id) => {
                let input = &self.workflow.inputs()[id.index()];
                match input.role {
                    InputRole::Declared => format!("inputs.{}", input.name),
                    _ => input.name.clone(),
                }
            }
            Root::RunId => "run.id".to_owned(),
            Root::RunSeed => "run.seed".to_owned(),
            Root::WorkflowDir => "workflow.dir".to_owned(),
        };
        format!("`${{{}}}`", reference.show(&name))
    }
}

fn invalid(message: impl std::fmt::Display) -> TaskError {
    TaskError::new(ErrorClass::INVALID_INPUT, message)
}

impl Select {
    /// The part of a value that this selects, where it is there.
    pub fn apply(&self, value: &Value) -> Option<Value> {
        match (value, self) {
            (Value::Map(map), Self::Key(key)) => map.get(key).cloned(),
            (Value::List(list), Self::Index(at)) => list.get(usize::try_from(*at).ok()?).cloned(),
            (Value::Array(array), Self::Index(at)) => element(array, usize::try_from(*at).ok()?),
            _ => None,
        }
    }
}

/// An element of a one-dimensional array.
fn element(array: &Array, at: usize) -> Option<Value> {
    if array.shape().len() != 1 {
        return None;
    }
    if let Some(items) = array.as_slice::<f64>() {
        return items.get(at).map(|&item| Value::F64(item));
    }
    if let Some(items) = array.as_slice::<f32>() {
        return items.get(at).map(|&item| Value::F64(f64::from(item)));
    }
    if let Some(items) = array.as_slice::<i64>() {
        return items.get(at).map(|&item| Value::I64(item));
    }
    if let Some(items) = array.as_slice::<i32>() {
        return items.get(at).map(|&item| Value::I64(i64::from(item)));
    }
    array.as_slice::<u8>()?.get(at).map(|&item| Value::I64(i64::from(item)))
}

/// A value in words, with its keys or length, for "there is no `.x` in …".
fn describe(value: &Value) -> String {
    match value {
        Value::Map(map) => {
            let keys: Vec<&str> = map.iter().map(|(key, _)| key).take(8).collect();
            format!("a map with {} keys ({})", map.len(), keys.join(", "))
        }
        Value::List(list) => format!("a list of {}", list.len()),
        Value::Array(array) => format!("an array of {}", array.len()),
        other => other.kind().to_owned(),
    }
}

/// Appends strings as they are, numbers and bools as JSON writes them.
pub(crate) fn push_text(text: &mut String, value: &Value) -> Result<(), &'static str> {
    use std::fmt::Write as _;
    let written = match value {
        Value::Str(part) => {
            text.push_str(part);
            return Ok(());
        }
        Value::Bool(part) => write!(text, "{part}"),
        Value::I64(part) => write!(text, "{part}"),
        Value::U64(part) => write!(text, "{}", part.get()),
        Value::F64(part) => write!(text, "{part:?}"),
        other => return Err(other.kind()),
    };
    debug_assert!(written.is_ok(), "writing to a string cannot fail");
    Ok(())
}
