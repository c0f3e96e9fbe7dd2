//! The same file again, the same bytes elsewhere, other bytes at the same path, many threads.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;

use terrace_core::Value;
use terrace_plugin_api::TaskContext;
use terrace_plugin_host::{Fault, Pack, Registry};

use crate::fixture::{self, library};

fn call(pack: &Pack, task: &str) -> Value {
    pack.task(task).unwrap().body.call(&TaskContext::detached(), &mut []).unwrap()
}

#[test]
fn the_same_file_is_one_pack() {
    let folder = fixture::folder();
    let path = folder.path().join("a.so");
    fixture::copy("circuit_1", &path, "the same file");
    let registry = Registry::new();
    let first = registry.load_file(&path).unwrap();
    symlink(&path, folder.path().join("link.so")).unwrap();
    fs::hard_link(&path, folder.path().join("hard.so")).unwrap();
    fs::copy(&path, folder.path().join("copy.so")).unwrap();
    for name in ["a.so", "./a.so", "link.so", "hard.so", "copy.so"] {
        let again = registry.load_file(folder.path().join(name)).unwrap();
        assert!(again.is_same(&first), "{name}");
    }
    assert!(Registry::new().load_file(&path).unwrap().is_same(&first), "in another registry");
    assert_eq!(registry.packs().len(), 1);
}

#[test]
fn a_rebuilt_pack_at_the_same_path_is_new_code() {
    let folder = fixture::folder();
    let path = folder.path().join("circuit.so");
    let put = |name: &str, more: &str| {
        let new = folder.path().join("new");
        fixture::copy(name, &new, more);
        fs::rename(&new, &path).unwrap();
    };
    let registry = Registry::new();
    put("circuit_1", "rebuilt 1");
    let first = registry.load_file(&path).unwrap();
    assert_eq!(call(&first, "version").as_str(), Some("0.1.0"));
    assert_eq!(call(&first, "count").as_i64(), Some(1));
    put("circuit_2", "rebuilt 2");
    let second = registry.load_file(&path).unwrap();
    assert_eq!(call(&second, "version").as_str(), Some("0.2.0"));
    // The same version and manifest, other bytes: its state is its own.
    put("circuit_1", "rebuilt 3");
    let third = registry.load_file(&path).unwrap();
    assert!(!third.is_same(&first));
    assert_eq!(call(&third, "count").as_i64(), Some(1));
    assert_eq!(call(&first, "count").as_i64(), Some(2));
    assert_eq!(call(&second, "version").as_str(), Some("0.2.0"));
}

#[test]
fn a_pack_written_over_in_place_is_refused() {
    let folder = fixture::folder();
    let path = folder.path().join("x.so");
    fixture::copy("circuit_1", &path, "in place");
    let registry = Registry::new();
    let loaded = registry.load_file(&path).unwrap();
    // At the end only, so that the pages of the loaded library stay as they are.
    fs::OpenOptions::new().append(true).open(&path).unwrap().write_all(b"x").unwrap();
    let error = registry.load_file(&path).unwrap_err();
    assert!(matches!(error.fault(), Fault::ChangedInPlace));
    insta::assert_snapshot!(fixture::chain(&error, folder.path()), @"DIR/x.so: was written over after it had been loaded; restart the program, and replace packs by renaming a new file into place");
    assert_eq!(call(&loaded, "version").as_str(), Some("0.1.0"));
}

#[test]
fn many_threads_loading_get_one_pack_per_file() {
    let folder = fixture::folder();
    let path = |name: &str| folder.path().join(format!("{name}.so"));
    for name in ["circuit_1", "circuit_2", "rude", "noisy"] {
        fixture::copy(name, &path(name), "many threads");
    }
    let registry = Registry::new();
    let names = ["circuit_1", "circuit_2", "rude", "no_layout", "noisy"];
    let loaded: Vec<Vec<Option<Pack>>> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..16_usize)
            .map(|thread| {
                let (registry, path) = (&registry, &path);
                scope.spawn(move || {
                    let load = |at: usize| match names[(at + thread) % names.len()] {
                        "no_layout" => registry.load_file(library("no_layout")).ok(),
                        name => Some(registry.load_file(path(name)).unwrap()),
                    };
                    let mut packs: Vec<_> = (0..names.len()).map(load).collect();
                    packs.rotate_right(thread % names.len());
                    packs
                })
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(registry.packs().len(), 4);
    for packs in &loaded {
        for (ours, first) in packs.iter().zip(&loaded[0]) {
            match (ours, first) {
                (Some(ours), Some(first)) => assert!(ours.is_same(first)),
                (ours, first) => assert!(ours.is_none() && first.is_none()),
            }
        }
    }
}

#[test]
fn a_file_that_changes_while_it_is_loaded_is_refused() {
    let folder = fixture::folder();
    let path = folder.path().join("x.so");
    fixture::copy("noisy", &path, "");
    // Its constructor writes to its own file.
    let variables = [("TERRACE_FIXTURE_TOUCH", path.as_os_str())];
    fixture::passing_child("reload::load_a_file_that_changes", &variables);
}

#[test]
#[ignore = "run in a process of its own by another test"]
fn load_a_file_that_changes() {
    let Some(path) = std::env::var_os("TERRACE_FIXTURE_TOUCH") else { return };
    let path = std::path::PathBuf::from(path);
    let error = Registry::new().load_file(&path).unwrap_err();
    assert!(matches!(error.fault(), Fault::Changed), "{error}");
    insta::assert_snapshot!(fixture::chain(&error, path.parent().unwrap()), @r"DIR/x.so: was changed while it was loaded; wait until its build or copy has ended and try again");
    // By now it is another file than the one that is open.
    let error = Registry::new().load_file(&path).unwrap_err();
    assert!(matches!(error.fault(), Fault::ChangedInPlace), "{error}");
}
