//! Packs that are refused when they are loaded, each with its text. Each in a process of its own
//! would prove no more: a refused library stays open and does no harm.

use std::fs;
use std::os::unix::fs::MetadataExt as _;

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
    let text = fixture::without_numbers(&chain(&error, folder.path()), 16);
    insta::assert_snapshot!(text, @r"DIR/x.so: has a manifest that is not of its code (hash NUMBER, the code says NUMBER); build or copy the pack again");
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

/// What ELF allows and this system does not take.
#[cfg(target_arch = "x86_64")]
#[test]
fn code_for_another_system() {
    let folder = fixture::folder();
    let path = folder.path().join("newer.so");
    fixture::patch("circuit_1", &path, "\0GLIBC_2.2.5\0", "\0GLIBC_9.2.5\0");
    let error = Registry::new().load_file(&path).unwrap_err();
    assert!(matches!(error.fault(), Fault::NewerSystem(_)), "{error}");
    // Of the machine that runs the test.
    let text = chain(&error, folder.path());
    let (start, end) = (text.find("/lib").unwrap(), text.find(": version").unwrap());
    insta::assert_snapshot!(text.replace(&text[start..end], "LIBC"), @r"
    DIR/newer.so: needs a newer version of a system library than this machine has; build the pack on an older system
      because: dlopen failed
      because: LIBC: version `GLIBC_9.2.5' not found (required by DIR/newer.so)
    ");
    let path = folder.path().join("freebsd.so");
    let mut bytes = fs::read(library("circuit_1")).unwrap();
    bytes[7] = 9;
    fs::write(&path, bytes).unwrap();
    let error = Registry::new().load_file(&path).unwrap_err();
    assert!(matches!(error.fault(), Fault::Loader(_)), "{error}");
    insta::assert_snapshot!(chain(&error, folder.path()), @r"
    DIR/freebsd.so: is refused by the system's loader; build the pack for this system
      because: dlopen failed
      because: DIR/freebsd.so: ELF file OS ABI invalid
    ");
}

/// glibc gives a library that is open for a path that it calls its own.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
#[test]
fn code_of_another_file_that_the_loader_takes_for_this_one() {
    let folder = fixture::folder();
    let (first, second) = (folder.path().join("first.so"), folder.path().join("second.so"));
    fixture::copy("named", &second, "another build");
    let mut bytes = fs::read(library("named")).unwrap();
    let own = "a-name-of-its-own/".repeat(16);
    fixture::write_over(&mut bytes, own.as_bytes(), second.as_os_str().as_encoded_bytes());
    fs::write(&first, bytes).unwrap();
    let registry = Registry::new();
    registry.load_file(&first).unwrap();
    let error = registry.load_file(&second).unwrap_err();
    assert!(matches!(error.fault(), Fault::OldCode), "{error}");
    insta::assert_snapshot!(chain(&error, folder.path()), @r"DIR/second.so: was not loaded: the system's loader gave the code of an earlier file for it; restart the program");
    // A file that gets its inode would be taken for it, written over.
    let inode = fs::metadata(&second).unwrap().ino();
    fs::remove_file(&second).unwrap();
    for _ in 0..20 {
        fs::write(&second, "another file").unwrap();
        assert_ne!(fs::metadata(&second).unwrap().ino(), inode);
        fs::remove_file(&second).unwrap();
    }
}

#[test]
fn code_of_another_layout() {
    insta::assert_snapshot!(refused("bad_header"), @"
    DIR/bad_header.so: exports a header that this host cannot read; rebuild it with terrace-plugin-api 0.1.x
      because: it does not start with abi_stable's mark
    ");
    insta::assert_snapshot!(refused("no_layout"), @"DIR/no_layout.so: says nothing about the layout of its types; export its tasks with export_pack!");
    insta::assert_snapshot!(refused("other_layout"), @r"
    DIR/other_layout.so: is built for ABI 0.1 but lays out its types differently; rebuild it with the host's version of terrace-plugin-api, 0.1.0 (it was built with 0.1.0)
      because: PackModule: mismatched package, expected terrace-plugin-api, found bad
    ");
    let folder = fixture::folder();
    let path = folder.path().join("x.so");
    let mut bytes = fs::read(library("circuit_1")).unwrap();
    // After the mark, which is padded with blanks, the version as two numbers.
    let header = |minor: u8| [&b"abi stable library for Rust     \0\0\0\0"[..], &[minor]].concat();
    fixture::write_over(&mut bytes, &header(11), &header(10));
    fs::write(&path, bytes).unwrap();
    let error = Registry::new().load_file(&path).unwrap_err();
    insta::assert_snapshot!(chain(&error, folder.path()), @r"
    DIR/x.so: exports a header that this host cannot read; rebuild it with terrace-plugin-api 0.1.x
      because: it is of abi_stable 0.10, this host has 0.11
    ");
}

#[test]
fn code_whose_module_fails() {
    insta::assert_snapshot!(refused("fails"), @r"
    DIR/fails.so: could not make its module; its author must mend it
      because: no licence was found
    ");
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
