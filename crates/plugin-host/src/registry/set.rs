//! [`PackSet`]: the packs of one workflow under its aliases.

use std::collections::BTreeMap;

use terrace_core::{Catalog, TaskRef};

use crate::load;
use crate::pack::Pack;
use crate::search::{Location, ResolvedPack};

/// The packs of one workflow, under the names it uses for them. Cloning shares the packs.
#[derive(Clone, Debug, Default)]
pub struct PackSet {
    packs: BTreeMap<String, Pack>,
}

impl PackSet {
    /// Without packs.
    pub fn new() -> Self {
        Self::default()
    }

    /// The packs of a resolution, described by their manifests alone: for validating and drawing a
    /// workflow without executing anything from a pack. To call a task of it is an error, except
    /// where its pack was in the process already.
    pub fn described(resolved: &[ResolvedPack]) -> Self {
        resolved.iter().fold(Self::new(), |set, resolved| {
            let pack = match &resolved.location {
                Location::Loaded(pack) => pack.clone(),
                Location::File(path) => load::describe(&resolved.manifest, path),
            };
            set.with(resolved.alias(), pack)
        })
    }

    /// Adds a pack under an alias, in place of the one that had it.
    #[must_use]
    pub fn with(mut self, alias: impl Into<String>, pack: Pack) -> Self {
        self.packs.insert(alias.into(), pack);
        self
    }

    /// The pack under an alias.
    pub fn pack(&self, alias: &str) -> Option<&Pack> {
        self.packs.get(alias)
    }

    /// The packs with their aliases, sorted by alias.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Pack)> {
        self.packs.iter().map(|(alias, pack)| (alias.as_str(), pack))
    }
}

impl Catalog for PackSet {
    fn find(&self, name: &str) -> Option<TaskRef> {
        let (alias, task) = name.split_once('/')?;
        self.packs.get(alias)?.task_as(alias, task)
    }

    fn names(&self) -> Vec<String> {
        self.packs
            .iter()
            .flat_map(|(alias, pack)| pack.task_names().map(move |task| format!("{alias}/{task}")))
            .collect()
    }
}
