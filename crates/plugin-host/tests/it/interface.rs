//! Interfaces in both directions: what a pack offers its host, and the host its packs.

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};

use terrace_core::{TaskError, Value};
use terrace_plugin_api::{
    AnyOffer, ErrorClass, Host, Interface, LogLevel, Offer, TaskContext, TaskResult, export_pack,
    task,
};
use terrace_plugin_host::{Fault, Pack, PackPath, PackSet, Registry, resolve_names};

use crate::fixture;

// As the fixture `meter` declares them; nothing is shared with it but the text.
#[repr(C)]
#[derive(Interface)]
#[interface(name = "meter.count/1")]
struct Count {
    count: extern "C" fn(list: &Value) -> u64,
    halve: extern "C" fn(n: i64, out: &mut TaskResult),
    calls: AtomicU64,
    reset: Option<extern "C" fn(&Count)>,
}

#[repr(C)]
#[derive(Interface)]
#[interface(name = "meter.count/2")]
struct Count2 {
    count: extern "C" fn(list: &Value) -> u64,
}

#[repr(C)]
#[derive(Interface)]
#[interface(name = "meter.count/3")]
struct Count3 {
    count: extern "C" fn(list: &Value) -> u64,
}

#[repr(C)]
#[derive(Interface)]
#[interface(name = "lab.gauge/1")]
struct Gauge {
    offset: f64,
    read: extern "C" fn(&Gauge, u32) -> f64,
}

fn meter() -> Pack {
    Registry::new().load_file(fixture::library("meter")).unwrap()
}

fn three() -> Value {
    Value::list(vec![Value::Null; 3]).unwrap()
}

#[test]
fn a_host_calls_what_a_pack_offers() {
    let pack = meter();
    let table = pack.interface::<Count>().unwrap().unwrap();
    let before = table.calls.load(Ordering::Relaxed);
    assert_eq!((table.count)(&three()), 3);
    assert_eq!(table.calls.load(Ordering::Relaxed), before + 1, "its state is the pack's");
    table.reset.unwrap()(table);
    assert_eq!(table.calls.load(Ordering::Relaxed), 0);
    let halve = |n: i64| {
        let mut out = TaskResult::Empty;
        (table.halve)(n, &mut out);
        out
    };
    assert!(matches!(halve(8), TaskResult::Value(Value::I64(4))));
    let TaskResult::Error(error) = halve(7) else { panic!("7 was halved") };
    assert_eq!((error.class(), error.message()), (ErrorClass::PANIC, "7 is odd"));
    // Two versions side by side, and again the same table.
    let second = pack.interface::<Count2>().unwrap().unwrap();
    assert_eq!((second.count)(&three()), 3);
    assert!(std::ptr::eq(table, pack.interface::<Count>().unwrap().unwrap()));
}

#[test]
fn an_interface_that_a_pack_does_not_have_is_none() {
    assert!(meter().interface::<Count3>().unwrap().is_none());
    let older = Registry::new().load_file(fixture::library("circuit_1")).unwrap();
    assert!(older.interface::<Count>().unwrap().is_none());
}

#[test]
fn a_pack_that_is_only_described_has_none() {
    let folder = fixture::folder();
    fixture::copy("meter", &folder.path().join("meter.so"), "");
    let path = PackPath::new().with_folder(folder.path());
    let set = PackSet::described(&resolve_names(["meter"], &path).unwrap());
    assert!(set.pack("meter").unwrap().interface::<Count>().unwrap().is_none());
}

/// The ways in which a program can declare `meter.count/2` wrongly.
mod wrong {
    use terrace_core::Value;
    use terrace_plugin_api::{Interface, TaskContext, TaskError};

