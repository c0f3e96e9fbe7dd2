//! `terrace packs`: what can be found, and what is in it. From manifests alone: nothing of a pack
//! is executed.

use std::fmt::Write as _;

use serde_json::{Value, json};
use terrace::Error;
use terrace::core::{Lane, Port, Signature};
use terrace::host::{FoundPack, Listing, PackPath, Registry};

use crate::args::{PacksArgs, PacksCommand};
use crate::exit::Exit;
use crate::output::Output;
use crate::problem;

pub(crate) fn packs(args: &PacksArgs, output: &mut Output) -> Exit {
    match &args.command {
        PacksCommand::List { packs, json } => list(&packs.path(), *json, output),
        PacksCommand::Inspect { pack, packs, json } => inspect(pack, &packs.path(), *json, output),
    }
}

fn list(path: &PackPath, json: bool, output: &mut Output) -> Exit {
    let listing = Registry::new().list(path);
    for broken in &listing.broken {
        problem::warn_chain(&*broken.error);
    }
    if json {
        output.json(&list_json(&listing));
        return Exit::Success;
    }
    if listing.packs.is_empty() {
        crate::say!("no packs found; searched:");
        for folder in &listing.folders {
            crate::say!("  {folder}");
        }
        return Exit::Success;
    }
    let names: Vec<String> = listing
        .packs
        .iter()
        .map(|pack| format!("{} {}", pack.manifest.name, pack.manifest.version))
        .collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0);
    for (pack, name) in listing.packs.iter().zip(&names) {
        let tasks = pack.manifest.tasks.len();
        let plural = if tasks == 1 { "" } else { "s" };
        output.line(&format!("{name:width$}  {tasks:>3} task{plural}  {}", pack.location));
    }
    Exit::Success
}

fn list_json(listing: &Listing) -> Value {
    json!({
        "format": 1,
        "packs": listing.packs.iter().map(|pack| json!({
            "name": pack.manifest.name,
            "version": pack.manifest.version,
            "abi": pack.manifest.abi,
            "tasks": pack.manifest.tasks.iter().map(|task| &task.name).collect::<Vec<_>>(),
            "path": pack.location.to_string(),
        })).collect::<Vec<_>>(),
        "refused": listing.broken.iter().map(|broken| json!({
            "path": broken.path.display().to_string(),
            "message": problem::chain(&*broken.error),
        })).collect::<Vec<_>>(),
        "folders": listing.folders.iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn inspect(what: &str, path: &PackPath, json: bool, output: &mut Output) -> Exit {
    match Registry::new().inspect(what, path) {
        Ok(pack) => {
            if json {
                output.json(&inspect_json(&pack));
            } else {
                output.text(&inspect_text(&pack));
            }
            Exit::Success
        }
        Err(error) => {
            let error = Error::Packs { errors: vec![error], text: None, problems: Vec::new() };
            problem::report(&error, json, output)
        }
    }
}

fn inspect_text(pack: &FoundPack) -> String {
    let manifest = &pack.manifest;
    // Writing to a string cannot fail.
    let mut text = format!("{} {} (ABI {})\n", manifest.name, manifest.version, manifest.abi);
    if !manifest.description.is_empty() {
        let _ = writeln!(text, "{}", manifest.description);
    }
    let _ = writeln!(text, "{}", pack.location);
    for task in &manifest.tasks {
        let signature = &task.signature;
        let ports: Vec<String> = signature.ports.iter().map(port_text).collect();
        let ports = ports.join(", ");
        let _ =
            writeln!(text, "\n{}/{}({ports}) -> {}", manifest.name, task.name, signature.output);
        for line in signature.doc.trim().lines() {
            let _ = writeln!(text, "{}", format!("    {}", line.trim_end()).trim_end());
        }
        let traits = traits(signature);
        if !traits.is_empty() {
            let _ = writeln!(text, "    [{}]", traits.join(", "));
        }
        let documented = signature.ports.iter().filter(|port| !port.doc.trim().is_empty());
        for port in documented {
            let doc: Vec<&str> = port.doc.split_whitespace().collect();
            let _ = writeln!(text, "    {}: {}", port.name, doc.join(" "));
        }
    }
    text
}

/// `x: i64`, `limit: i64 = 10`, `cwd?: str`, `token: str (secret)`.
fn port_text(port: &Port) -> String {
    let secret = if port.secret { " (secret)" } else { "" };
    let text = match &port.default {
        Some(default) => {
            let default = terrace::core::value_to_json(default).unwrap_or_else(|_| "…".to_owned());
            format!("{}: {} = {default}", port.name, port.ty)
        }
        None => match &port.ty {
            terrace::core::Type::Optional(inner) => format!("{}?: {inner}", port.name),
            ty => format!("{}: {ty}", port.name),
        },
    };
    text + secret
}

fn traits(signature: &Signature) -> Vec<String> {
    let mut traits = Vec::new();
    if signature.lane == Lane::Blocking {
        traits.push("blocking".to_owned());
    }
    for (has, name) in [
        (signature.pure, "pure"),
        (signature.idempotent, "idempotent"),
        (signature.associative, "associative"),
    ] {
        if has {
            traits.push(name.to_owned());
        }
    }
    if signature.cpus > 1 {
        traits.push(format!("{} cpus", signature.cpus));
    }
    traits.extend(signature.memory.map(|bytes| format!("{bytes} bytes of memory")));
    traits.extend(signature.cost.as_ref().map(|cost| format!("costs {cost}")));
    traits
}

fn inspect_json(pack: &FoundPack) -> Value {
    let manifest = &pack.manifest;
    let port = |port: &Port| {
        json!({
            "name": port.name,
            "type": port.ty.to_string(),
            "doc": port.doc,
            "default": port.default.as_ref().and_then(|value| serde_json::to_value(value).ok()),
            "required": port.when_absent().is_none(),
            "unread": port.unread,
            "secret": port.secret,
        })
    };
    json!({
        "format": 1,
        "name": manifest.name,
        "version": manifest.version,
        "abi": manifest.abi,
        "description": manifest.description,
        "path": pack.location.to_string(),
        "tasks": manifest.tasks.iter().map(|task| json!({
            "name": task.name,
            "doc": task.signature.doc,
            "lane": match task.signature.lane { Lane::Compute => "compute", Lane::Blocking => "blocking" },
            "pure": task.signature.pure,
            "idempotent": task.signature.idempotent,
            "associative": task.signature.associative,
            "cpus": task.signature.cpus,
            "memory": task.signature.memory,
            "cost": task.signature.cost,
            "ports": task.signature.ports.iter().map(port).collect::<Vec<_>>(),
            "output": task.signature.output.to_string(),
        })).collect::<Vec<_>>(),
    })
}
