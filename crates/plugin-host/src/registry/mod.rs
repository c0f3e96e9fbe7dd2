//! [`Registry`] holds the packs of a process, [`PackSet`] those of one workflow.

mod set;

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use terrace_core::{Catalog, PackRequirement, TaskRef};
use terrace_plugin_api::StaticPack;

use crate::error::{Fault, PackError, ResolveError, ResolveFault};
use crate::load;
use crate::manifest;
use crate::pack::Pack;
use crate::search::{
    FoundPack, Listing, Location, PackPath, ResolvedPack, resolve_names_with, resolve_with,
};
use crate::verify::PackFile;

pub use set::PackSet;

/// The packs that a program has, loaded from files or linked into it. Every method may be called
/// on any thread. As a [`Catalog`] it knows each pack by its own name, in its highest version.
#[derive(Debug, Default)]
pub struct Registry {
    packs: RwLock<Vec<Pack>>,
}

impl Registry {
    /// Without packs.
    pub fn new() -> Self {
        Self::default()
    }

    /// Loads a pack from a file, which runs its constructors. A file loaded before, by whomever
    /// in this process, gives the same pack, and so does one with identical bytes.
    ///
    /// # Errors
    /// When the file is refused; see [`Fault`].
    pub fn load_file(&self, path: impl AsRef<Path>) -> Result<Pack, PackError> {
        let path = path.as_ref();
        let pack = load::load_file(path).inspect_err(|error| {
            tracing::warn!(file = %path.display(), %error, "pack refused");
        })?;
        let (manifest, file) = (pack.manifest(), path.display());
        tracing::info!(pack = %manifest.name, version = %manifest.version, %file, "pack loaded");
        Ok(self.add(pack))
    }

    /// Adds a pack that is linked into the program: `registry.add_static(&quantum::pack())`.
    ///
    /// # Errors
    /// When its manifest cannot be right, as one built with another version of
    /// terrace-plugin-api.
    pub fn add_static(&self, pack: &StaticPack) -> Result<Pack, PackError> {
        let pack = load::load_static(pack)?;
        Ok(self.add(pack))
    }

    /// Loads what a workflow requires and gives it out under its aliases. Packs of this registry
    /// come before files of the same version.
    ///
    /// # Errors
    /// One error for every requirement that cannot be met, all at once. Nothing is loaded unless
    /// all were found.
    pub fn load_required(
        &self,
        requirements: &[PackRequirement],
        path: &PackPath,
    ) -> Result<PackSet, Vec<ResolveError>> {
        self.load_resolved(resolve_with(requirements, &self.packs(), path)?)
    }

    /// Loads packs by their own names in their best versions: for a workflow that does not say
    /// which it requires.
    ///
    /// # Errors
    /// As [`Self::load_required`].
    pub fn load_names<S: AsRef<str>>(
        &self,
        names: impl IntoIterator<Item = S>,
        path: &PackPath,
    ) -> Result<PackSet, Vec<ResolveError>> {
        self.load_resolved(resolve_names_with(names, &self.packs(), path)?)
    }

    fn load_resolved(&self, resolved: Vec<ResolvedPack>) -> Result<PackSet, Vec<ResolveError>> {
        let mut errors = Vec::new();
        let mut set = PackSet::new();
        for chosen in resolved {
            let (name, version) = (chosen.alias(), &chosen.manifest.version);
            let from = match &chosen.location {
                Location::Loaded(_) => None,
                Location::File(path) => Some(tracing::field::display(path.display())),
            };
            tracing::debug!(pack = name, %version, from, "pack chosen");
            let pack = match &chosen.location {
                Location::Loaded(pack) => Ok(pack.clone()),
                Location::File(path) => self.load_file(path).and_then(|pack| {
                    // The file was read once to choose it and once more to load it.
                    if pack.manifest().hash == chosen.manifest.hash {
                        Ok(pack)
                    } else {
                        Err(PackError::new(path, Fault::Changed))
                    }
                }),
            };
            match pack {
                Ok(pack) => set = set.with(chosen.alias(), pack),
                Err(error) => {
                    let fault = ResolveFault::Refused(Arc::new(error));
                    errors.push(ResolveError::new(&chosen.requirement, fault));
                }
            }
        }
        if errors.is_empty() { Ok(set) } else { Err(errors) }
    }

