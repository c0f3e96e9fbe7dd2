//! Looks into folders: every `*.so`, its manifest or what is wrong with it.
//!
//! What was read is kept for the process and read again when the file's id (device, inode, size,
//! time of change) differs.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::{BrokenPack, PackPath, SearchedFolder};
use crate::error::{Fault, PackError};
use crate::manifest::{self, PackManifest};
use crate::verify::{FileId, PackFile};

/// A pack in a folder.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) manifest: Arc<PackManifest>,
    /// Position of the folder in the path.
    pub(super) folder: usize,
    pub(super) path: PathBuf,
}

/// What the folders hold, by folder and file name.
#[derive(Debug, Default)]
pub(super) struct Scan {
    pub(super) packs: Vec<Candidate>,
    pub(super) broken: Vec<BrokenPack>,
    pub(super) folders: Vec<SearchedFolder>,
}

/// What a file turned out to be.
#[derive(Clone)]
enum Known {
    Pack(Arc<PackManifest>),
    NoPack,
    Broken(BrokenPack),
}

type Cache = HashMap<PathBuf, (FileId, Known)>;

static CACHE: Mutex<Option<Cache>> = Mutex::new(None);

/// Looks into all folders of a path.
pub(super) fn scan(path: &PackPath) -> Scan {
    let mut found = Scan::default();
    for (folder, at) in path.folders().enumerate() {
        let files = libraries(at);
        let skipped = files.as_ref().err().map(|error| match error.kind() {
            io::ErrorKind::NotFound => "does not exist".to_owned(),
            io::ErrorKind::NotADirectory => "not a folder".to_owned(),
            _ => error.to_string(),
        });
        found.folders.push(SearchedFolder { path: at.to_owned(), skipped });
        for path in files.unwrap_or_default() {
            match look(&path) {
                Known::Pack(manifest) => found.packs.push(Candidate { manifest, folder, path }),
                Known::NoPack => {}
                Known::Broken(broken) => found.broken.push(broken),
            }
        }
    }
    found
}

/// The files in a folder that are named like shared libraries, sorted.
fn libraries(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "so") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Reads a file's manifest, or remembers it.
fn look(path: &Path) -> Known {
    let file = match PackFile::open(path) {
        Ok(file) => file,
        Err(error) => {
            return match error.fault() {
                Fault::Directory | Fault::NotAFile => Known::NoPack,
                _ => Known::Broken(broken(path, error, None)),
            };
        }
    };
    if let Some(known) = with_cache(|cache| match cache.get(path) {
        Some((id, known)) if *id == file.id() => Some(known.clone()),
        _ => None,
    }) {
        return known;
    }
    let known = match manifest::of_file(&file) {
        Ok(manifest) => Known::Pack(Arc::new(manifest)),
        Err((error, _)) if matches!(error.fault(), Fault::NotAPack { .. }) => Known::NoPack,
        Err((error, head)) => Known::Broken(broken(path, error, head)),
    };
    with_cache(|cache| cache.insert(path.to_owned(), (file.id(), known.clone())));
    known
}

fn with_cache<R>(use_it: impl FnOnce(&mut Cache) -> R) -> R {
    let mut cache = CACHE.lock().unwrap_or_else(PoisonError::into_inner);
    use_it(cache.get_or_insert_default())
}

fn broken(path: &Path, error: PackError, head: Option<Box<manifest::Head>>) -> BrokenPack {
    let known = |text: String| Some(text).filter(|text| !text.is_empty());
    let (name, version) = head.map_or((None, None), |head| (known(head.name), known(head.version)));
    BrokenPack { path: path.to_owned(), name, version, error: Arc::new(error) }
}
