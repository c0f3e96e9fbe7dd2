//! [`Pack`]: a pack that is in this process, loaded from a file or linked into the program.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use terrace_core::{PackId, Signature, Task, TaskRef};
use terrace_plugin_api::{Interface, PackModuleRef};

use crate::error::{Fault, PackError};
use crate::manifest::PackManifest;

/// A pack in this process. Cloning shares it; it stays until the process ends.
#[derive(Clone)]
pub struct Pack(Arc<Inner>);

struct Inner {
    manifest: Arc<PackManifest>,
    path: Option<PathBuf>,
    id: Arc<PackId>,
    tasks: BTreeMap<String, Entry>,
    /// None where the pack is only described.
    module: Option<PackModuleRef>,
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
        module: Option<PackModuleRef>,
    ) -> Self {
        let path = path.map(Path::to_owned);
        Self(Arc::new(Inner { manifest: Arc::new(manifest), path, id, tasks, module }))
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

    /// Asks the pack for an interface. `None` where it has none of that name, as an older pack, or
    /// where the pack is only described. What it gives is valid as long as the process, like the
    /// pack, and its functions run in this process.
    ///
    /// ```no_run
    /// use terrace_plugin_api::{Interface, Value};
    /// use terrace_plugin_host::Registry;
    ///
    /// // As the pack declares it.
    /// #[repr(C)]
    /// #[derive(Interface)]
    /// #[interface(name = "circuit.gates/1")]
    /// struct Gates { count: extern "C" fn(circuit: &Value) -> u64 }
    ///
    /// let pack = Registry::new().load_file("target/release/libcircuit.so")?;
    /// if let Some(gates) = pack.interface::<Gates>()? {
    ///     println!("{} gates", (gates.count)(&Value::Null));
    /// }
    /// # Ok::<(), terrace_plugin_host::PackError>(())
    /// ```
    ///
    /// # Errors
    /// [`Fault::OtherInterface`] when the pack declares it differently under the same name.
    pub fn interface<T: Interface>(&self) -> Result<Option<&'static T>, PackError> {
        let Some(module) = &self.0.module else { return Ok(None) };
        module.interface().map_err(|source| {
            let path = self.path().unwrap_or_else(|| Path::new(&self.0.manifest.name));
            PackError::new(path, Fault::OtherInterface { interface: T::NAME, source })
        })
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
