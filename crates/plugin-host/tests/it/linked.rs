//! Packs that are linked into the program, here into this test.

use terrace_core::{Catalog, PackRequirement, Value};
use terrace_plugin_api::{StaticPack, TaskContext, export_pack, task};
use terrace_plugin_host::{Fault, Location, PackPath, Registry};

use crate::fixture;

/// Doubles.
#[task(pure)]
fn double(n: i64) -> i64 {
    2 * n
}

export_pack! { name: linked, description: "In the test.", tasks: [double] }

#[test]
fn a_linked_pack_is_like_a_loaded_one() {
    let registry = Registry::new();
    let added = registry.add_static(&pack()).unwrap();
    assert!(registry.add_static(&pack()).unwrap().is_same(&added));
    assert_eq!((registry.packs().len(), added.path()), (1, None));
    let double = registry.find("linked/double").unwrap();
    let doubled = double.body.call(&TaskContext::detached(), &mut [Value::from(21_i64)]).unwrap();
    assert_eq!(doubled.as_i64(), Some(42));
    let wanted = PackRequirement {
        alias: "l".into(),
        name: "linked".into(),
        version: ">=0.1".into(),
        span: None,
    };
    let set = registry.load_required(&[wanted], &PackPath::new()).unwrap();
    assert_eq!(&*set.find("l/double").unwrap().name, "l/double");
    let listing = registry.list(&PackPath::new());
    assert!(matches!(&listing.packs[0].location, Location::Loaded(pack) if pack.is_same(&added)));
    assert_eq!(registry.inspect("linked", &PackPath::new()).unwrap().manifest.tasks.len(), 1);
}

#[test]
fn a_linked_pack_is_checked_too() {
    let module = pack().module;
    let wrong = StaticPack { manifest: b"{\"format\":1,\"abi\":\"7.0\"}", module };
    let error = Registry::new().add_static(&wrong).unwrap_err();
    assert!(matches!(error.fault(), Fault::OtherAbi { .. }));
    let folder = fixture::folder();
    insta::assert_snapshot!(fixture::chain(&error, folder.path()), @"a pack linked into this program: is built for ABI 7.0, this host speaks 0.1; rebuild it with terrace-plugin-api 0.1.x");
}
