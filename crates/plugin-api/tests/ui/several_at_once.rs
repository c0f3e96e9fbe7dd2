use terrace_plugin_api::{task, TaskContext};

#[task(fast, memory = "much")]
unsafe fn wrong(
    (x, y): (i64, i64),
    _: i64,
    list: &mut Vec<i64>,
    any: impl Into<String>,
    callback: fn(i64) -> i64,
    context: TaskContext<'_>,
) -> impl Iterator<Item = i64> {
    let _ = (list, any.into(), callback, context);
    [x, y].into_iter()
}

fn main() {}
