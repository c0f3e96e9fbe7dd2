//! A catalog of a few tasks that do nothing, and how the tests of files show what was read.

use std::sync::Arc;

use terrace_core::{
    Args, Catalog, Draft, Format, Place, Port, Problems, Signature, Source, Task, TaskChoice,
    TaskError, TaskRef, Type, Value, Workflow,
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
    for input in &draft.inputs {
        lines.push(format!(
            "input {:?}: {} = {:?} {:?} {} {:?}",
            input.name, input.ty, input.default, input.description, input.secret, input.env
        ));
    }
    for node in &draft.nodes {
        let TaskChoice::Named { name, .. } = &node.task else { panic!("{node:?}") };
        let Args::Named(args) = &node.args else { panic!("{node:?}") };
        lines.push(format!(
            "node {:?} {name:?} {args:?} {:?} {:?} {:?} {}",
            node.name, node.after, node.lane, node.label, node.keep
        ));
    }
    for output in &draft.outputs {
        lines.push(format!("output {:?} {:?}", output.name, output.value));
    }
    lines.join("\n")
}
