//! The manifest: what a pack says of itself, as JSON in a section of its own, readable without
//! executing anything. Written at compile time by the functions here.
//!
//! Format 1: `{format, abi, api, name, version, description, panic, tasks: [{name, doc, lane, pure,
//! idempotent, associative, cpus?, memory?, cost?, ports: [{name, type, doc, mode, default?, unread?, secret?}],
//! output: {type}}]}`. Readers ignore keys they do not know.

use crate::schema::Schema;

/// Version of the manifest's format.
pub const MANIFEST_FORMAT: u32 = 1;

/// The section that holds it.
pub const MANIFEST_SECTION: &str = ".terrace.manifest";

/// On which kind of thread a task runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lane {
    /// It computes: as many at once as there are workers.
    Compute,
    /// It waits: for files, sockets, other processes, time.
    Blocking,
}

/// What a port does with its value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PortMode {
    /// Only reads it; no copy is made for the task.
    Borrow,
    /// Keeps or changes it; moved in where nobody else needs it, else cloned.
    Take,
}

/// A pack as its author describes it.
#[derive(Clone, Copy, Debug)]
pub struct PackDef {
    /// Name, as workflows write it before the slash.
    pub name: &'static str,
    /// Version of the pack's crate.
    pub version: &'static str,
    /// One sentence.
    pub description: &'static str,
    /// The tasks.
    pub tasks: &'static [TaskDef],
}

/// A task as its author describes it.
#[derive(Clone, Copy, Debug)]
pub struct TaskDef {
    /// Name, as workflows write it after the slash.
    pub name: &'static str,
    /// The function's doc comment.
    pub doc: &'static str,
    /// On which kind of thread it runs.
    pub lane: Lane,
    /// Same inputs, same output, no effects: need not run when nobody wants its output.
    pub pure: bool,
    /// Running it twice has the effect of running it once.
    pub idempotent: bool,
    /// For combiners: `f(f(a, b), c) = f(a, f(b, c))`.
    pub associative: bool,
    /// Threads it uses; 1 where it says nothing.
    pub cpus: u32,
    /// Bytes of memory it needs, where it says.
    pub memory: Option<u64>,
    /// What one call costs, as the author writes it (`"0.03 USD"`).
    pub cost: Option<&'static str>,
    /// Inputs, in the order of the arguments.
    pub ports: &'static [PortDef],
    /// Type of the output.
    pub output: Schema,
}

/// A port as its author describes it.
#[derive(Clone, Copy, Debug)]
pub struct PortDef {
    /// Name.
    pub name: &'static str,
    /// The parameter's doc comment.
    pub doc: &'static str,
    /// Type.
    pub schema: Schema,
    /// What the task does with the value.
    pub mode: PortMode,
    /// The default as JSON text.
    pub default: Option<&'static str>,
    /// Whether the task never looks at it.
    pub unread: bool,
    /// Whether the value must not be shown.
    pub secret: bool,
}
