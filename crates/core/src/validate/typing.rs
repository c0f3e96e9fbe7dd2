//! Types along edges: what a reference gives, and whether a port accepts it.

use terrace_plugin_api::Value;

use super::{Context, absence};
use crate::catalog::TaskRef;
use crate::draft::{Expectation, InputRole, OutputDraft};
use crate::expr::{Expr, NodeId, Piece, Ref, Root, Select};
use crate::signature::Port;
use crate::source::Span;
use crate::types::{Field, Fit, Type};
use crate::workflow::Workflow;

/// Checks one argument against its port.
pub(super) fn check_arg(
    context: &mut Context<'_>,
    id: NodeId,
    task: &TaskRef,
    port: &Port,
    value: &Expr,
    span: Option<Span>,
) {
    let mut refers = false;
    value.each_ref(&mut |_| refers = true);
    if port.literal && refers {
        let message = format!(
            "input `{}` of `{}` must be written out, without references: something else runs it, \
             and a value could change what it does",
            port.name, task.name
        );
        let problem = context
            .at_node(id, span, message)
            .with_help("pass the value through another input; `$${` writes a literal `${`");
        context.problems.push(problem);
        return;
    }
    if let Err(message) = mismatch(context, &port.ty, value) {
        let message = format!("input `{}` of `{}`: {message}", port.name, task.name);
        let problem = context.at_node(id, span, message);
        context.problems.push(problem);
    }
}

/// Checks that the outputs' references select something that can be there.
pub(super) fn check_outputs(context: &mut Context<'_>) {
    let draft = context.draft;
    if let Some(result) = &draft.result
        && let Err(message) = mismatch(context, &Type::Any, result)
    {
        let problem = context.at_span(draft.result_span, format!("`output`: {message}"));
        context.problems.push(problem);
    }
    // A file's `output` is its result, and an output of that name.
    let seen = |output: &&OutputDraft| draft.result.as_ref() == Some(&output.value);
    for output in draft.outputs.iter().filter(|output| !seen(output)) {
        if let Err(message) = mismatch(context, &Type::Any, &output.value) {
            let message = format!("output `{}`: {message}", output.name);
            let problem = context.at_span(output.span, message);
            context.problems.push(problem);
        }
    }
}

/// Checks what a program said of a task that it imports against the task's manifest.
pub(super) fn check_expectation(
    context: &mut Context<'_>,
    id: NodeId,
    task: &TaskRef,
    expect: &Expectation,
) {
    let ports = &task.signature.ports;
    let mut wrong = Vec::new();
    for (port, ty) in ports.iter().zip(&expect.args) {
        if port.ty.accepts(ty) == Fit::Never {
            wrong.push(format!("input `{}` is {}, not {ty}", port.name, port.ty));
        }
    }
    if expect.args.len() > ports.len() {
        wrong.push(format!("it has {} inputs, not {}", ports.len(), expect.args.len()));
    }
    if expect.output.accepts(&task.signature.output) == Fit::Never {
        wrong.push(format!("it gives {}, not {}", task.signature.output, expect.output));
    }
    if !wrong.is_empty() {
        let message =
            format!("`{}` was imported with other types: {}", task.name, wrong.join("; "));
        let problem = context.at_node(id, None, message).with_help("change the types of `import`");
        context.problems.push(problem);
    }
}

/// Why a port of type `port` cannot take what `value` gives.
pub(super) fn mismatch(context: &Context<'_>, port: &Type, value: &Expr) -> Result<(), String> {
    match value {
        Expr::Const(value) => port.check(value).map_err(|mismatch| mismatch.to_string()),
        Expr::Ref(reference) => {
            let from = type_of(context, reference)?;
            // A port for outcomes takes how the node ended.
            if let (Type::Outcome, Root::Node(_), []) =
                (port.inner(), reference.root, &*reference.path)
            {
                return Ok(());
            }
            // A Rust value on the way to a closure, or made into data for a pack.
            if reference.adapt.is_some() {
                return Ok(());
            }
            if port.accepts(&from) != Fit::Never {
                return absence::refused(context, port, reference, &from).map_or(Ok(()), Err);
            }
            Err(format!("expected {port}, but {} gives {from}", show(context, reference)))
        }
        Expr::List(items) => list_mismatch(context, port, items),
        Expr::Map(entries) => map_mismatch(context, port, entries),
        Expr::Text(pieces) => {
            for piece in pieces {
                if let Piece::Ref(reference) = piece {
                    let from = type_of(context, reference)?;
                    if !printable(&from) {
                        return Err(format!(
                            "{} gives {from}, which cannot stand inside text; \
                             only strings, numbers and bools can",
                            show(context, reference)
                        ));
                    }
                }
            }
            match port.accepts(&Type::Str) {
                Fit::Never => Err(format!("expected {port}, found text")),
                _ => Ok(()),
            }
        }
    }
}

