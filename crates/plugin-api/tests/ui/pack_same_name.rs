use terrace_plugin_api::task;

#[task]
fn add(x: i64) -> i64 {
    x
}

#[task(name = "add")]
fn plus(x: i64) -> i64 {
    x
}

terrace_plugin_api::export_pack! { name: math, tasks: [add, plus] }

fn main() {}
