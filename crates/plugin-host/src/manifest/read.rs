//! Judges a manifest: whether this host can read it, then whether it can be right.

use std::collections::HashSet;
use std::sync::Arc;

use semver::Version;
use serde::Deserialize;
use terrace_core::{Lane, Port, PortMode, Signature, Type, is_name};
use terrace_plugin_api::{ABI, MANIFEST_FORMAT, SYMBOL_PREFIX, manifest_hash};

use super::json;
use super::{ManifestTask, PackManifest, PanicMode};
use crate::error::Fault;

/// Reads the bytes of a manifest. Format and ABI are judged before anything else, since another
/// version of either may have changed the rest.
pub(crate) fn parse(section: &[u8]) -> Result<PackManifest, Fault> {
    let len = section.iter().rposition(|byte| *byte != 0).map_or(0, |at| at + 1);
    let bytes = &section[..len];
    let heads = heads(bytes)?;
    let head = match heads.as_slice() {
        [head] => head,
        _ => {
            let names = heads.into_iter().map(|head| head.name).collect();
            return Err(Fault::SeveralPacks { names });
        }
    };
    let Some(found) = head.format else {
        return Err(Fault::ManifestShape("missing field `format`".into()));
    };
    if found != u64::from(MANIFEST_FORMAT) {
        return Err(Fault::ManifestFormat { found, known: MANIFEST_FORMAT });
    }
    if head.abi != ABI {
        return Err(Fault::OtherAbi { found: head.abi.clone(), host: ABI });
    }
    let pack: json::Pack =
        serde_json::from_slice(bytes).map_err(|error| Fault::ManifestShape(error.into()))?;
    judge(pack, manifest_hash(bytes))
}

/// The heads of the manifests in a section: one, or as many as the linker joined.
fn heads(bytes: &[u8]) -> Result<Vec<json::Head>, Fault> {
    let mut heads = Vec::new();
    // A pack linked into another may leave zeros between the two.
    for part in bytes.split(|byte| *byte == 0).filter(|part| !part.is_empty()) {
        let values = serde_json::Deserializer::from_slice(part).into_iter::<serde_json::Value>();
        for value in values {
            let value = value.map_err(|error| Fault::ManifestNotJson(error.into()))?;
            let head = json::Head::deserialize(value);
            heads.push(head.map_err(|error| Fault::ManifestShape(error.into()))?);
        }
    }
    if heads.is_empty() {
        return Err(Fault::ManifestNotJson("it has no bytes".into()));
    }
    Ok(heads)
}

fn judge(pack: json::Pack, hash: u64) -> Result<PackManifest, Fault> {
    let wrong = |what: String| Fault::ManifestWrong { what };
    if !is_name(&pack.name) {
        return Err(wrong(format!("`{}` cannot be the name of a pack", shorten(&pack.name))));
    }
    let semver = Version::parse(&pack.version).map_err(|error| Fault::ManifestVersion {
        version: shorten(&pack.version),
        source: error.into(),
    })?;
    if let json::Panic::Abort = pack.panic {
        return Err(Fault::PanicAbort);
    }
    let symbol = format!("{SYMBOL_PREFIX}{}", pack.name.replace('-', "_"));
    if pack.symbol != symbol {
        return Err(wrong(format!("its symbol is `{}`, not `{symbol}`", shorten(&pack.symbol))));
    }
    let mut tasks = Vec::with_capacity(pack.tasks.len());
    let mut names = HashSet::new();
    for task in pack.tasks {
        if !names.insert(task.name.clone()) {
            return Err(Fault::DuplicateTask { task: task.name });
        }
        tasks.push(judge_task(task)?);
    }
    Ok(PackManifest {
        name: pack.name,
        version: pack.version,
        abi: pack.abi,
        api: pack.api,
        description: pack.description,
        panic: PanicMode::Unwind,
        symbol,
        tasks,
        hash,
        semver,
    })
}

fn judge_task(task: json::Task) -> Result<ManifestTask, Fault> {
    let wrong = |what: String| Fault::ManifestWrong { what };
    if !is_name(&task.name) {
        return Err(wrong(format!("`{}` cannot be the name of a task", shorten(&task.name))));
    }
    if task.cpus == 0 {
        return Err(wrong(format!("the task `{}` uses no thread", task.name)));
    }
    let mut ports: Vec<Port> = Vec::with_capacity(task.ports.len());
    let mut names = HashSet::new();
    for port in task.ports {
        if !names.insert(port.name.clone()) {
            let port = shorten(&port.name);
            return Err(wrong(format!("the task `{}` has two ports called `{port}`", task.name)));
        }
        ports.push(judge_port(&task.name, port)?);
    }
    let signature = Signature {
        doc: task.doc,
        ports,
        output: read_type(&task.output.ty, || format!("{}.output", task.name))?,
        lane: match task.lane {
            json::Lane::Compute => Lane::Compute,
            json::Lane::Blocking => Lane::Blocking,
        },
        pure: task.pure,
        idempotent: task.idempotent,
        associative: task.associative,
        cpus: task.cpus,
        memory: task.memory,
        cost: task.cost,
    };
    Ok(ManifestTask { name: task.name, signature: Arc::new(signature) })
}