/// Whether a value can become text.
pub(super) fn printable(ty: &Type) -> bool {
    match ty {
        Type::Any | Type::Bool | Type::I64 | Type::U64 | Type::F64 | Type::Number | Type::Str => {
            true
        }
        Type::Optional(inner) => printable(inner),
        Type::Enum(_) => true,
        _ => false,
    }
}

fn list_mismatch(context: &Context<'_>, port: &Type, items: &[Expr]) -> Result<(), String> {
    let step = |at: usize, message: String| format!("at [{at}]: {message}");
    match port {
        Type::Optional(inner) => list_mismatch(context, inner, items),
        Type::Tuple(types) if types.len() == items.len() => {
            types.iter().zip(items).enumerate().try_for_each(|(at, (ty, item))| {
                mismatch(context, ty, item).map_err(|message| step(at, message))
            })
        }
        Type::List(ty) => items.iter().enumerate().try_for_each(|(at, item)| {
            mismatch(context, ty, item).map_err(|message| step(at, message))
        }),
        Type::Any => items.iter().enumerate().try_for_each(|(at, item)| {
            mismatch(context, &Type::Any, item).map_err(|message| step(at, message))
        }),
        Type::Array(_) => items.iter().enumerate().try_for_each(|(at, item)| {
            mismatch(context, &Type::Number, item).map_err(|message| step(at, message))
        }),
        _ => Err(format!("expected {port}, found a list")),
    }
}

fn map_mismatch(
    context: &Context<'_>,
    port: &Type,
    entries: &[(String, Expr)],
) -> Result<(), String> {
    let step = |key: &str, message: String| format!("at .{key}: {message}");
    match port {
        Type::Optional(inner) => map_mismatch(context, inner, entries),
        Type::Map(ty) => entries.iter().try_for_each(|(key, item)| {
            mismatch(context, ty, item).map_err(|message| step(key, message))
        }),
        Type::Record(fields) => {
            for field in fields {
                match entries.iter().find(|(key, _)| *key == field.name) {
                    Some((key, item)) => {
                        mismatch(context, &field.ty, item).map_err(|message| step(key, message))?
                    }
                    None if field.optional => {}
                    None => {
                        return Err(format!(
                            "expected a field `{}`, found a map without it",
                            field.name
                        ));
                    }
                }
            }
            Ok(())
        }
        Type::Any | Type::Enum(_) | Type::Outcome => entries.iter().try_for_each(|(key, item)| {
            mismatch(context, &Type::Any, item).map_err(|message| step(key, message))
        }),
        _ => Err(format!("expected {port}, found a map")),
    }
}

/// A reference as people write it: `${ansatz.x[0]}`.
pub(super) fn show(context: &Context<'_>, reference: &Ref) -> String {
    format!("`${{{}}}`", reference.show(&|root| root_name(context, root)))
}

fn root_name(context: &Context<'_>, root: Root) -> String {
    match root {
        Root::Node(id) | Root::Outcome(id) => {
            context.names.get(id.index()).map_or_else(|| "?".to_owned(), ToString::to_string)
        }
        Root::Input(id) => match context.draft.inputs.get(id.index()) {
            Some(input) if input.role == InputRole::Declared => format!("inputs.{}", input.name),
            Some(input) => input.name.clone(),
            None => "inputs.?".to_owned(),
        },
        Root::RunId => "run.id".to_owned(),
        Root::RunSeed => "run.seed".to_owned(),
        Root::WorkflowDir => "workflow.dir".to_owned(),
    }
}

/// The type a reference gives, after its selections.
pub(super) fn type_of(context: &Context<'_>, reference: &Ref) -> Result<Type, String> {
    let mut ty = match reference.root {
        // Unknown ones are reported where they stand.
        Root::Node(id) => context.types.get(id.index()).cloned().unwrap_or(Type::Any),
        Root::Input(id) => context.inputs.get(id.index()).cloned().unwrap_or(Type::Any),
        Root::Outcome(_) => Type::Outcome,
        Root::RunId | Root::WorkflowDir => Type::Str,
        Root::RunSeed => Type::U64,
    };
    if reference.adapt.is_some() && matches!(ty, Type::Ext(_)) {
        ty = Type::Any;
    }
    for select in &reference.path {
        ty = selected(&ty, select).ok_or_else(|| {
            let what = match select {
                Select::Key(key) => format!("no field `{key}`"),
                Select::Index(index) => format!("no item [{index}]"),
            };
            let fields = match &ty {
                Type::Record(fields) => {
                    let names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
                    format!("; it has {}", names.join(", "))
                }
                _ => String::new(),
            };
            let nothing = match (&ty, reference.root) {
                (Type::Null, Root::Node(id)) if context.is_flow(id) => {
                    "; what a workflow inside a node gives is said by `output` or `outputs`"
                }
                _ => "",
            };
            format!("{} selects {what} of {ty}{fields}{nothing}", show(context, reference))
        })?;
    }
    Ok(ty)
}

