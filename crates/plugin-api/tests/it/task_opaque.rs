//! `derive(Opaque)`: private types between the tasks of one pack.

use serde::Serialize;
use terrace_plugin_api::{export_pack, task, Ext, Opaque, PortType, Value};

use crate::task_support::call_with;

#[derive(Opaque)]
#[opaque(name = "opaque::Handle")]
struct Handle(u8);

#[derive(Opaque, Clone, Serialize)]
#[opaque(serialize)]
struct Circuit {
    gates: Vec<String>,
}

#[task]
fn make() -> Handle {
    Handle(7)
}
#[task]
fn look(handle: &Handle) -> u8 {
    handle.0
}
#[task]
fn eat(handle: Handle) -> u8 {
    handle.0
}
#[task]
fn extend(mut circuit: Circuit, gate: String) -> Circuit {
    circuit.gates.push(gate);
    circuit
}

export_pack! { name: opaque, tasks: [make, look, eat, extend] }

#[test]
fn a_private_type_is_passed_borrowed_and_taken() {
    let handle = call_with(pack(), "make", &mut []).unwrap();
    let mut args = [handle];
    assert_eq!(call_with(pack(), "look", &mut args).unwrap().as_i64(), Some(7));
    assert_eq!(call_with(pack(), "eat", &mut args).unwrap().as_i64(), Some(7));
}

#[test]
fn what_cannot_be_copied_must_be_borrowed_while_others_hold_it() {
    let handle = call_with(pack(), "make", &mut []).unwrap();
    let error = call_with(pack(), "eat", &mut [handle.clone()]).unwrap_err();
    assert_eq!(
        error.message(),
        "input `handle`: this `opaque::Handle` is needed elsewhere too and cannot be copied: \
         the task should borrow it with `&`"
    );
    drop(handle);
}

#[test]
fn what_can_be_copied_is_where_others_hold_it() {
    let first = Circuit { gates: vec!["h".to_owned()] }.into_value().unwrap();
    let second = call_with(pack(), "extend", &mut [first.clone(), Value::from("x")]).unwrap();
    let text = |value: &Value| serde_json::to_string(value).unwrap();
    assert_eq!(text(&first), r#"{"gates":["h"]}"#);
    assert_eq!(text(&second), r#"{"gates":["h","x"]}"#);
}

#[test]
fn another_type_is_refused_by_name() {
    assert_eq!(Handle::SCHEMA.to_string(), "ext<opaque::Handle>");
    assert_eq!(Circuit::SCHEMA.to_string(), "ext<terrace-plugin-api::Circuit>");
    let error = call_with(pack(), "look", &mut [Value::I64(1)]).unwrap_err();
    assert_eq!(error.message(), "input `handle`: expected `opaque::Handle`, found an integer");
    let error = call_with(pack(), "look", &mut [Value::Ext(Ext::new(1u8))]).unwrap_err();
    assert_eq!(error.message(), "input `handle`: expected `opaque::Handle`, found `u8`");
}
