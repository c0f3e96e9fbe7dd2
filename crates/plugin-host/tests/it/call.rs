//! Tasks of loaded packs, called through core's `Task`.

use std::path::Path;

use terrace_core::{Catalog, Task, TaskError, Value};
use terrace_plugin_api::{ErrorClass, TaskContext};
use terrace_plugin_host::{PackSet, Registry};

use crate::fixture;

fn call(catalog: &dyn Catalog, task: &str, args: &mut [Value]) -> Result<Value, TaskError> {
    let found = catalog.find(task).unwrap_or_else(|| panic!("no {task}"));
    found.body.call(&TaskContext::detached(), args)
}

#[test]
fn values_errors_and_panics_come_back() {
    let registry = Registry::new();
    registry.load_file(fixture::library("circuit_1")).unwrap();
    let divide = |a: i64, b: i64| call(&registry, "circuit/divide", &mut [a.into(), b.into()]);
    assert_eq!(divide(12, 4).unwrap().as_i64(), Some(3));
    assert_eq!(divide(12, 0).unwrap_err().message(), "cannot divide by 0");
    let error = call(&registry, "circuit/panics", &mut []).unwrap_err();
    assert_eq!((error.class(), error.message()), (ErrorClass::PANIC, "as it was told to"));
    assert!(error.location().is_some_and(|place| place.contains("circuit.rs")), "{error:?}");
}

#[test]
fn a_task_says_where_it_is_from() {
    let registry = Registry::new();
    let path = fixture::library("circuit_1");
    let pack = registry.load_file(&path).unwrap();
    let task = registry.find("circuit/divide").unwrap();
    assert_eq!(&*task.name, "circuit/divide");
    let id = task.pack.unwrap();
    assert_eq!((id.name.as_str(), id.version.as_str()), ("circuit", "0.1.0"));
    assert_eq!(id.path.as_deref().map(Path::new), pack.path());
    assert!(registry.find("circuit/nothing").is_none() && registry.find("divide").is_none());
    let names = registry.names();
    assert!(names.contains(&"circuit/divide".to_owned()) && names.is_sorted());
}

#[test]
fn two_versions_side_by_side_never_mix() {
    let registry = Registry::new();
    let old = registry.load_file(fixture::library("circuit_1")).unwrap();
    let new = registry.load_file(fixture::library("circuit_2")).unwrap();
    let set = PackSet::new().with("old", old).with("new", new);
    for (alias, version) in [("old", "0.1.0"), ("new", "0.2.0")] {
        let said = call(&set, &format!("{alias}/version"), &mut []).unwrap();
        assert_eq!(said.as_str(), Some(version));
        let made = call(&set, &format!("{alias}/make"), &mut [7.into()]).unwrap();
        let count = call(&set, &format!("{alias}/gates"), &mut [made.clone()]).unwrap();
        assert_eq!(count.as_i64(), Some(7));
        let other = if alias == "old" { "new" } else { "old" };
        let error = call(&set, &format!("{other}/gates"), &mut [made]).unwrap_err();
        assert_eq!(error.class(), ErrorClass::INVALID_INPUT, "{error}");
    }
}

#[test]
fn a_broken_convention_is_an_error_that_names_the_pack() {
    let registry = Registry::new();
    registry.load_file(fixture::library("rude")).unwrap();
    let mut text = String::new();
    for task in ["ok_empty", "ok_error", "failed_empty", "failed_value", "status_7"] {
        let error = call(&registry, &format!("rude/{task}"), &mut []).unwrap_err();
        assert_eq!(error.class(), ErrorClass::INTERNAL);
        text += &format!("{error}\n");
    }
    let error = call(&registry, "rude/ok_empty", &mut [Value::Null]).unwrap_err();
    text += &error.to_string();
    insta::assert_snapshot!(text, @"
    the pack rude 1.0.0 broke the call convention in `ok_empty`: it succeeded without an output
    the pack rude 1.0.0 broke the call convention in `ok_error`: it succeeded with an error: a reason
    the pack rude 1.0.0 broke the call convention in `failed_empty`: it failed without an error
    the pack rude 1.0.0 broke the call convention in `failed_value`: it failed with an output
    the pack rude 1.0.0 broke the call convention in `status_7`: it returned the unknown status 7: a reason
    `ok_empty` has 0 ports, called with 1 arguments
    ");
}

#[test]
fn tasks_can_be_called_on_many_threads() {
    let registry = Registry::new();
    let pack = registry.load_file(fixture::library("circuit_2")).unwrap();
    let divide = pack.task("divide").unwrap();
    std::thread::scope(|scope| {
        for thread in 0..8_i64 {
            let body: &dyn Task = &*divide.body;
            scope.spawn(move || {
                let context = TaskContext::detached();
                for n in 0..1_000 {
                    let mut args = [Value::from(thread * n), Value::from(1_i64)];
                    assert_eq!(body.call(&context, &mut args).unwrap().as_i64(), Some(thread * n));
                }
            });
        }
    });
}