/// The type of what an expression gives, as far as it is known.
pub(super) fn type_of_expr(context: &Context<'_>, expr: &Expr) -> Type {
    let of = |reference: &Ref| type_of(context, reference).unwrap_or(Type::Any);
    expr_type(expr, &of)
}

/// The type of an expression of a workflow that is checked already.
pub(super) fn type_in(workflow: &Workflow, expr: &Expr) -> Type {
    let of = |reference: &Ref| {
        let mut ty = match reference.root {
            Root::Node(id) => {
                match workflow.nodes().get(id.index()).map(|node| &node.task().signature.output) {
                    None | Some(Type::Workflow) => Type::Any,
                    Some(output) => output.clone(),
                }
            }
            Root::Input(id) => {
                workflow.inputs().get(id.index()).map_or(Type::Any, |input| input.ty.clone())
            }
            Root::Outcome(_) => Type::Outcome,
            Root::RunId | Root::WorkflowDir => Type::Str,
            Root::RunSeed => Type::U64,
        };
        for select in &reference.path {
            ty = selected(&ty, select).unwrap_or(Type::Any);
        }
        ty
    };
    expr_type(expr, &of)
}

fn expr_type(expr: &Expr, of: &dyn Fn(&Ref) -> Type) -> Type {
    match expr {
        Expr::Const(value) => value_type(value),
        Expr::Ref(reference) => of(reference),
        Expr::Text(_) => Type::Str,
        Expr::List(items) => {
            Type::List(Box::new(common(items.iter().map(|item| expr_type(item, of)))))
        }
        Expr::Map(entries) => Type::Record(
            entries
                .iter()
                .map(|(name, value)| Field {
                    name: name.clone(),
                    ty: expr_type(value, of),
                    optional: false,
                })
                .collect(),
        ),
    }
}

/// The type of a constant. Numbers are either kind: what is written as `1` may be meant as `1.0`.
fn value_type(value: &Value) -> Type {
    match value {
        Value::Null => Type::Null,
        Value::Bool(_) => Type::Bool,
        Value::I64(_) | Value::U64(_) | Value::F64(_) => Type::Number,
        Value::Str(_) => Type::Str,
        Value::Bytes(_) => Type::Bytes,
        // A long list is of one kind or of any.
        Value::List(items) => {
            Type::List(Box::new(common(items.iter().take(1_000).map(value_type))))
        }
        Value::Map(map) => {
            Type::Map(Box::new(common(map.iter().take(1_000).map(|(_, v)| value_type(v)))))
        }
        _ => Type::Any,
    }
}

/// The type that all have, or `any`.
pub(super) fn common(mut types: impl Iterator<Item = Type>) -> Type {
    let Some(first) = types.next() else { return Type::Any };
    if types.all(|ty| ty == first) { first } else { Type::Any }
}

/// Turns references to nodes into references to how they ended, where a port takes that.
pub(super) fn take_outcomes(context: &Context<'_>, args: &mut [Vec<Expr>]) {
    for (task, args) in context.tasks.iter().zip(args) {
        let Some(task) = task else { continue };
        for (port, arg) in task.signature.ports.iter().zip(args) {
            as_outcome(context, &port.ty, arg);
        }
    }
}

fn as_outcome(context: &Context<'_>, port: &Type, arg: &mut Expr) {
    match (port.inner(), arg) {
        (Type::Outcome, Expr::Ref(reference)) if reference.path.is_empty() => {
            let Root::Node(id) = reference.root else { return };
            // What gives an outcome itself is passed on.
            if !matches!(context.types.get(id.index()), Some(Type::Outcome)) {
                *reference = Ref::new(Root::Outcome(id));
            }
        }
        (Type::List(item), Expr::List(args)) => {
            args.iter_mut().for_each(|arg| as_outcome(context, item, arg));
        }
        (Type::Map(item), Expr::Map(args)) => {
            args.iter_mut().for_each(|(_, arg)| as_outcome(context, item, arg));
        }
        _ => {}
    }
}

/// The type of a part; `None` where there can be none.
fn selected(ty: &Type, select: &Select) -> Option<Type> {
    match (ty, select) {
        (Type::Any | Type::Enum(_), _) => Some(Type::Any),
        (Type::Optional(inner), _) => selected(inner, select),
        (Type::Record(fields), Select::Key(key)) => {
            fields.iter().find(|field| field.name == *key).map(|field| field.ty.clone())
        }
        (Type::Map(item), Select::Key(_)) | (Type::List(item), Select::Index(_)) => {
            Some((**item).clone())
        }
        (Type::Array(kind), Select::Index(_)) => {
            Some(if kind.starts_with('f') { Type::F64 } else { Type::I64 })
        }
        (Type::Tuple(items), Select::Index(at)) => items.get(usize::try_from(*at).ok()?).cloned(),
        (Type::Outcome, Select::Key(key)) => match key.as_str() {
            "status" => Some(Type::Str),
            "attempts" => Some(Type::I64),
            "value" | "error" => Some(Type::Any),
            _ => None,
        },
        _ => None,
    }
}
