//! From a specification to what the engine takes.

use std::sync::Arc;

use terrace_core::{
    Args, Carry, Chunk, Collect, Draft, Expr, FlowDraft, FlowStyle, InputDraft, InputId, InputRole,
    Lane, NoTasks, NodeDraft, OutputDraft, Piece, ReduceDraft, Ref, RepeatDraft, Root, RunIf,
    Select, TaskChoice, TaskError, TaskRef, Type, Value, Workflow,
};

use super::spec::{
    Arg, Flaw, Flow, Gift, Gives, If, KeyBy, Map, Node, Over, Port, Reduce, Step, Task, Val, Way,
    What, Written, act, combine,
};
use crate::fan;
use crate::graph::{id, task};

/// The whole: every node kept and an output as well.
pub(crate) fn workflow(flow: &Flow) -> Workflow {
    let mut draft = draft(flow, Vec::new());
    for at in 0..flow.nodes.len() {
        draft.nodes[at].keep = true;
        let value = expr(&Arg::Node(at));
        draft.outputs.push(OutputDraft { name: format!("n{at}"), value, span: None });
    }
    fan::build(draft)
}

/// Whether the engine takes a flow, and all inside it, at all: constants that can never do are
/// refused before anything runs.
pub(crate) fn is_taken(flow: &Flow) -> bool {
    parts_are_taken(flow) && draft(flow, Vec::new()).validate(&NoTasks).is_ok()
}

fn parts_are_taken(flow: &Flow) -> bool {
    let alone = |flow: &Flow| {
        let draft = || draft(flow, inputs(flow, InputRole::Declared));
        parts_are_taken(flow) && draft().validate(&NoTasks).is_ok()
    };
    flow.nodes.iter().all(|node| match &node.what {
        What::Task(_) => true,
        What::Once(flow, Written::Inside) => parts_are_taken(flow),
        What::Once(flow, Written::Before) | What::Given(flow, _) => alone(flow),
        What::Map(map) => parts_are_taken(&map.body),
        What::Loop(repeat) => parts_are_taken(&repeat.body),
    })
}

/// A flow with its inputs.
fn draft(flow: &Flow, inputs: Vec<InputDraft>) -> Draft {
    let mut draft = Draft { inputs, ..Draft::default() };
    draft.nodes = flow.nodes.iter().enumerate().map(|(at, node)| node_draft(at, node)).collect();
    match &flow.gives {
        Gives::Nothing => {}
        Gives::Value(arg) => draft.result = Some(expr(arg)),
        Gives::List(items) => {
            draft.result = Some(Expr::List(items.iter().map(expr).collect()));
        }
        Gives::Named(parts, Way::Output) => {
            let part = |(name, arg): &(String, Arg)| (name.clone(), expr(arg));
            draft.result = Some(Expr::Map(parts.iter().map(part).collect()));
        }
        Gives::Named(outputs, Way::Outputs) => {
            let output = |(name, arg): &(String, Arg)| OutputDraft {
                name: name.clone(),
                value: expr(arg),
                span: None,
            };
            // None named is nothing given; that is an empty map of ours.
            match outputs.is_empty() {
                true => draft.result = Some(Expr::Map(Vec::new())),
                false => draft.outputs = outputs.iter().map(output).collect(),
            }
        }
    }
    draft
}

fn inputs(flow: &Flow, role: InputRole) -> Vec<InputDraft> {
    let captured = (0..flow.captures.len())
        .map(|at| InputDraft { role, ..InputDraft::new(format!("i{at}"), Type::Any) });
    let locals = (0..flow.locals).map(|at| fan::local(&format!("l{at}")));
    captured.chain(locals).collect()
}

fn inside(flow: &Flow) -> TaskChoice {
    let captures = flow.captures.iter().map(|arg| match expr(arg) {
        Expr::Ref(reference) => reference,
        other => panic!("{other:?} cannot be captured"),
    });
    TaskChoice::Flow(Box::new(FlowDraft {
        draft: draft(flow, inputs(flow, InputRole::Captured)),
        style: FlowStyle::Nodes,
        captures: captures.collect(),
    }))
}

