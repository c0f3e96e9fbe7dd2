//! What this process has opened, and the protocol that every file goes through.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::library::{self, OpenLibrary};
use crate::error::{Fault, PackError};
use crate::manifest::{self, PackManifest};
use crate::pack::Pack;
use crate::verify::{FileId, PackFile};

static TABLE: Mutex<Table> = Mutex::new(Table { opened: Vec::new(), packs: Vec::new() });

struct Table {
    /// Every library that `dlopen` gave, also those refused afterwards.
    opened: Vec<Opened>,
    /// The packs among them, each with its file.
    packs: Vec<(Arc<PackFile>, Pack)>,
}

struct Opened {
    path: PathBuf,
    /// Kept open: the number of its inode is then given to no other file, also where the loader
    /// gave another library for it.
    file: Arc<PackFile>,
    header: Option<usize>,
}

/// Loads a pack from a file, or gives it again where it was loaded before.
pub(crate) fn load_file(path: &Path) -> Result<Pack, PackError> {
    // A panic while it was held leaves a table that knows less, not one that is wrong.
    let mut table = TABLE.lock().unwrap_or_else(PoisonError::into_inner);
    let file = Arc::new(PackFile::open(path)?);
    if let Some(pack) = table.by_id(file.id()) {
        return Ok(pack);
    }
    let manifest = manifest::of_file(&file).map_err(|(error, _)| error)?;
    if let Some(pack) = table.by_bytes(&file, &manifest)? {
        return Ok(pack);
    }
    let pack = table.open(&file, manifest).map_err(|fault| file.fault(fault))?;
    table.packs.push((file, pack.clone()));
    Ok(pack)
}

impl Table {
    /// Step 1.
    fn by_id(&self, id: FileId) -> Option<Pack> {
        self.packs.iter().find(|(file, _)| file.id() == id).map(|(_, pack)| pack.clone())
    }

    /// Step 3.
    fn by_bytes(
        &self,
        file: &PackFile,
        manifest: &PackManifest,
    ) -> Result<Option<Pack>, PackError> {
        for (loaded, pack) in &self.packs {
            let same = pack.manifest();
            let worth_it = (&same.name, &same.semver, same.hash)
                == (&manifest.name, &manifest.semver, manifest.hash);
            if worth_it
                && loaded.is_as_opened()
                && file.same_bytes(loaded).map_err(|error| file.fault(Fault::Unreadable(error)))?
            {
                return Ok(Some(pack.clone()));
            }
        }
        Ok(None)
    }

    /// Steps 4 to 8.
    fn open(&mut self, file: &Arc<PackFile>, manifest: PackManifest) -> Result<Pack, Fault> {
        let id = file.id();
        let mut earlier = self.opened.iter().map(|opened| opened.file.id());
        if earlier.any(|earlier| earlier.same_inode(&id) && earlier != id) {
            return Err(Fault::ChangedInPlace);
        }
        let path = std::path::absolute(file.path()).map_err(Fault::Unreadable)?;
        let earlier = self.opened.iter().filter(|opened| opened.path == path).count();
        let library = OpenLibrary::open(&spelled(&path, earlier))?;
        self.opened.push(Opened { path, file: file.clone(), header: None });
        if !file.is_unchanged() {
            return Err(Fault::Changed);
        }
        let header = library.header(&manifest.symbol)?;
        let address = library::address(header);
        if self.opened.iter().any(|opened| opened.header == Some(address) && opened.file.id() != id)
        {
            return Err(Fault::OldCode);
        }
        if let Some(opened) = self.opened.last_mut() {
            opened.header = Some(address);
        }
        let module = library::module(header, &manifest)?;
        super::assemble(manifest, module, Some(file.path()))
    }
}

/// The same path, spelled as nobody spelled it before: `/a/b.so`, `/a/./b.so`, `/a/././b.so`.
fn spelled(path: &Path, earlier: usize) -> PathBuf {
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else {
        return path.to_owned();
    };
    let mut text = OsString::from(folder);
    text.push("/".to_owned() + &"./".repeat(earlier));
    text.push(name);
    PathBuf::from(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_as_many_spellings_as_needed() {
        let path = Path::new("/a/b.so");
        assert_eq!(spelled(path, 0).as_os_str(), "/a/b.so");
        assert_eq!(spelled(path, 2).as_os_str(), "/a/././b.so");
    }
}
