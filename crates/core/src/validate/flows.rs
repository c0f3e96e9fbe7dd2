//! Workflows inside nodes: checked from the outside in, so that a body knows the types of what it
//! sees around it, and in the order of the edges, so that a node knows the type of a body before
//! it.

use std::sync::Arc;

use terrace_plugin_api::{ErrorClass, TaskContext, TaskError, Value};

use super::absence::{self, Absences};
use super::{Context, MAX_NESTING, Site, check, constants, policies, reduce, typing};
use crate::catalog::{Task, TaskRef};
use crate::draft::{
    Args, FlowDraft, FlowStyle, InputRole, NodeDraft, ReduceDraft, RepeatDraft, TaskChoice,
};
use crate::expr::{Expr, InputId, NodeId, Root};
use crate::level::Levels;
use crate::repeat::{Collect, FailedItems, Map, Over};
use crate::signature::{Port, Signature};
use crate::source::Span;
use crate::types::{Field, Type};
use crate::workflow::{Adjacency, Input, Repeat, SubFlow, Workflow};

/// Every expression of a node beside its arguments that is of the workflow around it.
pub(super) fn each_outer<'n>(node: &'n NodeDraft, visit: &mut impl FnMut(&'n Expr)) {
    match &node.repeat {
        Some(RepeatDraft::Map(map)) => {
            map.over.lists().iter().for_each(&mut *visit);
            map.reduce.iter().filter_map(|reduce| reduce.start.as_ref()).for_each(&mut *visit);
            map.outer_key.iter().for_each(&mut *visit);
        }
        Some(RepeatDraft::Loop(repeat)) => {
            repeat.carry.iter().map(|carry| &carry.start).for_each(&mut *visit);
        }
        None => {}
    }
    node.when.iter().for_each(visit);
}

/// Finds the workflows that nodes run.
pub(super) fn resolve(context: &mut Context<'_>) {
    let draft = context.draft;
    let special =
        |node: &NodeDraft| !matches!(node.task, TaskChoice::Named { .. } | TaskChoice::Inline(_));
    if !draft.nodes.iter().any(special) {
        return;
    }
    for id in order(context) {
        match &draft.nodes[id.index()].task {
            TaskChoice::Named { .. } | TaskChoice::Inline(_) => {}
            TaskChoice::Succeed => {
                context.tasks[id.index()] =
                    Some(stand_in("succeed".into(), Vec::new(), Type::Null));
                context.types[id.index()] = Type::Null;
                let span = draft.nodes[id.index()].spans.as_ref().map(|spans| spans.name);
                check_end(context, id, span);
            }
            TaskChoice::File(path) => {
                let span = draft.nodes[id.index()].spans.as_ref().map(|spans| spans.task);
                let message = format!("the file `{path}` was not read");
                context.report(id, span, message, "read the workflow from a file, which finds it");
            }
            TaskChoice::Flow(flow) => resolve_draft(context, id, flow),
            TaskChoice::Workflow(workflow) => {
                if workflow.0.ends_early {
                    check_end(context, id, None);
                }
                let name = if workflow.name().is_empty() { "workflow" } else { workflow.name() };
                let name = name.to_owned();
                let style = FlowStyle::Nodes;
                settle(context, id, workflow.clone(), &name, style);
            }
        }
    }
}

/// Reports a node that ends the run, or has one inside that was built before, in a map or loop.
fn check_end(context: &mut Context<'_>, id: NodeId, span: Option<Span>) {
    let Some(around) = repeated(context, id) else { return };
    let message =
        format!("a run ends once: `succeed` stands in no `map` or `loop`, and this is in {around}");
    let help =
        "give what was found out as the result, and put `succeed` with `when` behind that node";
    context.report(id, span, message, help);
}

/// The innermost map or loop around what a node runs, in words.
fn repeated(context: &Context<'_>, id: NodeId) -> Option<String> {
    let kind = match context.node(id).repeat {
        Some(RepeatDraft::Map(_)) => "map",
        Some(RepeatDraft::Loop(_)) => "loop",
        None => return context.site.repeated.clone(),
    };
    Some(format!("{kind} `{}{}`", context.site.prefix, context.names[id.index()]))
}

