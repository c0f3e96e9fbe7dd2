//! A runner as simple as can be, one node after the other: what a workflow means, to compare with.

use std::collections::BTreeMap;

use terrace_core::{
    BindError, Collect, Draft, Expr, Handle, NoTasks, NodeKind, Outcome, OutcomeStatus, Over, Plan,
    PlanIndex, Repeat, RunConstants, Slots, TaskError, Value, Wire, Workflow,
};
use terrace_plugin_api::{PortType, TaskContext};

/// How each node ended; `None` is skipped because of its condition.
type Ended = Option<Result<Value, TaskError>>;

struct Frame {
    run: RunConstants,
    inputs: Vec<Value>,
    ended: Vec<Ended>,
}

impl Slots for Frame {
    fn run(&self) -> &RunConstants {
        &self.run
    }
    fn inputs(&self) -> &[Value] {
        &self.inputs
    }
    fn output(&self, at: PlanIndex) -> Option<Value> {
        self.ended[at.index()].clone()?.ok()
    }
    fn outcome(&self, at: PlanIndex) -> Value {
        outcome(self.ended[at.index()].clone())
    }
}

fn outcome(ended: Ended) -> Value {
    let (status, value, error) = match ended {
        Some(Ok(value)) => (OutcomeStatus::Ok, Some(value), None),
        Some(Err(error)) => (OutcomeStatus::Failed, None, Some(error)),
        None => (OutcomeStatus::Skipped, None, None),
    };
    Outcome { status, value, error, attempts: 1 }.into_value().unwrap()
}

/// Runs a workflow and reads what a handle of it stands for.
pub(crate) fn value<T: Wire>(workflow: &Workflow, handle: &Handle<T>) -> T {
    assert!(handle.is_of(workflow));
    let plan = workflow.plan();
    let frame = run(&plan, Vec::new());
    let at = plan.place(handle.node().unwrap()).unwrap();
    let output = frame.ended[at.index()].clone().unwrap().unwrap();
    handle.read(&output).unwrap()
}

/// Runs a workflow and gives its outputs as text.
pub(crate) fn outputs(workflow: &Workflow) -> BTreeMap<String, String> {
    let plan = workflow.plan();
    let frame = run(&plan, Vec::new());
    let value = |expr: &Expr| match plan.give(expr, &frame) {
        Ok(Some(value)) => format!("{value:?}"),
        Ok(None) => "absent".to_owned(),
        Err(error) => format!("error: {}", error.message()),
    };
    workflow.outputs().iter().map(|o| (o.name.clone(), value(&o.value))).collect()
}

fn run(plan: &Plan, inputs: Vec<Value>) -> Frame {
    let run = RunConstants { id: "run".to_owned(), seed: 7, workflow_dir: String::new() };
    let mut frame = Frame { run, inputs, ended: vec![None; plan.len()] };
    for at in plan.indices() {
        frame.ended[at.index()] = node(plan, at, &frame);
    }
    frame
}

fn node(plan: &Plan, at: PlanIndex, frame: &Frame) -> Ended {
    let node = plan.node(at);
    if let Some(when) = node.when()
        && !matches!(plan.evaluate(when, frame), Ok(Some(Value::Bool(true))))
    {
        return None;
    }
    let mut args = Vec::new();
    match plan.bind(at, frame, &mut args) {
        Ok(()) => {}
        Err(BindError::Absent) => return None,
        Err(BindError::Wrong(error)) => return Some(Err(error)),
    }
    let context = TaskContext::detached();
    Some(match plan.kind(at) {
        NodeKind::Task => node.task().body.call(&context, &mut args),
        NodeKind::Dynamic => node.task().body.call(&context, &mut args).and_then(|given| {
            let workflow = Workflow::of_value(&given);
            let validate = || Draft::of_value(&given).unwrap().validate(&NoTasks).unwrap();
            flow(&workflow.unwrap_or_else(validate).plan(), Vec::new())
        }),
        NodeKind::Flow => repeated(plan, at, frame, args),
        NodeKind::Succeed => Ok(Value::Null),
    })
}

/// What a node that runs a workflow gives.
fn flow(plan: &Plan, inputs: Vec<Value>) -> Result<Value, TaskError> {
    let frame = run(plan, inputs);
    if let Some(error) = frame.ended.iter().flatten().find_map(|ended| ended.as_ref().err()) {
        return Err(error.clone());
    }
    result(plan, &frame)
}

