use terrace_plugin_api::task;

struct Mistake;

#[task]
fn fails() -> Result<i64, Mistake> {
    Err(Mistake)
}

fn main() {}
