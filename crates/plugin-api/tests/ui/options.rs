use terrace_plugin_api::task;

#[task(pure = true)]
fn a() {}

#[task(name = "my task")]
fn b() {}

#[task(cpus = 0)]
fn c() {}

#[task(cost = 3)]
fn d() {}

#[task(pure, pure)]
fn e() {}

#[task("name")]
fn f() {}

fn main() {}