/// The nodes, each after what it depends on; as written where they depend on each other.
fn order(context: &Context<'_>) -> Vec<NodeId> {
    let draft = context.draft;
    let n = draft.nodes.len();
    let mut dependencies = Adjacency::with_capacity(n);
    let mut list = Vec::new();
    for node in &draft.nodes {
        list.clear();
        let mut add = |id: NodeId| {
            if id.index() < n {
                list.push(id);
            }
        };
        super::args::each(&node.args, &mut |arg| arg.each_node(&mut add));
        each_outer(node, &mut |expr| expr.each_node(&mut add));
        if let TaskChoice::Flow(flow) = &node.task {
            flow.captures.iter().filter_map(|capture| capture.root.node()).for_each(&mut add);
        }
        node.after.iter().copied().for_each(&mut add);
        list.sort_unstable();
        list.dedup();
        dependencies.push(&list);
    }
    match Levels::find(&dependencies) {
        Ok(levels) => levels.order().to_vec(),
        Err(()) => (0..n as u32).map(NodeId).collect(),
    }
}

fn resolve_draft(context: &mut Context<'_>, id: NodeId, flow: &FlowDraft) {
    let node = &context.draft.nodes[id.index()];
    if context.site.depth >= MAX_NESTING {
        let message = format!("workflows are nested more than {MAX_NESTING} deep");
        let span = context.name_span(id);
        context.report(id, span, message, "let a task give the inner workflow at run time");
        return;
    }
    let inputs = input_types(context, id, flow);
    let outer = &context.site.prefix;
    let is_file = matches!(flow.style, FlowStyle::File(_));
    let site = Site {
        catalog: context.site.catalog,
        scope: context.site.scope,
        // The one node of a map or loop is called as that is.
        prefix: match flow.style {
            FlowStyle::Single => outer.clone(),
            _ => format!("{outer}{}.", context.names[id.index()]),
        },
        depth: context.site.depth + 1,
        packs: match flow.style {
            FlowStyle::File(_) => &flow.draft.packs,
            _ => context.site.packs,
        },
        around: Some(format!("{outer}{}", context.names[id.index()])),
        reported: context.site.reported || !context.draft.problems.is_empty(),
        repeat: node.repeat.as_ref().map(|repeat| {
            let spans = node.spans.as_ref().map_or(&[][..], |spans| &spans.inner);
            (repeat, spans)
        }),
        survey: context.site.survey,
        limits: (!is_file).then_some(context.limits),
        is_given: context.site.is_given && !is_file,
        repeated: repeated(context, id),
        is_in_file: context.site.is_in_file || is_file,
        is_item: flow.style == FlowStyle::Single
            && matches!(node.repeat, Some(RepeatDraft::Map(_))),
    };
    let (workflow, problems) = check(&flow.draft, &site, inputs);
    context.problems.extend(problems);
    workflow.warnings().iter().cloned().for_each(|warning| context.warn(warning));
    let name = match &flow.style {
        FlowStyle::Single => match workflow.nodes().first() {
            Some(node) => node.task().name.to_string(),
            None => String::new(),
        },
        FlowStyle::Nodes => "workflow".to_owned(),
        FlowStyle::Steps => "steps".to_owned(),
        FlowStyle::Branches => "branches".to_owned(),
        FlowStyle::File(path) => path.clone(),
    };
    settle(context, id, workflow, &name, flow.style.clone());
}

/// The types of a body's inputs, as the surroundings know them.
fn input_types(context: &mut Context<'_>, id: NodeId, flow: &FlowDraft) -> Vec<Type> {
    let key = match &context.draft.nodes[id.index()].repeat {
        Some(RepeatDraft::Map(map)) => key_type(context, id, map),
        _ => Type::Any,
    };
    let context = &*context;
    let repeat = context.draft.nodes[id.index()].repeat.as_ref();
    let mut types: Vec<Type> = flow.draft.inputs.iter().map(|input| input.ty.clone()).collect();
    let captured = flow.draft.inputs.iter().enumerate();
    let captured = captured.filter(|(_, input)| input.role == InputRole::Captured);
    for ((at, _), capture) in captured.zip(&flow.captures) {
        // A selection that is wrong is reported where the body's own reference is checked.
        types[at] = typing::type_of(context, capture).unwrap_or(Type::Any);
    }
    let mut set = |input: Option<crate::expr::InputId>, ty: Type| {
        if let Some(slot) = input.and_then(|input| types.get_mut(input.index())) {
            *slot = ty;
        }
    };
    match repeat {
        Some(RepeatDraft::Map(map)) => {
            for (list, &input) in map.over.lists().iter().zip(&map.items) {
                set(Some(input), item_type(&typing::type_of_expr(context, list)));
            }
            set(map.index, Type::I64);
            set(map.key, key.clone());
            set(map.lent_key, key);
        }
        Some(RepeatDraft::Loop(repeat)) => {
            for carry in &repeat.carry {
                let ty = match typing::type_of_expr(context, &carry.start) {
                    // What starts as nothing becomes something.
                    Type::Null => Type::Any,
                    ty => ty,
                };
                set(Some(carry.input), ty);
            }
            set(repeat.index, Type::I64);
        }
        None => {}
    }
    types
}

