//! A pack's printing stays out of the program's output.

use std::io::Write as _;

use terrace_plugin_api::TaskContext;
use terrace_plugin_host::{Registry, reserve_stdout};

use crate::fixture;

#[test]
fn reserved_output_has_only_what_the_program_writes() {
    let output = fixture::child("stdout::print_all_over", &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    let errors = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{errors}");
    // Before it is reserved, the test's own runner prints.
    assert!(text.ends_with("{\"status\":\"succeeded\"}\n"), "{text}");
    assert!(!text.contains("printed by"), "{text}");
    assert!(errors.contains("printed by a constructor") && errors.contains("printed by a task"));
}

#[test]
#[ignore = "run in a process of its own by another test"]
fn print_all_over() {
    let mut output = reserve_stdout().unwrap();
    let again = reserve_stdout().unwrap_err();
    assert_eq!(again.kind(), std::io::ErrorKind::AlreadyExists);
    let pack = Registry::new().load_file(fixture::library("noisy")).unwrap();
    let print = pack.task("print").unwrap();
    print.body.call(&TaskContext::detached(), &mut []).unwrap();
    writeln!(output, "{{\"status\":\"succeeded\"}}").unwrap();
    // A pack's own buffer is written when the process ends, to where it belongs by now.
}