fn result(plan: &Plan, frame: &Frame) -> Result<Value, TaskError> {
    let workflow = plan.workflow();
    match workflow.result() {
        Some(result) => Ok(plan.evaluate(result, frame)?.unwrap_or_default()),
        None => {
            let mut entries = Vec::new();
            for output in workflow.outputs() {
                let value = plan.evaluate(&output.value, frame)?.unwrap_or_default();
                entries.push((output.name.clone(), value));
            }
            Ok(Value::map(entries)?)
        }
    }
}

fn repeated(
    plan: &Plan,
    at: PlanIndex,
    frame: &Frame,
    args: Vec<Value>,
) -> Result<Value, TaskError> {
    let inner = plan.inner(at);
    let flow_of = plan.node(at).flow().unwrap();
    let outer = |expr: &Expr| plan.evaluate(expr, frame).map(Option::unwrap_or_default);
    match flow_of.repeat() {
        Repeat::Once => flow(inner, args),
        Repeat::Loop(repeat) => {
            let mut state = args;
            for carry in &repeat.carry {
                state[carry.input.index()] = outer(&carry.start)?;
            }
            for pass in 0..repeat.max {
                if let Some(index) = repeat.index {
                    state[index.index()] = Value::from(pass);
                }
                let ended = run(inner, state.clone());
                for carry in &repeat.carry {
                    state[carry.input.index()] = inner.evaluate(&carry.next, &ended)?.unwrap();
                }
                let done = match &repeat.until {
                    Some(until) => inner.evaluate(until, &ended)? == Some(Value::Bool(true)),
                    None => pass + 1 == repeat.max,
                };
                if done {
                    return result(inner, &ended);
                }
            }
            Err(TaskError::msg("the loop did not end"))
        }
        Repeat::Map(map) => {
            let mut lists = Vec::new();
            for list in map.over.lists() {
                lists.push(entries(outer(list)?));
            }
            let keyed = lists[0].iter().any(|(key, _)| key.is_some());
            let rows: Vec<Vec<Value>> = match &map.over {
                Over::Cross(_) => lists.iter().fold(vec![Vec::new()], |rows, list| {
                    let longer = |row: &Vec<Value>| {
                        let with = |(_, item): &(_, Value)| {
                            [&row[..], std::slice::from_ref(item)].concat()
                        };
                        list.iter().map(with).collect::<Vec<_>>()
                    };
                    rows.iter().flat_map(longer).collect()
                }),
                _ => (0..lists[0].len())
                    .map(|at| lists.iter().map(|list| list[at].1.clone()).collect())
                    .collect(),
            };
            let mut results = Vec::new();
            for (number, row) in rows.into_iter().enumerate() {
                let mut inputs = args.clone();
                for (&input, item) in map.items.iter().zip(row) {
                    inputs[input.index()] = item;
                }
                if let Some(index) = map.index {
                    inputs[index.index()] = Value::from(number as i64);
                }
                let mut key = lists[0].get(number).and_then(|(key, _)| key.clone());
                if let Some(key_by) = &map.key_by {
                    let frame = Frame { run: frame.run.clone(), inputs, ended: Vec::new() };
                    let made = inner.evaluate(key_by, &frame)?.unwrap();
                    inputs = frame.inputs;
                    key = Some(made.as_str().unwrap().to_owned());
                }
                if let (Some(input), Some(key)) = (map.key, &key) {
                    inputs[input.index()] = Value::from(key.as_str());
                }
                let value = match (map.collect, flow(inner, inputs)) {
                    (Collect::Values, given) => given?,
                    (Collect::Outcomes, given) => outcome(Some(given)),
                };
                results.push((key, value));
            }
            if let Some(reduce) = &map.reduce {
                let mut joined = reduce.start.as_ref().map(&outer).transpose()?;
                for (_, value) in results {
                    joined = Some(match joined {
                        None => value,
                        Some(so_far) => {
                            let context = TaskContext::detached();
                            reduce.task.body.call(&context, &mut [so_far, value])?
                        }
                    });
                }
                return joined.ok_or_else(|| TaskError::msg("nothing to join"));
            }
            if keyed || map.key_by.is_some() {
                let entries = results.into_iter().map(|(key, value)| (key.unwrap(), value));
                return Ok(Value::map(entries)?);
            }
            Ok(Value::list(results.into_iter().map(|(_, value)| value).collect())?)
        }
    }
}

fn entries(list: Value) -> Vec<(Option<String>, Value)> {
    match list {
        Value::List(items) => items.iter().map(|item| (None, item.clone())).collect(),
        Value::Map(map) => map.into_entries().into_iter().map(|(k, v)| (Some(k), v)).collect(),
        other => panic!("cannot run over {other:?}"),
    }
}
