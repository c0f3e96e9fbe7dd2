use terrace_plugin_api::{task, PortType};

#[task]
fn twice<T: PortType>(x: T) -> T {
    x
}

#[task]
fn longest<'a>(x: &'a str, y: &'a str) -> &'a str {
    if x.len() > y.len() { x } else { y }
}

fn main() {}
