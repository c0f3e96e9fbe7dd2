use terrace_plugin_api::Interface;

#[derive(Interface)]
#[interface(name = "a/1")]
struct NotReprC {
    count: extern "C" fn() -> u64,
}

#[repr(C, packed)]
#[derive(Interface)]
#[interface(name = "a/1")]
struct Packed {
    count: extern "C" fn() -> u64,
}

#[repr(C)]
#[derive(Interface)]
struct NoName {
    count: extern "C" fn() -> u64,
}

#[repr(C)]
#[derive(Interface)]
#[interface(name = "Gates")]
struct BadName {
    count: extern "C" fn() -> u64,
}

#[repr(C)]
#[derive(Interface)]
#[interface(name = "a/0", version = 1)]
struct BadVersion {
    count: extern "C" fn() -> u64,
}

#[repr(C)]
#[derive(Interface)]
#[interface(name = "a/1")]
struct Generic<T> {
    count: T,
}

#[repr(C)]
#[derive(Interface)]
#[interface(name = "a/1")]
struct Tuple(extern "C" fn() -> u64);

#[repr(C)]
#[derive(Interface)]
#[interface(name = "a/1")]
enum Choice {
    One,
}

#[repr(C)]
#[derive(Interface)]
#[interface(name = "a/1")]
struct RustFn {
    count: fn() -> u64,
    other: Option<extern "system" fn()>,
    #[cfg(unix)]
    third: u64,
}

fn main() {}
