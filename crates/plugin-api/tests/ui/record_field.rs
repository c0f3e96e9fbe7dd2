use std::time::Instant;
use terrace_plugin_api::Record;

#[derive(Record)]
struct A {
    at: Instant,
    count: i64,
}

#[derive(Record)]
enum B {
    X(Instant),
    Y { at: Vec<Instant> },
}

fn main() {}
