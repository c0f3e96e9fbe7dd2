//! [`PackManifest`]: what a pack says of itself, read without executing anything.
//!
//! The format is described where it is written, in terrace-plugin-api's `manifest`; here it is
//! read in [`json`] and judged in [`read`]. A manifest is what its author claims: it is checked
//! for sense, and against the code when that is loaded, but is no guard against malice.

mod json;
mod read;

use std::path::Path;
use std::sync::Arc;

use terrace_core::Signature;
use terrace_plugin_api::MANIFEST_SECTION;

use crate::error::PackError;
use crate::verify::{PackFile, manifest_section};

pub(crate) use json::Head;
pub(crate) use read::parse;

/// The largest manifest that is read, in bytes.
pub(crate) const MAX_MANIFEST: u64 = 16 << 20;

/// What a pack says of itself.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PackManifest {
    /// Name, as workflows write it before the slash.
    pub name: String,
    /// Version, as in its Cargo.toml.
    pub version: String,
    /// The version of the boundary that it speaks.
    pub abi: String,
    /// The version of terrace-plugin-api that it was built with; empty where it does not say.
    pub api: String,
    /// One sentence.
    pub description: String,
    /// What a panic does in it.
    pub panic: PanicMode,
    /// The symbol of its module.
    pub symbol: String,
    /// Its tasks, in the order of the manifest.
    pub tasks: Vec<ManifestTask>,
    /// Hash of the manifest's bytes; the code has it too.
    pub hash: u64,
    /// The version to compare by.
    pub(crate) semver: semver::Version,
}

impl PackManifest {
    /// Finds a task by name.
    pub fn task(&self, name: &str) -> Option<&ManifestTask> {
        self.tasks.iter().find(|task| task.name == name)
    }
}

/// A task as the manifest describes it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ManifestTask {
    /// Name, as workflows write it after the slash.
    pub name: String,
    /// Ports, output, behaviour.
    pub signature: Arc<Signature>,
}

/// What a panic does in a pack.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PanicMode {
    /// It fails the attempt.
    Unwind,
    /// It would end the process; such a pack is refused.
    Abort,
}

/// Reads the manifest of a pack. Nothing in the file is executed; of its bytes, only the headers
/// and the manifest's section are read.
///
/// # Errors
/// When the file cannot be read, is no whole shared library for this machine, is no pack, or is
/// one that this host cannot load: [`crate::Fault`] has each case. Build or copy the pack again
/// as the error says.
pub fn read_manifest(path: impl AsRef<Path>) -> Result<PackManifest, PackError> {
    of_file(&PackFile::open(path.as_ref())?).map_err(|(error, _)| error)
}

/// Reads the manifest of an open file. With an error comes what the manifest says of name and
/// version, where it got that far.
pub(crate) fn of_file(file: &PackFile) -> Result<PackManifest, (PackError, Option<Box<Head>>)> {
    let bytes = manifest_section(file, MANIFEST_SECTION, MAX_MANIFEST).map_err(|e| (e, None))?;
    parse(&bytes).map_err(|fault| (file.fault(fault), json::head(&bytes).map(Box::new)))
}
