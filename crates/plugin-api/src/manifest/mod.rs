//! The manifest: what a pack says of itself, as JSON in a section of its own, readable without
//! executing anything. Written at compile time: each task by [`task_json`], the pack around them
//! by [`pack_json`]; the letters are put down in [`mod@json`].
//!
//! Format 1: `{format, abi, api, name, version, description, symbol, panic, tasks: [{name, doc,
//! lane, pure, idempotent, associative, cpus, memory?, cost?, ports: [{name, type, doc, mode,
//! default?, unread?, secret?, literal?}], output: {type}}]}`. `default` is the value itself. Readers ignore
//! keys they do not know.

mod defaults;
pub(crate) mod json;

use crate::module::{hash_more, manifest_hash, ABI, HASH_OF_NOTHING, SYMBOL_PREFIX};
use crate::schema::Schema;
use json::Text;

pub use defaults::check_default;

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
    /// The symbol of the module.
    pub symbol: &'static str,
    /// What a panic does in this build: `unwind` or `abort`.
    pub panic: &'static str,
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
    /// Whether a workflow must write the value out, without references: for text that something
    /// else will run.
    pub literal: bool,
}

/// A task's part of the manifest. With `N = 0` for its length.
const fn write_task<const N: usize>(task: &TaskDef) -> Text<N> {
    let mut text = Text::<N>::new().push("{\"name\":").string(task.name);
    text = text.push(",\"doc\":").string(task.doc);
    text = text.push(match task.lane {
        Lane::Compute => ",\"lane\":\"compute\"",
        Lane::Blocking => ",\"lane\":\"blocking\"",
    });
    text = text.push(",\"pure\":").bool(task.pure);
    text = text.push(",\"idempotent\":").bool(task.idempotent);
    text = text.push(",\"associative\":").bool(task.associative);
    text = text.push(",\"cpus\":").number(task.cpus as u64);
    if let Some(memory) = task.memory {
        text = text.push(",\"memory\":").number(memory);
    }
    if let Some(cost) = task.cost {
        text = text.push(",\"cost\":").string(cost);
    }
    text = text.push(",\"ports\":[");
    let mut at = 0;
    while at < task.ports.len() {
        if at > 0 {
            text = text.push(",");
        }
        text = write_port(text, &task.ports[at]);
        at += 1;
    }
    text.push("],\"output\":{\"type\":").schema(&task.output).push("}}")
}

const fn write_port<const N: usize>(text: Text<N>, port: &PortDef) -> Text<N> {
    let mut text = text.push("{\"name\":").string(port.name);
    text = text.push(",\"type\":").schema(&port.schema);
    text = text.push(",\"doc\":").string(port.doc);
    text = text.push(match port.mode {
        PortMode::Borrow => ",\"mode\":\"borrow\"",
        PortMode::Take => ",\"mode\":\"take\"",
    });
    if let Some(default) = port.default {
        text = text.push(",\"default\":").push(default);
    }
    if port.unread {
        text = text.push(",\"unread\":true");
    }
    if port.secret {
        text = text.push(",\"secret\":true");
    }
    if port.literal {
        text = text.push(",\"literal\":true");
    }
    text.push("}")
}

/// Length of a task's part of the manifest.
pub const fn task_len(task: &TaskDef) -> usize {
    write_task::<0>(task).len()
}

/// A task's part of the manifest; `N` is its [`task_len`].
pub const fn task_json<const N: usize>(task: &TaskDef) -> [u8; N] {
    write_task::<N>(task).into_bytes()
}

/// What stands before the tasks.
const fn write_head<const N: usize>(pack: &PackDef) -> Text<N> {
    let mut text = Text::<N>::new().push("{\"format\":").number(MANIFEST_FORMAT as u64);
    text = text.push(",\"abi\":").string(ABI);
    text = text.push(",\"api\":").string(env!("CARGO_PKG_VERSION"));
    text = text.push(",\"name\":").string(pack.name);
    text = text.push(",\"version\":").string(pack.version);
    text = text.push(",\"description\":").string(pack.description);
    text = text.push(",\"symbol\":").string(pack.symbol);
    text = text.push(",\"panic\":").string(pack.panic);
    text.push(",\"tasks\":[")
}

