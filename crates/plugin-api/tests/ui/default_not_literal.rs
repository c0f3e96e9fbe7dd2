use terrace_plugin_api::task;

const HALF: f64 = 0.5;

#[task]
fn a(#[default = HALF] x: f64) -> f64 {
    x
}

#[task]
fn b(#[default(0.5)] x: f64) -> f64 {
    x
}

fn main() {}
