//! Listing and inspecting: from manifests alone.

use std::fs;

use terrace_plugin_host::{PackPath, Registry};

use crate::fixture;

#[test]
fn a_listing_is_sorted_and_has_what_is_broken() {
    let (first, second) = (fixture::folder(), fixture::folder());
    fixture::copy("circuit_2", &first.path().join("b.so"), "");
    fixture::copy("rude", &first.path().join("a.so"), "");
    fixture::copy("plain", &first.path().join("plain.so"), "");
    fixture::copy("circuit_1", &second.path().join("z.so"), "");
    fixture::copy("circuit_2", &second.path().join("a.so"), "");
    fixture::patch(
        "circuit_1",
        &second.path().join("old.so"),
        "\"abi\":\"0.1\"",
        "\"abi\":\"0.0\"",
    );
    fs::write(second.path().join("empty.so"), "").unwrap();
    fs::write(second.path().join("readme.txt"), "no pack").unwrap();
    fs::create_dir(second.path().join("folder.so")).unwrap();
    let path = PackPath::new()
        .with_folder(first.path())
        .with_folder("/no/such/folder")
        .with_folder(second.path());
    let show = || {
        let listing = path.list();
        let mut text = String::new();
        for found in &listing.packs {
            let manifest = &found.manifest;
            text += &format!("{} {} {}\n", manifest.name, manifest.version, found.location);
        }
        for broken in &listing.broken {
            text += &format!("{:?} {:?} {}\n", broken.name, broken.version, broken.error);
        }
        for folder in &listing.folders {
            text += &format!("{folder}\n");
        }
        let text = text.replace(first.path().to_str().unwrap(), "FIRST");
        text.replace(second.path().to_str().unwrap(), "SECOND")
    };
    insta::assert_snapshot!(show(), @r#"
    circuit 0.1.0 SECOND/z.so
    circuit 0.2.0 FIRST/b.so
    circuit 0.2.0 SECOND/a.so
    rude 1.0.0 FIRST/a.so
    None None SECOND/empty.so: is empty; build or copy the pack again
    Some("circuit") Some("0.1.0") SECOND/old.so: is built for ABI 0.0, this host speaks 0.1; rebuild it with terrace-plugin-api 0.1.x
    FIRST
    /no/such/folder (does not exist)
    SECOND
    "#);
    assert_eq!(show(), show());
}

#[test]
fn what_was_read_is_read_again_when_the_file_changes() {
    let folder = fixture::folder();
    let file = folder.path().join("x.so");
    let path = PackPath::new().with_folder(folder.path());
    fixture::copy("circuit_1", &file, "");
    assert_eq!(path.list().packs[0].manifest.version, "0.1.0");
    fixture::copy("circuit_2", &file, "");
    assert_eq!(path.list().packs[0].manifest.version, "0.2.0");
    fs::write(&file, "no more").unwrap();
    assert_eq!((path.list().packs.len(), path.list().broken.len()), (0, 1));
    fs::remove_file(&file).unwrap();
    assert_eq!((path.list().packs.len(), path.list().broken.len()), (0, 0));
}

#[test]
fn listing_and_inspecting_execute_nothing() {
    let folder = fixture::folder();
    let mark = folder.path().join("mark");
    let variables = [("TERRACE_FIXTURE_MARK", mark.as_os_str())];
    fixture::passing_child("scan::list_and_inspect", &variables);
    assert!(!mark.exists(), "a constructor ran");
    // The constructor does run when the pack is loaded, else this test would show nothing.
    fixture::passing_child("scan::load", &variables);
    assert!(mark.exists());
}

#[test]
#[ignore = "run in a process of its own by another test"]
fn list_and_inspect() {
    let packs = fixture::library("noisy");
    let path = PackPath::new()
        .with_folder(packs.parent().unwrap())
        .with_folder(packs.parent().unwrap().join("examples"));
    let registry = Registry::new();
    assert!(registry.list(&path).packs.len() > 5);
    assert_eq!(registry.inspect(packs.to_str().unwrap(), &path).unwrap().manifest.name, "noisy");
    assert_eq!(registry.inspect("noisy@^1", &path).unwrap().manifest.version, "1.0.0");
    assert!(registry.inspect(fixture::library("plain").to_str().unwrap(), &path).is_err());
    assert!(terrace_plugin_host::resolve_names(["noisy"], &path).is_ok());
}

#[test]
#[ignore = "run in a process of its own by another test"]
fn load() {
    Registry::new().load_file(fixture::library("noisy")).unwrap();
}

#[test]
fn a_pack_is_inspected_by_file_or_by_name() {
    let folder = fixture::folder();
    let file = folder.path().join("x.so");
    fixture::copy("circuit_1", &file, "");
    let path = PackPath::new().with_folder(folder.path());
    let registry = Registry::new();
    for what in [file.to_str().unwrap(), "circuit", "circuit@0.1"] {
        let found = registry.inspect(what, &path).unwrap();
        let tasks: Vec<_> = found.manifest.tasks.iter().map(|task| task.name.as_str()).collect();
        assert_eq!(tasks, ["make", "gates", "version", "count", "divide", "panics"]);
        let divide = &found.manifest.task("divide").unwrap().signature;
        assert_eq!(divide.ports[1].default.as_ref().and_then(|value| value.as_i64()), Some(2));
        assert!(divide.pure && divide.idempotent);
        assert_eq!(divide.doc, "Divides.");
    }
    let error = registry.inspect("circiut", &path).unwrap_err();
    insta::assert_snapshot!(fixture::chain(&error, folder.path()), @"pack `circiut`: not found (did you mean `circuit`?); searched DIR");
    fs::write(&file, "x").unwrap();
    let error = registry.inspect(file.to_str().unwrap(), &path).unwrap_err();
    insta::assert_snapshot!(fixture::chain(&error, folder.path()), @"
    pack `DIR/x.so`: cannot be loaded
      because: DIR/x.so: is not a shared library but text; a pack is a file built with crate-type cdylib
    ");
}
