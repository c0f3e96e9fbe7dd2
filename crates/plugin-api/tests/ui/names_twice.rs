use terrace_plugin_api::{task, TaskContext};

#[task]
fn ports(_x: i64, x: i64) -> i64 {
    x
}

#[task]
fn contexts(a: &TaskContext, b: &TaskContext) -> bool {
    a.cancelled() && b.cancelled()
}

#[task]
fn given(#[name = "my port"] x: i64) -> i64 {
    x
}

fn main() {}