/// Length of what stands before the tasks.
pub const fn head_len(pack: &PackDef) -> usize {
    write_head::<0>(pack).len()
}

/// What stands before the tasks; `N` is its [`head_len`].
pub const fn head_json<const N: usize>(pack: &PackDef) -> [u8; N] {
    write_head::<N>(pack).into_bytes()
}

/// Length of the whole manifest.
pub const fn pack_len(head: &[u8], tasks: &[&[u8]]) -> usize {
    let mut len = head.len() + tasks.len().saturating_sub(1) + "]}".len();
    let mut at = 0;
    while at < tasks.len() {
        len += tasks[at].len();
        at += 1;
    }
    len
}

/// The parts of the whole manifest in order: what stands before the tasks, these, what is between.
const fn part<'a>(head: &'a [u8], tasks: &[&'a [u8]], index: usize) -> &'a [u8] {
    if index == 0 {
        head
    } else if index % 2 == 1 {
        tasks[index / 2]
    } else if index < 2 * tasks.len() {
        b","
    } else {
        b"]}"
    }
}

/// The whole manifest; `N` is its [`pack_len`].
///
/// # Panics
/// When it is not.
pub const fn pack_json<const N: usize>(head: &[u8], tasks: &[&[u8]]) -> [u8; N] {
    let mut bytes = [0; N];
    let mut len = 0;
    let mut index = 0;
    while index < 2 * tasks.len() + 1 {
        let from = part(head, tasks, index);
        let end = from.len();
        let mut at = 0;
        while at < end {
            bytes[len] = from[at];
            len += 1;
            at += 1;
        }
        index += 1;
    }
    assert!(len == N, "the two passes of the manifest writer disagree");
    bytes
}

/// The hash of the whole manifest, without putting it together.
pub const fn pack_hash(head: &[u8], tasks: &[&[u8]]) -> u64 {
    let mut hash = HASH_OF_NOTHING;
    let mut index = 0;
    while index < 2 * tasks.len() + 1 {
        hash = hash_more(hash, part(head, tasks, index));
        index += 1;
    }
    hash
}

const fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && starts_with(a, b)
}

const fn starts_with(text: &str, start: &str) -> bool {
    let (text, start) = (text.as_bytes(), start.as_bytes());
    let mut at = 0;
    while at < start.len() {
        if at == text.len() || text[at] != start[at] {
            return false;
        }
        at += 1;
    }
    true
}

/// Fails the build where two of its `N` tasks share a name, or the macros are not of this version.
///
/// # Panics
/// Where it is so.
pub const fn check_pack<const N: usize>(pack: &PackDef) {
    assert!(
        starts_with(pack.symbol, SYMBOL_PREFIX),
        "terrace-plugin-api and terrace-plugin-macros are of different versions"
    );
    let tasks = pack.tasks;
    // Comparing every pair letter by letter took the compiler 5 s for 200 tasks.
    let mut hashes = [0; N];
    let mut at = 0;
    while at < N {
        hashes[at] = manifest_hash(tasks[at].name.as_bytes());
        let mut earlier = 0;
        while earlier < at {
            if hashes[earlier] == hashes[at] && same(tasks[earlier].name, tasks[at].name) {
                let text = Text::<200>::new().push("two tasks of this pack are called `");
                let text = text.push(tasks[at].name).push("`: rename one of them, as in ");
                panic!("{}", text.push("`#[task(name = \"…\")]`").as_str());
            }
            earlier += 1;
        }
        at += 1;
    }
}

/// Fails the build where two interfaces of a pack share a name.
///
/// # Panics
/// Where it is so.
pub(crate) const fn check_interfaces(first: &str, second: &str) {
    if same(first, second) {
        let text = Text::<200>::new().push("two interfaces of this pack are called `");
        let text = text.push(second).push("`: offer one of them, or raise its version");
        panic!("{}", text.as_str());
    }
}
