//! A catalog of a few tasks that do nothing, and how the tests of files show what was read.

use std::fmt::Write as _;
use std::sync::Arc;

use terrace_core::{
    Args, Catalog, Draft, FailedItems, Format, InputRole, Map, NodeDraft, Place, Port, Problems,
    RepeatDraft, RunIf, Signature, Source, Task, TaskChoice, TaskError, TaskRef, Type, Value,
    Workflow,
};
use terrace_plugin_api::TaskContext;

/// `quantum/…` of the H2 workflow, and `t/…` with one task for each kind of port.
pub(crate) struct TestTasks(Vec<TaskRef>);

struct Body<F>(F);

impl<F: Fn(&mut [Value]) -> Value + Send + Sync> Task for Body<F> {
    fn call(&self, _: &TaskContext<'_>, args: &mut [Value]) -> Result<Value, TaskError> {
        Ok((self.0)(args))
    }
}

impl TestTasks {
    pub(crate) fn new() -> Self {
        let mut tasks = Self(Vec::new());
        tasks.add("quantum/build_ansatz", &[("theta", "f64")], "ext<circuit>");
        let term = "{pauli: str, value: f64}";
        tasks.add("quantum/measure_pauli", &[("circuit", "ext<circuit>"), ("pauli", "str")], term);
        tasks.add("quantum/compute_energy", &[("terms", "list<{value: f64}>")], "f64");
        tasks.add("t/any", &[("x", "any?"), ("y", "any?"), ("z", "any?")], "any");
        tasks.add("t/num", &[("x", "f64")], "f64");
        tasks.add("t/str", &[("text", "str")], "str");
        tasks.add("t/add", &[("a", "f64"), ("b", "f64")], "f64");
        tasks.add("t/join", &[("a", "str"), ("b", "str")], "list<str>");
        tasks.add("t/yes", &[("x", "any?"), ("y", "any?")], "bool");
        tasks.add("heavy/model", &[("x", "any?")], "f64");
        if let Some(heavy) = tasks.0.last_mut() {
            let signature = Signature { memory: Some(4_000_000_000), ..(*heavy.signature).clone() };
            heavy.signature = Arc::new(signature);
        }
        tasks
    }

    fn add(&mut self, name: &str, ports: &[(&str, &str)], output: &str) {
        let ty = |text: &str| text.parse::<Type>().unwrap();
        let signature = Signature {
            ports: ports.iter().map(|(name, port)| Port::new(*name, ty(port))).collect(),
            output: ty(output),
            ..Signature::default()
        };
        self.0.push(TaskRef {
            name: name.into(),
            signature: Arc::new(signature),
            body: Arc::new(Body(|args: &mut [Value]| args.first().cloned().unwrap_or_default())),
            pack: None,
        });
    }
}

impl Catalog for TestTasks {
    fn find(&self, name: &str) -> Option<TaskRef> {
        self.0.iter().find(|task| &*task.name == name).cloned()
    }
    fn names(&self) -> Vec<String> {
        self.0.iter().map(|task| task.name.to_string()).collect()
    }
}

/// Reads and validates a text called `flow`.
pub(crate) fn load(format: Format, text: &str) -> Result<Workflow, Problems> {
    Draft::read(&Source::new("flow", text, format))?.validate(&TestTasks::new())
}

/// All problems of a text, one to a line, each followed by the part of the text it points at.
pub(crate) fn problems(format: Format, text: &str) -> String {
    let problems = match load(format, text) {
        Err(problems) => problems,
        Ok(workflow) => panic!("{text}\nis valid: {workflow:?}"),
    };
    problems
        .iter()
        .map(|problem| format!("{problem}\n    {}\n", slice(&problem.place, text)))
        .collect()
}

pub(crate) fn slice(place: &Place, text: &str) -> String {
    match place {
        Place::Text { span, .. } => text[span.range()].escape_debug().to_string(),
        other => format!("{other:?}"),
    }
}

