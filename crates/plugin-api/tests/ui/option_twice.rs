use terrace_plugin_api::task;

#[task]
fn a(x: Option<Option<i64>>) -> bool {
    x.is_some()
}

fn main() {}
