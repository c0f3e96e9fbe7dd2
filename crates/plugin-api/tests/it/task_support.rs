//! Calls a task as a host does: through the entry in its pack's module.

use terrace_plugin_api::{status, StaticPack, TaskContext, TaskError, TaskResult, Value};

pub(crate) fn json(value: serde_json::Value) -> Value {
    serde_json::from_value(value).unwrap()
}

/// Calls a task and shows what it left of its arguments.
pub(crate) fn call_with(
    pack: StaticPack,
    task: &str,
    args: &mut [Value],
) -> Result<Value, TaskError> {
    let entry = pack.module.tasks();
    let entry = entry.iter().find(|entry| entry.name == task).unwrap();
    let mut out = TaskResult::Empty;
    let context = TaskContext::detached();
    let code = (entry.call)(&context, args.as_mut_ptr(), args.len(), &mut out);
    match out {
        TaskResult::Value(value) if code == status::OK => Ok(value),
        TaskResult::Error(error) if code == status::FAILED => Err(error),
        other => panic!("{code} {other:?}"),
    }
}

/// Calls a task with arguments as JSON.
pub(crate) fn call(
    pack: StaticPack,
    task: &str,
    args: serde_json::Value,
) -> Result<serde_json::Value, TaskError> {
    let serde_json::Value::Array(args) = args else { panic!("not a list of arguments") };
    let mut args: Vec<Value> = args.into_iter().map(json).collect();
    call_with(pack, task, &mut args).map(|value| serde_json::to_value(&value).unwrap())
}

pub(crate) fn message(pack: StaticPack, task: &str, args: serde_json::Value) -> String {
    call(pack, task, args).unwrap_err().to_string()
}
