//! [`Pack`]: a pack that is in this process, loaded from a file or linked into the program.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use terrace_core::{PackId, Signature, Task, TaskRef};

use crate::manifest::PackManifest;

/// A pack in this process. Cloning shares it; it stays until the process ends.
#[derive(Clone)]
pub struct Pack(Arc<Inner>);

struct Inner {
    manifest: Arc<PackManifest>,
    path: Option<PathBuf>,
    id: Arc<PackId>,
    tasks: BTreeMap<String, Entry>,
}

/// A task of a pack.
pub(crate) struct Entry {
    pub(crate) signature: Arc<Signature>,
    pub(crate) body: Arc<dyn Task>,
}

impl Pack {
    pub(crate) fn new(
        manifest: PackManifest,
        path: Option<&Path>,
        id: Arc<PackId>,
        tasks: BTreeMap<String, Entry>,
    ) -> Self {
        let path = path.map(Path::to_owned);
        Self(Arc::new(Inner { manifest: Arc::new(manifest), path, id, tasks }))
    }

    /// What it says of itself.
    pub fn manifest(&self) -> &Arc<PackManifest> {
        &self.0.manifest
    }

    /// The file it was loaded from; `None` where it is linked into the program.
    pub fn path(&self) -> Option<&Path> {
        self.0.path.as_deref()
    }

    /// Name, version and file, for provenance.
    pub fn id(&self) -> &Arc<PackId> {
        &self.0.id
    }

    /// Finds a task by its own name, without the pack's.
    pub fn task(&self, name: &str) -> Option<TaskRef> {
        self.task_as(&self.0.manifest.name, name)
    }

    /// Finds a task, for a workflow that calls the pack `alias`.
    pub(crate) fn task_as(&self, alias: &str, name: &str) -> Option<TaskRef> {
        let entry = self.0.tasks.get(name)?;
        Some(TaskRef {
            name: format!("{alias}/{name}").into(),
            signature: entry.signature.clone(),
            body: entry.body.clone(),
            pack: Some(self.0.id.clone()),
        })
    }

    /// The names of its tasks, sorted.
    pub fn task_names(&self) -> impl Iterator<Item = &str> {
        self.0.tasks.keys().map(String::as_str)
    }

    /// Whether both are the same pack in memory, so that their private types are the same.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl fmt::Debug for Pack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pack").field(&self.0.id).finish()
    }
}
