//! The manifest as a reader of the file sees it.

use serde_json::json as j;
use terrace_plugin_api::{
    export_pack, manifest_hash, task, Field, PortType, Record, Schema, TaskContext, Value, ABI,
    SYMBOL_PREFIX,
};

#[derive(Record)]
struct Term {
    pauli: String,
    value: Option<f64>,
    #[serde(rename = "odd \"name\\\n\u{e9}")]
    odd: Value,
}

/// Says "much", with a \ and Ünïcödé,
/// on two lines.
///
/// - and a list
///   of two
#[task(
    name = "all",
    blocking,
    idempotent,
    associative,
    cpus = 2,
    memory = "1.5KiB",
    cost = "0.03 USD"
)]
fn everything(
    /// Where it all goes.
    #[secret]
    token: &str,
    ctx: &TaskContext,
    #[default = -0.5] x: f64,
    #[default = [1, 2]] list: Vec<i64>,
    #[default = "a\tb\"c"] text: String,
    #[name = "in"] terms: &[Term],
    _unused: Option<&str>,
) -> Vec<Term> {
    let _ = (token, ctx, x, list, text, terms);
    Vec::new()
}

#[task(pure)]
fn plain() {}

mod pack_of_two {
    use super::{everything, plain};
    terrace_plugin_api::export_pack! {
        name: two-tasks,
        description: "Has \"two\" tasks",
        tasks: [everything, plain],
    }
}

#[test]
fn the_manifest_says_everything() {
    let manifest: serde_json::Value = serde_json::from_slice(pack_of_two::pack().manifest).unwrap();
    let term = "{pauli: str, value?: f64, \"odd \\\"name\\\\\\né\": any}";
    let port =
        |name: &str, ty: &str, mode: &str| j!({"name": name, "type": ty, "doc": "", "mode": mode});
    let with = |port: serde_json::Value, key: &str, value: serde_json::Value| {
        let mut port = port;
        port[key] = value;
        port
    };
    let mut token = with(port("token", "str", "borrow"), "secret", j!(true));
    token["doc"] = j!("Where it all goes.");
    assert_eq!(
        manifest,
        j!({
            "format": 1, "abi": ABI, "api": env!("CARGO_PKG_VERSION"), "name": "two-tasks",
            "version": env!("CARGO_PKG_VERSION"), "description": "Has \"two\" tasks",
            "symbol": format!("{SYMBOL_PREFIX}two_tasks"), "panic": "unwind",
            "tasks": [
                {
                    "name": "all",
                    "doc": "Says \"much\", with a \\ and Ünïcödé,\non two lines.\n\n- and a list\n  of two",
                    "lane": "blocking", "pure": false, "idempotent": true, "associative": true,
                    "cpus": 2, "memory": 1536, "cost": "0.03 USD",
                    "ports": [
                        token,
                        with(port("x", "f64", "take"), "default", j!(-0.5)),
                        with(port("list", "list<i64>", "take"), "default", j!([1, 2])),
                        with(port("text", "str", "take"), "default", j!("a\tb\"c")),
                        port("in", &format!("list<{term}>"), "borrow"),
                        with(port("unused", "str?", "borrow"), "unread", j!(true)),
                    ],
                    "output": {"type": format!("list<{term}>")},
                },
                {
                    "name": "plain", "doc": "", "lane": "compute", "pure": true, "idempotent": true,
                    "associative": false, "cpus": 1, "ports": [], "output": {"type": "null"},
                },
            ],
        })
    );
}

#[test]
fn the_module_belongs_to_the_manifest() {
    let pack = pack_of_two::pack();
    assert_eq!(pack.module.manifest_hash(), manifest_hash(pack.manifest));
    let names: Vec<&str> = pack.module.tasks().iter().map(|task| task.name.as_str()).collect();
    assert_eq!(names, ["all", "plain"]);
    // FNV-1a's published test vectors.
    assert_eq!(manifest_hash(b""), 0xcbf2_9ce4_8422_2325);
    assert_eq!(manifest_hash(b"foobar"), 0x8594_4171_f739_67e8);
}

#[test]
fn both_writers_of_the_notation_agree() {
    let manifest: serde_json::Value = serde_json::from_slice(pack_of_two::pack().manifest).unwrap();
    let written = manifest["tasks"][0]["output"]["type"].as_str().unwrap();
    assert_eq!(written, Vec::<Term>::SCHEMA.to_string());
    const FIELD: Field =
        Field { name: "a-b", schema: Schema::Optional(&Schema::Bytes), optional: false };
    assert_eq!(Schema::Record(&[FIELD]).to_string(), "{a-b: bytes?}");
}

/// A pack as large as they come: the compiler's limit on constants must hold.
mod large {
    macro_rules! tasks {
        ($($name:ident)*) => {
            $(
                /// Does something with five ports and says so in a sentence of usual length.
                #[terrace_plugin_api::task]
                fn $name(
                    /// The first of the ports, with a sentence about it.
                    first: Vec<f64>,
                    /// The second of the ports, with a sentence about it.
                    second: super::Term,
                    /// The third of the ports, with a sentence about it.
                    #[default = 3] third: i64,
                    /// The fourth of the ports, with a sentence about it.
                    fourth: Option<String>,
                    /// The fifth of the ports, with a sentence about it.
                    fifth: &str,
                ) -> Vec<super::Term> {
                    let _ = (first, second, third, fourth, fifth);
                    Vec::new()
                }
            )*
            terrace_plugin_api::export_pack! { name: large, tasks: [$($name),*] }
        };
    }
    tasks! {
        a00 a01 a02 a03 a04 a05 a06 a07 a08 a09 a10 a11 a12 a13 a14 a15 a16 a17 a18 a19
        b00 b01 b02 b03 b04 b05 b06 b07 b08 b09 b10 b11 b12 b13 b14 b15 b16 b17 b18 b19
    }
}

#[test]
fn a_large_pack_is_written_whole() {
    let manifest: serde_json::Value = serde_json::from_slice(large::pack().manifest).unwrap();
    assert_eq!(manifest["tasks"].as_array().unwrap().len(), 40);
}

export_pack! { name: "quoted", tasks: [plain] }

#[test]
fn a_name_in_quotes_is_fine() {
    let manifest: serde_json::Value = serde_json::from_slice(pack().manifest).unwrap();
    assert_eq!(manifest["name"], "quoted");
}
