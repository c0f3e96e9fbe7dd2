//! The manifest's JSON, format 1, as serde reads it. Unknown keys are ignored.

use serde::Deserialize;
use terrace_plugin_api::Value;

/// What every format will have; judged before the rest is looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default, expecting = "an object")]
pub(crate) struct Head {
    pub(crate) format: Option<u64>,
    pub(crate) abi: String,
    pub(crate) name: String,
    pub(crate) version: String,
}

/// The head, where the text is a manifest at all.
pub(crate) fn head(bytes: &[u8]) -> Option<Head> {
    serde_json::Deserializer::from_slice(bytes).into_iter::<Head>().next()?.ok()
}

#[derive(Deserialize)]
pub(super) struct Pack {
    pub(super) abi: String,
    #[serde(default)]
    pub(super) api: String,
    pub(super) name: String,
    pub(super) version: String,
    #[serde(default)]
    pub(super) description: String,
    pub(super) symbol: String,
    pub(super) panic: Panic,
    pub(super) tasks: Vec<Task>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Panic {
    Unwind,
    Abort,
}

#[derive(Deserialize)]
pub(super) struct Task {
    pub(super) name: String,
    #[serde(default)]
    pub(super) doc: String,
    pub(super) lane: Lane,
    #[serde(default)]
    pub(super) pure: bool,
    #[serde(default)]
    pub(super) idempotent: bool,
    #[serde(default)]
    pub(super) associative: bool,
    #[serde(default = "one")]
    pub(super) cpus: u32,
    pub(super) memory: Option<u64>,
    pub(super) cost: Option<String>,
    pub(super) ports: Vec<Port>,
    pub(super) output: Output,
}

fn one() -> u32 {
    1
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Lane {
    Compute,
    Blocking,
}

#[derive(Deserialize)]
pub(super) struct Port {
    pub(super) name: String,
    #[serde(rename = "type")]
    pub(super) ty: String,
    #[serde(default)]
    pub(super) doc: String,
    pub(super) mode: Mode,
    pub(super) default: Option<Value>,
    #[serde(default)]
    pub(super) unread: bool,
    #[serde(default)]
    pub(super) secret: bool,
    #[serde(default)]
    pub(super) literal: bool,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Mode {
    Borrow,
    Take,
}

#[derive(Deserialize)]
pub(super) struct Output {
    #[serde(rename = "type")]
    pub(super) ty: String,
}