fn judge_port(task: &str, port: json::Port) -> Result<Port, Fault> {
    let place = || format!("{task}.{}", shorten(&port.name));
    if port.name.is_empty() {
        let what = format!("a port of the task `{task}` has no name");
        return Err(Fault::ManifestWrong { what });
    }
    let ty = read_type(&port.ty, place)?;
    if let Some(default) = &port.default {
        ty.check(default)
            .map_err(|error| Fault::ManifestDefault { place: place(), source: error.into() })?;
    }
    Ok(Port {
        name: port.name,
        doc: port.doc,
        ty,
        mode: match port.mode {
            json::Mode::Borrow => PortMode::Borrow,
            json::Mode::Take => PortMode::Take,
        },
        default: port.default,
        unread: port.unread,
        secret: port.secret,
        literal: port.literal,
    })
}

fn read_type(text: &str, place: impl Fn() -> String) -> Result<Type, Fault> {
    text.parse::<Type>().map_err(|error| Fault::ManifestType {
        place: place(),
        text: shorten(text),
        source: error.into(),
    })
}

/// At most 80 characters of a text, for errors about texts of any length.
fn shorten(text: &str) -> String {
    match text.char_indices().nth(80) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"format":1,"abi":"0.1","api":"0.1.0","name":"math","version":"1.2.0",
        "description":"Sums.","symbol":"terrace_pack_v0_1_math","panic":"unwind","later":[1],
        "tasks":[{"name":"add","doc":"Adds.","lane":"compute","pure":true,"idempotent":true,
            "associative":false,"cpus":2,"memory":10,"cost":"1 EUR","later":{},"ports":[
            {"name":"a","type":"list<f64>","doc":"One.","mode":"borrow"},
            {"name":"b","type":"f64?","doc":"","mode":"take","default":1,"secret":true}],
            "output":{"type":"f64"}}]}"#;

    fn text(fault: &Fault) -> String {
        let mut text = fault.to_string();
        let mut source = std::error::Error::source(fault);
        while let Some(cause) = source {
            text += &format!("\n  because: {cause}");
            source = cause.source();
        }
        text
    }

    fn refused(from: &str, to: &str) -> String {
        assert!(GOOD.contains(from), "{from}");
        text(&parse(GOOD.replacen(from, to, 1).as_bytes()).unwrap_err())
    }

    #[test]
    fn everything_it_says_is_kept() {
        let pack = parse(GOOD.as_bytes()).unwrap();
        assert_eq!((pack.name.as_str(), pack.version.as_str()), ("math", "1.2.0"));
        assert_eq!((pack.abi.as_str(), pack.api.as_str()), ("0.1", "0.1.0"));
        assert_eq!(pack.hash, manifest_hash(GOOD.as_bytes()));
        let add = &pack.task("add").unwrap().signature;
        assert_eq!((add.cpus, add.memory, add.cost.as_deref()), (2, Some(10), Some("1 EUR")));
        assert!(add.pure && add.idempotent && !add.associative);
        assert_eq!(add.ports[0].ty.to_string(), "list<f64>");
        assert_eq!(add.ports[0].mode, PortMode::Borrow);
        assert_eq!(add.ports[1].default.as_ref().and_then(|value| value.as_f64()), Some(1.0));
        assert!(add.ports[1].secret && !add.ports[0].secret);
    }

    #[test]
    fn zeros_after_the_manifest_do_no_harm() {
        let padded = [GOOD.as_bytes(), &[0; 5]].concat();
        assert_eq!(parse(&padded).unwrap().hash, manifest_hash(GOOD.as_bytes()));
    }

    #[test]
    fn format_and_abi_are_judged_before_the_rest() {
        let newer = r#"{"format":2,"abi":"9","tasks":{"of":"another shape"}}"#;
        insta::assert_snapshot!(text(&parse(newer.as_bytes()).unwrap_err()), @"has a manifest of format 2, this host reads format 1; update terrace, or rebuild the pack with an older terrace-plugin-api");
        let other = r#"{"format":1,"abi":"0.2","tasks":{"of":"another shape"}}"#;
        insta::assert_snapshot!(text(&parse(other.as_bytes()).unwrap_err()), @"is built for ABI 0.2, this host speaks 0.1; rebuild it with terrace-plugin-api 0.1.x");
        insta::assert_snapshot!(text(&parse(b"{}").unwrap_err()), @"
        has a manifest of another shape; rebuild it with terrace-plugin-api
          because: missing field `format`
        ");
    }

    #[test]
    fn what_cannot_be_right_is_refused() {
        insta::assert_snapshot!(refused("{\"format\"", "\"format\""), @r#"
        has a manifest of another shape; rebuild it with terrace-plugin-api
          because: invalid type: string "format", expected an object
        "#);
        insta::assert_snapshot!(refused("\"symbol\"", "\"symbal\""), @"
        has a manifest of another shape; rebuild it with terrace-plugin-api
          because: missing field `symbol` at line 7 column 38
        ");
        insta::assert_snapshot!(refused("\"lane\":\"compute\"", "\"lane\":\"gpu\""), @"
        has a manifest of another shape; rebuild it with terrace-plugin-api
          because: unknown variant `gpu`, expected `compute` or `blocking` at line 3 column 57
        ");
        insta::assert_snapshot!(refused("\"unwind\"", "\"abort\""), @r#"is built with panic = "abort", so a panic in a task would end the whole program; build it with panic = "unwind" (the default: remove `panic` from the profile)"#);
        insta::assert_snapshot!(refused("\"1.2.0\"", "\"1.2\""), @"
        says that its version is `1.2`; set a version such as 1.2.3 in the pack's Cargo.toml
          because: unexpected end of input while parsing minor version number
        ");
        insta::assert_snapshot!(refused("\"name\":\"math\"", "\"name\":\"ma/th\""), @"has a manifest that cannot be right: `ma/th` cannot be the name of a pack; rebuild it with terrace-plugin-api");
        insta::assert_snapshot!(refused("v0_1_math", "v0_1_maths"), @"has a manifest that cannot be right: its symbol is `terrace_pack_v0_1_maths`, not `terrace_pack_v0_1_math`; rebuild it with terrace-plugin-api");
        insta::assert_snapshot!(refused("list<f64>", "list<f65>"), @"
        declares `add.a` as `list<f65>`, a type that this host cannot read; update terrace, or rebuild the pack
          because: expected a type, one of any, null, bool, i64, u64, f64, number, str, bytes, list<…>, map<str, …>, array<…>, (…), {…}, enum{…}, outcome, ext<…> at column 6 of type `list<f65>`
        ");
        insta::assert_snapshot!(refused("{\"type\":\"f64\"}", "{\"type\":\"complex\"}"), @"
        declares `add.output` as `complex`, a type that this host cannot read; update terrace, or rebuild the pack
          because: expected a type, one of any, null, bool, i64, u64, f64, number, str, bytes, list<…>, map<str, …>, array<…>, (…), {…}, enum{…}, outcome, ext<…> at column 1 of type `complex`
        ");
        insta::assert_snapshot!(refused("\"default\":1", "\"default\":\"1\""), @"
        gives `add.b` a default that is not of its type; correct it in the pack's source
          because: expected f64, found a string
        ");
        insta::assert_snapshot!(refused("\"name\":\"b\"", "\"name\":\"a\""), @"has a manifest that cannot be right: the task `add` has two ports called `a`; rebuild it with terrace-plugin-api");
        insta::assert_snapshot!(refused("\"cpus\":2", "\"cpus\":0"), @"has a manifest that cannot be right: the task `add` uses no thread; rebuild it with terrace-plugin-api");
        insta::assert_snapshot!(refused("\"name\":\"add\"", "\"name\":\"\""), @"has a manifest that cannot be right: `` cannot be the name of a task; rebuild it with terrace-plugin-api");
        let twice = GOOD.replace(
            "\"tasks\":[",
            r#""tasks":[{"name":"add","lane":"compute","ports":[],"output":{"type":"any"}},"#,
        );
        insta::assert_snapshot!(text(&parse(twice.as_bytes()).unwrap_err()), @"has two tasks called `add`; rename one of them in the pack's source");
        let two = [GOOD, GOOD].join("\0\0");
        insta::assert_snapshot!(text(&parse(two.as_bytes()).unwrap_err()), @"holds the manifests of several packs (math, math); build each as a library of its own, a pack cannot depend on another pack's crate");
        insta::assert_snapshot!(text(&parse(&[0; 8]).unwrap_err()), @"
        has a manifest that is not JSON; build or copy the pack again
          because: it has no bytes
        ");
    }
}
