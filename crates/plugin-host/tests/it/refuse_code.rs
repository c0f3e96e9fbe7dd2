//! Packs that are refused when they are loaded, each with its text. Each in a process of its own
//! would prove no more: a refused library stays open and does no harm.

use terrace_plugin_host::{Fault, Registry};

use crate::fixture::{self, chain, library};

fn refused(name: &str) -> String {
    let folder = fixture::folder();
    let path = folder.path().join(format!("{name}.so"));
    fixture::copy(name, &path, "");
    chain(&Registry::new().load_file(&path).unwrap_err(), folder.path())
}

#[test]
fn code_that_is_not_as_the_manifest_says() {
    insta::assert_snapshot!(refused("missing_task"), @"DIR/missing_task.so: lists a task `b` in its manifest that its code does not have; rebuild it");
    insta::assert_snapshot!(refused("extra_task"), @"DIR/extra_task.so: has a task `b` in its code that its manifest does not list; rebuild it");
    insta::assert_snapshot!(refused("twice"), @"DIR/twice.so: has two tasks called `a`; rename one of them in the pack's source");
    let folder = fixture::folder();
    let path = folder.path().join("x.so");
    fixture::patch("circuit_1", &path, "\"doc\":\"Divides.\"", "\"doc\":\"Derides.\"");
    let error = Registry::new().load_file(&path).unwrap_err();
    assert!(matches!(error.fault(), Fault::HashMismatch { .. }), "{error}");
    let text = error.to_string();
    assert!(text.contains("has a manifest that is not of its code (hash "), "{text}");
}

#[test]
fn code_that_cannot_be_linked() {
    insta::assert_snapshot!(refused("unresolved"), @"
    DIR/unresolved.so: needs the symbol `a_symbol_that_nobody_has`, which no library it names provides; link the library that has it into the pack
      because: dlopen failed
      because: DIR/unresolved.so: undefined symbol: a_symbol_that_nobody_has
    ");
    let folder = fixture::folder();
    let path = folder.path().join("x.so");
    fixture::patch(
        "circuit_1",
        &path,
        "\0terrace_pack_v0_1_circuit",
        "\0terrace_pack_v0_1_circles",
    );
    let error = Registry::new().load_file(&path).unwrap_err();
    insta::assert_snapshot!(chain(&error, folder.path()), @"
    DIR/x.so: does not export `terrace_pack_v0_1_circuit`, which its manifest names; export its tasks with export_pack! and build it again
      because: dlsym failed
      because: DIR/x.so: undefined symbol: terrace_pack_v0_1_circuit
    ");
    // Another file: the first is open, and writing over it would end this process.
    let path = folder.path().join("y.so");
    fixture::patch("circuit_1", &path, "\0libgcc_s.so.1\0", "\0libgcc_s.so.7\0");
    let error = Registry::new().load_file(&path).unwrap_err();
    insta::assert_snapshot!(chain(&error, folder.path()), @"
    DIR/y.so: needs the library `libgcc_s.so.7`, which cannot be found; install it, or link it statically
      because: dlopen failed
      because: libgcc_s.so.7: cannot open shared object file: No such file or directory
    ");
}

#[test]
fn code_of_another_layout() {
    insta::assert_snapshot!(refused("bad_header"), @"
    DIR/bad_header.so: exports a header that this host cannot read; rebuild it with terrace-plugin-api 0.1.x
      because: it does not start with abi_stable's mark
    ");
    insta::assert_snapshot!(refused("no_layout"), @"DIR/no_layout.so: says nothing about the layout of its types; export its tasks with export_pack!");
    let text = refused("other_layout");
    let (head, details) = text.split_once("\n  because: ").unwrap();
    insta::assert_snapshot!(head, @"DIR/other_layout.so: is built for ABI 0.1 but lays out its types differently; rebuild it with the host's version of terrace-plugin-api, 0.1.0 (it was built with 0.1.0)");
    assert!(details.contains("something_else"), "{details}");
}

#[test]
fn code_whose_module_panics() {
    insta::assert_snapshot!(refused("panics"), @"
    DIR/panics.so: panicked while it made its module; its author must mend it
      because: the root module loader panicked
    ");
    // The same again: the library is open already.
    let error = Registry::new().load_file(library("panics")).unwrap_err();
    assert!(matches!(error.fault(), Fault::ConstructorPanicked(_)), "{error}");
}