/// The type of an item's key. Reports a key that is asked for where there is none.
fn key_type(context: &mut Context<'_>, id: NodeId, map: &Map<ReduceDraft>) -> Type {
    let keyed = if map.key_by.is_some() { Some(true) } else { is_keyed(context, &map.over) };
    let outer = map.outer_key.as_ref().map(|key| typing::type_of_expr(context, key));
    match (keyed, outer) {
        (Some(true), _) => Type::Str,
        (Some(false), Some(outer)) if outer != Type::Null => outer,
        (Some(false), _) if map.key.is_none() => Type::Null,
        (Some(false), _) => {
            let around = match map.outer_key {
                Some(_) => ", nor have those of the maps around it",
                None => "",
            };
            let over = match map.over {
                Over::Cross(_) => "combinations",
                _ => "a list",
            };
            let message = format!(
                "`${{key}}` in the body of map `{}`: its items have no keys, as it runs over \
                 {over}{around}",
                context.names[id.index()]
            );
            let help = "make keys with `key` in the `map`, as in `key: \"${item}\"`; the position \
                        of an item is `${index}`";
            let used = map.key.and_then(|key| match &context.node(id).task {
                TaskChoice::Flow(flow) => flow.draft.inputs.get(key.index())?.span,
                _ => None,
            });
            let spans = context.node(id).spans.as_ref();
            let span = spans.map(|spans| used.unwrap_or(spans.repeat));
            context.report(id, span, message, help);
            Type::Any
        }
        // What it runs over is known when it runs, and whether there are keys as well.
        (None, _) => Type::Any,
    }
}

/// Remembers a workflow that a node runs, and what stands for it as a task.
fn settle(context: &mut Context<'_>, id: NodeId, workflow: Workflow, name: &str, style: FlowStyle) {
    let absences = Absences::of(&workflow);
    let result = result_type(&workflow, &absences);
    let may_be_absent = absences.result().is_some();
    let node = &context.draft.nodes[id.index()];
    let (repeat, output) = match &node.repeat {
        None => (Repeat::Once, result),
        Some(RepeatDraft::Loop(repeat)) => (Repeat::Loop(repeat.clone()), result),
        Some(RepeatDraft::Map(map)) => {
            let reduce = map
                .reduce
                .as_ref()
                .and_then(|reduce| reduce::find(context, id, map, reduce, &result));
            let output = match &reduce {
                Some(reduce) => reduce.task.signature.output.clone(),
                // Items that may fail are absent where they do.
                None if may_be_absent || map.tolerance != FailedItems::None => {
                    gathered(context, map, absence::optional(result))
                }
                None => gathered(context, map, result),
            };
            let each = policies::of_items(context, id, map.each.as_ref(), &workflow, &style);
            let Map { over, items, index, key, key_by, chunk, window, collect, .. } = &**map;
            let map = Map {
                over: over.clone(),
                items: items.clone(),
                index: *index,
                key: *key,
                lent_key: map.lent_key,
                outer_key: map.outer_key.clone(),
                key_by: key_by.clone(),
                chunk: *chunk,
                window: *window,
                collect: *collect,
                reduce,
                each,
                concurrency: map.concurrency,
                tolerance: map.tolerance,
            };
            (Repeat::Map(Box::new(map)), output)
        }
    };
    let output = output.bounded();
    let ports = workflow.inputs().iter().map(|input| Port {
        default: input.default.clone(),
        secret: input.secret,
        ..Port::new(input.name.clone(), input.ty.clone())
    });
    context.types[id.index()] = output.clone();
    context.tasks[id.index()] = Some(stand_in(name.into(), ports.collect(), output));
    let from_environment = from_environment(&node.args, &workflow);
    let flow = SubFlow { workflow, repeat, style, from_environment, may_be_absent };
    // What is wrong is told as that, here or by who read it, and cannot be planned.
    if context.problems.is_empty() && !context.site.reported {
        warn(context, id, &flow);
    }
    context.flows[id.index()] = Some(Arc::new(flow));
}

