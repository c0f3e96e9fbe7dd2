//! Finds, checks and loads packs of tasks.
//!
//! A pack is a shared library with a manifest in a section of its own. What this crate does with
//! one, in this order:
//!
//! 1. [`read_manifest`] opens the file, checks that it is a whole shared library for this machine
//!    and reads the manifest. Nothing in the file is executed.
//! 2. [`PackPath`] finds files in folders, [`resolve`] chooses those that satisfy the requirements
//!    of a workflow. Nothing is executed.
//! 3. [`Registry`] loads what was chosen, holds it as [`Pack`]s, and gives out [`PackSet`]s: the
//!    [`Catalog`](terrace_core::Catalog) of one workflow, with its aliases.
//!
//! # Examples
//!
//! ```no_run
//! use terrace_core::{Catalog, PackRequirement};
//! use terrace_plugin_host::{PackPath, Registry};
//!
//! let path = PackPath::new().with_folder("target/release");
//! let registry = Registry::new();
//! let wanted = PackRequirement {
//!     alias: "m".into(), name: "math".into(), version: "^0.1".into(), span: None,
//! };
//! let catalog = registry.load_required(&[wanted], &path).map_err(|errors| errors[0].to_string())?;
//! assert!(catalog.find("m/add").is_some());
//! # Ok::<(), String>(())
//! ```
//!
//! Only `load` has unsafe code; `src/load/README.md` is the page about what can go wrong with
//! `dlopen` and what is done about it.
#![deny(unsafe_code)]

mod error;
mod load;
mod manifest;
mod pack;
mod registry;
mod search;
mod verify;

pub use error::{Fault, LooksLike, PackError, ResolveError, ResolveFault};
pub use load::reserve_stdout;
pub use manifest::{ManifestTask, PackManifest, PanicMode, read_manifest};
pub use pack::Pack;
pub use registry::{PackSet, Registry};
pub use search::{
    BrokenPack, FoundPack, Listing, Location, PackPath, ResolvedPack, SearchedFolder, resolve,
    resolve_names,
};
