use terrace_plugin_api::Record;

#[derive(Record)]
struct A<'a> {
    x: &'a str,
}

#[derive(Record)]
union B {
    x: i64,
    y: f64,
}

#[derive(Record)]
enum C {}

#[derive(Record)]
#[serde(transparent)]
struct D {
    x: i64,
    y: i64,
}

fn main() {}