/// The inputs of a workflow that a node gives nothing and that name an environment variable.
fn from_environment(args: &Args, workflow: &Workflow) -> Vec<InputId> {
    let mut declared = 0;
    let mut is_open = |input: &Input| {
        let position = declared;
        declared += usize::from(input.role == InputRole::Declared);
        match args {
            _ if input.role != InputRole::Declared || input.env.is_none() => false,
            Args::Positional(args) => position >= args.len(),
            Args::Named(args) => args.iter().all(|(name, _)| *name != input.name),
        }
    };
    let inputs = workflow.inputs().iter().zip(0..);
    inputs.filter_map(|(input, at)| is_open(input).then_some(InputId(at))).collect()
}

/// How many nodes a warning names.
const NAMED: usize = 4;

/// Takes note of what is odd about a body: that it gives nothing, and so does nothing.
fn warn(context: &mut Context<'_>, id: NodeId, flow: &SubFlow) {
    let body = flow.workflow();
    context.warnings.extend(body.warnings().iter().cloned());
    let is_whole = body.levels().order().len() == body.nodes().len();
    if !is_whole || body.result().is_some() || !body.outputs().is_empty() {
        return;
    }
    let plan = flow.plan();
    let idle = plan.unneeded();
    let Some(&last) = idle.last() else { return };
    let name = |id: NodeId| format!("`{}`", body.node(id).name());
    let mut names: Vec<String> = idle.iter().take(NAMED).map(|&id| name(id)).collect();
    if let Some(more) = idle.len().checked_sub(NAMED).filter(|&more| more > 0) {
        names.push(format!("{more} more"));
    }
    let gives = match context.node(id).repeat {
        Some(RepeatDraft::Map(_)) => ("map", "every item gives null"),
        Some(RepeatDraft::Loop(_)) => ("loop", "it gives null"),
        None => ("node", "it gives null"),
    };
    let message = format!(
        "the body of {} `{}` has no `output`: {}, and {} will not run, having no effects",
        gives.0,
        context.names[id.index()],
        gives.1,
        names.join(", "),
    );
    let help = format!("say what it gives, as in `output: \"${{{}}}\"`", body.node(last).name());
    let warning = context.at_node(id, context.name_span(id), message).with_help(help);
    context.warnings.push(warning);
}

/// What a map gives for results of one type.
fn gathered(context: &Context<'_>, map: &Map<ReduceDraft>, result: Type) -> Type {
    let result = if map.collect == Collect::Outcomes { Type::Outcome } else { result };
    if map.key_by.is_some() {
        return Type::Map(Box::new(result));
    }
    match is_keyed(context, &map.over) {
        Some(true) => Type::Map(Box::new(result)),
        Some(false) => Type::List(Box::new(result)),
        None => Type::Any,
    }
}

/// Whether the items have keys of their own, as far as that is known.
fn is_keyed(context: &Context<'_>, over: &Over) -> Option<bool> {
    match over {
        Over::Cross(_) => Some(false),
        _ => has_keys(context, over.lists().first()?),
    }
}

/// Whether it is a map that an expression gives, and not a list, as far as that is known.
pub(super) fn has_keys(context: &Context<'_>, list: &Expr) -> Option<bool> {
    match typing::type_of_expr(context, list) {
        Type::Map(_) | Type::Record(_) => Some(true),
        Type::List(_) | Type::Tuple(_) | Type::Array(_) => Some(false),
        _ => None,
    }
}

fn item_type(list: &Type) -> Type {
    match list {
        Type::List(item) | Type::Map(item) => (**item).clone(),
        Type::Array(kind) if kind.starts_with('f') => Type::F64,
        Type::Array(_) => Type::I64,
        _ => Type::Any,
    }
}

