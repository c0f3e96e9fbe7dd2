use terrace_plugin_api::task;

#[task]
struct Task {
    x: i64,
}

fn main() {}