fn node_draft(at: usize, node: &Node) -> NodeDraft {
    let mut drafted = match &node.what {
        What::Task(task) => task_node(task),
        What::Once(flow, Written::Inside) => NodeDraft::new(inside(flow), Args::Named(Vec::new())),
        What::Once(flow, Written::Before) => {
            let built = fan::build(draft(flow, inputs(flow, InputRole::Declared)));
            let args = flow.captures.iter().map(expr).collect();
            NodeDraft::new(TaskChoice::Workflow(built), Args::Positional(args))
        }
        What::Given(flow, gift) => {
            let args = flow.captures.iter().map(expr).collect();
            fan::inline(&giver(flow.clone(), *gift), args)
        }
        What::Map(map) => NodeDraft {
            repeat: Some(RepeatDraft::Map(Box::new(map_draft(map)))),
            ..NodeDraft::new(inside(&map.body), Args::Named(Vec::new()))
        },
        What::Loop(repeat) => {
            let fixed = repeat.body.captures.len();
            let carry = repeat.start.iter().zip(&repeat.next).enumerate();
            let carry = carry.map(|(at, (start, next))| Carry {
                input: input(fixed + at),
                start: expr(start),
                next: expr(next),
            });
            let spec = terrace_core::Loop {
                carry: carry.collect(),
                until: repeat.until.map(|on| expr(&Arg::Node(on))),
                max: repeat.max,
                index: Some(input(fixed + repeat.start.len())),
            };
            NodeDraft {
                repeat: Some(RepeatDraft::Loop(Box::new(spec))),
                ..NodeDraft::new(inside(&repeat.body), Args::Named(Vec::new()))
            }
        }
    };
    drafted.name = Some(format!("n{at}").into());
    drafted.after = node.after.iter().map(|&on| id(on)).collect();
    drafted.when = node.when.map(|on| expr(&Arg::Node(on)));
    drafted.run_if = match node.run_if {
        If::Success => RunIf::Success,
        If::Failure => RunIf::Failure,
        If::Always => RunIf::Always,
    };
    drafted
}

fn task_node(spec: &Task) -> NodeDraft {
    let (what, salt) = (spec.act, spec.salt);
    let mut body = task(spec.ports.len(), move |_, args| {
        let args: Vec<Val> = args.iter().map(val).collect();
        act(what, salt, &args).map(|value| to_value(&value)).map_err(flawed)
    });
    let mut signature = (*body.signature).clone();
    for (port, spec) in signature.ports.iter_mut().zip(&spec.ports) {
        match spec {
            Port::Plain(_) => {}
            Port::Optional(_) => port.ty = Type::Optional(Box::new(Type::Any)),
            Port::Outcome(_) => port.ty = Type::Outcome,
        }
    }
    body.signature = Arc::new(signature);
    let args = spec.ports.iter().map(|port| match port {
        Port::Plain(arg) | Port::Optional(arg) => expr(arg),
        Port::Outcome(on) => expr(&Arg::Node(*on)),
    });
    let lane = spec.blocking.then_some(Lane::Blocking);
    NodeDraft { lane, ..fan::inline(&body, args.collect()) }
}

fn flawed(flaw: Flaw) -> TaskError {
    match flaw {
        Flaw::Error => TaskError::msg("meant to fail"),
        Flaw::Panic => panic!("meant to panic"),
    }
}

/// A task that gives a flow, whose inputs have what the task was given as defaults.
fn giver(flow: Flow, gift: Gift) -> TaskRef {
    let mut giver = task(flow.captures.len(), move |_, args| match gift {
        Gift::Workflow => {
            let mut inputs = inputs(&flow, InputRole::Declared);
            for (input, arg) in inputs.iter_mut().zip(args) {
                input.default = Some(std::mem::take(arg));
            }
            Ok(fan::build(draft(&flow, inputs)).into_value())
        }
        Gift::Rubbish => Ok(Value::from(1_i64)),
        Gift::Panic => panic!("meant to panic"),
    });
    let mut signature = (*giver.signature).clone();
    signature.output = Type::Workflow;
    giver.signature = Arc::new(signature);
    giver
}

