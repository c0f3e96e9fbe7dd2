//! What is known of a task without running it: its ports, its output, how it behaves.

use terrace_plugin_api::Value;
pub use terrace_plugin_api::{Lane, PortMode};

use crate::types::Type;

/// A task's ports, output and behaviour.
#[derive(Clone, Debug)]
pub struct Signature {
    /// What it does, as its author says. May have several lines.
    pub doc: String,
    /// Inputs, in the order of the arguments.
    pub ports: Vec<Port>,
    /// Type of the output.
    pub output: Type,
    /// On which kind of thread it runs.
    pub lane: Lane,
    /// Same inputs, same output, no effects: need not run when nobody wants its output.
    pub pure: bool,
    /// Running it twice has the effect of running it once.
    pub idempotent: bool,
    /// For combiners: grouping does not matter.
    pub associative: bool,
    /// Threads it uses, at least 1.
    pub cpus: u32,
    /// Bytes of memory it needs, where known.
    pub memory: Option<u64>,
    /// What one call costs, as its author wrote it.
    pub cost: Option<String>,
}

impl Signature {
    /// The position of a port.
    pub fn port(&self, name: &str) -> Option<usize> {
        self.ports.iter().position(|port| port.name == name)
    }
}

impl Default for Signature {
    fn default() -> Self {
        Self {
            doc: String::new(),
            ports: Vec::new(),
            output: Type::Any,
            lane: Lane::Compute,
            pure: false,
            idempotent: false,
            associative: false,
            cpus: 1,
            memory: None,
            cost: None,
        }
    }
}

/// One input of a task.
#[derive(Clone, Debug)]
pub struct Port {
    /// Name.
    pub name: String,
    /// What it is for, as the author says.
    pub doc: String,
    /// Type; an optional one may be left out.
    pub ty: Type,
    /// What the task does with the value.
    pub mode: PortMode,
    /// What stands in where nothing is given.
    pub default: Option<Value>,
    /// Whether the task never looks at it.
    pub unread: bool,
    /// Whether the value must not be shown.
    pub secret: bool,
    /// Whether a workflow must write the value out, without references: for text that something
    /// else will run.
    pub literal: bool,
}

impl Port {
    /// A required port that takes its value.
    pub fn new(name: impl Into<String>, ty: Type) -> Self {
        Self {
            name: name.into(),
            doc: String::new(),
            ty,
            mode: PortMode::Take,
            default: None,
            unread: false,
            secret: false,
            literal: false,
        }
    }

    /// What the task gets where nothing is given; `None` where it must be given.
    pub fn when_absent(&self) -> Option<Value> {
        match (&self.default, &self.ty) {
            (Some(default), _) => Some(default.clone()),
            (None, Type::Optional(_)) => Some(Value::Null),
            _ => None,
        }
    }
}