    macro_rules! declare {
        ($($(#[$attr:meta])* $name:ident {$($fields:tt)*})*) => {$(
            #[repr(C)]
            #[derive(Interface)]
            #[interface(name = "meter.count/2")]
            pub(super) struct $name { $($fields)* }
        )*};
    }
    declare! {
        Name { size: extern "C" fn(&Value) -> u64 }
        Kind { count: u64 }
        Unsafe { count: unsafe extern "C" fn(&Value) -> u64 }
        Optional { count: Option<extern "C" fn(&Value) -> u64> }
        Parameters { count: extern "C" fn(&Value, u64) -> u64 }
        Parameter { count: extern "C" fn(&TaskContext<'_>) -> u64 }
        Itself { count: extern "C" fn(&Self) -> u64 }
        Returned { count: for<'a> extern "C" fn(&'a Value) -> i64 }
        Nothing { count: extern "C" fn(&Value) }
        More { count: extern "C" fn(&Value) -> u64, error: extern "C" fn() -> TaskError }
    }
}

#[test]
fn an_interface_of_another_form_is_refused_and_says_what_differs() {
    fn refused<T: Interface>(pack: &Pack) -> String {
        let error = pack.interface::<T>().map(|_| ()).unwrap_err();
        assert!(matches!(error.fault(), Fault::OtherInterface { .. }));
        fixture::chain(&error, std::path::Path::new("/no/folder")) + "\n"
    }
    let pack = meter();
    insta::assert_snapshot!(refused::<wrong::Name>(&pack), @r"
    BUILT/libmeter.so: offers the interface `meter.count/2` in another form than this program's
      because: the two sides declare the interface `meter.count/2` differently: `size` stands here where `count` stands there; make them the same, or give the one that changed the next version in its name
    ");
    let text = refused::<wrong::Kind>(&pack)
        + &refused::<wrong::Unsafe>(&pack)
        + &refused::<wrong::Optional>(&pack)
        + &refused::<wrong::Parameters>(&pack)
        + &refused::<wrong::Parameter>(&pack)
        + &refused::<wrong::Itself>(&pack)
        + &refused::<wrong::Returned>(&pack)
        + &refused::<wrong::Nothing>(&pack)
        + &refused::<wrong::More>(&pack);
    let differences: Vec<&str> = text
        .lines()
        .filter_map(|line| line.split_once("` differently: ")?.1.split_once("; make"))
        .map(|(difference, _)| difference)
        .collect();
    insta::assert_snapshot!(differences.join("\n"), @r#"
    `count` is data here and extern "C" fn there
    `count` is unsafe extern "C" fn here and extern "C" fn there
    `count` is Option<extern "C" fn> here and extern "C" fn there
    `count` has 2 parameters here and 1 there
    parameter 1 of `count` is `&'a TaskContext<'a>` here and `&'a Value` there
    parameter 1 of `count` is the interface itself here and `&'a Value` there
    what `count` returns is `i64` here and `u64` there
    what `count` returns is `()` here and `u64` there
    it has 2 fields here and 1 there
    "#);
    // The pack is as good as before.
    assert!(pack.interface::<Count2>().unwrap().is_some());
}

/// A host with a gauge, or with something else under its name.
struct Lab<'a> {
    gauge: Option<AnyOffer<'a>>,
    panics: bool,
}

impl Host for Lab<'_> {
    fn node(&self) -> Cow<'_, str> {
        Cow::Borrowed("measure")
    }
    fn cancelled(&self) -> bool {
        false
    }
    fn seed(&self) -> u64 {
        0
    }
    fn temp_dir(&self) -> std::io::Result<std::path::PathBuf> {
        Ok(std::env::temp_dir())
    }
    fn progress(&self, _fraction: f64, _note: &str) {}
    fn log(&self, _level: LogLevel, _message: &str) {}
    fn interface(&self, name: &str) -> Option<AnyOffer<'_>> {
        assert!(!self.panics, "the host panics");
        self.gauge.filter(|_| name == Gauge::NAME)
    }
}

fn read(pack: &Pack, gauge: Option<AnyOffer<'_>>) -> Result<Value, TaskError> {
    let lab = Lab { gauge, panics: false };
    pack.task("read").unwrap().body.call(&TaskContext::new(&lab), &mut [Value::from(3_i64)])
}

extern "C" fn gauge(gauge: &Gauge, channel: u32) -> f64 {
    gauge.offset + f64::from(channel)
}

#[test]
fn a_task_uses_what_its_host_offers() {
    let pack = meter();
    // State of this run, not a static.
    let offer = Offer::new(Gauge { offset: 0.5, read: gauge });
    assert_eq!(read(&pack, Some(offer.any())).unwrap().as_f64(), Some(3.5));
    assert!(matches!(read(&pack, None).unwrap(), Value::Null));
    // Outside any run.
    let task = pack.task("read").unwrap().body;
    let answer = task.call(&TaskContext::detached(), &mut [Value::from(3_i64)]).unwrap();
    assert!(matches!(answer, Value::Null));
}

#[test]
fn a_host_that_offers_another_form_fails_the_task_that_asks() {
    #[repr(C)]
    #[derive(Interface)]
    #[interface(name = "lab.gauge/1")]
    struct Other {
        offset: f32,
        read: extern "C" fn(&Other, u32) -> f64,
    }
    extern "C" fn other(other: &Other, channel: u32) -> f64 {
        f64::from(other.offset) + f64::from(channel)
    }
    let other = Offer::new(Other { offset: 0.5, read: other });
    assert_eq!((other.read)(&other, 1), 1.5);
    let text = read(&meter(), Some(other.any())).unwrap_err();
    insta::assert_snapshot!(text.to_string(), @r"the two sides declare the interface `lab.gauge/1` differently: `offset` is `f64` here and `f32` there; make them the same, or give the one that changed the next version in its name");
}

#[test]
fn a_host_that_panics_has_no_interface() {
    let lab = Lab { gauge: None, panics: true };
    let task = meter().task("read").unwrap().body;
    let answer = task.call(&TaskContext::new(&lab), &mut [Value::from(3_i64)]);
    assert!(matches!(answer.unwrap(), Value::Null));
}

/// A pack in this test.
mod linked {
    use super::*;

    static COUNT_3: Offer<Count3> = {
        extern "C" fn count(list: &Value) -> u64 {
            list.as_list().map_or(0, |list| 10 * list.len() as u64)
        }
        Offer::new(Count3 { count })
    };

    #[task]
    fn nothing() {}

    export_pack! { name: linked_meter, tasks: [nothing], interfaces: [COUNT_3] }
}

#[test]
fn a_linked_pack_offers_interfaces_too() {
    let pack = Registry::new().add_static(&linked::pack()).unwrap();
    let table = pack.interface::<Count3>().unwrap().unwrap();
    assert_eq!((table.count)(&three()), 30);
    assert!(pack.interface::<Count2>().unwrap().is_none());

    #[repr(C)]
    #[derive(Interface)]
    #[interface(name = "meter.count/3")]
    struct Other {
        count: u64,
    }
    let error = pack.interface::<Other>().map(|table| table.map(|table| table.count)).unwrap_err();
    insta::assert_snapshot!(fixture::chain(&error, std::path::Path::new("/no/folder")), @r#"
    linked_meter: offers the interface `meter.count/3` in another form than this program's
      because: the two sides declare the interface `meter.count/3` differently: `count` is data here and extern "C" fn there; make them the same, or give the one that changed the next version in its name
    "#);
}
