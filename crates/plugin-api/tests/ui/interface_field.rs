use terrace_plugin_api::{Interface, Offer};

struct Private(u64);

type Alias = extern "C" fn() -> u64;

#[repr(C)]
#[derive(Interface)]
#[interface(name = "a/1")]
struct Fields {
    text: String,
    alias: Alias,
    list: extern "C" fn(&[f64]) -> u64,
    returned: extern "C" fn() -> Private,
}

#[repr(C)]
#[derive(Interface)]
#[interface(name = "a/2")]
struct NotSync {
    pointer: *const (),
}

struct Plain;
static PLAIN: Offer<Plain> = Offer::new(Plain);

fn main() {}
