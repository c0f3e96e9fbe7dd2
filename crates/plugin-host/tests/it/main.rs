//! Public behaviour of the crate.
#[test]
fn thin() {
    use terrace_core::{Catalog, Value};
    let r = terrace_plugin_host::Registry::new();
    let p = r.load_file("/tmp/t-host/debug/libterrace_pack_math.so").unwrap();
    println!("{:?}", p.manifest().tasks.len());
    let t = r.find("math/add").unwrap();
    let out = t.body.call(&terrace_plugin_api::TaskContext::detached(), &mut [Value::from(2i64), Value::from(40i64)]);
    assert_eq!(out.unwrap().as_i64(), Some(42));
}
