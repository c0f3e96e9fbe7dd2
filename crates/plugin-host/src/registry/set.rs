//! [`PackSet`]: the packs of one workflow under its aliases.

use std::collections::BTreeMap;

use terrace_core::{Catalog, TaskRef};

use crate::pack::Pack;

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
