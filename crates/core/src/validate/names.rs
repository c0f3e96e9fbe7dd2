//! Names: what may be one, which clash, and what somebody may have meant.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::Context;
use crate::draft::{Draft, FlowStyle, InputRole, PackRequirement, TaskChoice};
use crate::expr::NodeId;
use crate::file::written_task;
use crate::types::Type;

/// The longest name.
const MAX_NAME: usize = 128;

/// What references start with, so no node can be called that.
pub(crate) const RESERVED: [&str; 6] = ["inputs", "run", "workflow", "item", "index", "key"];

/// Whether a text can name a node, an input, an output or a pack:
/// `[A-Za-z_][A-Za-z0-9_-]*`, at most 128 characters.
pub fn is_name(text: &str) -> bool {
    let mut chars = text.chars();
    text.len() <= MAX_NAME
        && chars.next().is_some_and(|c| c.is_ascii_alphabetic() || c == '_')
        && chars.all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
}

/// The candidate that `name` most likely meant, where one is close.
pub(crate) fn suggest<'a>(
    name: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).clamp(1, 4);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len().abs_diff(name.len()) <= limit)
        .map(|candidate| (strsim::damerau_levenshtein(name, candidate), candidate))
        // Of a name of one letter another letter leaves nothing.
        .filter(|(distance, candidate)| *distance <= limit && *distance < candidate.len())
        .min()
        .map(|(_, candidate)| candidate)
}

/// What to do about a task that was not found.
pub(super) fn missing_task_help(
    name: &str,
    known: &[String],
    packs: &[PackRequirement],
) -> Option<String> {
    if let Some(meant) = suggest(name, known.iter().map(String::as_str)) {
        let written = written_task(meant);
        return Some(format!("did you mean `{}`?", written.as_deref().unwrap_or(meant)));
    }
    let Some((pack, task)) = name.split_once('/') else {
        return Some("a task is named `pack/task`".to_owned());
    };
    // The same task under another pack, or the pack's tasks where the pack is there.
    let elsewhere =
        known.iter().find(|known| known.split_once('/').is_some_and(|(_, t)| t == task));
    if let Some(elsewhere) = elsewhere {
        let written = written_task(elsewhere);
        return Some(format!("did you mean `{}`?", written.as_ref().unwrap_or(elsewhere)));
    }
    let mut of_pack: Vec<&str> =
        known.iter().filter_map(|known| known.strip_prefix(pack)?.strip_prefix('/')).collect();
    let (pack, _) = pack.split_once('~').unwrap_or((pack, ""));
    if !of_pack.is_empty() {
        of_pack.sort_unstable();
        return Some(format!("`{pack}` has: {}", of_pack.join(", ")));
    }
    if !packs.is_empty() && !packs.iter().any(|declared| declared.alias == pack) {
        return Some(format!("add `{pack}` to `packs:`, as in `packs: {{ {pack}: \"^0.1\" }}`"));
    }
    None
}

/// The name of every node: its own, or one made from its task's.
pub(crate) fn invent_names(draft: &Draft) -> Vec<Arc<str>> {
    named(draft).0
}

/// The name of every node, and the first node that has each.
fn named(draft: &Draft) -> (Vec<Arc<str>>, HashMap<Arc<str>, NodeId>) {
    let mut taken: HashMap<Arc<str>, NodeId> = HashMap::with_capacity(draft.nodes.len());
    for (at, node) in draft.nodes.iter().enumerate() {
        if let Some(name) = &node.name {
            taken.entry(name.clone()).or_insert(NodeId(at as u32));
        }
    }
    let mut counters = Counters::default();
    let mut names = Vec::with_capacity(draft.nodes.len());
    for (at, node) in draft.nodes.iter().enumerate() {
        let name = match &node.name {
            Some(name) => name.clone(),
            None => {
                let name = invent(&node.task, &mut counters, &taken);
                taken.insert(name.clone(), NodeId(at as u32));
                name
            }
        };
        names.push(name);
    }
    (names, taken)
}

