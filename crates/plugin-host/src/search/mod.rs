//! Which pack files there are, and which of them a workflow gets.
//!
//! [`PackPath`] says where to look, [`mod@scan`] looks, [`mod@choose`] chooses. Manifests alone
//! are read; loading is [`crate::load`]'s business.

mod choose;
mod path;
mod scan;

use std::path::PathBuf;
use std::sync::Arc;

use terrace_core::PackRequirement;

use crate::error::PackError;
use crate::manifest::PackManifest;
use crate::pack::Pack;

pub use choose::{resolve, resolve_names};
pub(crate) use choose::{resolve_names_with, resolve_with};
pub use path::PackPath;

/// Where a pack is.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Location {
    /// In a file.
    File(PathBuf),
    /// In this process already.
    Loaded(Pack),
}

impl std::fmt::Display for Location {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Loaded(pack) => match pack.path() {
                Some(path) => write!(f, "{}", path.display()),
                None => f.write_str("linked into this program"),
            },
        }
    }
}

/// A pack that was found, described by its manifest alone.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FoundPack {
    /// What it says of itself.
    pub manifest: Arc<PackManifest>,
    /// Where it is.
    pub location: Location,
}

/// A file that may be a pack but was refused.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct BrokenPack {
    /// The file.
    pub path: PathBuf,
    /// The pack's name, where its manifest could be read that far.
    pub name: Option<String>,
    /// Its version, likewise.
    pub version: Option<String>,
    /// Why it was refused.
    pub error: Arc<PackError>,
}

/// A folder of a search.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SearchedFolder {
    /// The folder.
    pub path: PathBuf,
    /// Why it was not searched, in a few words; `None` where it was.
    pub skipped: Option<String>,
}

impl std::fmt::Display for SearchedFolder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.path.display())?;
        self.skipped.as_ref().map_or(Ok(()), |reason| write!(f, " ({reason})"))
    }
}

/// Everything that a search found.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Listing {
    /// The packs, by name, then version, then folder, then file name.
    pub packs: Vec<FoundPack>,
    /// Files that were refused, by folder and file name.
    pub broken: Vec<BrokenPack>,
    /// The folders, in order.
    pub folders: Vec<SearchedFolder>,
}

/// A requirement and the pack that satisfies it.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ResolvedPack {
    /// What was required.
    pub requirement: PackRequirement,
    /// What the pack says of itself.
    pub manifest: Arc<PackManifest>,
    /// Where it is.
    pub location: Location,
}

impl ResolvedPack {
    /// What stands before the slash in task names.
    pub fn alias(&self) -> &str {
        &self.requirement.alias
    }
}