    /// The packs, in the order they came.
    pub fn packs(&self) -> Vec<Pack> {
        self.packs.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Lists the packs of this registry and of the folders, from manifests alone. Executes
    /// nothing.
    pub fn list(&self, path: &PackPath) -> Listing {
        let mut listing = path.list();
        let loaded = self.packs().into_iter().map(|pack| FoundPack {
            manifest: pack.manifest().clone(),
            location: Location::Loaded(pack),
        });
        listing.packs.splice(0..0, loaded);
        // Stable: what is loaded stays before files of the same version.
        listing.packs.sort_by(|a, b| {
            (&a.manifest.name, &a.manifest.semver).cmp(&(&b.manifest.name, &b.manifest.semver))
        });
        listing
    }

    /// Describes one pack, by file or by name, from its manifest alone. Executes nothing.
    ///
    /// What has a slash or ends in `.so` is a file; else it is a name, as `math` or `math@^0.1`.
    ///
    /// # Errors
    /// As [`crate::resolve`]; a file that is refused is [`ResolveFault::Refused`].
    pub fn inspect(&self, what: &str, path: &PackPath) -> Result<FoundPack, ResolveError> {
        let (name, version) = what.split_once('@').unwrap_or((what, "*"));
        let is_file = what.contains('/') || what.ends_with(".so");
        let requirement = PackRequirement {
            alias: what.to_owned(),
            name: if is_file { what } else { name }.to_owned(),
            version: version.to_owned(),
            span: None,
        };
        if is_file {
            let file = Path::new(what);
            let manifest = PackFile::open(file)
                .and_then(|file| manifest::of_file(&file).map_err(|(error, _)| error));
            let manifest = manifest.map_err(|error| {
                ResolveError::new(&requirement, ResolveFault::Refused(Arc::new(error)))
            })?;
            let location = Location::File(file.to_owned());
            return Ok(FoundPack { manifest: Arc::new(manifest), location });
        }
        let found = if what.contains('@') {
            resolve_with(std::slice::from_ref(&requirement), &self.packs(), path)
        } else {
            resolve_names_with([name], &self.packs(), path)
        };
        let mut found = found.map_err(|mut errors| errors.swap_remove(0))?;
        let found = found.swap_remove(0);
        Ok(FoundPack { manifest: found.manifest, location: found.location })
    }

    /// Adds a pack unless it is there, and gives the one that is there.
    fn add(&self, pack: Pack) -> Pack {
        let mut packs = self.packs.write().unwrap_or_else(PoisonError::into_inner);
        let there = packs.iter().find(|there| {
            there.is_same(&pack)
                || (there.path().is_none() && pack.path().is_none() && {
                    let (a, b) = (there.manifest(), pack.manifest());
                    (&a.name, &a.version, a.hash) == (&b.name, &b.version, b.hash)
                })
        });
        if let Some(there) = there {
            return there.clone();
        }
        packs.push(pack.clone());
        pack
    }
}

impl Catalog for Registry {
    fn find(&self, name: &str) -> Option<TaskRef> {
        let (pack, task) = name.split_once('/')?;
        best(&self.packs()).find(|best| best.manifest().name == pack)?.task(task)
    }

    fn names(&self) -> Vec<String> {
        let packs = self.packs();
        let mut names: Vec<String> = best(&packs)
            .flat_map(|pack| {
                pack.task_names().map(|task| format!("{}/{task}", pack.manifest().name))
            })
            .collect();
        names.sort();
        names
    }
}

/// The packs of which no higher version is there; of equal ones, the first.
fn best(packs: &[Pack]) -> impl Iterator<Item = &Pack> {
    packs.iter().enumerate().filter_map(move |(at, pack)| {
        let ours = pack.manifest();
        let beaten = packs.iter().enumerate().any(|(other_at, other)| {
            let theirs = other.manifest();
            theirs.name == ours.name
                && (theirs.semver > ours.semver || (theirs.semver == ours.semver && other_at < at))
        });
        (!beaten).then_some(pack)
    })
}