/// Gives every node its name and reports the bad ones, of inputs and outputs too.
pub(super) fn assign(context: &mut Context<'_>) {
    let draft = context.draft;
    let (names, taken) = named(draft);
    context.names = names;
    for (at, node) in draft.nodes.iter().enumerate() {
        let id = NodeId(at as u32);
        let name = context.names[at].clone();
        let span = node.spans.as_ref().map(|spans| spans.name);
        if taken[&name] != id {
            let problem = context
                .at_node(id, span, format!("two nodes are called `{name}`"))
                .with_help("give one of them another name");
            context.problems.push(problem);
        }
        if let Some(message) = wrong_name("node", &name) {
            let problem = context.at_node(id, span, message).with_help(NAME_HELP);
            context.problems.push(problem);
        } else if RESERVED.contains(&&*name) {
            let problem = context
                .at_node(id, span, format!("no node can be called `{name}`"))
                .with_help("`${…}` uses that name for something else; choose another");
            context.problems.push(problem);
        }
    }
    for input in draft.inputs.iter().filter(|input| input.secret && !is_text(&input.ty)) {
        let message = format!("input `{}` is secret and of type {}", input.name, input.ty);
        let problem = context.at_span(input.span, message).with_help(
            "a secret is text, which can be recognised and masked: `str`, `str?`, `list<str>` or \
             `map<str, str>`",
        );
        context.problems.push(problem);
    }
    let declared = draft.inputs.iter().filter(|input| input.role == InputRole::Declared);
    let inputs = declared.map(|input| ("input", &input.name, input.span));
    let outputs = draft.outputs.iter().map(|output| ("output", &output.name, output.span));
    let mut seen = HashSet::new();
    for (kind, name, span) in inputs.chain(outputs) {
        if let Some(message) = wrong_name(kind, name) {
            let problem = context.at_span(span, message).with_help(NAME_HELP);
            context.problems.push(problem);
        }
        if !seen.insert((kind, name)) {
            let problem = context
                .at_span(span, format!("two {kind}s are called `{name}`"))
                .with_help("give one of them another name");
            context.problems.push(problem);
        }
    }
}

/// Whether all that a value of this type shows is text.
fn is_text(ty: &Type) -> bool {
    match ty {
        Type::Str => true,
        Type::Optional(inner) | Type::List(inner) | Type::Map(inner) => is_text(inner),
        _ => false,
    }
}

const NAME_HELP: &str = "a name starts with a letter or `_`, goes on with letters, digits, `_` and \
                         `-`, and has at most 128 characters; free text goes to `label`";

fn wrong_name(kind: &str, name: &str) -> Option<String> {
    if is_name(name) {
        return None;
    }
    let shown: String = name.chars().take(60).collect();
    Some(format!("{shown:?} cannot be the name of an {kind}").replace("an node", "a node"))
}

/// A name made from the task's: `add`, `add_2`, `add_3`…
fn invent(
    task: &TaskChoice,
    counters: &mut Counters,
    taken: &HashMap<Arc<str>, NodeId>,
) -> Arc<str> {
    let full = match task {
        TaskChoice::Named { name, .. } => &**name,
        TaskChoice::Inline(task) => &*task.name,
        TaskChoice::Flow(flow) => match (&flow.style, flow.draft.nodes.first()) {
            (FlowStyle::Single, Some(node)) => return invent(&node.task, counters, taken),
            (FlowStyle::File(path), _) => path.split('.').next().unwrap_or_default(),
            (FlowStyle::Branches, _) => "branches",
            (FlowStyle::Steps, _) => "steps",
            _ => flow.draft.name.as_deref().unwrap_or("flow"),
        },
        TaskChoice::Workflow(workflow) => workflow.name(),
        TaskChoice::File(path) => path.split('.').next().unwrap_or_default(),
        TaskChoice::Succeed => "succeed",
    };
    counters.next(full, |name| taken.contains_key(name))
}

/// Makes names from those of tasks: `add`, `add_2`, `add_3`…
#[derive(Default)]
pub(crate) struct Counters {
    /// Which of the beginnings the names made from a task's have.
    by_task: HashMap<Box<str>, usize>,
    by_base: HashMap<String, usize>,
    /// Beginnings, and how many names were made of each.
    bases: Vec<(String, u32)>,
    scratch: String,
}

impl Counters {
    /// The next name made from that of a task which is not taken.
    pub(crate) fn next(&mut self, task: &str, is_taken: impl Fn(&str) -> bool) -> Arc<str> {
        use std::fmt::Write as _;
        let at = match self.by_task.get(task) {
            Some(&at) => at,
            None => self.add(task),
        };
        let (base, count) = &mut self.bases[at];
        loop {
            *count += 1;
            self.scratch.clear();
            self.scratch.push_str(base);
            if *count > 1 {
                let written = write!(self.scratch, "_{count}");
                debug_assert!(written.is_ok(), "writing to a string cannot fail");
            }
            if !is_taken(&self.scratch) {
                return self.scratch.as_str().into();
            }
        }
    }

    #[cold]
    fn add(&mut self, task: &str) -> usize {
        let base: String = task
            .rsplit(['/', ':'])
            .next()
            .unwrap_or_default()
            .chars()
            .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'))
            .take(MAX_NAME - 12)
            .collect();
        let is_right = is_name(&base) && !RESERVED.contains(&&*base);
        let base = if is_right { base } else { format!("task_{base}") };
        let next = self.bases.len();
        let at = *self.by_base.entry(base.clone()).or_insert(next);
        if at == next {
            self.bases.push((base, 0));
        }
        self.by_task.insert(task.into(), at);
        at
    }
}