/// What running a workflow gives to the one around it.
fn result_type(workflow: &Workflow, absences: &Absences<'_>) -> Type {
    match workflow.result() {
        Some(result) => given_type(workflow, absences, result),
        None if workflow.outputs().is_empty() => Type::Null,
        None => {
            let outputs = workflow.outputs().iter().map(|output| (&*output.name, &output.value));
            record_type(workflow, absences, outputs)
        }
    }
}

/// The type of an expression that a workflow gives: what may be absent in a collection is null
/// there.
fn given_type(workflow: &Workflow, absences: &Absences<'_>, given: &Expr) -> Type {
    match given {
        Expr::Map(entries) => {
            let entries = entries.iter().map(|(name, part)| (&**name, part));
            record_type(workflow, absences, entries)
        }
        Expr::List(items) => {
            let item =
                typing::common(items.iter().map(|item| given_type(workflow, absences, item)));
            let gaps = items.iter().any(|item| absences.alone(item).is_some());
            Type::List(Box::new(if gaps { absence::optional(item) } else { item }))
        }
        alone => typing::type_in(workflow, alone),
    }
}

fn record_type<'e>(
    workflow: &Workflow,
    absences: &Absences<'_>,
    parts: impl Iterator<Item = (&'e str, &'e Expr)>,
) -> Type {
    let field = |(name, part): (&str, &Expr)| {
        let ty = given_type(workflow, absences, part);
        let ty = if absences.alone(part).is_some() { absence::optional(ty) } else { ty };
        Field { name: name.to_owned(), ty, optional: false }
    };
    Type::Record(parts.map(field).collect())
}

/// Checks what nodes say beside their arguments.
pub(super) fn check_fans(context: &mut Context<'_>) {
    let draft = context.draft;
    for (at, node) in draft.nodes.iter().enumerate() {
        let id = NodeId(at as u32);
        let spans = node.spans.as_deref();
        if let Some(when) = &node.when
            && let Err(message) = typing::mismatch(context, &Type::Bool, when)
        {
            let help = "tasks such as `util/compare`, `and`, `or` and `not` make a bool";
            let span = spans.map(|spans| spans.when);
            context.report(id, span, format!("`when`: {message}"), help);
        }
        // Where a list or first value stands; where that is not known, where the map or loop does.
        let list_span =
            |list: usize| spans.map(|spans| spans.lists.get(list).copied().unwrap_or(spans.repeat));
        match &node.repeat {
            Some(RepeatDraft::Map(map)) => check_lists(context, id, map, &list_span),
            Some(RepeatDraft::Loop(repeat)) => {
                for (at, carry) in repeat.carry.iter().enumerate() {
                    if let Err(message) = typing::mismatch(context, &Type::Any, &carry.start) {
                        let message = format!("`start` of `loop`: {message}");
                        context.report(id, list_span(at), message, "");
                    }
                }
                if repeat.max == 0 {
                    let message = "`max` of `loop` must be at least 1".to_owned();
                    context.report(id, spans.map(|spans| spans.repeat), message, "");
                }
            }
            None => {}
        }
    }
}

fn check_lists(
    context: &mut Context<'_>,
    id: NodeId,
    map: &Map<ReduceDraft>,
    list_span: &dyn Fn(usize) -> Option<Span>,
) {
    let lists = map.over.lists();
    for (at, list) in lists.iter().enumerate() {
        let wrong = match typing::mismatch(context, &Type::Any, list) {
            Err(message) => Some((message, "")),
            Ok(()) => not_a_list(context, list),
        };
        if let Some((message, help)) = wrong {
            context.report(id, list_span(at), format!("`map`: {message}"), help);
        }
    }
    constants::check(context, id, map, list_span);
}

