use std::time::Instant;
use terrace_plugin_api::task;

struct Private;

#[task]
fn input(x: Private) -> i64 {
    drop(x);
    0
}

#[task]
fn borrowed(x: &[Instant]) -> usize {
    x.len()
}

#[task]
fn output() -> Vec<Instant> {
    Vec::new()
}

fn main() {}