fn map_draft(map: &Map) -> terrace_core::Map<ReduceDraft> {
    let fixed = map.body.captures.len();
    let lists: Vec<Expr> = map.over.lists().iter().map(expr).collect();
    let count = lists.len();
    let (item, index) = (fan::input(fixed), fan::input(fixed + count));
    let text = |of: &Expr| match of {
        Expr::Ref(of) => Expr::Text(vec![Piece::Literal("k".to_owned()), Piece::Ref(of.clone())]),
        other => other.clone(),
    };
    terrace_core::Map {
        items: (0..count).map(|at| input(fixed + at)).collect(),
        index: Some(input(fixed + count)),
        key: map.key.then(|| input(fixed + count + 1)),
        lent_key: None,
        outer_key: None,
        key_by: map.key_by.map(|by| match by {
            KeyBy::Index => index,
            KeyBy::Item => item,
            KeyBy::TextOfIndex => text(&index),
            KeyBy::TextOfItem => text(&item),
        }),
        chunk: if map.chunk == 0 { Chunk::Auto } else { Chunk::Of(map.chunk) },
        window: map.window,
        collect: if map.outcomes { Collect::Outcomes } else { Collect::Values },
        reduce: map.reduce.as_ref().map(reduce_draft),
        over: match &map.over {
            Over::Each(list) => terrace_core::Over::Each(expr(list)),
            Over::Zip(_) => terrace_core::Over::Zip(lists),
            Over::Cross(_) => terrace_core::Over::Cross(lists),
        },
        each: None,
        concurrency: None,
        tolerance: terrace_core::FailedItems::None,
    }
}

fn reduce_draft(reduce: &Reduce) -> ReduceDraft {
    let own = reduce.clone();
    let mut combiner = task(2, move |_, args| {
        combine(&own, &val(&args[0]), &val(&args[1]))
            .map(|joined| to_value(&joined))
            .map_err(flawed)
    });
    let mut signature = (*combiner.signature).clone();
    signature.associative = reduce.tree;
    combiner.signature = Arc::new(signature);
    let start = reduce.start.as_ref().map(expr);
    ReduceDraft { task: TaskChoice::Inline(combiner), start, span: None }
}

fn expr(arg: &Arg) -> Expr {
    let root = match arg {
        Arg::Const(value) => return Expr::Const(to_value(value)),
        Arg::Node(on) | Arg::Part(on, _) => Root::Node(id(*on)),
        Arg::Input(at) => Root::Input(input(*at)),
    };
    let path = match arg {
        Arg::Part(_, Step::Key(key)) => vec![Select::Key(key.clone())],
        Arg::Part(_, Step::Index(at)) => vec![Select::Index(*at)],
        _ => Vec::new(),
    };
    Expr::Ref(Ref { path, ..Ref::new(root) })
}

fn input(at: usize) -> InputId {
    fan::input_id(at)
}

fn to_value(value: &Val) -> Value {
    match value {
        Val::Null => Value::Null,
        Val::Bool(truth) => Value::Bool(*truth),
        Val::Int(number) => Value::from(*number),
        Val::Text(text) => Value::from(text.as_str()),
        Val::List(items) => Value::list(items.iter().map(to_value).collect()).unwrap(),
        Val::Map(entries) => {
            Value::map(entries.iter().map(|(key, item)| (key.as_str(), to_value(item)))).unwrap()
        }
    }
}

/// A value as this test compares it: of outcomes the status and the value.
pub(crate) fn val(value: &Value) -> Val {
    match value {
        Value::Null => Val::Null,
        Value::Bool(truth) => Val::Bool(*truth),
        Value::I64(number) => Val::Int(*number),
        Value::Str(text) => Val::Text(text.to_string()),
        Value::List(items) => Val::List(items.iter().map(val).collect()),
        Value::Map(map) => {
            let is_outcome = map.get("status").is_some() && map.get("attempts").is_some();
            let keeps = |key: &str| !is_outcome || key == "status" || key == "value";
            let entries = map.iter().filter(|(key, _)| keeps(key));
            Val::Map(entries.map(|(key, item)| (key.to_owned(), val(item))).collect())
        }
        other => panic!("no task of this test makes {}", other.kind()),
    }
}
