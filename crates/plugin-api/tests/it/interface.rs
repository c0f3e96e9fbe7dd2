//! Interfaces between a pack and a host in one program; across a library in terrace-plugin-host.

use terrace_plugin_api::{
    export_pack, task, AnyOffer, Array, Bytes, Interface, List, Map, Offer, Str, TaskContext,
    TaskError, TaskResult, Value,
};

/// Everything that may stand in one.
#[repr(C)]
#[derive(Interface)]
#[interface(name = "all_things.in-one/12")]
struct All {
    r#type: u8,
    numbers: [f64; 3],
    pointer: *const (),
    text: Str,
    plain: extern "C" fn(),
    values:
        unsafe extern "C" fn(&Value, &Str, Bytes, &List, &Map, &mut Array) -> Option<&'static u8>,
    named: for<'a> extern "C" fn(&'a TaskContext<'a>, &'a Value) -> &'a Value,
    result: Option<extern "C" fn(error: TaskError, out: *mut TaskResult) -> bool>,
    own: std::option::Option<extern "C" fn(&Self, &All)>,
}

// SAFETY: the pointer is null.
unsafe impl Sync for All {}

#[repr(C)]
#[derive(Interface)]
#[interface(name = "one/1")]
struct One {
    answer: extern "C" fn() -> u32,
}

extern "C" fn answer() -> u32 {
    42
}

// Names that generated code might use, too.
static HEAD: Offer<One> = Offer::new(One { answer });
mod inner {
    use super::*;

    #[repr(C)]
    #[derive(Interface)]
    #[interface(name = "one/2")]
    pub(super) struct Two {
        pub(super) answer: u32,
    }
    pub(super) static TASKS: Offer<Two> = Offer::new(Two { answer: 43 });
}

#[task]
fn nothing() {}

export_pack! { name: offering, tasks: [nothing], interfaces: [HEAD, inner::TASKS] }

mod without {
    #[terrace_plugin_api::task]
    fn nothing() {}

    terrace_plugin_api::export_pack! { name: without, tasks: [nothing], interfaces: [] }
}

#[test]
fn a_pack_gives_what_it_offers_by_name() {
    let module = pack().module;
    assert_eq!((module.interface::<One>().unwrap().unwrap().answer)(), 42);
    assert_eq!(module.interface::<inner::Two>().unwrap().unwrap().answer, 43);
    assert!(module.interface::<All>().unwrap().is_none());
    assert!(without::pack().module.interface::<One>().unwrap().is_none());
}

#[test]
fn an_offer_is_found_by_its_name() {
    assert_eq!(All::NAME, "all_things.in-one/12");
    let all = [HEAD.any(), (&inner::TASKS).into()];
    assert_eq!(AnyOffer::find(&all, "one/2").unwrap().name(), "one/2");
    assert!(AnyOffer::find(&all, "one").is_none());
    assert_eq!(format!("{:?} {:?}", HEAD, all[1]), r#"Offer("one/1") AnyOffer("one/2")"#);
}

#[test]
fn a_declaration_that_differs_is_an_error() {
    #[repr(C)]
    #[derive(Interface)]
    #[interface(name = "one/1")]
    struct Other {
        answer: extern "C" fn() -> u64,
    }
    let error =
        pack().module.interface::<Other>().map(|other| other.map(|o| (o.answer)())).unwrap_err();
    assert_eq!(error.interface(), "one/1");
    assert_eq!(
        error.to_string(),
        "the two sides declare the interface `one/1` differently: what `answer` returns is `u64` \
         here and `u32` there; make them the same, or give the one that changed the next version \
         in its name"
    );
}