fn not_a_list(context: &Context<'_>, list: &Expr) -> Option<(String, &'static str)> {
    const SAY: &str = "say what it runs over, as in `over: \"${list}\"` or `over: [1, 2]`";
    let help = match list {
        Expr::Const(Value::Null) => {
            "say what it runs over, as in `over: \"${list}\"`; `[]` is a list without items"
        }
        Expr::Const(Value::I64(_) | Value::U64(_)) => {
            "`util/range` makes a list of numbers; `loop` with `max` runs its body so many times"
        }
        Expr::Const(Value::Str(_)) => "a reference is written `${name}`; a list of one is `[…]`",
        Expr::Const(_) => SAY,
        _ => "",
    };
    let ty = typing::type_of_expr(context, list);
    let found = match (list, &ty) {
        // A number may be of two types, and the constant is of one.
        (Expr::Const(value), _) => value.kind().to_owned(),
        (_, ty) => ty.to_string(),
    };
    match ty {
        Type::Any
        | Type::List(_)
        | Type::Tuple(_)
        | Type::Array(_)
        | Type::Map(_)
        | Type::Record(_)
        | Type::Enum(_)
        | Type::Outcome
        | Type::Optional(_) => None,
        // What a reference leads to gives nothing.
        Type::Null if help.is_empty() => {
            let help = match list {
                Expr::Ref(reference) if gives_nothing(context, reference.root) => {
                    "a workflow inside a node gives what its `output` or `outputs` say"
                }
                _ => "",
            };
            Some(("expected a list or a map to run over, found null".to_owned(), help))
        }
        _ => Some((format!("expected a list or a map to run over, found {found}"), help)),
    }
}

/// Whether something refers to a node with a workflow inside that has no outputs.
fn gives_nothing(context: &Context<'_>, root: Root) -> bool {
    let node = root.node().and_then(|id| context.draft.nodes.get(id.index()));
    node.is_some_and(|node| matches!(node.task, TaskChoice::Flow(_) | TaskChoice::Workflow(_)))
}

/// Checks the expressions of a map or loop that are of its body.
pub(super) fn check_body(context: &mut Context<'_>) {
    let Some((repeat, spans)) = context.site.repeat else { return };
    let mut wrong: Vec<(usize, String)> = Vec::new();
    match repeat {
        RepeatDraft::Map(map) => {
            if let Some(key) = &map.key_by {
                let mut refers = false;
                key.each_node(&mut |id| refers |= id.index() < context.draft.nodes.len());
                if refers {
                    let message =
                        "`key` must be made of the item: it is needed before the body runs";
                    wrong.push((0, message.to_owned()));
                } else if let Err(message) = typing::mismatch(context, &Type::Any, key) {
                    wrong.push((0, format!("`key` of `map`: {message}")));
                } else {
                    let ty = typing::type_of_expr(context, key);
                    if !typing::printable(&ty) {
                        let message = "`key` of `map`: a key is a string, a number or a bool, not";
                        wrong.push((0, format!("{message} {ty}")));
                    }
                }
            }
        }
        RepeatDraft::Loop(repeat) => {
            for (at, carry) in repeat.carry.iter().enumerate() {
                let ty = context.inputs.get(carry.input.index()).cloned().unwrap_or(Type::Any);
                if let Err(message) = typing::mismatch(context, &ty, &carry.next) {
                    let input = context.draft.inputs.get(carry.input.index());
                    let name = input.map_or("?", |input| &input.name);
                    wrong
                        .push((at, format!("`next` of `{name}`, which starts as {ty}: {message}")));
                }
            }
            if let Some(until) = &repeat.until
                && let Err(message) = typing::mismatch(context, &Type::Bool, until)
            {
                wrong.push((repeat.carry.len(), format!("`until` of `loop`: {message}")));
            } else if let Some(Expr::Ref(reference)) = &repeat.until
                && let Root::Input(input) = reference.root
                && let Some(input) = context.draft.inputs.get(input.index())
                && input.role == InputRole::Captured
            {
                let shown = typing::show(context, reference);
                let message =
                    format!("`until` of `loop`: {shown} is of outside the loop, and never changes");
                let help = "refer to something that the body makes, or to a value that it carries";
                let span = spans.get(repeat.carry.len()).copied();
                let problem = context.at_span(span, message).with_help(help);
                context.problems.push(problem);
            }
        }
    }
    for (at, message) in wrong {
        let problem = context.at_span(spans.get(at).copied(), message);
        context.problems.push(problem);
    }
}

/// A workflow, or the end of a run, seen as a task.
fn stand_in(name: Arc<str>, ports: Vec<Port>, output: Type) -> TaskRef {
    let signature = Signature { ports, output, ..Signature::default() };
    TaskRef { name, signature: Arc::new(signature), body: Arc::new(NotCallable), pack: None }
}

struct NotCallable;

impl Task for NotCallable {
    fn call(&self, _: &TaskContext<'_>, _: &mut [Value]) -> Result<Value, TaskError> {
        let message = "a workflow inside a node is run by a scheduler and not called";
        Err(TaskError::new(ErrorClass::INTERNAL, message))
    }
}
