//! What becomes of a panic inside a task.

use std::process::Command;

use serde_json::json as j;
use terrace_plugin_api::{export_pack, task, ErrorClass, PortError, PortType, Schema, Value};

use crate::task_support::call;

#[task]
fn panics(message: Option<String>) -> i64 {
    match message {
        Some(message) => panic!("{message}"),
        None => panic!("a fixed text"),
    }
}

/// A payload whose destructor panics too.
struct Bomb;
impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("boom");
    }
}
#[task]
fn explodes() {
    std::panic::panic_any(Bomb);
}

/// Panics while it is read and written.
struct Touchy;
impl PortType for Touchy {
    const SCHEMA: Schema = Schema::Any;
    fn from_value(value: Value) -> Result<Self, PortError> {
        assert!(value.as_bool().is_some(), "touched");
        Ok(Self)
    }
    fn into_value(self) -> Result<Value, PortError> {
        panic!("on the way out")
    }
}
#[task]
fn touchy(x: Touchy) -> Touchy {
    x
}

export_pack! { name: panicking, tasks: [panics, explodes, touchy] }

#[test]
fn a_panic_is_an_error_with_message_and_place() {
    let error = call(pack(), "panics", j!([null])).unwrap_err();
    assert_eq!(error.class(), ErrorClass::PANIC);
    assert_eq!(error.message(), "a fixed text");
    let place = error.location().unwrap();
    assert!(place.starts_with(file!()) || place.contains("task_panic.rs:"), "{place}");
    assert!(!error.retryable());
    let error = call(pack(), "panics", j!(["made"])).unwrap_err();
    assert_eq!(error.message(), "made");
}

#[test]
fn a_payload_that_panics_again_is_left_alone() {
    let error = call(pack(), "explodes", j!([])).unwrap_err();
    assert_eq!(error.message(), "a panic without a message");
}

#[test]
fn a_panic_in_a_port_type_is_caught_too() {
    let error = call(pack(), "touchy", j!([1])).unwrap_err();
    assert_eq!((error.class(), error.message()), (ErrorClass::PANIC, "touched"));
    let error = call(pack(), "touchy", j!([true])).unwrap_err();
    assert_eq!((error.class(), error.message()), (ErrorClass::PANIC, "on the way out"));
}

/// Runs the tests above in a process of their own and looks at what it printed: the test
/// harness would capture it here.
#[test]
fn a_caught_panic_prints_nothing() {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["task_panic::a_panic_is_an_error", "--nocapture"])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && printed.contains("1 passed"), "{printed}{errors}");
    assert!(!errors.contains("a fixed text"), "{errors}");
}
