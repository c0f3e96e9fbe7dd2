//! Which pack a requirement gets, and what is said when it gets none.

use std::fs;
use std::path::Path;

use terrace_core::{Catalog, PackRequirement};
use terrace_plugin_api::TaskContext;
use terrace_plugin_host::{
    Location, PackPath, PackSet, Registry, ResolveError, ResolvedPack, resolve,
};

use crate::fixture::{self, chain};

fn wanted(alias: &str, name: &str, version: &str) -> PackRequirement {
    PackRequirement {
        alias: alias.to_owned(),
        name: name.to_owned(),
        version: version.to_owned(),
        span: None,
    }
}

fn file(resolved: &ResolvedPack) -> &Path {
    match &resolved.location {
        Location::File(path) => path,
        other => panic!("{other}"),
    }
}

fn texts(errors: &[ResolveError], folder: &Path) -> String {
    errors.iter().map(|error| chain(error, folder)).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_best_version_wins_and_ties_go_to_the_first_folder() {
    let (first, second) = (fixture::folder(), fixture::folder());
    fixture::copy("circuit_1", &first.path().join("one.so"), "");
    fixture::copy("circuit_1", &second.path().join("one.so"), "other bytes");
    fixture::copy("circuit_2", &second.path().join("two.so"), "");
    let path = PackPath::new().with_folder(first.path()).with_folder(second.path());
    for (version, folder, name) in [
        ("*", &second, "two.so"),
        (">=0.1", &second, "two.so"),
        ("^0.1", &first, "one.so"),
        ("=0.1.0", &first, "one.so"),
    ] {
        let resolved = resolve(&[wanted("c", "circuit", version)], &path).unwrap();
        assert_eq!(file(&resolved[0]), folder.path().join(name), "{version}");
        assert_eq!(resolved[0].alias(), "c");
    }
    let resolved = terrace_plugin_host::resolve_names(["circuit"], &path).unwrap();
    assert_eq!(file(&resolved[0]), second.path().join("two.so"));
}

#[test]
fn a_pre_release_is_the_best_only_where_there_is_nothing_else() {
    let folder = fixture::folder();
    let path = PackPath::new().with_folder(folder.path());
    let pre = folder.path().join("pre.so");
    // The comma that follows is moved to the front of the next key, which JSON does not mind.
    fixture::patch(
        "circuit_2",
        &pre,
        "\"version\":\"0.2.0\",\"description\":\"Circuits.\"",
        "\"version\":\"0.3.0-a\",\"description\":\"Circus.\"",
    );
    let best = || terrace_plugin_host::resolve_names(["circuit"], &path).unwrap().remove(0);
    assert_eq!(best().manifest.version, "0.3.0-a");
    let errors = resolve(&[wanted("c", "circuit", "*")], &path).unwrap_err();
    insta::assert_snapshot!(texts(&errors, folder.path()), @"pack `circuit`: no version matches `*`, there is 0.3.0-a (DIR/pre.so)");
    fixture::copy("circuit_1", &folder.path().join("one.so"), "");
    assert_eq!(best().manifest.version, "0.1.0");
}

#[test]
fn identical_files_are_one_pack_and_different_ones_are_ambiguous() {
    let folder = fixture::folder();
    let path = PackPath::new().with_folder(folder.path());
    fixture::copy("circuit_1", &folder.path().join("a.so"), "");
    fixture::copy("circuit_1", &folder.path().join("b.so"), "");
    let both = [wanted("c", "circuit", "^0.1")];
    assert_eq!(file(&resolve(&both, &path).unwrap()[0]), folder.path().join("a.so"));
    fixture::copy("circuit_1", &folder.path().join("c.so"), "different");
    insta::assert_snapshot!(texts(&resolve(&both, &path).unwrap_err(), folder.path()), @"pack `circuit`: version 0.1.0 is there as different files: DIR/a.so, DIR/c.so; remove all but one");
    // Where it is not the one that is chosen, it does no harm.
    fixture::copy("circuit_2", &folder.path().join("d.so"), "");
    assert!(resolve(&[wanted("c", "circuit", ">=0.1")], &path).is_ok());
}

#[test]
fn all_problems_are_told_at_once() {
    let folder = fixture::folder();
    fixture::copy("circuit_1", &folder.path().join("one.so"), "");
    fixture::copy("circuit_2", &folder.path().join("two.so"), "");
    fixture::patch("rude", &folder.path().join("rude.so"), "\"abi\":\"0.1\"", "\"abi\":\"0.9\"");
    fs::write(folder.path().join("zero.so"), "").unwrap();
    let path = PackPath::new().with_folder(folder.path()).with_folder("/no/such/folder");
    let requirements = [
        wanted("a", "circiut", "*"),
        wanted("b", "circuit", "^0.3"),
        wanted("c", "circuit", "^zero"),
        wanted("d", "circuit", "^0.1"),
        wanted("d", "circuit", "^0.2"),
        wanted("e", "rude", "*"),
        wanted("f", "circuit", "^0.1"),
    ];
    let errors = resolve(&requirements, &path).unwrap_err();
    assert_eq!(errors.len(), 5);
    assert_eq!(errors[0].requirement(), &requirements[0]);
    insta::assert_snapshot!(texts(&errors, folder.path()), @"
    pack `circiut`: not found (did you mean `circuit`?); searched DIR, /no/such/folder (does not exist); refused: DIR/zero.so: is empty; build or copy the pack again
    pack `circuit`: no version matches `^0.3`, there is 0.2.0 (DIR/two.so), 0.1.0 (DIR/one.so); refused: DIR/zero.so: is empty; build or copy the pack again
    pack `circuit`: `^zero` is not a version requirement; write one such as `^0.1`, `>=1.2, <2` or `*`
      because: unexpected character 'z' while parsing major version number
    pack `circuit`: the alias `d` is used for two packs; give one of them another with `as:`
    pack `rude`: not found; searched DIR, /no/such/folder (does not exist); refused: DIR/rude.so: is built for ABI 0.9, this host speaks 0.1; rebuild it with terrace-plugin-api 0.1.x; DIR/zero.so: is empty; build or copy the pack again
    ");
    let errors = resolve(&requirements[..1], &PackPath::new()).unwrap_err();
    insta::assert_snapshot!(texts(&errors, folder.path()), @"pack `circiut`: not found; no folder was searched, name one with --packs or TERRACE_PACK_PATH");
}

#[test]
fn two_versions_under_two_aliases_are_both_there() {
    let folder = fixture::folder();
    fixture::copy("circuit_1", &folder.path().join("one.so"), "");
    fixture::copy("circuit_2", &folder.path().join("two.so"), "");
    let path = PackPath::new().with_folder(folder.path());
    let registry = Registry::new();
    let requirements = [wanted("old", "circuit", "^0.1"), wanted("new", "circuit", "^0.2")];
    let set = registry.load_required(&requirements, &path).unwrap();
    for (task, version) in [("old/version", "0.1.0"), ("new/version", "0.2.0")] {
        let said = set.find(task).unwrap().body.call(&TaskContext::detached(), &mut []).unwrap();
        assert_eq!(said.as_str(), Some(version));
    }
    assert!(set.find("circuit/version").is_none());
    assert_eq!(set.names().len(), 12);
    // What is loaded now comes before a file of the same version; another best is still found.
    let again = registry.load_names(["circuit"], &path).unwrap();
    assert!(again.pack("circuit").unwrap().is_same(set.pack("new").unwrap()));
    let without = registry.load_names(["circuit"], &PackPath::new()).unwrap();
    assert!(without.pack("circuit").unwrap().is_same(set.pack("new").unwrap()));
}

#[test]
fn a_pack_that_was_chosen_and_cannot_be_loaded_is_an_error_of_its_requirement() {
    let folder = fixture::folder();
    fixture::copy("no_layout", &folder.path().join("x.so"), "");
    let path = PackPath::new().with_folder(folder.path());
    let errors = Registry::new().load_required(&[wanted("n", "no_layout", "1")], &path);
    insta::assert_snapshot!(texts(&errors.unwrap_err(), folder.path()), @"
    pack `no_layout`: cannot be loaded
      because: DIR/x.so: says nothing about the layout of its types; export its tasks with export_pack!
    ");
}

#[test]
fn a_described_set_has_signatures_and_executes_nothing() {
    let folder = fixture::folder();
    fixture::copy("no_layout", &folder.path().join("x.so"), "");
    fixture::copy("circuit_1", &folder.path().join("y.so"), "");
    let path = PackPath::new().with_folder(folder.path());
    let resolved =
        resolve(&[wanted("n", "no_layout", "1"), wanted("c", "circuit", "0.1")], &path).unwrap();
    let set = PackSet::described(&resolved);
    let divide = set.find("c/divide").unwrap();
    assert_eq!(divide.signature.ports.len(), 2);
    assert!(set.find("n/a").is_some(), "one that could not be loaded");
    let error = divide.body.call(&TaskContext::detached(), &mut []).unwrap_err();
    insta::assert_snapshot!(error.to_string(), @"the pack circuit 0.1.0 is described but not loaded");
}