/// All of a draft but its places in the text.
pub(crate) fn shown(draft: &Draft) -> String {
    let mut lines = vec![format!("{:?} {:?}", draft.name, draft.description)];
    for pack in &draft.packs {
        lines.push(format!("pack {:?} {:?} {:?}", pack.alias, pack.name, pack.version));
    }
    show_parts(draft, "", &mut lines);
    lines.join("\n")
}

fn show_parts(draft: &Draft, indent: &str, lines: &mut Vec<String>) {
    if !draft.rules.is_empty() {
        lines.push(format!("{indent}rules {:?}", draft.rules));
    }
    for input in &draft.inputs {
        let role = match input.role {
            InputRole::Declared => String::new(),
            role => format!(" {role:?}"),
        };
        lines.push(format!(
            "{indent}input {:?}: {} = {:?} {:?} {} {:?}{role}",
            input.name, input.ty, input.default, input.description, input.secret, input.env
        ));
    }
    for node in &draft.nodes {
        show_node(node, indent, lines);
    }
    for output in &draft.outputs {
        lines.push(format!("{indent}output {:?} {:?}", output.name, output.value));
    }
    if let Some(result) = &draft.result {
        lines.push(format!("{indent}result {result:?}"));
    }
}

fn show_node(node: &NodeDraft, indent: &str, lines: &mut Vec<String>) {
    let mut text = format!("{indent}node {:?}", node.name);
    match &node.task {
        TaskChoice::Named { name, .. } => write!(text, " {name:?}").unwrap(),
        TaskChoice::File(path) => write!(text, " use {path:?}").unwrap(),
        TaskChoice::Flow(flow) => {
            let roots: Vec<String> =
                flow.captures.iter().map(|capture| format!("{:?}", capture.root)).collect();
            write!(text, " {:?} of [{}]", flow.style, roots.join(", ")).unwrap();
            assert!(flow.captures.iter().all(|capture| capture.path.is_empty()));
        }
        TaskChoice::Succeed => text += " succeed",
        other => panic!("{other:?}"),
    }
    let Args::Named(args) = &node.args else { panic!("{node:?}") };
    write!(text, " {args:?} {:?} {:?} {:?}", node.after, node.lane, node.label).unwrap();
    write!(text, " {}", node.keep).unwrap();
    if let Some(when) = &node.when {
        write!(text, " when {when:?}").unwrap();
    }
    if let Some(policy) = &node.policy {
        write!(text, " policy {policy:?}").unwrap();
    }
    if node.run_if != RunIf::Success {
        write!(text, " run_if {:?}", node.run_if).unwrap();
    }
    lines.push(text);
    match &node.repeat {
        Some(RepeatDraft::Map(map)) => {
            let Map { over, items, index, key, key_by, chunk, window, collect, reduce, .. } =
                &**map;
            let mut text = format!("{indent}  map {over:?} items {items:?} {index:?} {key:?}");
            if let Some(outer) = &map.outer_key {
                write!(text, " or {outer:?}").unwrap();
            }
            if let Some(lent) = map.lent_key {
                write!(text, " lent {lent:?}").unwrap();
            }
            write!(text, " by {key_by:?} {chunk:?} {window:?} {collect:?}").unwrap();
            if let Some(reduce) = reduce {
                let TaskChoice::Named { name, .. } = &reduce.task else { panic!("{reduce:?}") };
                write!(text, " reduce {name:?} {:?}", reduce.start).unwrap();
            }
            if let Some(each) = &map.each {
                write!(text, " each {each:?}").unwrap();
            }
            if map.concurrency.is_some() || map.tolerance != FailedItems::None {
                write!(text, " at once {:?} may fail {:?}", map.concurrency, map.tolerance)
                    .unwrap();
            }
            lines.push(text);
        }
        Some(RepeatDraft::Loop(repeat)) => {
            lines.push(format!(
                "{indent}  loop {:?} until {:?} max {} {:?}",
                repeat.carry, repeat.until, repeat.max, repeat.index
            ));
        }
        None => {}
    }
    if let TaskChoice::Flow(flow) = &node.task {
        show_parts(&flow.draft, &format!("{indent}  "), lines);
    }
}
