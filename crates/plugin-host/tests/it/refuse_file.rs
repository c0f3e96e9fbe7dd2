//! Files that are refused before anything in them is executed, each with its text.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::os::unix::net::UnixListener;
use std::path::Path;

use terrace_plugin_host::{Fault, read_manifest};

use crate::fixture::{self, chain, library};

fn refused(path: &Path, folder: &Path) -> String {
    chain(&read_manifest(path).unwrap_err(), folder)
}

#[test]
fn what_is_no_file() {
    let folder = fixture::folder();
    let dir = folder.path();
    insta::assert_snapshot!(refused(&dir.join("none.so"), dir), @"
    DIR/none.so: cannot be opened; check the path and its spelling
      because: No such file or directory (os error 2)
    ");
    insta::assert_snapshot!(refused(dir, dir), @"DIR: is a directory; name a pack's file, or search the directory with --packs");
    let link = dir.join("link.so");
    symlink("gone.so", &link).unwrap();
    insta::assert_snapshot!(refused(&link, dir), @"
    DIR/link.so: is a link to gone.so, which cannot be opened; point it at a file that exists
      because: No such file or directory (os error 2)
    ");
    let circle = dir.join("circle.so");
    symlink(&circle, &circle).unwrap();
    insta::assert_snapshot!(refused(&circle, dir), @"
    DIR/circle.so: cannot be read; check its path, its permissions and those of the folders above it
      because: Too many levels of symbolic links (os error 40)
    ");
    let socket = dir.join("socket.so");
    let _listener = UnixListener::bind(&socket).unwrap();
    insta::assert_snapshot!(refused(&socket, dir), @"DIR/socket.so: is not a regular file; name a pack's file");
    let below = dir.join("file/below.so");
    fs::write(dir.join("file"), "x").unwrap();
    insta::assert_snapshot!(refused(&below, dir), @"
    DIR/file/below.so: cannot be read; check its path, its permissions and those of the folders above it
      because: Not a directory (os error 20)
    ");
}

#[test]
fn what_may_not_be_read() {
    let folder = fixture::folder();
    let path = folder.path().join("secret.so");
    fixture::copy("circuit_1", &path, "");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o0)).unwrap();
    if fs::read(&path).is_ok() {
        return; // Root reads everything.
    }
    insta::assert_snapshot!(refused(&path, folder.path()), @r"
    DIR/secret.so: cannot be read; check its path, its permissions and those of the folders above it
      because: Permission denied (os error 13)
    ");
}

#[test]
fn what_is_not_elf() {
    let folder = fixture::folder();
    let path = folder.path().join("x.so");
    let mut text = String::new();
    let contents: [&[u8]; 11] = [
        b"",
        b"\x7fEL",
        b"\x7fELF\x02\x01\x01",
        b"hello\n",
        b"#!/bin/sh\n",
        b"!<arch>\nx",
        b"MZ\x90\0\x03\0",
        b"\xcf\xfa\xed\xfe",
        b"\0asm\x01\0\0\0",
        b"PK\x03\x04",
        b"\0\0\0",
    ];
    for content in contents {
        fs::write(&path, content).unwrap();
        text += &format!("{}\n", refused(&path, folder.path()));
    }
    insta::assert_snapshot!(text, @"
    DIR/x.so: is empty; build or copy the pack again
    DIR/x.so: is cut short: it has 3 bytes, less than the header of a shared library; build or copy the pack again
    DIR/x.so: is cut short: it has 7 bytes, less than the header of a shared library; build or copy the pack again
    DIR/x.so: is not a shared library but text; a pack is a file built with crate-type cdylib
    DIR/x.so: is not a shared library but a script; a pack is a file built with crate-type cdylib
    DIR/x.so: is not a shared library but an archive, such as a static library; a pack is a file built with crate-type cdylib
    DIR/x.so: is not a shared library but a Windows program or library; a pack is a file built with crate-type cdylib
    DIR/x.so: is not a shared library but a macOS program or library; a pack is a file built with crate-type cdylib
    DIR/x.so: is not a shared library but a WebAssembly module; a pack is a file built with crate-type cdylib
    DIR/x.so: is not a shared library but a compressed file; a pack is a file built with crate-type cdylib
    DIR/x.so: is not a shared library but data of an unknown kind; a pack is a file built with crate-type cdylib
    ");
}

/// Changes bytes of a good pack and reads it.
fn with_bytes(changes: &[(usize, &[u8])]) -> String {
    let folder = fixture::folder();
    let path = folder.path().join("x.so");
    let mut bytes = fs::read(library("circuit_1")).unwrap();
    for (at, change) in changes {
        bytes[*at..*at + change.len()].copy_from_slice(change);
    }
    fs::write(&path, bytes).unwrap();
    refused(&path, folder.path())
}

#[cfg(target_arch = "x86_64")]
#[test]
fn what_is_for_another_machine() {
    insta::assert_snapshot!(with_bytes(&[(4, &[1])]), @"DIR/x.so: is a 32-bit library, this program is 64-bit; build the pack for x86_64");
    insta::assert_snapshot!(with_bytes(&[(5, &[2])]), @"DIR/x.so: is built for big-endian machines, this one is little-endian; build the pack for x86_64");
    insta::assert_snapshot!(with_bytes(&[(18, &[183, 0])]), @"DIR/x.so: is built for aarch64, this machine is x86_64; build the pack for x86_64");
    insta::assert_snapshot!(with_bytes(&[(18, &[9, 99])]), @"DIR/x.so: is built for machine 25353, this machine is x86_64; build the pack for x86_64");
}

#[test]
fn what_is_no_library() {
    insta::assert_snapshot!(with_bytes(&[(16, &[1, 0])]), @"DIR/x.so: is an object file, not yet linked, not a shared library; build the pack with crate-type cdylib");
    insta::assert_snapshot!(with_bytes(&[(16, &[2, 0])]), @"DIR/x.so: is a program, not a shared library; build the pack with crate-type cdylib");
    insta::assert_snapshot!(with_bytes(&[(16, &[4, 0])]), @"DIR/x.so: is a memory dump, not a shared library; build the pack with crate-type cdylib");
    insta::assert_snapshot!(with_bytes(&[(16, &[9, 0])]), @"DIR/x.so: is damaged: its kind is 9; build or copy the pack again");
    // This test has packs linked in, so it has a manifest, but it is a program.
    let program = std::env::current_exe().unwrap();
    let error = read_manifest(&program).unwrap_err();
    assert!(matches!(error.fault(), Fault::NotShared { .. }), "{error}");
}

#[test]
fn what_is_damaged() {
    insta::assert_snapshot!(with_bytes(&[(4, &[9])]), @"DIR/x.so: is damaged: its class of pointers is 9; build or copy the pack again");
    insta::assert_snapshot!(with_bytes(&[(5, &[9])]), @"DIR/x.so: is damaged: its order of bytes is 9; build or copy the pack again");
    insta::assert_snapshot!(with_bytes(&[(54, &[1, 0])]), @"DIR/x.so: is damaged: the entries of its table of segments have a wrong size; build or copy the pack again");
    insta::assert_snapshot!(with_bytes(&[(56, &[0, 0])]), @"DIR/x.so: is damaged: it has 0 segments; build or copy the pack again");
    insta::assert_snapshot!(with_bytes(&[(58, &[1, 0])]), @"DIR/x.so: is damaged: the entries of its table of sections have a wrong size; build or copy the pack again");
    insta::assert_snapshot!(with_bytes(&[(62, &[255, 255])]), @"DIR/x.so: is damaged: the names of its sections are missing; build or copy the pack again");
    // The size of the first loaded segment in the file, larger than in memory.
    let text = with_bytes(&[(32, &[255; 8])]);
    insta::assert_snapshot!(fixture::without_numbers(&text, 5), @r"DIR/x.so: is cut short: the table of segments ends at byte NUMBER, the file at byte NUMBER; build or copy the pack again");
}

#[test]
fn what_is_no_pack() {
    let folder = fixture::folder();
    insta::assert_snapshot!(refused(&library("joined"), folder.path()), @"BUILT/libjoined.so: holds the manifests of several packs (joined, circuit); build each as a library of its own, a pack cannot depend on another pack's crate");
    insta::assert_snapshot!(refused(&library("plain"), folder.path()), @"BUILT/examples/libplain.so: is a shared library but not a pack: it has no section .terrace.manifest; export its tasks with export_pack!");
    let path = folder.path().join("x.so");
    // Without a table of sections.
    let mut bytes = fs::read(library("circuit_1")).unwrap();
    bytes[40..48].fill(0);
    fs::write(&path, bytes).unwrap();
    insta::assert_snapshot!(refused(&path, folder.path()), @"DIR/x.so: is a shared library but not a pack: it has no section .terrace.manifest; export its tasks with export_pack!");
}

#[test]
fn what_has_another_manifest() {
    let folder = fixture::folder();
    let path = folder.path().join("x.so");
    let patched = |from: &str, with: &str| {
        fixture::patch("circuit_1", &path, from, with);
        refused(&path, folder.path())
    };
    insta::assert_snapshot!(patched("{\"format\":1", "{\"format\":2"), @"DIR/x.so: has a manifest of format 2, this host reads format 1; update terrace, or rebuild the pack with an older terrace-plugin-api");
    insta::assert_snapshot!(patched("\"abi\":\"0.1\"", "\"abi\":\"0.2\""), @"DIR/x.so: is built for ABI 0.2, this host speaks 0.1; rebuild it with terrace-plugin-api 0.1.x");
    insta::assert_snapshot!(patched("\"panic\":\"unwind\"", "\"panic\":\"abort\" "), @r#"DIR/x.so: is built with panic = "abort", so a panic in a task would end the whole program; build it with panic = "unwind" (the default: remove `panic` from the profile)"#);
    insta::assert_snapshot!(patched("{\"format\":1", "!\"format\":1"), @"
    DIR/x.so: has a manifest that is not JSON; build or copy the pack again
      because: expected value at line 1 column 1
    ");
    insta::assert_snapshot!(patched("\"symbol\":\"terrace_pack_v0_1_circuit\"", "\"symbol\":   1234567890123456789     "), @r"
    DIR/x.so: has a manifest of another shape; rebuild it with terrace-plugin-api
      because: invalid type: integer `1234567890123456789`, expected a string at line 1 column 130
    ");
    insta::assert_snapshot!(patched("terrace_pack_v0_1_circuit\",\"panic", "terrace_pack_v9_9_circuit\",\"panic"), @r"DIR/x.so: has a manifest that cannot be right: its symbol is `terrace_pack_v9_9_circuit`, not `terrace_pack_v0_1_circuit`; rebuild it with terrace-plugin-api");
    insta::assert_snapshot!(patched("\"version\":\"0.1.0\"", "\"version\":\"0.1 0\""), @r"
    DIR/x.so: says that its version is `0.1 0`; set a version such as 1.2.3 in the pack's Cargo.toml
      because: unexpected character ' ' after minor version number
    ");
    insta::assert_snapshot!(patched("\"output\":{\"type\":\"i64\"}", "\"output\":{\"type\":\"i63\"}"), @r"
    DIR/x.so: declares `gates.output` as `i63`, a type that this host cannot read; update terrace, or rebuild the pack
      because: expected a type, one of any, null, bool, i64, u64, f64, number, str, bytes, list<…>, map<str, …>, array<…>, (…), {…}, enum{…}, outcome, ext<…> at column 1 of type `i63`
    ");
    insta::assert_snapshot!(patched("\"name\":\"gates\"", "\"name\":\"make\" "), @"DIR/x.so: has two tasks called `make`; rename one of them in the pack's source");
    insta::assert_snapshot!(patched("\"default\":2", "\"default\":{"), @"
    DIR/x.so: has a manifest that is not JSON; build or copy the pack again
      because: expected `,` or `}` at line 1 column 1209
    ");
    insta::assert_snapshot!(patched("\"type\":\"i64\",\"doc\":\"\",\"mode\":\"take\",\"default\":2", "\"type\":\"str\",\"doc\":\"\",\"mode\":\"take\",\"default\":2"), @"
    DIR/x.so: gives `divide.b` a default that is not of its type; correct it in the pack's source
      because: expected str, found an integer
    ");
}

#[test]
fn what_has_a_huge_manifest() {
    let folder = fixture::folder();
    let path = folder.path().join("x.so");
    let mut bytes = fs::read(library("circuit_1")).unwrap();
    let word =
        |at: usize| usize::try_from(u64::from_le_bytes(bytes[at..at + 8].try_into().unwrap()));
    let start = b"{\"format\":1";
    let manifest = bytes.windows(start.len()).position(|window| window == start);
    let mut sections = (0..usize::from(bytes[60])).map(|index| word(40).unwrap() + index * 64);
    let section = sections.find(|at| word(at + 24).ok() == manifest).unwrap();
    bytes[section + 32..section + 40].copy_from_slice(&(17_u64 << 20).to_le_bytes());
    fs::write(&path, bytes).unwrap();
    // Whole, but without taking that much of the disk.
    let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
    file.set_len(32 << 20).unwrap();
    insta::assert_snapshot!(refused(&path, folder.path()), @"DIR/x.so: has a manifest of 17825792 bytes, at most 16777216 are read; is it damaged?");
}
