use terrace_plugin_api::task;

#[task]
fn a(#[default = "1"] x: i64) -> i64 {
    x
}

#[task]
fn b(#[default = [1, 2.5]] many: Vec<i64>) -> i64 {
    many[0]
}

fn main() {}
