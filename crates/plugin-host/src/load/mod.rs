//! Brings packs into the process: the only unsafe code of this crate. The protocol, step by step,
//! with why nothing old and nothing unchecked gets in, is in this folder's `README.md`.
//!
//! [`mod@library`] opens and reads what the pack exports, [`mod@layout`] says where layouts differ,
//! [`table`] remembers for the process what was opened, [`task`] calls, [`stdout`] keeps a pack's
//! printing away from the program's output.

mod layout;
#[expect(unsafe_code, reason = "dlopen and dlsym")]
mod library;
mod stdout;
mod table;
mod task;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;

use terrace_core::PackId;
use terrace_plugin_api::{PackModuleRef, StaticPack, TaskEntry};

use crate::error::{Fault, PackError};
use crate::manifest::{self, PackManifest};
use crate::pack::{Entry, Pack};
use task::{NotLoaded, PackTask};

pub use stdout::reserve_stdout;
pub(crate) use table::load_file;

/// Takes a pack that is linked into the program.
pub(crate) fn load_static(pack: &StaticPack) -> Result<Pack, PackError> {
    let manifest = manifest::parse(pack.manifest)
        .map_err(|fault| PackError::new(Path::new("a pack linked into this program"), fault))?;
    let name = manifest.name.clone();
    assemble(manifest, pack.module, None).map_err(|fault| PackError::new(Path::new(&name), fault))
}

/// A pack that stays outside: its tasks have signatures and cannot be called.
pub(crate) fn describe(manifest: &PackManifest, path: &Path) -> Pack {
    let id = pack_id(manifest, Some(path));
    let tasks = manifest.tasks.iter().map(|task| {
        let body = Arc::new(NotLoaded { pack: id.clone() });
        (task.name.clone(), Entry { signature: task.signature.clone(), body })
    });
    let tasks = tasks.collect();
    Pack::new(manifest.clone(), Some(path), id, tasks, None)
}

fn pack_id(manifest: &PackManifest, path: Option<&Path>) -> Arc<PackId> {
    Arc::new(PackId {
        name: manifest.name.clone(),
        version: manifest.version.clone(),
        path: path.map(|path| path.display().to_string()),
    })
}

/// Step 8: joins manifest and module, which must be of one build.
fn assemble(
    manifest: PackManifest,
    module: PackModuleRef,
    path: Option<&Path>,
) -> Result<Pack, Fault> {
    let found = module.manifest_hash();
    if found != manifest.hash {
        return Err(Fault::HashMismatch { manifest: manifest.hash, module: found });
    }
    let id = pack_id(&manifest, path);
    let entries = module.tasks();
    let mut code: BTreeMap<&'static str, &TaskEntry> = BTreeMap::new();
    for entry in entries.as_slice() {
        if code.insert(entry.name.as_str(), entry).is_some() {
            return Err(Fault::DuplicateTask { task: entry.name.to_string() });
        }
    }
    let mut tasks = BTreeMap::new();
    for task in &manifest.tasks {
        let Some(entry) = code.remove(task.name.as_str()) else {
            return Err(Fault::TaskNotInModule { task: task.name.clone() });
        };
        let signature = task.signature.clone();
        let body = PackTask::new(id.clone(), &task.name, signature.ports.len(), entry.call);
        tasks.insert(task.name.clone(), Entry { signature, body: Arc::new(body) });
    }
    if let Some(task) = code.into_keys().next() {
        return Err(Fault::TaskNotInManifest { task: task.to_owned() });
    }
    Ok(Pack::new(manifest, path, id, tasks, Some(module)))
}
